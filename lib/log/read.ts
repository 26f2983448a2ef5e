// What a fetch asks and answers, and the pure decisions in it.

import { type ErrorCode, type Rejected, rejected } from '../errors.ts';
import { RANGE_GAP_BYTES_MAX } from '../limits.ts';
import { walKey } from './keys.ts';
import type { ByteRange, RangeReference } from './object-range.ts';
import type { Head, LocatedEntry } from './partition.ts';

export interface FetchPartition {
  readonly topicName: string;
  /** Absent: whichever topic has that name. */
  readonly topicId?: string | undefined;
  readonly partition: number;
  readonly offset: bigint;
  /** Bytes of batches at most from this partition; the first batch comes whole even when it is larger. */
  readonly maxBytes?: number;
}

export interface FetchRequest {
  readonly deliver: 'bytes' | 'reference';
  readonly partitions: readonly FetchPartition[];
  /** Bytes over all partitions. */
  readonly maxBytes: number;
  /** Answer as soon as this many bytes are there (0: at once) … */
  readonly minBytes: number;
  /** … or when this time is over. */
  readonly maxWaitMs: number;
}

interface Watermarks {
  readonly topicName: string;
  readonly partition: number;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
}

/** Whole batches with base offsets in place. The first may begin before the offset asked for, as Kafka's do. */
export interface FetchedBytes extends Watermarks {
  readonly kind: 'bytes';
  readonly chunks: readonly Uint8Array[];
  readonly byteCount: number;
  /** Where to go on. */
  readonly nextOffset: bigint;
}

/**
 * Where the bytes are. With a `baseOffset`, offsets in them are not in place: batch by batch they count up from it.
 * Without one they are in place, and may have gaps.
 */
export interface FetchedReferences extends Watermarks {
  readonly kind: 'references';
  readonly references: readonly (RangeReference & {
    readonly baseOffset: bigint | undefined;
    readonly positionBytes: number;
    readonly lengthBytes: number;
  })[];
  readonly byteCount: number;
  readonly nextOffset: bigint;
}

export interface FetchRejected {
  readonly kind: 'rejected';
  readonly topicName: string;
  readonly partition: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** With OFFSET_OUT_OF_RANGE: the bounds. */
  readonly highWatermark?: bigint;
  readonly logStartOffset?: bigint;
}

/** One a partition, in the order asked. */
export type PartitionFetchResult = FetchedBytes | FetchedReferences | FetchRejected;

/** A batch run to read from a WAL object: the first record has offset `baseOffset`, which is not in place. */
export interface WalRange extends ByteRange {
  readonly kind: 'wal';
  readonly baseOffset: bigint;
  readonly endOffset: bigint;
}

/** A batch run to read from a segment: offsets are in place, and log compaction may have left gaps. */
export interface SegmentRange extends ByteRange {
  readonly kind: 'segment';
  /** Where to go on behind it; undefined: behind its last batch. */
  readonly endOffset: bigint | undefined;
  /** So many of its first bytes are whole batches, as the index has it. */
  readonly wholeBytes: number;
}

export type PlannedRange = WalRange | SegmentRange;

/** Whether an offset can be read: within the log's bounds, its end included. */
export function checkOffset(head: Head, offset: bigint): Rejected | undefined {
  if (offset >= head.logStartOffset && offset <= head.nextOffset) return undefined;
  return rejected(
    'OFFSET_OUT_OF_RANGE',
    `offset ${offset} is out of range: the log has offsets ${head.logStartOffset} to ${head.nextOffset} (the next one)`,
  );
}

/**
 * The entries to read from `offset` on, as few as hold `maxBytes` (at least one). `entries` ascend without gaps.
 * Neighbours in one object become one range.
 */
export function planRanges(
  entries: readonly LocatedEntry[],
  from: { readonly offset: bigint; readonly maxBytes: number },
): WalRange[] {
  const ranges: WalRange[] = [];
  let bytes = 0;
  for (const { baseOffset, entry } of entries) {
    const endOffset = baseOffset + BigInt(entry.recordCount);
    if (endOffset <= from.offset) continue;
    if (ranges.length > 0 && bytes + entry.lengthBytes > from.maxBytes) break;
    bytes += entry.lengthBytes;
    const { objectId, positionBytes, lengthBytes } = entry;
    const place = { key: walKey(objectId), positionBytes, lengthBytes };
    const range: WalRange = { kind: 'wal', ...place, baseOffset, endOffset };
    const last = ranges.at(-1);
    if (last !== undefined && isNeighbour(last, range)) {
      ranges[ranges.length - 1] = {
        ...last,
        lengthBytes: last.lengthBytes + lengthBytes,
        endOffset,
      };
    } else {
      ranges.push(range);
    }
  }
  return ranges;
}

function isNeighbour(left: WalRange, right: WalRange): boolean {
  return (
    left.key === right.key &&
    left.positionBytes + left.lengthBytes === right.positionBytes &&
    left.endOffset === right.baseOffset
  );
}

/** One GET: a stretch of an object, and which of the ranges asked for lie in it (by their place in the list). */
export interface PlannedGet extends ByteRange {
  readonly ranges: readonly number[];
}

/** As few GETs as give all ranges: ranges of one object that lie close come together. */
export function planGets(ranges: readonly ByteRange[]): PlannedGet[] {
  const order = ranges
    .map((range, index) => ({ range, index }))
    .sort(
      (left, right) =>
        compareText(left.range.key, right.range.key) ||
        left.range.positionBytes - right.range.positionBytes,
    );
  const gets: PlannedGet[] = [];
  for (const { range, index } of order) {
    const last = gets.at(-1);
    const end = range.positionBytes + range.lengthBytes;
    if (last?.key === range.key && gapBetween(last, range) <= RANGE_GAP_BYTES_MAX) {
      gets[gets.length - 1] = {
        ...last,
        lengthBytes: Math.max(last.lengthBytes, end - last.positionBytes),
        ranges: [...last.ranges, index],
      };
    } else {
      const { key, positionBytes, lengthBytes } = range;
      gets.push({ key, positionBytes, lengthBytes, ranges: [index] });
    }
  }
  return gets;
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function gapBetween(
  left: { readonly positionBytes: number; readonly lengthBytes: number },
  right: { readonly positionBytes: number },
): number {
  return right.positionBytes - (left.positionBytes + left.lengthBytes);
}
