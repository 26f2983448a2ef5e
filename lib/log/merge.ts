// Which pages become the next segment, and in what order their bytes are read.

import { ulidTimeMs } from '../ids.ts';
import type { CleanupSettings } from './cleanup-settings.ts';
import { byteCountOf, type Head, type Page, type TailEntry } from './partition.ts';
import { SEGMENT_OFFSETS_MAX } from './segment.ts';

/** The pages of the next segment: some first ones of those that follow the merged ones. */
export interface MergePlan {
  readonly pages: readonly Page[];
  readonly baseOffset: bigint;
  readonly endOffset: bigint;
  readonly sizeBytes: number;
}

export interface MergeState {
  /** From LOG.segmentedTo on, end to end. */
  readonly pages: readonly Page[];
  /** There are more pages than these. */
  readonly hasMore: boolean;
  readonly nowMs: number;
}

/**
 * The next segment, or undefined when nothing is due: enough bytes for a full one, or something older than
 * `segmentMs`. A segment takes whole pages, at least one, and as many as fit `segmentBytes`.
 */
export function planMerge(
  { pages, hasMore, nowMs }: MergeState,
  settings: Pick<CleanupSettings, 'segmentBytes' | 'segmentMs'>,
): MergePlan | undefined {
  const [first] = pages;
  if (first === undefined) return undefined;
  let sizeBytes = 0;
  let count = 0;
  for (const page of pages) {
    const pageBytes = byteCountOf(page.entries);
    const fits =
      sizeBytes + pageBytes <= settings.segmentBytes &&
      page.endOffset - first.baseOffset <= SEGMENT_OFFSETS_MAX;
    if (count > 0 && !fits) break;
    sizeBytes += pageBytes;
    count += 1;
  }
  const isFull = count < pages.length || hasMore || sizeBytes >= settings.segmentBytes;
  const isOld = oldestAppendMs(first.entries) + settings.segmentMs <= nowMs;
  if (!isFull && !isOld) return undefined;
  const merged = pages.slice(0, count);
  return {
    pages: merged,
    baseOffset: first.baseOffset,
    endOffset: merged.at(-1)?.endOffset ?? first.endOffset,
    sizeBytes,
  };
}

/** Whether an idle partition's tail must become a page, so that it can be merged and pins no garbage. */
export function isTailDue(head: Head, settings: Pick<CleanupSettings, 'segmentMs'>, nowMs: number) {
  return head.tail.length > 0 && oldestAppendMs(head.tail) + settings.segmentMs <= nowMs;
}

/** Bytes that wait to be merged, tail not included; `first` is the page that LOG.segmentedTo points to. */
export function mergeDebtBytes(head: Head, first: Page | undefined): number {
  return first === undefined ? 0 : head.rolledBytes - first.bytesBefore;
}

/** When the first of these was appended, by its object's ULID; entries may lie in any order of time. */
function oldestAppendMs(entries: readonly TailEntry[]): number {
  return Math.min(...entries.map((entry) => ulidTimeMs(entry.objectId)));
}

/** What of one partition is still to be read, in the order of its offsets. */
export interface MergeQueue {
  readonly entries: readonly TailEntry[];
  /** How many of them were read. */
  readonly taken: number;
}

/**
 * How many more entries of each queue to read next, together at most `maxBytes` (or one entry). Queues advance by the
 * age of their objects, so that partitions that share objects come to them at the same time and one GET serves all.
 */
export function planWindow(queues: readonly MergeQueue[], maxBytes: number): readonly number[] {
  const counts = queues.map(() => 0);
  let bytes = 0;
  for (;;) {
    const next = oldestQueue(queues, counts);
    const entry = next === undefined ? undefined : nextEntry(queues, counts, next);
    if (next === undefined || entry === undefined) return counts;
    if (bytes > 0 && bytes + entry.lengthBytes > maxBytes) return counts;
    bytes += entry.lengthBytes;
    counts[next] = (counts[next] ?? 0) + 1;
  }
}

function nextEntry(
  queues: readonly MergeQueue[],
  counts: readonly number[],
  index: number,
): TailEntry | undefined {
  const queue = queues[index];
  return queue?.entries[queue.taken + (counts[index] ?? 0)];
}

function oldestQueue(queues: readonly MergeQueue[], counts: readonly number[]): number | undefined {
  let oldest: { readonly index: number; readonly objectId: string } | undefined;
  for (const index of queues.keys()) {
    const entry = nextEntry(queues, counts, index);
    if (entry !== undefined && (oldest === undefined || entry.objectId < oldest.objectId)) {
      oldest = { index, objectId: entry.objectId };
    }
  }
  return oldest?.index;
}

/** Whether the roll of this page brought the partition past another `markBytes`: time to look after it. */
export function crossesMark(page: Page, markBytes: number): boolean {
  const before = Math.floor(page.bytesBefore / markBytes);
  return Math.floor((page.bytesBefore + byteCountOf(page.entries)) / markBytes) > before;
}
