// The part of the index that knows of segments: the LOG item (the one commit point of merging), segments, and those
// that it stopped naming. One method is one storage request; every read is strongly consistent. Failures as in
// partition-store; no method retries by itself.

import type { PartitionKey } from '../log/keys.ts';
import type { Page } from '../log/partition.ts';
import type { Damage, Log, Retired, Segment } from '../log/segment.ts';

/** One segment as the index names it: a condition of every change of it. */
export type NamedSegment = Pick<Segment, 'baseOffset' | 'segmentId'>;

export interface ReplaceSegmentsRequest {
  readonly partition: PartitionKey;
  /** At most SEGMENTS_PER_REWRITE_MAX, and they end where the next one begins. */
  readonly replaced: readonly NamedSegment[];
  /** Covers exactly what they cover; none: they lie below the log's start and go. */
  readonly by: Segment | undefined;
  /** Says from now on that the objects of what is replaced may go after a grace time. */
  readonly retired: Retired;
}

export interface SegmentStore {
  readLog(partition: PartitionKey): Promise<Log | undefined>;

  /** Puts the LOG item of a partition where nothing is merged: `segmentedTo` 0 and this floor. */
  openLog(partition: PartitionKey, floor: string): Promise<'opened' | 'exists'>;

  /**
   * The commit point of merging, one transaction: puts the segment and moves `segmentedTo` from its base to its end.
   * Conditions: the LOG item exists; `segmentedTo` is the segment's base; the segment's id ≥ `floor` ✗ (else what
   * was uploaded may have been swept). `refused`: nothing changed.
   */
  commitSegment(partition: PartitionKey, segment: Segment): Promise<'committed' | 'refused'>;

  /** Moves `segmentedTo` over what lies below the log's start and was never merged, on the condition that it is `from`. */
  skipTo(
    partition: PartitionKey,
    move: { readonly from: bigint; readonly to: bigint },
  ): Promise<'moved' | 'refused'>;

  /**
   * One transaction: takes segments out of the index, puts the one that replaces them, and puts what says that their
   * objects may go. Conditions: each stands with the id it was read with; and, when there is a new one, that its id ≥
   * LOG.floor. `refused`: nothing changed.
   */
  replaceSegments(request: ReplaceSegmentsRequest): Promise<'replaced' | 'refused'>;

  /** Segments with base offset ≤ `offset`, newest first, at most `limit`. */
  findSegments(
    partition: PartitionKey,
    query: { readonly offset: bigint; readonly limit: number },
  ): Promise<readonly Segment[]>;

  /** Segments from base offset `from` on, ascending; `next` goes into the next call as `from`, undefined at the end. */
  listSegments(
    partition: PartitionKey,
    query: { readonly from: bigint; readonly limit: number },
  ): Promise<{ readonly segments: readonly Segment[]; readonly next?: bigint }>;

  /** Pages with base offset in `[from, to)`, ascending; `next` as above. */
  listPages(
    partition: PartitionKey,
    query: { readonly from: bigint; readonly to: bigint; readonly limit: number },
  ): Promise<{ readonly pages: readonly Page[]; readonly next?: bigint }>;

  /** Deletes pages by their base offsets, at most PAGES_PER_DELETE_MAX; those that aren't there are fine. */
  deletePages(partition: PartitionKey, baseOffsets: readonly bigint[]): Promise<void>;

  /** Raises LOG.floor, only upward. `refused`: it is as high already, or there is no LOG item. */
  raiseLogFloor(partition: PartitionKey, floor: string): Promise<'raised' | 'refused'>;

  /** Says that merging stopped at damaged bytes, or (undefined) that it goes on. No LOG item: nothing. */
  markDamage(partition: PartitionKey, damage: Damage | undefined): Promise<void>;

  /** What the index stopped naming, longest ago first, after `after`, at most `limit`; `next` goes into the next call. */
  listRetired(
    partition: PartitionKey,
    query: { readonly after?: string; readonly limit: number },
  ): Promise<{ readonly retired: readonly Retired[]; readonly next?: string }>;

  /** Forgets it: its objects are gone. */
  deleteRetired(partition: PartitionKey, retiredId: string): Promise<void>;

  /**
   * Sort keys of all that the index holds of a partition, at most `limit`: for deleted topics. They are opaque, and go
   * into `deleteEntries`.
   */
  listEntries(partition: PartitionKey, limit: number): Promise<readonly string[]>;

  /** Deletes what `listEntries` named, at most PAGES_PER_DELETE_MAX at once. */
  deleteEntries(partition: PartitionKey, entries: readonly string[]): Promise<void>;
}
