// LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), little-endian:
//
//   frame = magic uint32, FLG uint8, BD uint8, [content size uint64], HC uint8, block*, end uint32 (0),
//           [content checksum uint32]
//   block = size uint32 (bit 31: not compressed), bytes, [block checksum uint32]
//
// FLG: bits 6–7 version (1), 5 blocks are independent, 4 block checksums, 3 content size, 2 content checksum, 0
// dictionary. BD: bits 4–6 the largest block (4: 64 KiB, 5: 256 KiB, 6: 1 MiB, 7: 4 MiB). HC: the second byte of the
// xxHash of what is between magic and itself. Kafka's Java client reads independent blocks only, so those are written.

import { corrupt, tooLarge } from './faults.ts';
import {
  compressBlock,
  decompressBlock,
  LZ4_BLOCK_BYTES_MAX,
  LZ4_WINDOW_BYTES,
} from './lz4-block.ts';
import { xxhash32 } from './xxhash32.ts';

const MAGIC = 0x184d2204;
const VERSION_1 = 1 << 6;
const INDEPENDENT_BIT = 1 << 5;
const BLOCK_CHECKSUM_BIT = 1 << 4;
const CONTENT_SIZE_BIT = 1 << 3;
const CONTENT_CHECKSUM_BIT = 1 << 2;
const RESERVED_AND_DICTIONARY_BITS = 0b11;
const UNCOMPRESSED_BIT = 0x8000_0000;
const BLOCK_SIZE_CODE_MIN = 4;
const BLOCK_SIZE_CODE_MAX = 7;
const END = Buffer.alloc(4);

function blockBytesOf(code: number): number {
  return 1 << (8 + 2 * code);
}

function frameHeader(blockSizeCode: number): Buffer {
  const header = Buffer.alloc(7);
  header.writeUInt32LE(MAGIC, 0);
  header[4] = VERSION_1 | INDEPENDENT_BIT;
  header[5] = blockSizeCode << 4;
  header[6] = headerChecksum(header.subarray(4, 6));
  return header;
}

function headerChecksum(descriptor: Uint8Array): number {
  return (xxhash32(descriptor) >>> 8) & 0xff;
}

function encodeFrameBlock(bytes: Uint8Array): Buffer {
  const compressed = compressBlock(bytes);
  const isSmaller = compressed.length < bytes.length;
  const stored = isSmaller ? compressed : bytes;
  const block = Buffer.allocUnsafe(4 + stored.length);
  block.writeUInt32LE(isSmaller ? stored.length : (stored.length | UNCOMPRESSED_BIT) >>> 0, 0);
  block.set(stored, 4);
  return block;
}

/** One frame of independent blocks, as few as there can be, without checksums: the batch has its own. */
export function lz4Compress(bytes: Uint8Array): Uint8Array {
  let code = BLOCK_SIZE_CODE_MIN;
  while (code < BLOCK_SIZE_CODE_MAX && blockBytesOf(code) < bytes.length) code += 1;
  const parts = [frameHeader(code)];
  for (let position = 0; position < bytes.length; position += LZ4_BLOCK_BYTES_MAX) {
    parts.push(encodeFrameBlock(bytes.subarray(position, position + LZ4_BLOCK_BYTES_MAX)));
  }
  parts.push(END);
  return Buffer.concat(parts);
}

interface FrameDescriptor {
  readonly blockBytesMax: number;
  readonly areBlocksIndependent: boolean;
  readonly hasBlockChecksums: boolean;
  readonly hasContentChecksum: boolean;
  readonly contentSize: bigint | undefined;
  /** Where the blocks begin. */
  readonly position: number;
}

function decodeDescriptor(frame: Buffer): FrameDescriptor {
  if (frame.length < 7 || frame.readUInt32LE(0) !== MAGIC) throw corrupt('not an LZ4 frame');
  const flags = frame.readUInt8(4);
  const blockDescriptor = frame.readUInt8(5);
  const code = blockDescriptor >>> 4;
  if (
    flags >>> 6 !== 1 ||
    (flags & RESERVED_AND_DICTIONARY_BITS) !== 0 ||
    (blockDescriptor & 0xf) !== 0 ||
    code < BLOCK_SIZE_CODE_MIN ||
    code > BLOCK_SIZE_CODE_MAX
  ) {
    throw corrupt('LZ4 frame of a version that is not known, or with a dictionary');
  }
  const hasContentSize = (flags & CONTENT_SIZE_BIT) !== 0;
  const checksumPosition = hasContentSize ? 14 : 6;
  if (frame.length <= checksumPosition) throw corrupt('LZ4 frame is cut off in its header');
  if (frame[checksumPosition] !== headerChecksum(frame.subarray(4, checksumPosition))) {
    throw corrupt('LZ4 frame header does not match its checksum');
  }
  return {
    blockBytesMax: blockBytesOf(code),
    areBlocksIndependent: (flags & INDEPENDENT_BIT) !== 0,
    hasBlockChecksums: (flags & BLOCK_CHECKSUM_BIT) !== 0,
    hasContentChecksum: (flags & CONTENT_CHECKSUM_BIT) !== 0,
    contentSize: hasContentSize ? frame.readBigUInt64LE(6) : undefined,
    position: checksumPosition + 1,
  };
}

