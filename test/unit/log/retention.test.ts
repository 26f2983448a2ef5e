import { describe, expect, it } from 'vitest';
import { ulidFloor } from '../../../lib/ids.ts';
import { cleanupSettings } from '../../../lib/log/cleanup-settings.ts';
import { planLogStart, segmentsBelow } from '../../../lib/log/retention.ts';
import { entry, headWith } from '../../support/log.ts';
import { segmentItem } from '../../support/segments.ts';

const NOW_MS = 1_800_000_000_000;
const KEEP_ALL = { deletes: true, retentionMs: -1, retentionBytes: -1 };

/** Three segments of ten records and 100 bytes, aged 30, 20 and 10 ms, and a tail of one record aged 5 ms. */
const segments = [0n, 10n, 20n].map((base, index) =>
  segmentItem(base, base + 10n, { largestTimestampMs: NOW_MS - 30 + 10 * index }),
);
const head = headWith([entry({ maxTimestampMs: NOW_MS - 5 })], { tailBase: 30n });
const STATE = { head, segments, unmergedBytes: 100, nowMs: NOW_MS };

const startFor = (settings: Partial<typeof KEEP_ALL>, state = STATE): bigint =>
  planLogStart(state, { ...KEEP_ALL, ...settings });

describe('planLogStart by time', () => {
  it('keeps everything without a bound', () => expect(startFor({})).toBe(0n));

  it('drops segments whose last record is too old, not those on the bound', () => {
    expect(startFor({ retentionMs: 29 })).toBe(10n);
    expect(startFor({ retentionMs: 30 })).toBe(0n);
    expect(startFor({ retentionMs: 19 })).toBe(20n);
  });

  it('stops at the first segment that is young enough, whatever is behind it', () => {
    const young = segmentItem(0n, 10n, { largestTimestampMs: NOW_MS + 1_000 });
    expect(
      startFor({ retentionMs: 1 }, { ...STATE, segments: [young, ...segments.slice(1)] }),
    ).toBe(0n);
  });

  it('empties an idle log when its last record is too old', () => {
    expect(startFor({ retentionMs: 5 })).toBe(30n);
    expect(startFor({ retentionMs: 4 })).toBe(31n);
  });

  it('takes a segment without timestamps to be as old as its upload', () => {
    const item = segmentItem(0n, 10n, {
      largestTimestampMs: -1,
      segmentId: ulidFloor(NOW_MS - 50),
    });
    const state = { ...STATE, segments: [item, ...segments.slice(1)] };
    expect(startFor({ retentionMs: 49 }, state)).toBe(10n);
    expect(startFor({ retentionMs: 50 }, state)).toBe(0n);
  });
});

describe('planLogStart by size', () => {
  it('drops segments while more than the bound would stay', () => {
    expect(startFor({ retentionBytes: 400 })).toBe(0n);
    expect(startFor({ retentionBytes: 301 })).toBe(0n);
    expect(startFor({ retentionBytes: 300 })).toBe(10n);
    expect(startFor({ retentionBytes: 0 })).toBe(30n);
  });

  it('does not count what delete-records took', () => {
    const state = { ...STATE, head: { ...head, logStartOffset: 10n } };
    expect(startFor({ retentionBytes: 300 }, state)).toBe(10n);
    expect(startFor({ retentionBytes: 200 }, state)).toBe(20n);
  });
});

describe('planLogStart', () => {
  it('never moves the start down', () => {
    const state = { ...STATE, head: { ...head, logStartOffset: 25n } };
    expect(startFor({ retentionMs: 29 }, state)).toBe(25n);
  });

  it('drops nothing of a topic that is only compacted', () => {
    expect(startFor({ deletes: false, retentionMs: 0, retentionBytes: 0 })).toBe(0n);
  });
});

describe('segmentsBelow', () => {
  it('are those wholly below the start', () => {
    expect(segmentsBelow(segments, 25n)).toEqual(segments.slice(0, 2));
    expect(segmentsBelow(segments, 30n)).toEqual(segments);
    expect(segmentsBelow(segments, 9n)).toEqual([]);
  });
});

describe('cleanupSettings', () => {
  it('has Kafka’s defaults, within our bounds', () => {
    expect(cleanupSettings({})).toEqual({
      deletes: true,
      compacts: false,
      segmentBytes: 1_073_741_824,
      segmentMs: 21_600_000,
      retentionMs: 604_800_000,
      retentionBytes: -1,
      deleteRetentionMs: 86_400_000,
      minCleanableDirtyRatio: 0.5,
      minCompactionLagMs: 0,
      maxCompactionLagMs: Number(9_223_372_036_854_775_807n),
    });
  });

  it('knows both policies at once', () => {
    expect(cleanupSettings({ 'cleanup.policy': 'compact,delete' })).toMatchObject({
      deletes: true,
      compacts: true,
    });
    expect(cleanupSettings({ 'cleanup.policy': 'compact' })).toMatchObject({
      deletes: false,
      compacts: true,
    });
  });

  it('makes segments early enough for what must be compacted soon', () => {
    const configs = { 'cleanup.policy': 'compact', 'max.compaction.lag.ms': '5000' };
    expect(cleanupSettings(configs).segmentMs).toBe(5_000);
    expect(cleanupSettings({ 'max.compaction.lag.ms': '5000' }).segmentMs).toBe(21_600_000);
  });
});
