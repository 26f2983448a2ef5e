import { describe, expect, it } from 'vitest';
import { RANGE_GAP_BYTES_MAX } from '../../../lib/limits.ts';
import { walKey } from '../../../lib/log/keys.ts';
import { locateEntries } from '../../../lib/log/partition.ts';
import { checkOffset, planGets, planRanges } from '../../../lib/log/read.ts';
import { entry, headWith, ulid } from '../../support/log.ts';

describe('checkOffset', () => {
  const head = headWith([entry({ recordCount: 10 })], { logStartOffset: 4n });

  it('takes every offset from the log start to the next one', () => {
    for (const offset of [4n, 9n, 10n]) expect(checkOffset(head, offset)).toBeUndefined();
  });

  it('names both bounds when it refuses', () => {
    for (const offset of [-1n, 3n, 11n]) {
      expect(checkOffset(head, offset)).toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
        message: expect.stringMatching(/4 to 10/),
      });
    }
  });
});

describe('planRanges', () => {
  const entries = locateEntries(20n, [
    entry({ objectId: ulid(1), positionBytes: 0, lengthBytes: 100, recordCount: 5 }),
    entry({ objectId: ulid(1), positionBytes: 100, lengthBytes: 100, recordCount: 5 }),
    entry({ objectId: ulid(2), positionBytes: 700, lengthBytes: 300, recordCount: 1 }),
  ]);

  it('begins with the entry that holds the offset and joins neighbours in one object', () => {
    expect(planRanges(entries, { offset: 20n, maxBytes: 1_000 })).toEqual([
      {
        kind: 'wal',
        key: walKey(ulid(1)),
        positionBytes: 0,
        lengthBytes: 200,
        baseOffset: 20n,
        endOffset: 30n,
      },
      {
        kind: 'wal',
        key: walKey(ulid(2)),
        positionBytes: 700,
        lengthBytes: 300,
        baseOffset: 30n,
        endOffset: 31n,
      },
    ]);
    expect(planRanges(entries, { offset: 27n, maxBytes: 1_000 })[0]).toMatchObject({
      baseOffset: 25n,
    });
  });

  it('stops at the byte limit, but never before the first entry', () => {
    expect(planRanges(entries, { offset: 20n, maxBytes: 1 })).toHaveLength(1);
    expect(planRanges(entries, { offset: 20n, maxBytes: 499 }).at(-1)?.endOffset).toBe(30n);
  });

  it('finds nothing at the end', () => {
    expect(planRanges(entries, { offset: 31n, maxBytes: 100 })).toEqual([]);
  });
});

describe('planGets', () => {
  const range = (key: string, positionBytes: number, lengthBytes = 10) => ({
    key,
    positionBytes,
    lengthBytes,
  });

  it('gets each distinct object once, whatever the order of the ranges', () => {
    expect(planGets([range('B', 50), range('A', 20), range('B', 0)])).toEqual([
      { key: 'A', positionBytes: 20, lengthBytes: 10, ranges: [1] },
      { key: 'B', positionBytes: 0, lengthBytes: 60, ranges: [2, 0] },
    ]);
  });

  it('does not read across a wide gap', () => {
    expect(planGets([range('A', 0), range('A', RANGE_GAP_BYTES_MAX + 11)])).toHaveLength(2);
    expect(planGets([range('A', 0), range('A', RANGE_GAP_BYTES_MAX + 10)])).toHaveLength(1);
  });
});