/** Walks through a frame's fields; never past its end. */
class FrameReader {
  readonly #frame: Buffer;
  #position: number;

  constructor(frame: Buffer, position: number) {
    this.#frame = frame;
    this.#position = position;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#frame.length;
  }

  readBytes(count: number): Buffer {
    const start = this.#position;
    if (count > this.#frame.length - start) throw corrupt('LZ4 frame is cut off');
    this.#position = start + count;
    return this.#frame.subarray(start, start + count);
  }

  readWord(): number {
    return this.readBytes(4).readUInt32LE(0);
  }
}

/** The last 64 KiB of what has been decompressed. */
function windowOf(parts: readonly Uint8Array[]): Uint8Array {
  const recent: Uint8Array[] = [];
  let bytesThere = 0;
  for (let index = parts.length - 1; index >= 0 && bytesThere < LZ4_WINDOW_BYTES; index -= 1) {
    const part = parts[index] as Uint8Array;
    recent.unshift(part);
    bytesThere += part.length;
  }
  return Buffer.concat(recent).subarray(Math.max(0, bytesThere - LZ4_WINDOW_BYTES));
}

/** One block's content, at most `bytesMax`: a view that is good until the next block. */
function decodeFrameBlock(
  stored: Uint8Array,
  isCompressed: boolean,
  bytesMax: number,
  window: Uint8Array | undefined,
): Uint8Array | 'overflow' {
  if (!isCompressed) return stored.length > bytesMax ? 'overflow' : stored;
  const result = decompressBlock(stored, bytesMax, window);
  if (result.kind === 'malformed') throw corrupt('LZ4 block is malformed');
  return result.kind === 'overflow' ? 'overflow' : result.bytes;
}

function decodeBlocks(
  reader: FrameReader,
  frame: FrameDescriptor,
  bytesMax: number,
): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let size = reader.readWord(); size !== 0; size = reader.readWord()) {
    const storedSize = size & ~UNCOMPRESSED_BIT;
    if (storedSize > frame.blockBytesMax) throw corrupt('LZ4 block is larger than its frame says');
    const stored = reader.readBytes(storedSize);
    if (frame.hasBlockChecksums && xxhash32(stored) !== reader.readWord()) {
      throw corrupt('LZ4 block does not match its checksum');
    }
    const room = Math.min(frame.blockBytesMax, bytesMax - total);
    const window = frame.areBlocksIndependent ? undefined : windowOf(parts);
    const content = decodeFrameBlock(stored, size < UNCOMPRESSED_BIT, room, window);
    if (content === 'overflow') {
      throw room < frame.blockBytesMax
        ? tooLarge(bytesMax)
        : corrupt('LZ4 block holds more than its frame says');
    }
    parts.push(Buffer.from(content));
    total += content.length;
  }
  return parts;
}

/** Decompresses one whole frame to at most `bytesMax` bytes. Errors: CORRUPT_MESSAGE, MESSAGE_TOO_LARGE. */
export function lz4Decompress(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const descriptor = decodeDescriptor(frame);
  const { contentSize } = descriptor;
  if (contentSize !== undefined && contentSize > BigInt(bytesMax)) throw tooLarge(bytesMax);
  const reader = new FrameReader(frame, descriptor.position);
  const parts = decodeBlocks(reader, descriptor, bytesMax);
  const content = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  if (descriptor.hasContentChecksum && xxhash32(content) !== reader.readWord()) {
    throw corrupt('LZ4 frame does not match its content checksum');
  }
  if (contentSize !== undefined && contentSize !== BigInt(content.length)) {
    throw corrupt(`LZ4 frame holds ${content.length} bytes, it says ${contentSize}`);
  }
  if (!reader.isAtEnd) throw corrupt('LZ4 frame is followed by other bytes');
  return content;
}
