// The bytes of a tail entry, as heads and pages keep it: small, because DynamoDB charges a write by the size of the
// whole item and a head should stay below 1 KB with a full tail.
//
//   entry    := format(1) ulid(16) position length count timestamp [ producer ]
//   format   := 1 (no producer) | 2 (idempotent producer)
//   position, length, count := varint
//   timestamp := zigzag varint: the largest record timestamp less the ULID's own time, in milliseconds
//   producer := producerId producerEpoch baseSequence, each a varint
//   entries  := { length(varint) entry }
//   varint   := unsigned LEB128: 7 bits a byte, lowest first, the high bit says that more follow
//
// An unknown format is refused, never skipped.

import { assert } from '../assert.ts';
import { StratalogError } from '../errors.ts';
import {
  CROCKFORD,
  isUlid,
  recentUlid,
  timeOfUlidBytes,
  ULID_BYTES,
  ULID_RANDOM_BYTES,
  ulidTimeMs,
} from '../ids.ts';
import type { TailEntry } from './partition.ts';

const FORMAT_PLAIN = 1;
const FORMAT_PRODUCER = 2;
const ULID_TIME_BYTES = ULID_BYTES - ULID_RANDOM_BYTES;
const ULID_TIME_DIGITS = 10;
/** A 64-bit number in groups of 7 bits. */
const VARINT_BYTES_MAX = 10;

/** The bytes of one entry. */
export function encodeEntry(entry: TailEntry): Uint8Array {
  const { producer } = entry;
  const bytes = [producer === undefined ? FORMAT_PLAIN : FORMAT_PRODUCER];
  pushUlid(bytes, entry.objectId);
  pushVarint(bytes, BigInt(entry.positionBytes));
  pushVarint(bytes, BigInt(entry.lengthBytes));
  pushVarint(bytes, BigInt(entry.recordCount));
  pushVarint(bytes, zigzag(BigInt(entry.maxTimestampMs) - BigInt(ulidTimeMs(entry.objectId))));
  if (producer !== undefined) {
    pushVarint(bytes, producer.producerId);
    pushVarint(bytes, BigInt(producer.producerEpoch));
    pushVarint(bytes, BigInt(producer.baseSequence));
  }
  return Uint8Array.from(bytes);
}

/** The entry in exactly these bytes; UNKNOWN_SERVER_ERROR when they are no entry that this version knows. */
export function decodeEntry(bytes: Uint8Array): TailEntry {
  return readEntry({ bytes, index: 0, end: bytes.length });
}

/** The entry that takes all that the cursor has. */
function readEntry(cursor: Cursor): TailEntry {
  const format = readByte(cursor);
  if (format !== FORMAT_PLAIN && format !== FORMAT_PRODUCER) {
    throw malformed(`has format ${format}, which this version of Stratalog does not know`);
  }
  const ulidAt = skip(cursor, ULID_BYTES);
  const objectId = recentUlid(cursor.bytes, ulidAt);
  const objectTimeMs = timeOfUlidBytes(cursor.bytes, ulidAt);
  const placed = {
    objectId,
    positionBytes: readNumber(cursor),
    lengthBytes: readNumber(cursor),
    recordCount: readNumber(cursor),
    maxTimestampMs: readTime(cursor, objectTimeMs),
  };
  const entry =
    format === FORMAT_PLAIN
      ? placed
      : {
          ...placed,
          producer: {
            producerId: readVarint(cursor),
            producerEpoch: readNumber(cursor),
            baseSequence: readNumber(cursor),
          },
        };
  if (cursor.index !== cursor.end) throw malformed('is followed by bytes that are not its own');
  return entry;
}

/** A run of entries as one value: what a page holds. */
export function encodeEntries(entries: readonly TailEntry[]): Uint8Array {
  const encoded = entries.map((entry) => {
    const bytes = encodeEntry(entry);
    const length: number[] = [];
    pushVarint(length, BigInt(bytes.length));
    return Buffer.concat([Uint8Array.from(length), bytes]);
  });
  return new Uint8Array(Buffer.concat(encoded));
}

/** The entries in exactly these bytes; fails as decodeEntry does. */
export function decodeEntries(bytes: Uint8Array): TailEntry[] {
  const cursor = { bytes, index: 0, end: bytes.length };
  const entries: TailEntry[] = [];
  while (cursor.index < bytes.length) {
    cursor.end = bytes.length;
    const length = readNumber(cursor);
    const start = skip(cursor, length);
    cursor.index = start;
    cursor.end = start + length;
    entries.push(readEntry(cursor));
  }
  return entries;
}

interface Cursor {
  readonly bytes: Uint8Array;
  index: number;
  end: number;
}

function malformed(problem: string): StratalogError {
  return new StratalogError('UNKNOWN_SERVER_ERROR', `a stored tail entry ${problem}`);
}

/** Six bytes of time and ten random ones, as the ULID's text says them. */
function pushUlid(bytes: number[], ulid: string): void {
  assert(isUlid(ulid), `"${ulid}" is a ULID`);
  const time = Buffer.alloc(ULID_TIME_BYTES);
  time.writeUIntBE(ulidTimeMs(ulid), 0, ULID_TIME_BYTES);
  bytes.push(...time);
  let bits = 0;
  let held = 0;
  for (const digit of ulid.slice(ULID_TIME_DIGITS)) {
    held = ((held << 5) | CROCKFORD.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >>> bits) & 0xff);
    }
  }
}

function zigzag(value: bigint): bigint {
  return value < 0n ? -value * 2n - 1n : value * 2n;
}

function unzigzag(value: bigint): bigint {
  return (value & 1n) === 0n ? value / 2n : -(value + 1n) / 2n;
}

function pushVarint(bytes: number[], value: bigint): void {
  assert(value >= 0n, `${value} is not negative`);
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
}

function readVarint(cursor: Cursor): bigint {
  const small = readSmall(cursor);
  if (small >= 0) return BigInt(small);
  let value = 0n;
  for (let group = 0; group < VARINT_BYTES_MAX; group += 1) {
    const byte = readByte(cursor);
    value |= BigInt(byte & 0x7f) << BigInt(7 * group);
    if (byte < 0x80) return value;
  }
  throw malformed('holds a number of more than 64 bits');
}

function readNumber(cursor: Cursor): number {
  const small = readSmall(cursor);
  return small >= 0 ? small : exact(readVarint(cursor));
}

/** A time that is stored less another one, which is exact though the two may lie 2^54 apart. */
function readTime(cursor: Cursor, sinceMs: number): number {
  const small = readSmall(cursor);
  if (small < 0) return exact(unzigzag(readVarint(cursor)) + BigInt(sinceMs));
  return sinceMs + (small % 2 === 0 ? small / 2 : -(small + 1) / 2);
}

/** A number of four bytes or fewer, as most are; −1, and the cursor where it was, when it is a longer one. */
function readSmall(cursor: Cursor): number {
  const start = cursor.index;
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(cursor);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  cursor.index = start;
  return -1;
}

function exact(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw malformed('holds a number of more than 53 bits');
  return number;
}

function readByte(cursor: Cursor): number {
  if (cursor.index >= cursor.end) throw malformed('ends early');
  const byte = cursor.bytes[cursor.index] as number;
  cursor.index += 1;
  return byte;
}

/** Where the next `count` bytes begin. */
function skip(cursor: Cursor, count: number): number {
  const start = cursor.index;
  if (start + count > cursor.end) throw malformed('ends early');
  cursor.index = start + count;
  return start;
}
