// Searching a segment's indexes: where in its .log file to begin and to stop reading. Every position in an offset index
// is where a batch begins, so what lies between two of them is whole batches.

import { StratalogError } from '../errors.ts';
import { INDEX_ENTRY_BYTES, TIME_INDEX_ENTRY_BYTES } from './segment-build.ts';

/** One of the two indexes, as stored, and the base offset of its segment. */
export interface StoredIndex {
  readonly bytes: Uint8Array;
  readonly baseOffset: bigint;
}

export interface PositionRange {
  readonly positionBytes: number;
  readonly lengthBytes: number;
  /** Up to the last place in it that the index knows: whole batches. */
  readonly wholeBytes: number;
}

/**
 * The bytes of the .log file to read for `maxBytes` from `offset` on: whole batches, the first of which may end before
 * `offset`, and one of which holds it. At most `maxBytes`, unless no index entry stands that close.
 */
export function findRange(
  index: StoredIndex,
  segment: { readonly sizeBytes: number },
  from: { readonly offset: bigint; readonly maxBytes: number },
): PositionRange {
  const entries = viewOf(index.bytes, INDEX_ENTRY_BYTES);
  const relative = from.offset - index.baseOffset;
  const lastOffset = (entry: number): bigint =>
    BigInt(entries.view.getInt32(entry * INDEX_ENTRY_BYTES));
  const first = lastIndexWhere(entries.count, (entry) => lastOffset(entry) <= relative);
  const position = (entry: number): number =>
    entry < 0 ? 0 : entries.view.getInt32(entry * INDEX_ENTRY_BYTES + 4);
  const positionBytes = position(first);
  const endMax = positionBytes + from.maxBytes;
  if (segment.sizeBytes <= endMax) {
    const lengthBytes = segment.sizeBytes - positionBytes;
    return { positionBytes, lengthBytes, wholeBytes: lengthBytes };
  }
  const last = lastIndexWhere(entries.count, (entry) => position(entry) <= endMax);
  // The batch of this entry holds the offset, or one behind it, up to that of the next entry: it must be in it, whole.
  const isInFirst = first >= 0 && lastOffset(first) === relative;
  const end = Math.max(last, first + (isInFirst ? 1 : 2));
  const isLast = end >= entries.count;
  const endBytes = isLast ? segment.sizeBytes : position(end);
  const wholeTo = isLast ? segment.sizeBytes : position(end - 1);
  return {
    positionBytes,
    lengthBytes: endBytes - positionBytes,
    wholeBytes: wholeTo - positionBytes,
  };
}

/**
 * Where to begin looking for the first record that is as late as `timestampMs`: an offset that lies, by the offset
 * index, at most one index interval before it. Undefined when no record is as late.
 *
 * The first time entry that is as late was made at the end of the interval in which that record lies: had an earlier
 * interval brought it, that one would have made an entry.
 */
export function findTimeOffset(timeIndex: StoredIndex, timestampMs: number): bigint | undefined {
  const entries = viewOf(timeIndex.bytes, TIME_INDEX_ENTRY_BYTES);
  const wanted = BigInt(timestampMs);
  const entry = lastIndexWhere(
    entries.count,
    (at) => entries.view.getBigInt64(at * TIME_INDEX_ENTRY_BYTES) < wanted,
  );
  const next = entry + 1;
  if (next === entries.count) return undefined;
  const relative = entries.view.getInt32(next * TIME_INDEX_ENTRY_BYTES + 8);
  return timeIndex.baseOffset + BigInt(Math.max(0, relative - 1));
}

function viewOf(
  bytes: Uint8Array,
  entryBytes: number,
): { readonly view: DataView; readonly count: number } {
  if (bytes.length % entryBytes !== 0) {
    throw new StratalogError(
      'UNKNOWN_SERVER_ERROR',
      `a segment's index has ${bytes.length} bytes, no multiple of ${entryBytes}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { view, count: bytes.length / entryBytes };
}

/** The last of `count` places where it holds (it holds up to some place, not beyond); −1 when it never does. */
function lastIndexWhere(count: number, holds: (place: number) => boolean): number {
  let low = -1;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
