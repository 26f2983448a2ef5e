// Reading from a segment: which bytes, by its index; and what of them is behind the offset that was asked for.

import { type Rejected, rejected, StratalogError } from '../errors.ts';
import { SEGMENT_BEGINNING_BYTES_MIN } from '../limits.ts';
import { BatchCursor } from '../record/batch-cursor.ts';
import type { PartitionKey } from './keys.ts';
import type { ByteRange } from './object-range.ts';
import type { SegmentRange } from './read.ts';
import type { Segment, SegmentFile } from './segment.ts';
import { findRange } from './segment-index.ts';
import { segmentKey } from './segment-keys.ts';

export interface PartitionSegment {
  readonly partition: PartitionKey;
  readonly segment: Segment;
}

/** One of a segment's two indexes, whole; undefined when it is empty. */
export function indexRange(
  { partition, segment }: PartitionSegment,
  file: Exclude<SegmentFile, 'log'>,
): ByteRange | undefined {
  const lengthBytes = file === 'index' ? segment.indexBytes : segment.timeIndexBytes;
  const { segmentId, baseOffset } = segment;
  return lengthBytes === 0
    ? undefined
    : {
        key: segmentKey({ partition, segmentId, baseOffset }, file),
        positionBytes: 0,
        lengthBytes,
      };
}

/** What to read of a segment from `offset` on: whole batches, at most `maxBytes` where its index has an entry close. */
export function planSegmentRange(
  { partition, segment }: PartitionSegment,
  index: Uint8Array,
  from: { readonly offset: bigint; readonly maxBytes: number },
): SegmentRange {
  const { segmentId, baseOffset, sizeBytes, endOffset } = segment;
  const range = findRange({ bytes: index, baseOffset }, segment, from);
  const isLast = range.positionBytes + range.lengthBytes === sizeBytes;
  return {
    ...range,
    kind: 'segment',
    key: segmentKey({ partition, segmentId, baseOffset }, 'log'),
    endOffset: isLast ? endOffset : undefined,
  };
}

/**
 * All of a segment that fits one read from its beginning: then its index, which costs a GET, says nothing more.
 * Undefined when `offset` is not the first one, or the segment has more bytes.
 */
export function planWholeSegment(
  { partition, segment }: PartitionSegment,
  from: { readonly offset: bigint; readonly maxBytes: number },
): SegmentRange | undefined {
  const { segmentId, baseOffset, sizeBytes: lengthBytes, endOffset } = segment;
  if (from.offset !== baseOffset || lengthBytes > from.maxBytes) return undefined;
  const key = segmentKey({ partition, segmentId, baseOffset }, 'log');
  const wholeBytes = lengthBytes;
  return { kind: 'segment', key, positionBytes: 0, lengthBytes, endOffset, wholeBytes };
}

/**
 * As much of a segment as a read from its beginning may hold, its last batch cut off maybe: all but the length of what
 * `planSegmentRange` plans. Undefined when `offset` is not the first one, the segment has no more bytes than that, or
 * `maxBytes` is so little that a batch or two may be more.
 */
export function planBeginning(
  { partition, segment }: PartitionSegment,
  from: { readonly offset: bigint; readonly maxBytes: number },
): ByteRange | undefined {
  const { segmentId, baseOffset, sizeBytes } = segment;
  const { offset, maxBytes: lengthBytes } = from;
  const isWorthIt = lengthBytes >= SEGMENT_BEGINNING_BYTES_MIN && lengthBytes < sizeBytes;
  if (offset !== baseOffset || !isWorthIt) return undefined;
  const key = segmentKey({ partition, segmentId, baseOffset }, 'log');
  return { key, positionBytes: 0, lengthBytes };
}

/**
 * The batches of a range that do not end before `offset`, as many as `maxBytes` hold (at least one), and where to go on
 * behind them: an index has an entry only now and then, so a range may hold more. Refuses with CORRUPT_MESSAGE when what
 * it looks at aren't whole batches: those up to the one that holds `offset`, and, where all others fit, only those behind
 * what the index knows to be whole. What is in them is for whoever opens them to check.
 */
export function cutBatches(
  bytes: Uint8Array,
  from: {
    readonly range: SegmentRange;
    readonly offset: bigint;
    readonly maxBytes: number;
  },
): { readonly kind: 'placed'; readonly bytes: Uint8Array; readonly endOffset: bigint } | Rejected {
  const { range, offset, maxBytes } = from;
  const cursor = new BatchCursor(bytes);
  const end = bytes.length;
  try {
    let start = 0;
    for (; start < end; start += cursor.sizeInBytes) {
      cursor.moveTo(start, end);
      if (cursor.endOffset > offset) break;
    }
    let last = start;
    let position = end - start > maxBytes ? start : Math.max(start, range.wholeBytes);
    for (; position < end; position += cursor.sizeInBytes) {
      cursor.moveTo(position, end);
      if (position > start && position + cursor.sizeInBytes - start > maxBytes) {
        cursor.moveTo(last, position);
        return placed(bytes.subarray(start, position), cursor.endOffset);
      }
      last = position;
    }
    const endOffset = start < end ? cursor.endOffset : offset;
    return placed(bytes.subarray(start), range.endOffset ?? endOffset);
  } catch (error) {
    if (error instanceof StratalogError) return rejected('CORRUPT_MESSAGE', error.message);
    throw error;
  }
}

function placed(bytes: Uint8Array, endOffset: bigint) {
  return { kind: 'placed', bytes, endOffset } as const;
}
