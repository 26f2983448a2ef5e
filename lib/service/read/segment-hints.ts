// Up to where this process knows each partition to be merged. It only ever grows, and it is only a hint: it says which
// kind of index item to ask for first, and whoever finds none asks for the other kind.

import { SEGMENT_HINTS_MAX } from '../../limits.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';

export interface SegmentHints {
  /** Whether an offset is known to be merged. */
  isMerged(partition: PartitionKey, offset: bigint): boolean;
  /** What lies below `offset` is merged. */
  learn(partition: PartitionKey, offset: bigint): void;
}

export function createSegmentHints(): SegmentHints {
  const mergedTo = new Map<string, bigint>();
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
  };
}
