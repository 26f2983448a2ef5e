// The first record that is as late as asked. Pages and segments carry the largest timestamp of all records below their
// end, which never falls, so halving the offsets finds the first item that reaches a time (`bounded`: logarithmic in
// the log's length). Then the entry or the time index, then the batch, then the record.

import { type Rejected, rejected } from '../../errors.ts';
import {
  TIME_SCAN_BYTES,
  TIME_SCAN_PAGES_MAX,
  TIME_SCAN_PIECES_MAX,
  TIME_SEARCH_STEPS_MAX,
} from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { largest } from '../../log/order.ts';
import { type Head, type LocatedEntry, locateEntries } from '../../log/partition.ts';
import { placeBatches } from '../../log/place.ts';
import { planRanges } from '../../log/read.ts';
import type { Segment } from '../../log/segment.ts';
import { findTimeOffset } from '../../log/segment-index.ts';
import { cutBatches, type PartitionSegment, planSegmentRange } from '../../log/segment-read.ts';
import { splitBatches } from '../../record/batch.ts';
import { forEachRecord } from '../../record/record.ts';
import { findItem, type IndexItem, type LocatePorts } from './locate.ts';
import { type ReadTools, readIndex } from './plan-fetch.ts';

export interface TimeSearch {
  readonly key: PartitionKey;
  readonly head: Head;
  readonly timestampMs: number;
}

/** `moved`: what the head said has changed since; read it again. */
export type TimeFound =
  | { readonly kind: 'found'; readonly offset: bigint; readonly timestampMs?: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'moved' }
  | Rejected;

export async function findByTime(
  ports: LocatePorts,
  tools: ReadTools,
  search: TimeSearch,
): Promise<TimeFound> {
  const { head } = search;
  if (head.rolledMaxTimestampMs >= search.timestampMs && head.logStartOffset < head.tailBase) {
    const found = await findBelowTail(ports, tools, search);
    if (found.kind !== 'none') return found;
  }
  return findInEntries(tools, locateEntries(head.tailBase, head.tail), search);
}

/** Items from the first one that reaches the time on: what made it reach may be gone. */
async function findBelowTail(
  ports: LocatePorts,
  tools: ReadTools,
  search: TimeSearch,
): Promise<TimeFound> {
  const first = await firstItemReaching(ports, tools, search);
  if (first === 'moved') return { kind: 'moved' };
  let item = first;
  for (let scanned = 0; item !== undefined; scanned += 1) {
    const found =
      item.kind === 'page'
        ? await findInEntries(tools, locateEntries(item.page.baseOffset, item.page.entries), search)
        : await findInSegment(tools, item.segment, search);
    if (found.kind !== 'none') return found;
    const end = endOf(item);
    if (end >= search.head.tailBase) return found;
    if (scanned === TIME_SCAN_PAGES_MAX) return { kind: 'found', offset: end };
    item = await findItem(ports, tools.hints, search.key, end);
    if (item === undefined) return { kind: 'moved' };
  }
  return { kind: 'none' };
}

/**
 * Halves the offsets below the tail until one item is left; undefined when none reaches the time. `moved`: what covered
 * an offset is gone, and with it the way to those before what was found.
 */
async function firstItemReaching(
  ports: LocatePorts,
  tools: ReadTools,
  { key, head, timestampMs }: TimeSearch,
): Promise<IndexItem | undefined | 'moved'> {
  let low = head.logStartOffset;
  let high = head.tailBase;
  let reaching: IndexItem | undefined;
  for (let step = 0; low < high && step < TIME_SEARCH_STEPS_MAX; step += 1) {
    const item = await findItem(ports, tools.hints, key, (low + high) / 2n);
    if (item === undefined) return 'moved';
    const { baseOffset, maxTimestampMs } = item.kind === 'page' ? item.page : item.segment;
    if (maxTimestampMs >= timestampMs) {
      reaching = item;
      high = baseOffset;
    } else {
      low = endOf(item);
    }
  }
  return reaching;
}

function endOf(item: IndexItem): bigint {
  return item.kind === 'page' ? item.page.endOffset : item.segment.endOffset;
}

