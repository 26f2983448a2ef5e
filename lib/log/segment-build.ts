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
import { type BatchHeader, batchProblem, patchBaseOffset, splitBatches } from '../record/batch.ts';
import { LEADER_EPOCH } from './place.ts';
import { SEGMENT_OFFSETS_MAX } from './segment.ts';

/** Kafka's index.interval.bytes. */
export const INDEX_INTERVAL_BYTES = 4_096;
export const INDEX_ENTRY_BYTES = 8;
export const TIME_INDEX_ENTRY_BYTES = 12;
/** Positions are 32-bit. */
const SEGMENT_BYTES_MAX = 2_147_483_647;
const NO_TIMESTAMP = -1;

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

/** Batches as an index entry names them. */
export interface BatchRun {
  readonly bytes: Uint8Array;
  readonly baseOffset: bigint;
  readonly endOffset: bigint;
}

export class SegmentBuilder {
  readonly #baseOffset: bigint;
  readonly #index = new GrowingBytes();
  readonly #timeIndex = new GrowingBytes();
  #sizeBytes = 0;
  #recordCount = 0;
  #bytesSinceEntry = 0;
  #nextOffset: bigint;
  #firstTimestampMs = NO_TIMESTAMP;
  #largest = { timestampMs: NO_TIMESTAMP, offset: 0n };
  #indexedTimestampMs = NO_TIMESTAMP;

  constructor(baseOffset: bigint) {
    this.#baseOffset = baseOffset;
    this.#nextOffset = baseOffset;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Puts base offsets and leader epoch in place in `bytes` itself, which are then the next bytes of the .log file.
   * CORRUPT_MESSAGE when they are not whole batches with the right CRC, or hold another count of records; then
   * nothing may be made of this builder any more.
   */
  appendRun({ bytes, baseOffset, endOffset }: BatchRun): void {
    let next = baseOffset;
    for (const header of splitBatches(bytes)) {
      const problem = batchProblem(bytes, header, true);
      if (problem !== undefined) throw new StratalogError(problem.code, problem.message);
      patchBaseOffset(bytes, header.position, next, LEADER_EPOCH);
      this.#addBatch(header, next);
      next += BigInt(header.lastOffsetDelta + 1);
    }
    if (next !== endOffset) {
      throw new StratalogError(
        'CORRUPT_MESSAGE',
        `stored batches hold offsets ${baseOffset} to ${next}, their index says ${endOffset}`,
      );
    }
  }

  /** The batch of `header`, which has its offset in place, is next in the .log file. */
  appendPlaced(header: BatchHeader): void {
    this.#addBatch(header, header.baseOffset);
  }

  /** The other two files; the builder is done. */
  finish(): SegmentFiles {
    this.#indexTime();
    return {
      index: this.#index.take(),
      timeIndex: this.#timeIndex.take(),
      sizeBytes: this.#sizeBytes,
      recordCount: this.#recordCount,
      largestTimestampMs: this.#largest.timestampMs,
      firstTimestampMs: this.#firstTimestampMs,
    };
  }

  #addBatch(header: BatchHeader, baseOffset: bigint): void {
    assert(baseOffset >= this.#nextOffset, 'batches of a segment ascend');
    const lastOffset = baseOffset + BigInt(header.lastOffsetDelta);
    const { maxTimestamp, sizeInBytes } = header;
    if (this.#sizeBytes === 0) this.#firstTimestampMs = maxTimestamp;
    if (maxTimestamp > this.#largest.timestampMs) {
      this.#largest = { timestampMs: maxTimestamp, offset: lastOffset };
    }
    if (this.#bytesSinceEntry > INDEX_INTERVAL_BYTES) {
      const entry = this.#index.extend(INDEX_ENTRY_BYTES);
      entry.setInt32(0, this.#relative(lastOffset));
      entry.setInt32(4, this.#sizeBytes);
      this.#indexTime();
      this.#bytesSinceEntry = 0;
    }
    this.#sizeBytes += sizeInBytes;
    assert(this.#sizeBytes <= SEGMENT_BYTES_MAX, 'positions in a segment take 31 bits');
    this.#bytesSinceEntry += sizeInBytes;
    this.#recordCount += header.recordCount;
    this.#nextOffset = lastOffset + 1n;
  }

  /** Time entries strictly rise. */
  #indexTime(): void {
    const { timestampMs, offset } = this.#largest;
    if (timestampMs <= this.#indexedTimestampMs) return;
    const entry = this.#timeIndex.extend(TIME_INDEX_ENTRY_BYTES);
    entry.setBigInt64(0, BigInt(timestampMs));
    entry.setInt32(8, this.#relative(offset));
    this.#indexedTimestampMs = timestampMs;
  }

  #relative(offset: bigint): number {
    const relative = offset - this.#baseOffset;
    assert(relative <= SEGMENT_OFFSETS_MAX, 'offsets in a segment take 31 bits');
    return Number(relative);
  }
}

/** Bytes that entries are added to, in memory that doubles. */
class GrowingBytes {
  #bytes = new Uint8Array(1_024);
  #length = 0;

  /** Room for `count` more bytes. */
  extend(count: number): DataView {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return new DataView(this.#bytes.buffer, start, count);
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
