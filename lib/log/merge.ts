// Which pages become the next segment.

import { ulidTimeMs } from '../ids.ts';
import type { CleanupSettings } from './cleanup-settings.ts';
import { EntryColumns, type WalObjects } from './merge-entries.ts';
import { byteCountOf, type Head, type Page, recordCountOf, type TailEntry } from './partition.ts';
import { SEGMENT_OFFSETS_MAX } from './segment.ts';

/** The pages of the next segment: some first ones of those that follow the merged ones. */
export interface MergePlan {
  readonly baseOffset: bigint;
  readonly endOffset: bigint;
  readonly sizeBytes: number;
  /** Largest timestamp that the partition ever had below `endOffset`. */
  readonly maxTimestampMs: number;
  /** Base offsets of the pages. */
  readonly pages: readonly bigint[];
  /** All their entries that don't lie wholly below the log's start; those would be the first ones. */
  readonly entries: EntryColumns;
  /** Records of those that do. */
  readonly skippedRecords: number;
  /**
   * Full, or older than `segmentMs`. Otherwise it is at least half full, and worth merging together with another
   * partition that is due: they share most of what is read.
   */
  readonly isDue: boolean;
  /** Nothing more may go into it, whatever pages there are. */
  readonly isFull: boolean;
}

type MergeSettings = Pick<CleanupSettings, 'segmentBytes' | 'segmentMs'>;

/** How full a segment is that is merged along with one that is due. */
const COMPANION_SHARE = 0.5;

export interface MergeTarget {
  /** Where the entries' objects are written down: partitions that are merged side by side share it. */
  readonly objects: WalObjects;
  /** Entries of a segment at most: a merger holds them all. */
  readonly entriesMax: number;
  /** What lies below it is not read any more, so that bytes which can't be may be given up. */
  readonly logStartOffset: bigint;
  /** Set when bytes of this offset can't be read: all before it is merged at once, then its page is tried by itself. */
  readonly damagedAt?: bigint | undefined;
}

/**
 * Plans the next segment of a partition from its pages, which come from LOG.segmentedTo on, end to end. A segment
 * takes whole pages, at least one, and as many as fit `segmentBytes`, a job's memory, and 31 bits of relative offsets.
 */
export class MergePlanner {
  readonly #settings: MergeSettings;
  readonly #target: MergeTarget;
  readonly #entries = new EntryColumns();
  readonly #pages: bigint[] = [];
  #first: Page | undefined;
  #last: Page | undefined;
  #sizeBytes = 0;
  #skippedRecords = 0;
  #isFull = false;

  constructor(settings: MergeSettings, target: MergeTarget) {
    this.#settings = settings;
    this.#target = target;
  }

  /** No page is taken any more. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** False: the segment is full, without this page. */
  add(page: Page): boolean {
    const kept = this.#keptOf(page);
    const pageBytes = byteCountOf(kept);
    if (this.#first !== undefined && !this.#fits(this.#first, page, pageBytes)) {
      this.#isFull = true;
      return false;
    }
    for (const entry of kept) this.#entries.push(entry, this.#target.objects);
    const skipped = page.entries.slice(0, page.entries.length - kept.length);
    this.#skippedRecords += recordCountOf(skipped);
    this.#pages.push(page.baseOffset);
    this.#first ??= page;
    this.#last = page;
    this.#sizeBytes += pageBytes;
    const { damagedAt } = this.#target;
    const isTriedAlone = damagedAt !== undefined && page.endOffset > damagedAt;
    this.#isFull = isTriedAlone || this.#sizeBytes >= this.#settings.segmentBytes;
    return true;
  }

  /** The segment, or undefined when there is nothing to it yet: not even half of one, and nothing that is old. */
  plan(nowMs: number): MergePlan | undefined {
    const first = this.#first;
    const last = this.#last;
    if (first === undefined || last === undefined) return undefined;
    const { segmentBytes, segmentMs } = this.#settings;
    const isDue = this.#isFull || oldestAppendMs(first.entries) + segmentMs <= nowMs;
    if (!isDue && this.#sizeBytes < segmentBytes * COMPANION_SHARE) return undefined;
    return {
      isDue,
      isFull: this.#isFull,
      baseOffset: first.baseOffset,
      endOffset: last.endOffset,
      sizeBytes: this.#sizeBytes,
      maxTimestampMs: last.maxTimestampMs,
      pages: this.#pages,
      entries: this.#entries,
      skippedRecords: this.#skippedRecords,
    };
  }

  #keptOf(page: Page): readonly TailEntry[] {
    const { logStartOffset } = this.#target;
    if (page.baseOffset >= logStartOffset) return page.entries;
    let end = page.baseOffset;
    return page.entries.filter(({ recordCount }) => {
      end += BigInt(recordCount);
      return end > logStartOffset;
    });
  }

  #fits(first: Page, page: Page, pageBytes: number): boolean {
    const { damagedAt, entriesMax } = this.#target;
    return (
      !this.#isFull &&
      this.#sizeBytes + pageBytes <= this.#settings.segmentBytes &&
      this.#entries.count + page.entries.length <= entriesMax &&
      page.endOffset - first.baseOffset <= SEGMENT_OFFSETS_MAX &&
      (damagedAt === undefined || page.endOffset <= damagedAt)
    );
  }
}

/** Whether more than the first page must be read to plan: there may be half a segment, or something old. */
export function isWorthPlanning(
  head: Head,
  first: Page,
  { settings, nowMs }: { readonly settings: MergeSettings; readonly nowMs: number },
): boolean {
  return (
    mergeDebtBytes(head, first) >= settings.segmentBytes * COMPANION_SHARE ||
    oldestAppendMs(first.entries) + settings.segmentMs <= nowMs
  );
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

/** Whether the roll of this page brought the partition past another `markBytes`: time to look after it. */
export function crossesMark(page: Page, markBytes: number): boolean {
  const before = Math.floor(page.bytesBefore / markBytes);
  return Math.floor((page.bytesBefore + byteCountOf(page.entries)) / markBytes) > before;
}
