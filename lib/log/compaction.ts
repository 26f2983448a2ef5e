// Whether and what of a log is compacted: which segments to take the keys from, and which to rewrite together.
//
// Segments from the first offset that was never compared on are dirty. A pass maps the latest offset of each key in
// them (as many as fit), then rewrites every segment below the map's end, oldest first, each commit on its own ✗: a
// tombstone must not go while an older segment still holds what it deletes. Where a pass ended before it came to all of
// them, the next one takes keys up to the same end, and rewrites the others: however large a log is, it gets done.

import { SEGMENTS_PER_REWRITE_MAX } from '../limits.ts';
import type { CleanupSettings } from './cleanup-settings.ts';
import { largest, smallest } from './order.ts';
import { SEGMENT_OFFSETS_MAX, type Segment, segmentBytesOf } from './segment.ts';

export interface CompactionPlan {
  /** Take keys from here on … */
  readonly dirtyFrom: bigint;
  /** … in these … */
  readonly dirty: readonly Segment[];
  /** … up to here: the end of the last of these, or where those of a pass ended that was not finished. */
  readonly dirtyTo: bigint;
}

/** How far a log is from clean. */
export interface CompactionDebt {
  readonly cleanBytes: number;
  readonly dirtyBytes: number;
  readonly dirtyFrom: bigint;
}

type CompactionSettings = Pick<
  CleanupSettings,
  'minCleanableDirtyRatio' | 'minCompactionLagMs' | 'maxCompactionLagMs'
>;

/**
 * Up to where everything was compared: each record below lies in a segment that was rewritten with the keys of all
 * records below. What lies behind is dirty; tombstones below may go when their time is over, since no older record of
 * their key is left ✗. A segment that a pass did not come to holds this back for all that is newer.
 */
export function comparedTo(segments: readonly Segment[]): bigint {
  let limit = segments.at(-1)?.endOffset ?? 0n;
  for (const { baseOffset, endOffset, cleanedTo } of segments) {
    limit = smallest(limit, cleanedTo);
    if (limit < endOffset) return largest(limit, baseOffset);
  }
  return limit;
}

export function compactionDebt(segments: readonly Segment[]): CompactionDebt {
  const dirtyFrom = comparedTo(segments);
  const isDirty = (segment: Segment): boolean => segment.endOffset > dirtyFrom;
  return {
    cleanBytes: segmentBytesOf(segments.filter((segment) => !isDirty(segment))),
    dirtyBytes: segmentBytesOf(segments.filter(isDirty)),
    dirtyFrom,
  };
}

/**
 * What to compact now: what a pass has left over, or else what is dirty. Undefined: none of that is old enough
 * (`minCompactionLagMs`), or it is no more than `minCleanableDirtyRatio` says and none of it too old
 * (`maxCompactionLagMs`). `segments` are all, ascending.
 */
export function planCompaction(
  segments: readonly Segment[],
  settings: CompactionSettings,
  nowMs: number,
): CompactionPlan | undefined {
  const dirtyFrom = comparedTo(segments);
  const dirtyTo = segments.reduce((to, { cleanedTo }) => largest(to, cleanedTo), dirtyFrom);
  if (dirtyTo > dirtyFrom) {
    const dirty = segments.filter(
      ({ baseOffset, endOffset }) => endOffset > dirtyFrom && baseOffset < dirtyTo,
    );
    return { dirtyFrom, dirty, dirtyTo };
  }
  return planPass(segments, dirtyFrom, { settings, nowMs });
}

function planPass(
  segments: readonly Segment[],
  dirtyFrom: bigint,
  { settings, nowMs }: { readonly settings: CompactionSettings; readonly nowMs: number },
): CompactionPlan | undefined {
  const dirty: Segment[] = [];
  for (const segment of segments) {
    if (segment.endOffset <= dirtyFrom) continue;
    if (nowMs - segment.largestTimestampMs < settings.minCompactionLagMs) break;
    dirty.push(segment);
  }
  const dirtyTo = dirty.at(-1)?.endOffset;
  if (dirtyTo === undefined) return undefined;
  const dirtyBytes = segmentBytesOf(dirty);
  const cleanBytes = segmentBytesOf(segments.filter(({ endOffset }) => endOffset <= dirtyFrom));
  const isDirty = dirtyBytes > settings.minCleanableDirtyRatio * (cleanBytes + dirtyBytes);
  const isLate = nowMs - oldestOf(dirty) > settings.maxCompactionLagMs;
  return isDirty || isLate ? { dirtyFrom, dirty, dirtyTo } : undefined;
}

/** When the first record in any of these was made, as far as their first batches say; never, when none says. */
function oldestOf(segments: readonly Segment[]): number {
  const times = segments.map(({ firstTimestampMs }) => firstTimestampMs);
  return times
    .filter((timeMs) => timeMs >= 0)
    .reduce((oldest, timeMs) => Math.min(oldest, timeMs), Number.POSITIVE_INFINITY);
}

/**
 * What to rewrite when keys were looked at up to `cleanTo`: runs of neighbours, each becoming one, oldest first; those
 * that were compared with them before stay. A run's bytes fit one segment, and its items one transaction.
 */
export function planRewrites(
  segments: readonly Segment[],
  cleanTo: bigint,
  segmentBytes: number,
): readonly (readonly Segment[])[] {
  const runs: Segment[][] = [];
  const isDue = ({ baseOffset, cleanedTo }: Segment) => baseOffset < cleanTo && cleanedTo < cleanTo;
  for (const segment of segments.filter(isDue)) {
    const run = runs.at(-1);
    if (run !== undefined && joins(run, segment, segmentBytes)) run.push(segment);
    else runs.push([segment]);
  }
  return runs;
}

function joins(run: readonly Segment[], segment: Segment, segmentBytes: number): boolean {
  const [first] = run;
  return (
    first !== undefined &&
    run.at(-1)?.endOffset === segment.baseOffset &&
    run.length < SEGMENTS_PER_REWRITE_MAX &&
    segmentBytesOf(run) + segment.sizeBytes <= segmentBytes &&
    segment.endOffset - first.baseOffset <= SEGMENT_OFFSETS_MAX
  );
}
