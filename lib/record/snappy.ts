// Snappy blocks (https://github.com/google/snappy/blob/main/format_description.txt) and the frame that Kafka's Java
// client puts around them, xerial's. Other clients send a bare block; both are read, the frame is written.
//
//   frame = magic 82 "SNAPPY" 00, version int32 (1), compatible version int32 (1), chunk*; big-endian
//   chunk = size int32, block
//   block = content size varint (unsigned), element*; little-endian
//   element = tag uint8, whose low 2 bits say: 0 literal, 1 copy with an 11-bit offset, 2 with 16 bits, 3 with 32 bits

import { corrupt, tooLarge } from './faults.ts';

const FRAME_HEADER = Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const FRAME_MAGIC_BYTES = 8;
/** What xerial's writer puts in a chunk; a block’s offsets then fit 16 bits. */
const CHUNK_BYTES = 32 * 1024;

const LITERAL = 0;
const COPY_11 = 1;
const COPY_16 = 2;
const HASH_BITS = 12;
const MATCH_BYTES_MIN = 4;
const COPY_BYTES_MAX = 64;
/** Nothing is matched from here to the end, so that four bytes can always be read. */
const MARGIN_BYTES = 15;
/** A byte of a block gives at most 64 bytes and a third (a copy of 3 bytes gives 64). */
const EXPANSION_MAX = 22;

/** Writes elements one after the other; the target has room for the worst case. */
class BlockWriter {
  readonly #target: Uint8Array;
  readonly #source: Uint8Array;
  position: number;

  constructor(target: Uint8Array, position: number, source: Uint8Array) {
    this.#target = target;
    this.#source = source;
    this.position = position;
  }

  writeLength(length: number): void {
    let rest = length;
    for (; rest > 0x7f; rest >>>= 7) this.#writeByte((rest & 0x7f) | 0x80);
    this.#writeByte(rest);
  }

  writeLiteral(start: number, end: number): void {
    const last = end - start - 1;
    if (last < 0) return;
    if (last < 60) {
      this.#writeByte(last << 2);
    } else if (last < 0x100) {
      this.#writeByte(60 << 2);
      this.#writeByte(last);
    } else {
      this.#writeByte(61 << 2);
      this.#writeByte(last & 0xff);
      this.#writeByte(last >>> 8);
    }
    for (let at = start; at < end; at += 1) this.#writeByte(this.#source[at] as number);
  }

  writeCopy(offset: number, length: number): void {
    let rest = length;
    for (; rest >= COPY_BYTES_MAX + MATCH_BYTES_MIN; rest -= COPY_BYTES_MAX) {
      this.#writeLongCopy(offset, COPY_BYTES_MAX);
    }
    if (rest > COPY_BYTES_MAX) {
      // What is left must not be shorter than the shortest copy.
      this.#writeLongCopy(offset, COPY_BYTES_MAX - MATCH_BYTES_MIN);
      rest -= COPY_BYTES_MAX - MATCH_BYTES_MIN;
    }
    if (rest < 12 && offset < 2048) {
      this.#writeByte(COPY_11 | ((rest - 4) << 2) | ((offset >>> 8) << 5));
      this.#writeByte(offset & 0xff);
    } else {
      this.#writeLongCopy(offset, rest);
    }
  }

  #writeLongCopy(offset: number, length: number): void {
    this.#writeByte(COPY_16 | ((length - 1) << 2));
    this.#writeByte(offset & 0xff);
    this.#writeByte(offset >>> 8);
  }

  #writeByte(byte: number): void {
    this.#target[this.position++] = byte;
  }
}

function wordAt(bytes: Uint8Array, position: number): number {
  return (
    (bytes[position] as number) |
    ((bytes[position + 1] as number) << 8) |
    ((bytes[position + 2] as number) << 16) |
    ((bytes[position + 3] as number) << 24)
  );
}

function matchLength(bytes: Uint8Array, earlier: number, later: number): number {
  let length = MATCH_BYTES_MIN;
  while (later + length < bytes.length && bytes[earlier + length] === bytes[later + length]) {
    length += 1;
  }
  return length;
}

/** One block of at most 32 KiB, written at `position` of `target`; returns the position after it. */
function compressChunk(source: Uint8Array, target: Uint8Array, position: number): number {
  const writer = new BlockWriter(target, position, source);
  writer.writeLength(source.length);
  /** Where a hash was last seen, plus 1; 0: nowhere. */
  const table = new Uint16Array(1 << HASH_BITS);
  const searchEnd = source.length - MARGIN_BYTES;
  let literalStart = 0;
  let at = 0;
  let misses = 32;
  while (at < searchEnd) {
    const word = wordAt(source, at);
    const entry = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = (table[entry] as number) - 1;
    table[entry] = at + 1;
    if (candidate < 0 || wordAt(source, candidate) !== word) {
      at += misses++ >>> 5;
      continue;
    }
    writer.writeLiteral(literalStart, at);
    const length = matchLength(source, candidate, at);
    writer.writeCopy(at - candidate, length);
    at += length;
    literalStart = at;
    misses = 32;
  }
  writer.writeLiteral(literalStart, source.length);
  return writer.position;
}

