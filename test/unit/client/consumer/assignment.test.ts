import { describe, expect, it } from 'vitest';
import {
  assignmentOf,
  changeBetween,
  partitionsOf,
} from '../../../../lib/client/consumer/assignment.ts';

describe('changeBetween', () => {
  it('says what came and what goes', () => {
    const owned = partitionsOf([{ topic_name: 'a', topic_id: 'A', partitions: [0, 1] }]);
    const target = partitionsOf([
      { topic_name: 'a', topic_id: 'A', partitions: [1] },
      { topic_name: 'b', topic_id: 'B', partitions: [0] },
    ]);
    expect(changeBetween(owned, target)).toEqual({
      added: [{ topic: 'b', topicId: 'B', partition: 0 }],
      revoked: [{ topic: 'a', topicId: 'A', partition: 0 }],
    });
  });

  it('takes a topic that was created anew for another one', () => {
    const before = partitionsOf([{ topic_name: 'a', topic_id: 'A1', partitions: [0] }]);
    const after = partitionsOf([{ topic_name: 'a', topic_id: 'A2', partitions: [0] }]);
    expect(changeBetween(before, after)).toEqual({ added: after, revoked: before });
  });
});

describe('assignmentOf', () => {
  it('groups partitions by topic', () => {
    const partitions = [
      { topic: 'a', topicId: 'A', partition: 2 },
      { topic: 'b', topicId: 'B', partition: 0 },
      { topic: 'a', topicId: 'A', partition: 0 },
    ];
    expect(assignmentOf(partitions)).toEqual([
      { topic_name: 'a', topic_id: 'A', partitions: [0, 2] },
      { topic_name: 'b', topic_id: 'B', partitions: [0] },
    ]);
  });
});
