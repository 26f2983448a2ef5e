import { describe, expect, it } from 'vitest';
import {
  assignmentOf,
  changeBetween,
  partitionsOf,
} from '../../../../lib/client/consumer/assignment.ts';

describe('changeBetween', () => {
  it('says what came and what goes', () => {
    const owned = partitionsOf([{ topic_name: 'a', partitions: [0, 1] }]);
    const target = partitionsOf([
      { topic_name: 'a', partitions: [1] },
      { topic_name: 'b', partitions: [0] },
    ]);
    expect(changeBetween(owned, target)).toEqual({
      added: [{ topic: 'b', partition: 0 }],
      revoked: [{ topic: 'a', partition: 0 }],
    });
  });
});

describe('assignmentOf', () => {
  it('groups partitions by topic', () => {
    const partitions = [
      { topic: 'a', partition: 2 },
      { topic: 'b', partition: 0 },
      { topic: 'a', partition: 0 },
    ];
    expect(assignmentOf(partitions)).toEqual([
      { topic_name: 'a', partitions: [0, 2] },
      { topic_name: 'b', partitions: [0] },
    ]);
  });
});