/** Compresses into xerial's frame. */
export function snappyCompress(bytes: Uint8Array): Uint8Array {
  const chunkCount = Math.ceil(bytes.length / CHUNK_BYTES);
  const worstBytes = bytes.length + Math.ceil(bytes.length / 6) + chunkCount * 40;
  const target = Buffer.allocUnsafe(FRAME_HEADER.length + worstBytes);
  FRAME_HEADER.copy(target);
  let position = FRAME_HEADER.length;
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    const end = compressChunk(bytes.subarray(start, start + CHUNK_BYTES), target, position + 4);
    target.writeInt32BE(end - position - 4, position);
    position = end;
  }
  return target.subarray(0, position);
}

/** Reads a block's elements one after the other; never past its end. */
class BlockReader {
  readonly #block: Uint8Array;
  #position = 0;
  /** Of the element last read: content bytes, and how far back they are (0: they follow, as a literal). */
  length = 0;
  offset = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#block.length;
  }

  /** The content size that a block claims, held against what its bytes can give before anyone allocates it. */
  readContentSize(bytesMax: number): number {
    let size = 0;
    for (let index = 0; index < 5; index += 1) {
      const byte = this.#readNumber(1);
      size += (byte & 0x7f) * 2 ** (7 * index);
      if (byte > 0x7f) continue;
      if (size > bytesMax) throw tooLarge(bytesMax);
      if (size <= this.#block.length * EXPANSION_MAX) return size;
      break;
    }
    throw corrupt('snappy block claims a size that its bytes can not give');
  }

  readElement(): void {
    const tag = this.#readNumber(1);
    const rest = tag >>> 2;
    switch (tag & 3) {
      case LITERAL:
        this.length = (rest < 60 ? rest : this.#readNumber(rest - 59)) + 1;
        this.offset = 0;
        return;
      case COPY_11:
        this.length = (rest & 7) + 4;
        this.offset = ((tag >>> 5) << 8) | this.#readNumber(1);
        break;
      case COPY_16:
        this.length = rest + 1;
        this.offset = this.#readNumber(2);
        break;
      default:
        this.length = rest + 1;
        this.offset = this.#readNumber(4);
    }
    if (this.offset === 0) throw corrupt('snappy block copies from nowhere');
  }

  /** Puts a literal's bytes at `position` of `content`, which has room for them. */
  copyLiteral(content: Uint8Array, position: number): void {
    const start = this.#take(this.length);
    if (this.length > 32) {
      content.set(this.#block.subarray(start, start + this.length), position);
      return;
    }
    for (let index = 0; index < this.length; index += 1) {
      content[position + index] = this.#block[start + index] as number;
    }
  }

  /** The position of the next `count` bytes. */
  #take(count: number): number {
    const start = this.#position;
    if (count > this.#block.length - start) throw corrupt('snappy block is cut off');
    this.#position = start + count;
    return start;
  }

  #readNumber(byteCount: number): number {
    const start = this.#take(byteCount);
    let number = 0;
    for (let index = byteCount - 1; index >= 0; index -= 1) {
      number = number * 256 + (this.#block[start + index] as number);
    }
    return number;
  }
}

function decompressBlock(block: Uint8Array, bytesMax: number): Uint8Array {
  const reader = new BlockReader(block);
  const content = Buffer.allocUnsafe(reader.readContentSize(bytesMax));
  let position = 0;
  while (!reader.isAtEnd) {
    reader.readElement();
    const { length, offset } = reader;
    if (length > content.length - position || offset > position) {
      throw corrupt('snappy block leaves its content');
    }
    if (offset === 0) {
      reader.copyLiteral(content, position);
    } else {
      // Byte by byte: what is copied may overlap what is written.
      for (let index = position; index < position + length; index += 1) {
        content[index] = content[index - offset] as number;
      }
    }
    position += length;
  }
  if (position !== content.length) throw corrupt('snappy block holds less than it says');
  return content;
}

/** Decompresses xerial's frame or a bare block to at most `bytesMax` bytes. Errors: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE. */
export function snappyDecompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const isFramed = FRAME_HEADER.subarray(0, FRAME_MAGIC_BYTES).equals(
    frame.subarray(0, FRAME_MAGIC_BYTES),
  );
  if (!isFramed) return decompressBlock(frame, bytesMax);
  if (frame.length < FRAME_HEADER.length) throw corrupt('snappy frame is cut off in its header');
  const parts: Uint8Array[] = [];
  let room = bytesMax;
  for (let position = FRAME_HEADER.length; position < frame.length; ) {
    const size = frame.length - position < 4 ? -1 : frame.readInt32BE(position);
    const start = position + 4;
    if (size < 0 || size > frame.length - start) throw corrupt('snappy chunk is cut off');
    const part = decompressBlock(frame.subarray(start, start + size), room);
    parts.push(part);
    room -= part.length;
    position = start + size;
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}
