// What is known of a partition: its head (the one commit point of appends) and the index pages that the head's tail
// was rolled into.
//
// Invariants: offsets are dense, so an entry's base offset is `tailBase` (or the page's base) plus the record counts
// before it, and `nextOffset` is `tailBase` plus the counts of the whole tail. logStartOffset ≤ nextOffset.
// What a page holds is determined by the tail it was made from, so whoever makes it again makes the same page.

import { assert } from '../assert.ts';

/** Where the bytes of one append to one partition are: whole record batches, back to back, in a WAL object. */
export interface TailEntry {
  /** The WAL object's ULID. */
  readonly objectId: string;
  readonly positionBytes: number;
  readonly lengthBytes: number;
  readonly recordCount: number;
  /** Largest record timestamp in the bytes, milliseconds since 1970. */
  readonly maxTimestampMs: number;
  /** Set when the producer is idempotent; then the bytes are one batch. */
  readonly producer?: EntryProducer;
}

export interface EntryProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** What the head remembers of an idempotent producer: its last batch. */
export interface ProducerState {
  readonly producerEpoch: number;
  readonly lastSequence: number;
  /** Base offset of the producer's last batch. */
  readonly lastOffset: bigint;
}

/** A partition's head. */
export interface Head {
  /** The offset that the next record gets: the high watermark. */
  readonly nextOffset: bigint;
  readonly logStartOffset: bigint;
  /** WAL objects with a smaller ULID can't be appended any more: garbage collection may have taken them. */
  readonly floor: string;
  /** Base offset of the tail's first entry. */
  readonly tailBase: bigint;
  /** Largest timestamp of all records below `tailBase`; −1 when there are none. */
  readonly rolledMaxTimestampMs: number;
  /** Bytes of all batches ever appended below `tailBase`. */
  readonly rolledBytes: number;
  readonly tail: readonly TailEntry[];
  /** By producer id. */
  readonly producers: ReadonlyMap<bigint, ProducerState>;
  /** Raised whenever producer states are moved out of the head. */
  readonly evictions: number;
}

/** A run of entries that was moved out of a head's tail; covers `[baseOffset, endOffset)`. */
export interface Page {
  readonly baseOffset: bigint;
  readonly endOffset: bigint;
  readonly entries: readonly TailEntry[];
  /** Largest timestamp of all records of the partition below `endOffset`: it never falls from page to page. */
  readonly maxTimestampMs: number;
  /** Bytes of all batches of the partition below `baseOffset`. */
  readonly bytesBefore: number;
}

/** An entry with the offset of its first record. */
export interface LocatedEntry {
  readonly baseOffset: bigint;
  readonly entry: TailEntry;
}

export function recordCountOf(entries: readonly TailEntry[]): number {
  return entries.reduce((count, entry) => count + entry.recordCount, 0);
}

export function byteCountOf(entries: readonly TailEntry[]): number {
  return entries.reduce((count, entry) => count + entry.lengthBytes, 0);
}

/** Gives each entry of a run its base offset. */
export function locateEntries(baseOffset: bigint, entries: readonly TailEntry[]): LocatedEntry[] {
  let next = baseOffset;
  return entries.map((entry) => {
    const located = { baseOffset: next, entry };
    next += BigInt(entry.recordCount);
    return located;
  });
}

/** The head of a new partition. */
export function emptyHead(floor: string): Head {
  return {
    nextOffset: 0n,
    logStartOffset: 0n,
    floor,
    tailBase: 0n,
    rolledMaxTimestampMs: -1,
    rolledBytes: 0,
    tail: [],
    producers: new Map(),
    evictions: 0,
  };
}

/** Checks what every stored head must satisfy (`dense`); a head that doesn't is a bug, not bad input. */
export function assertHead(head: Head): void {
  const tailEnd = head.tailBase + BigInt(recordCountOf(head.tail));
  assert(tailEnd === head.nextOffset, `tail ends at ${tailEnd}, next offset is ${head.nextOffset}`);
  assert(head.logStartOffset <= head.nextOffset, 'the log starts no later than it ends');
}
