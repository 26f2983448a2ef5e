// One partition as it must be: its records by offset, and what the index says of where they are.

import type { Page } from '../../../lib/log/partition.ts';
import type { Segment } from '../../../lib/log/segment.ts';
import { isDeletion, keyOf } from './batches.ts';

/** An entry of the tail or of a page, with its offsets. */
export interface PlacedEntry {
  readonly objectId: string;
  readonly baseOffset: number;
  readonly endOffset: number;
}

interface PlacedSegment {
  readonly segmentId: string;
  readonly endOffset: number;
  /** The .log file; undefined when nothing is left in it. */
  readonly key: string | undefined;
}

export class PartitionModel {
  readonly topicId: string;
  readonly partition: number;
  /** Of records, by offset. */
  readonly ids: string[] = [];
  logStart = 0;
  /** Behind the last record that a producer was told of. */
  ackedEnd = 0;
  tailBase = 0;
  tail: readonly PlacedEntry[] = [];
  /** By base offset. */
  readonly pages = new Map<number, readonly PlacedEntry[]>();
  segmentedTo = 0;
  /** By base offset. */
  readonly segments = new Map<number, PlacedSegment>();
  /** Offsets whose records log compaction has taken. */
  readonly removed = new Set<number>();

  constructor(topicId: string, partition: number) {
    this.topicId = topicId;
    this.partition = partition;
  }

  get name(): string {
    return `${this.topicId.slice(0, 6)}/${this.partition}`;
  }

  get next(): number {
    return this.ids.length;
  }

  putPage(page: Page): void {
    let next = Number(page.baseOffset);
    const entries = page.entries.map(({ objectId, recordCount }) => {
      const baseOffset = next;
      next += recordCount;
      return { objectId, baseOffset, endOffset: next };
    });
    this.pages.set(Number(page.baseOffset), entries);
  }

  trim(page: Page): void {
    this.tail = this.tail.slice(page.entries.length);
    this.tailBase = Number(page.endOffset);
  }

  putSegment(segment: Segment): void {
    const { baseOffset, endOffset, segmentId, sizeBytes } = segment;
    const digits = baseOffset.toString().padStart(20, '0');
    const key = `log/${this.topicId}/${this.partition}/${segmentId}/${digits}.log`;
    this.segments.set(Number(baseOffset), {
      segmentId,
      endOffset: Number(endOffset),
      key: sizeBytes === 0 ? undefined : key,
    });
    this.segmentedTo = Math.max(this.segmentedTo, Number(endOffset));
  }

  replaceSegments(replaced: readonly Pick<Segment, 'baseOffset'>[], by: Segment | undefined): void {
    for (const { baseOffset } of replaced) this.segments.delete(Number(baseOffset));
    if (by !== undefined) this.putSegment(by);
  }

  /** Below it nothing is looked for in pages. */
  get coveredTo(): number {
    return Math.max(this.logStart, this.segmentedTo);
  }

  /**
   * The first key that a reader sees wrong now that some records are gone: its latest record must be there, or be a
   * deletion with no older record of the key left.
   */
  wrongKey(): string | undefined {
    const latest = new Map<string, number>();
    const oldest = new Map<string, number>();
    for (const [offset, id] of this.ids.entries()) {
      const key = keyOf(id);
      latest.set(key, offset);
      // What lies below the log's start is nobody's any more.
      const isThere = offset >= this.logStart && !this.removed.has(offset);
      if (isThere && !oldest.has(key)) oldest.set(key, offset);
    }
    for (const [key, offset] of latest) {
      if (offset < this.logStart || !this.removed.has(offset)) continue;
      const isGone = isDeletion(this.ids[offset] ?? '') && !oldest.has(key);
      if (!isGone) return key;
    }
    return undefined;
  }
}
