// Which records are too old or too many, as Kafka decides it (org.apache.kafka.storage.internals.log.UnifiedLog
// deleteRetentionMsBreachedSegments, deleteRetentionSizeBreachedSegments): whole segments from the front of the log.
//
// Order, and why: the log start offset moves first, so that no reader is sent to what is about to go; then the index
// stops naming the segments; a grace time later their objects go (`no-loss-by-cleanup`).

import { ulidTimeMs } from '../ids.ts';
import type { CleanupSettings } from './cleanup-settings.ts';
import { largest } from './order.ts';
import type { Head } from './partition.ts';
import { type Segment, segmentBytesOf } from './segment.ts';

export interface RetentionState {
  readonly head: Head;
  /** All of them, ascending. */
  readonly segments: readonly Segment[];
  /** Of pages that are not merged, and of the tail. */
  readonly unmergedBytes: number;
  readonly nowMs: number;
}

/** Where the log must begin by its retention; at most its end. No lower than where it begins now. */
export function planLogStart(
  state: RetentionState,
  settings: Pick<CleanupSettings, 'deletes' | 'retentionMs' | 'retentionBytes'>,
): bigint {
  const { head } = state;
  if (!settings.deletes) return head.logStartOffset;
  return largest(
    head.logStartOffset,
    startByTime(state, settings.retentionMs),
    startBySize(state, settings.retentionBytes),
  );
}

/** Segments that lie wholly below the log's start. */
export function segmentsBelow(segments: readonly Segment[], logStartOffset: bigint): Segment[] {
  return segments.filter((segment) => segment.endOffset <= logStartOffset);
}

function startByTime({ head, segments, nowMs }: RetentionState, retentionMs: number): bigint {
  if (retentionMs < 0) return 0n;
  let start = 0n;
  for (const segment of segments) {
    if (nowMs - lastTimeMs(segment) <= retentionMs) return start;
    start = segment.endOffset;
  }
  // What isn't merged yet goes as one, when all of it is too old: idle topics are emptied as well.
  const unmerged = Math.max(
    head.rolledMaxTimestampMs,
    ...head.tail.map((entry) => entry.maxTimestampMs),
  );
  const isExpired = unmerged >= 0 && nowMs - unmerged > retentionMs;
  return isExpired ? head.nextOffset : start;
}

/** Records without timestamps are as old as their segment. */
function lastTimeMs(segment: Segment): number {
  return segment.largestTimestampMs >= 0
    ? segment.largestTimestampMs
    : ulidTimeMs(segment.segmentId);
}

function startBySize(
  { head, segments, unmergedBytes }: RetentionState,
  retentionBytes: number,
): bigint {
  if (retentionBytes < 0) return 0n;
  const kept = segments.filter((segment) => segment.endOffset > head.logStartOffset);
  let excessBytes = segmentBytesOf(kept) + unmergedBytes - retentionBytes;
  let start = 0n;
  for (const segment of kept) {
    excessBytes -= segment.sizeBytes;
    if (excessBytes < 0) return start;
    start = segment.endOffset;
  }
  return start;
}
