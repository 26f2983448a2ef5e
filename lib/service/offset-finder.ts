// Offsets by time: pages carry the largest timestamp of all records below their end, which never falls, so halving the
// offsets finds the first page that reaches a time (`bounded`: logarithmic in the log's length). Then the entry, then
// the batch, then the record, exactly as Kafka answers: the first offset whose record is as late as asked.

import { type Rejected, rejected } from '../errors.ts';
import { TIME_SCAN_PAGES_MAX, TIME_SEARCH_STEPS_MAX } from '../limits.ts';
import type { PartitionKey } from '../log/keys.ts';
import { type Head, type LocatedEntry, locateEntries, type Page } from '../log/partition.ts';
import { placeBatches } from '../log/place.ts';
import { planRanges } from '../log/read.ts';
import { splitBatches } from '../record/batch.ts';
import { forEachRecord } from '../record/record.ts';
import { unknownPartition, unknownTopic } from './append.ts';
import type { LocatePorts } from './locate.ts';
import type { RangeReader } from './range-reader.ts';
import { readHeads } from './read.ts';
import { withRetries } from './retry.ts';
import type { TopicCatalog } from './topic-catalog.ts';

/** `max-timestamp`: the record with the largest timestamp (the first of them). */
export type OffsetAt =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  | { readonly kind: 'max-timestamp' };

export type OffsetFound =
  | { readonly kind: 'found'; readonly offset: bigint; readonly timestampMs?: number }
  /** No record is as late. */
  | { readonly kind: 'none' }
  | Rejected;

export interface OffsetFinder {
  find(request: {
    readonly topicName: string;
    readonly partition: number;
    readonly at: OffsetAt;
  }): Promise<OffsetFound>;
}

export function createOffsetFinder(
  ports: LocatePorts,
  tools: { readonly catalog: TopicCatalog; readonly ranges: RangeReader },
): OffsetFinder {
  return {
    async find({ topicName, partition, at }) {
      const known = await tools.catalog.findWithPartition(topicName, partition);
      if (known === undefined) return unknownTopic(topicName);
      const { topicId, partitionCount } = known.topic;
      if (!Number.isInteger(partition) || partition < 0 || partition >= partitionCount) {
        return unknownPartition({ topicName, partition }, partitionCount);
      }
      const key = { topicId, partition };
      const [head] = await readHeads(ports, [key]);
      if (head === undefined) {
        tools.catalog.forget(topicName);
        return unknownTopic(topicName);
      }
      if (at.kind === 'earliest') return { kind: 'found', offset: head.logStartOffset };
      if (at.kind === 'latest') return { kind: 'found', offset: head.nextOffset };
      const timestampMs = at.kind === 'timestamp' ? at.timestampMs : largestTimestamp(head);
      return findByTime(ports, tools.ranges, { key, head, timestampMs });
    },
  };
}

function largestTimestamp(head: Head): number {
  return Math.max(head.rolledMaxTimestampMs, ...head.tail.map((entry) => entry.maxTimestampMs));
}

interface TimeSearch {
  readonly key: PartitionKey;
  readonly head: Head;
  readonly timestampMs: number;
}

async function findByTime(
  ports: LocatePorts,
  ranges: RangeReader,
  search: TimeSearch,
): Promise<OffsetFound> {
  const { head } = search;
  if (head.rolledMaxTimestampMs >= search.timestampMs && head.logStartOffset < head.tailBase) {
    const inPages = await findInPages(ports, ranges, search);
    if (inPages.kind !== 'none') return inPages;
  }
  return findInEntries(ranges, locateEntries(head.tailBase, head.tail), search);
}

/** Pages from the first one that reaches the time on: delete-records may have taken what made it reach. */
async function findInPages(
  ports: LocatePorts,
  ranges: RangeReader,
  search: TimeSearch,
): Promise<OffsetFound> {
  let page = await firstPageReaching(ports, search);
  for (let scanned = 0; page !== undefined; scanned += 1) {
    const entries = locateEntries(page.baseOffset, page.entries);
    const found = await findInEntries(ranges, entries, search);
    if (found.kind !== 'none') return found;
    if (scanned === TIME_SCAN_PAGES_MAX) return { kind: 'found', offset: page.endOffset };
    page =
      page.endOffset < search.head.tailBase
        ? await pageAt(ports, search.key, page.endOffset)
        : undefined;
  }
  return { kind: 'none' };
}

/** Halves the offsets below the tail until one page is left. */
async function firstPageReaching(
  ports: LocatePorts,
  { key, head, timestampMs }: TimeSearch,
): Promise<Page | undefined> {
  let low = head.logStartOffset;
  let high = head.tailBase;
  let reaching: Page | undefined;
  for (let step = 0; low < high && step < TIME_SEARCH_STEPS_MAX; step += 1) {
    const page = await pageAt(ports, key, (low + high) / 2n);
    if (page === undefined) return reaching;
    if (page.maxTimestampMs >= timestampMs) {
      reaching = page;
      high = page.baseOffset;
    } else {
      low = page.endOffset;
    }
  }
  return reaching;
}

async function pageAt(
  ports: LocatePorts,
  key: PartitionKey,
  offset: bigint,
): Promise<Page | undefined> {
  const query = { offset, limit: 1 };
  const [page] = await withRetries(ports, () => ports.partitions.findPages(key, query), {
    repeatable: true,
  });
  return page;
}

/** The first record of these entries that is as late as asked, at or after the log's start. */
async function findInEntries(
  ranges: RangeReader,
  entries: readonly LocatedEntry[],
  { head, timestampMs }: TimeSearch,
): Promise<OffsetFound> {
  for (const located of entries) {
    const end = located.baseOffset + BigInt(located.entry.recordCount);
    if (located.entry.maxTimestampMs < timestampMs || end <= head.logStartOffset) continue;
    const offset = head.logStartOffset;
    const [range] = planRanges([located], { offset, maxBytes: 0 });
    if (range === undefined) continue;
    const [bytes] = await ranges.read([range]);
    if (!(bytes instanceof Uint8Array)) {
      return rejected(
        'STORAGE_UNAVAILABLE',
        `the bytes at offset ${range.baseOffset} can't be read; try again`,
      );
    }
    const placed = placeBatches(bytes, { range, offset });
    if (placed.kind === 'rejected') return placed;
    const found = findInBatches(placed.bytes, { from: offset, timestampMs });
    if (found !== undefined) return found;
  }
  return { kind: 'none' };
}

function findInBatches(
  bytes: Uint8Array,
  search: { readonly from: bigint; readonly timestampMs: number },
): OffsetFound | undefined {
  let found: OffsetFound | undefined;
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
