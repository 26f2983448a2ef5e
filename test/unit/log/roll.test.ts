import { describe, expect, it } from 'vitest';
import { TAIL_ENTRIES_ROLL } from '../../../lib/limits.ts';
import { pageOf, planRoll, trimmed } from '../../../lib/log/roll.ts';
import { entry, headWith, ulid } from '../../support/log.ts';

const tailOf = (count: number) =>
  Array.from({ length: count }, (_, index) => entry({ objectId: ulid(index), recordCount: 2 }));

describe('planRoll', () => {
  it('rolls with the append that crosses the limit', () => {
    expect(planRoll(headWith(tailOf(TAIL_ENTRIES_ROLL - 1)), 1)).toBeUndefined();
    expect(planRoll(headWith(tailOf(TAIL_ENTRIES_ROLL)), 1)?.entries).toHaveLength(
      TAIL_ENTRIES_ROLL,
    );
    expect(planRoll(headWith(tailOf(TAIL_ENTRIES_ROLL + 2)), 3)).toBeDefined();
  });

  it('leaves it to that one until the tail is twice as long', () => {
    expect(planRoll(headWith(tailOf(TAIL_ENTRIES_ROLL + 1)), 1)).toBeUndefined();
    expect(planRoll(headWith(tailOf(2 * TAIL_ENTRIES_ROLL)), 1)).toBeDefined();
  });
});

describe('pageOf', () => {
  it('holds the whole tail, and a maximum timestamp that never falls', () => {
    const head = headWith(
      [entry({ maxTimestampMs: 5, recordCount: 3 }), entry({ maxTimestampMs: 4 })],
      {
        tailBase: 10n,
        rolledMaxTimestampMs: 9,
        rolledBytes: 50,
      },
    );
    expect(pageOf(head)).toEqual({
      baseOffset: 10n,
      endOffset: 14n,
      entries: head.tail,
      maxTimestampMs: 9,
      bytesBefore: 50,
    });
  });
});

describe('trimmed', () => {
  it('keeps what came after the page was made', () => {
    const head = headWith(tailOf(3), { tailBase: 10n });
    const page = pageOf({ ...head, tail: head.tail.slice(0, 2), nextOffset: 14n });
    expect(trimmed(head, page)).toEqual({
      ...head,
      tailBase: 14n,
      tail: head.tail.slice(2),
      rolledMaxTimestampMs: 1_000,
      rolledBytes: 200,
    });
  });
});
