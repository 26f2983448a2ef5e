import { describe, expect, it } from 'vitest';
import {
  compactionDebt,
  comparedTo,
  planCompaction,
  planRewrites,
} from '../../../lib/log/compaction.ts';
import { segmentItem } from '../../support/segments.ts';

const NOW_MS = 1_000_000;
const SETTINGS = {
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.POSITIVE_INFINITY,
};
/** Ten offsets each; cleaned up to these. */
const segmentsCleanedTo = (...cleanedTo: readonly bigint[]) =>
  cleanedTo.map((offset, index) =>
    segmentItem(BigInt(index * 10), BigInt(index * 10 + 10), { cleanedTo: offset }),
  );

describe('planCompaction', () => {
  it('takes what is dirty when it is more than half of all', () => {
    expect(planCompaction(segmentsCleanedTo(20n, 20n, 0n, 0n), SETTINGS, NOW_MS)).toBeUndefined();
    const segments = segmentsCleanedTo(20n, 20n, 0n, 0n, 0n);
    expect(planCompaction(segments, SETTINGS, NOW_MS)).toEqual({
      dirtyFrom: 20n,
      dirty: segments.slice(2),
      dirtyTo: 50n,
    });
  });

  it('takes as many segments as there are', () => {
    const some = Array.from({ length: 300_000 }, (_, index) =>
      segmentItem(BigInt(index), BigInt(index + 1)),
    );
    expect(planCompaction(some, SETTINGS, NOW_MS)?.dirty).toHaveLength(some.length);
  });

  it('goes on where a pass was not finished, up to its end, however little is dirty', () => {
    const segments = segmentsCleanedTo(35n, 35n, 20n, 0n, 0n);
    expect(planCompaction(segments, { ...SETTINGS, minCleanableDirtyRatio: 1 }, NOW_MS)).toEqual({
      dirtyFrom: 20n,
      dirty: segments.slice(2, 4),
      dirtyTo: 35n,
    });
  });

  it('waits while too little is dirty', () => {
    expect(planCompaction(segmentsCleanedTo(20n, 20n, 0n), SETTINGS, NOW_MS)).toBeUndefined();
    expect(planCompaction(segmentsCleanedTo(20n, 20n), SETTINGS, NOW_MS)).toBeUndefined();
    expect(planCompaction([], SETTINGS, NOW_MS)).toBeUndefined();
  });

  it('does not wait longer than max.compaction.lag.ms', () => {
    const segments = [...segmentsCleanedTo(20n, 20n), segmentItem(20n, 30n)];
    const settings = { ...SETTINGS, maxCompactionLagMs: 5_000 };
    expect(planCompaction(segments, settings, 6_000)).toBeUndefined();
    expect(planCompaction(segments, settings, 6_001)?.dirtyFrom).toBe(20n);
    // Times may lie in any order: any dirty segment may hold the oldest record.
    const older = [...segments, segmentItem(30n, 40n, { firstTimestampMs: 500 })];
    const strict = { ...settings, minCleanableDirtyRatio: 0.9 };
    expect(planCompaction(older, strict, 5_500)).toBeUndefined();
    expect(planCompaction(older, strict, 5_501)?.dirtyFrom).toBe(20n);
  });

  it('leaves alone what is younger than min.compaction.lag.ms, and all behind it', () => {
    const young = { largestTimestampMs: NOW_MS - 10 };
    const segments = [segmentItem(0n, 10n), segmentItem(10n, 20n, young), segmentItem(20n, 30n)];
    const settings = { ...SETTINGS, minCompactionLagMs: 11 };
    expect(planCompaction(segments, settings, NOW_MS)?.dirty).toEqual(segments.slice(0, 1));
  });
});

describe('compactionDebt', () => {
  it('counts bytes on both sides of the first dirty offset', () => {
    expect(compactionDebt(segmentsCleanedTo(20n, 20n, 0n))).toEqual({
      cleanBytes: 200,
      dirtyBytes: 100,
      dirtyFrom: 20n,
    });
  });
});

describe('planRewrites', () => {
  it('joins neighbours that fit one segment, oldest first', () => {
    const runs = planRewrites(segmentsCleanedTo(0n, 0n, 0n, 0n, 0n), 45n, 200);
    expect(runs.map((run) => run.map(({ baseOffset }) => baseOffset))).toEqual([
      [0n, 10n],
      [20n, 30n],
      [40n],
    ]);
  });

  it('leaves out what was compared with these keys before, and joins nothing over it', () => {
    const runs = planRewrites(segmentsCleanedTo(10n, 40n, 10n, 10n, 0n), 40n, 1_000);
    expect(runs.map((run) => run.map(({ baseOffset }) => baseOffset))).toEqual([[0n], [20n, 30n]]);
  });

  it('leaves out what begins at the end of the keys, or behind', () => {
    expect(planRewrites(segmentsCleanedTo(0n, 0n, 0n), 10n, 1_000).flat().length).toBe(1);
  });

  it('takes no more items than a transaction can', () => {
    const segments = Array.from({ length: 90 }, (_, index) =>
      segmentItem(BigInt(index), BigInt(index + 1), { sizeBytes: 0 }),
    );
    const runs = planRewrites(segments, 100n, 1_000);
    expect(runs.map((run) => run.length)).toEqual([40, 40, 10]);
  });
});

describe('comparedTo', () => {
  it('is held back by an older segment that a pass did not come to (no-loss-by-cleanup)', () => {
    expect(comparedTo(segmentsCleanedTo(0n, 0n))).toBe(0n);
    // The newer one was rewritten before the older one: its tombstones may still hide older records.
    expect(comparedTo(segmentsCleanedTo(0n, 20n))).toBe(0n);
    expect(comparedTo(segmentsCleanedTo(10n, 20n))).toBe(10n);
  });

  it('reaches as far as a pass has been everywhere', () => {
    expect(comparedTo(segmentsCleanedTo(20n, 20n, 0n))).toBe(20n);
    expect(comparedTo(segmentsCleanedTo(30n, 30n, 30n))).toBe(30n);
    expect(comparedTo(segmentsCleanedTo(25n, 25n, 25n))).toBe(25n);
    expect(comparedTo(segmentsCleanedTo(12n, 30n, 30n))).toBe(12n);
    expect(comparedTo([])).toBe(0n);
    expect(comparedTo(segmentsCleanedTo(15n, 15n, 0n))).toBe(15n);
    expect(comparedTo(segmentsCleanedTo(20n, 20n))).toBe(20n);
  });
});
