// What this process knows of segments. Up to where each partition is merged, which only ever grows, and is only a hint:
// it says which kind of index item to ask for first, and whoever finds none asks for the other kind. And the segment
// that was found last, for whoever reads on in it: it never changes, and when another one takes its place its objects
// stay for a grace time, which is much longer than it is remembered, reference's lifetime included.

import { SEGMENT_HINT_TTL_MS, SEGMENT_HINTS_MAX } from '../../limits.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { Segment } from '../../log/segment.ts';

export interface SegmentHints {
  /** Whether an offset is known to be merged. */
  isMerged(partition: PartitionKey, offset: bigint): boolean;
  /** What lies below `offset` is merged. */
  learn(partition: PartitionKey, offset: bigint): void;
  /** The segment that was found not long ago, if it covers the offset. */
  segmentAt(partition: PartitionKey, at: HintPlace): Segment | undefined;
  /** The index has just named this segment. */
  keep(partition: PartitionKey, segment: Segment, nowMs: number): void;
  /** Its objects are gone. */
  forget(partition: PartitionKey): void;
}

export interface HintPlace {
  readonly offset: bigint;
  readonly nowMs: number;
}

export function createSegmentHints(): SegmentHints {
  const mergedTo = new Map<string, bigint>();
  const found = new Map<string, { readonly segment: Segment; readonly foundAtMs: number }>();
  return {
    isMerged(partition, offset) {
      return offset < (mergedTo.get(partitionKeyText(partition)) ?? 0n);
    },
    learn(partition, offset) {
      const name = partitionKeyText(partition);
      if ((mergedTo.get(name) ?? 0n) >= offset) return;
      if (mergedTo.size >= SEGMENT_HINTS_MAX) mergedTo.clear();
      mergedTo.set(name, offset);
    },
    segmentAt(partition, { offset, nowMs }) {
      const known = found.get(partitionKeyText(partition));
      if (known === undefined) return undefined;
      const { segment, foundAtMs } = known;
      const isFresh = Math.abs(nowMs - foundAtMs) < SEGMENT_HINT_TTL_MS;
      const covers = offset >= segment.baseOffset && offset < segment.endOffset;
      return isFresh && covers ? segment : undefined;
    },
    keep(partition, segment, nowMs) {
      if (found.size >= SEGMENT_HINTS_MAX) found.clear();
      found.set(partitionKeyText(partition), { segment, foundAtMs: nowMs });
    },
    forget(partition) {
      found.delete(partitionKeyText(partition));
    },
  };
}
