// Makes a segment's three files from batches, a run at a time: nothing but the two indexes is held, so a segment of any
// size takes the memory of its indexes (2.6 MB for 1 GiB).
//
// The files are what a Kafka broker would have made of the same batches (org.apache.kafka.storage.internals.log
// LogSegment, OffsetIndex, TimeIndex), big-endian:
//
//   .log       := batch*, base offsets and leader epoch in place
//   .index     := { int32 last offset of a batch, relative to the segment's base; int32 the batch's position }*
//   .timeindex := { int64 largest timestamp so far; int32 relative last offset of the batch that brought it }*
//
// An index entry is made before the first batch that has more than 4,096 bytes since the last entry in front of it.
// With it goes a time entry when the largest timestamp has risen; a last one closes the segment.

import { assert } from '../assert.ts';
import { StratalogError } from '../errors.ts';
import type { BatchHeader } from '../record/batch.ts';
import type { BatchCursor } from '../record/batch-cursor.ts';
import { OffsetPlacer } from './place.ts';
import { SEGMENT_OFFSETS_MAX } from './segment.ts';

/** Kafka's index.interval.bytes. */
export const INDEX_INTERVAL_BYTES = 4_096;
export const INDEX_ENTRY_BYTES = 8;
export const TIME_INDEX_ENTRY_BYTES = 12;
/** Positions are 32-bit. */
const SEGMENT_BYTES_MAX = 2_147_483_647;
const RELATIVE_MAX = Number(SEGMENT_OFFSETS_MAX);
const NO_TIMESTAMP = -1;
const TWO_TO_32 = 0x1_0000_0000;

export interface SegmentFiles {
  readonly index: Uint8Array;
  readonly timeIndex: Uint8Array;
  readonly sizeBytes: number;
  readonly recordCount: number;
  /** −1 when no record has one. */
  readonly largestTimestampMs: number;
  /** Of the first batch. */
  readonly firstTimestampMs: number;
}

/** Batches as an index entry names them; they are next in the log. */
export interface BatchRun {
  readonly batches: BatchCursor;
  readonly start: number;
  readonly end: number;
  readonly recordCount: number;
}

export class SegmentBuilder {
  readonly #baseOffset: bigint;
  readonly #placer: OffsetPlacer;
  readonly #index = new GrowingBytes();
  readonly #timeIndex = new GrowingBytes();
  #sizeBytes = 0;
  #recordCount = 0;
  #bytesSinceEntry = 0;
  /** Offsets are relative to the segment's base. */
  #nextOffset = 0;
  #firstTimestampMs = NO_TIMESTAMP;
  #largestTimestampMs = NO_TIMESTAMP;
  #largestAt = 0;
  #indexedTimestampMs = NO_TIMESTAMP;

  /** Without its first `skippedRecords`: they lie below the log's start. */
  constructor(baseOffset: bigint, skippedRecords = 0) {
    this.#baseOffset = baseOffset;
    this.#nextOffset = skippedRecords;
    this.#placer = new OffsetPlacer(baseOffset);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Where the next run begins, relative to the segment's base. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /**
   * Puts base offsets and leader epoch in place in the batches themselves, which are then the next bytes of the .log
   * file. CORRUPT_MESSAGE when they are not whole batches with the right CRC, or hold another count of records; then
   * nothing may be made of this builder any more.
   */
  appendRun({ batches, start, end, recordCount }: BatchRun): void {
    const first = this.#nextOffset;
    for (let position = start; position < end; position += batches.sizeInBytes) {
      batches.moveTo(position, end);
      batches.checkCrc();
      this.#placer.place(batches, this.#nextOffset);
      const lastOffset = this.#nextOffset + batches.lastOffsetDelta;
      this.#addBatch(batches, lastOffset);
    }
    if (this.#nextOffset - first !== recordCount) {
      const [from, to, end] = [first, this.#nextOffset, first + recordCount].map(
        (relative) => this.#baseOffset + BigInt(relative),
      );
      throw new StratalogError(
        'CORRUPT_MESSAGE',
        `stored batches hold offsets ${from} to ${to}, their index says ${end}`,
      );
    }
  }

  /** The batch of `header`, which has its offset in place, is next in the .log file. */
  appendPlaced(header: BatchHeader): void {
    const offset = Number(header.baseOffset - this.#baseOffset);
    assert(offset >= this.#nextOffset, 'batches of a segment ascend');
    this.#addBatch(header, offset + header.lastOffsetDelta);
  }

  /** The other two files; the builder is done. */
  finish(): SegmentFiles {
    this.#indexTime();
    return {
      index: this.#index.take(),
      timeIndex: this.#timeIndex.take(),
      sizeBytes: this.#sizeBytes,
      recordCount: this.#recordCount,
      largestTimestampMs: this.#largestTimestampMs,
      firstTimestampMs: this.#firstTimestampMs,
    };
  }

  #addBatch(batch: BuiltBatch, lastOffset: number): void {
    const { maxTimestamp, sizeInBytes } = batch;
    assert(lastOffset <= RELATIVE_MAX, 'offsets in a segment take 31 bits');
    if (this.#sizeBytes === 0) this.#firstTimestampMs = maxTimestamp;
    if (maxTimestamp > this.#largestTimestampMs) {
      this.#largestTimestampMs = maxTimestamp;
      this.#largestAt = lastOffset;
    }
    if (this.#bytesSinceEntry > INDEX_INTERVAL_BYTES) {
      this.#index.putInt32(lastOffset);
      this.#index.putInt32(this.#sizeBytes);
      this.#indexTime();
      this.#bytesSinceEntry = 0;
    }
    this.#sizeBytes += sizeInBytes;
    assert(this.#sizeBytes <= SEGMENT_BYTES_MAX, 'positions in a segment take 31 bits');
    this.#bytesSinceEntry += sizeInBytes;
    this.#recordCount += batch.recordCount;
    this.#nextOffset = lastOffset + 1;
  }

  /** Time entries strictly rise. */
  #indexTime(): void {
    if (this.#largestTimestampMs <= this.#indexedTimestampMs) return;
    this.#timeIndex.putInt32(Math.floor(this.#largestTimestampMs / TWO_TO_32));
    this.#timeIndex.putInt32(this.#largestTimestampMs >>> 0);
    this.#timeIndex.putInt32(this.#largestAt);
    this.#indexedTimestampMs = this.#largestTimestampMs;
  }
}

type BuiltBatch = Pick<BatchHeader, 'sizeInBytes' | 'maxTimestamp' | 'recordCount'>;

/** Big-endian numbers one after the other, in memory that doubles. */
class GrowingBytes {
  #view = new DataView(new ArrayBuffer(1_024));
  #length = 0;

  putInt32(value: number): void {
    if (this.#length + 4 > this.#view.byteLength) {
      const grown = new Uint8Array(this.#view.byteLength * 2);
      grown.set(this.take());
      this.#view = new DataView(grown.buffer);
    }
    this.#view.setInt32(this.#length, value);
    this.#length += 4;
  }

  take(): Uint8Array {
    return new Uint8Array(this.#view.buffer, 0, this.#length);
  }
}
