// A segment: the bytes that pages pointed to in many WAL objects, in one object as a Kafka broker would hold them, with
// its offset index and time index beside it. What is in here is what the index knows of one.
//
// Invariants: the segments of a partition lie end to end below LOG.segmentedTo. A segment never changes; a rewrite
// puts another one, with another id, in its place. Log compaction leaves gaps inside a segment, never between two.

import type { PartitionKey } from './keys.ts';

export interface Segment {
  /** Covers `[baseOffset, endOffset)`; after log compaction not every offset in it has a record. */
  readonly baseOffset: bigint;
  readonly endOffset: bigint;
  /** The ULID of the attempt that uploaded it: two attempts never share an object. */
  readonly segmentId: string;
  /** Bytes of the .log file; 0: log compaction left nothing, and there are no objects. */
  readonly sizeBytes: number;
  /** Bytes of the .index and of the .timeindex file. */
  readonly indexBytes: number;
  readonly timeIndexBytes: number;
  readonly recordCount: number;
  /** Largest timestamp of all records that the partition ever had below `endOffset`: it never falls. */
  readonly maxTimestampMs: number;
  /** Largest timestamp of the records in it; −1 when there are none. */
  readonly largestTimestampMs: number;
  /** Timestamp of its first batch when it was merged; −1 when that had none. */
  readonly firstTimestampMs: number;
  /** Its records were compared with all keys of offsets below this; 0: never compacted. */
  readonly cleanedTo: bigint;
}

/** A partition's LOG item: the one commit point of what is merged. */
export interface Log {
  /** Everything below is in segments, or below the log's start; pages below count for nothing. */
  readonly segmentedTo: bigint;
  /** Segments with a smaller id can't be committed any more: their upload may have been swept. */
  readonly floor: string;
  /** Set while merging is stopped by bytes that are not what was stored. */
  readonly damage?: Damage;
}

/** Bytes that can't be merged because they are not what their producer sent. */
export interface Damage {
  /** The object's key. */
  readonly key: string;
  /** First offset of the run of batches that is damaged. */
  readonly offset: bigint;
  readonly problem: string;
}

/** Segments that the index stopped naming: their objects go a grace time later. */
export interface Retired {
  /** A ULID of when the index stopped naming them. */
  readonly retiredId: string;
  readonly segments: readonly RetiredSegment[];
}

export type RetiredSegment = Pick<Segment, 'baseOffset' | 'segmentId' | 'sizeBytes'>;

/** What a segment's objects are. */
export type SegmentFile = 'log' | 'index' | 'timeindex';
export const SEGMENT_FILES: readonly SegmentFile[] = ['log', 'index', 'timeindex'];

export interface SegmentAddress {
  readonly partition: PartitionKey;
  readonly segmentId: string;
  readonly baseOffset: bigint;
}

/** Kafka's: offsets in a segment's indexes are 32-bit and relative to its base, and so are positions. */
export const SEGMENT_OFFSETS_MAX = 2_147_483_647n;

/** About when the record at an offset was made, by where it stands between the segment's first and last ones. */
export function timeWithin(segment: Segment, offset: bigint): number {
  const { baseOffset, endOffset, firstTimestampMs, largestTimestampMs } = segment;
  const passed = Number(offset - baseOffset) / Number(endOffset - baseOffset);
  return firstTimestampMs + (largestTimestampMs - firstTimestampMs) * passed;
}

export function segmentBytesOf(segments: readonly Pick<Segment, 'sizeBytes'>[]): number {
  return segments.reduce((bytes, segment) => bytes + segment.sizeBytes, 0);
}