/** The first record of these entries that is as late as asked, at or after the log's start. */
async function findInEntries(
  tools: ReadTools,
  entries: readonly LocatedEntry[],
  { key, head, timestampMs }: TimeSearch,
): Promise<TimeFound> {
  for (const located of entries) {
    const end = located.baseOffset + BigInt(located.entry.recordCount);
    if (located.entry.maxTimestampMs < timestampMs || end <= head.logStartOffset) continue;
    const offset = head.logStartOffset;
    const [range] = planRanges([located], { offset, maxBytes: 0 });
    if (range === undefined) continue;
    const [bytes] = await tools.ranges.read([range]);
    if (bytes === undefined) {
      tools.hints.learn(key, range.endOffset);
      return { kind: 'moved' };
    }
    if (bytes instanceof Error) return unreadable(range.baseOffset);
    const placed = placeBatches(bytes, { range, offset });
    if (placed.kind === 'rejected') return placed;
    const found = findInBatches(placed.bytes, { from: offset, timestampMs });
    if (found !== undefined) return found;
  }
  return { kind: 'none' };
}

/** By the segment's time index, then within an index interval of where it points. */
async function findInSegment(
  tools: ReadTools,
  segment: Segment,
  { key, head, timestampMs }: TimeSearch,
): Promise<TimeFound> {
  if (segment.largestTimestampMs < timestampMs) return { kind: 'none' };
  const address = { partition: key, segment };
  const timeIndex = await readIndex(tools.ranges, address, 'timeindex');
  const index = await readIndex(tools.ranges, address, 'index');
  if (timeIndex === undefined || index === undefined) return { kind: 'moved' };
  const { baseOffset } = segment;
  const start = findTimeOffset({ bytes: timeIndex, baseOffset }, timestampMs);
  if (start === undefined) return { kind: 'none' };
  const { logStartOffset } = head;
  // Only a place: records before it, in the same index interval, may be as late too.
  const place = largest(start, logStartOffset);
  return scanSegment(tools, { ...address, index }, { place, from: logStartOffset, timestampMs });
}

/** Piece after piece from a place on, so many at most. */
async function scanSegment(
  tools: ReadTools,
  segment: PartitionSegment & { readonly index: Uint8Array },
  search: { readonly place: bigint; readonly from: bigint; readonly timestampMs: number },
): Promise<TimeFound> {
  let { place } = search;
  for (let piece = 0; piece < TIME_SCAN_PIECES_MAX; piece += 1) {
    const range = planSegmentRange(segment, segment.index, {
      offset: place,
      maxBytes: TIME_SCAN_BYTES,
    });
    const [bytes] = await tools.ranges.read([range]);
    if (bytes === undefined) return { kind: 'moved' };
    if (bytes instanceof Error) return unreadable(place);
    // Each batch is opened here, so each must be whole.
    const from = { offset: search.from, maxBytes: bytes.length };
    const cut = cutBatches(bytes, { range: { ...range, wholeBytes: 0 }, ...from });
    if (cut.kind === 'rejected') return cut;
    const found = findInBatches(cut.bytes, search);
    if (found !== undefined) return found;
    if (range.endOffset !== undefined) return { kind: 'none' };
    place = cut.endOffset;
  }
  return { kind: 'found', offset: place };
}

function findInBatches(
  bytes: Uint8Array,
  search: { readonly from: bigint; readonly timestampMs: number },
): TimeFound | undefined {
  let found: TimeFound | undefined;
  for (const header of splitBatches(bytes)) {
    if (header.maxTimestamp < search.timestampMs) continue;
    forEachRecord(bytes, header.position, { checkCrc: false }, ({ offsetDelta, timestamp }) => {
      const offset = header.baseOffset + BigInt(offsetDelta);
      if (timestamp < search.timestampMs || offset < search.from) return true;
      found = { kind: 'found', offset, timestampMs: timestamp };
      return false;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

function unreadable(offset: bigint): Rejected {
  return rejected('STORAGE_UNAVAILABLE', `the bytes at offset ${offset} can't be read; try again`);
}
