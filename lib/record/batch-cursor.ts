// Reads batches where they stand, one after the other, without an object for each: for work on millions of small ones,
// where making a `BatchHeader` would take longer than all the rest. The header's fields are described in batch.ts.

import { StratalogError } from '../errors.ts';
import { BATCH_HEADER_BYTES, parseBatchHeader } from './batch.ts';
import { crc32c, wordsOf } from './crc32c.ts';

const BATCH_LENGTH_PREFIX_BYTES = 12;
const BATCH_MAGIC = 2;
const COMPRESSION_MASK = 0b111;
const COMPRESSION_MAX = 4;
/** The upper half of a number beyond ±2^53 is not below this. */
const SAFE_HIGH_MAX = 0x20_0000;
const TWO_TO_32 = 0x1_0000_0000;

export class BatchCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #words: Int32Array | undefined;
  #position = 0;
  #sizeInBytes = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Goes to the batch that begins at `position` and must end by `end`. Throws what `parseBatchHeader` throws where no
   * header can be understood, and CORRUPT_MESSAGE where the batch is cut off.
   */
  moveTo(position: number, end: number): void {
    this.#position = position;
    if (end - position < BATCH_HEADER_BYTES || !this.#isUnderstood()) {
      parseBatchHeader(this.bytes.subarray(0, end), position);
    }
    this.#sizeInBytes = BATCH_LENGTH_PREFIX_BYTES + this.#view.getInt32(position + 8);
    if (this.#sizeInBytes > end - position) {
      const problem = `record batch is cut off: ${end - position} of ${this.#sizeInBytes} bytes`;
      throw new StratalogError('CORRUPT_MESSAGE', problem);
    }
  }

  /** Throws CORRUPT_MESSAGE when the batch isn't what its CRC-32C says. */
  checkCrc(): void {
    const position = this.#position;
    this.#words ??= wordsOf(this.bytes);
    const crc = crc32c(this.bytes, position + 21, position + this.#sizeInBytes, this.#words);
    if (crc === this.#view.getUint32(position + 17)) return;
    throw new StratalogError('CORRUPT_MESSAGE', 'record batch does not match its CRC-32C');
  }

  /** Behind its last record, by the base offset that it carries. */
  get endOffset(): bigint {
    return this.#view.getBigInt64(this.#position) + BigInt(this.lastOffsetDelta + 1);
  }

  get sizeInBytes(): number {
    return this.#sizeInBytes;
  }

  get lastOffsetDelta(): number {
    return this.#view.getInt32(this.#position + 23);
  }

  /** Milliseconds since 1970; −1 when no record has one. */
  get maxTimestamp(): number {
    const view = this.#view;
    return view.getInt32(this.#position + 35) * TWO_TO_32 + view.getUint32(this.#position + 39);
  }

  get recordCount(): number {
    return this.#view.getInt32(this.#position + 57);
  }

  /** Puts base offset (its two halves) and leader epoch in place; the CRC leaves them out. */
  place(offsetHigh: number, offsetLow: number, partitionLeaderEpoch: number): void {
    const view = this.#view;
    view.setInt32(this.#position, offsetHigh);
    view.setInt32(this.#position + 4, offsetLow);
    view.setInt32(this.#position + 12, partitionLeaderEpoch);
  }

  /** As far as a look can say; whoever it says no to is told the reason by `parseBatchHeader`. */
  #isUnderstood(): boolean {
    const view = this.#view;
    const position = this.#position;
    return (
      view.getInt8(position + 16) === BATCH_MAGIC &&
      view.getInt32(position + 8) >= BATCH_HEADER_BYTES - BATCH_LENGTH_PREFIX_BYTES &&
      (view.getInt16(position + 21) & COMPRESSION_MASK) <= COMPRESSION_MAX &&
      Math.abs(view.getInt32(position + 27)) < SAFE_HIGH_MAX &&
      Math.abs(view.getInt32(position + 35)) < SAFE_HIGH_MAX
    );
  }
}
