// Zigzag varints as Kafka's records hold them: 7 bits a byte, low bits first, small magnitudes short.
// int32 takes 1–5 bytes, int64 1–10. Lengths and deltas are read from untrusted bytes, so every read has a bound.

import type { StratalogError } from '../errors.ts';
import { malformed } from './faults.ts';

const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

/** Bytes that `value`, an int32, takes. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

/** Writes `value`, an int32, and returns the position after it. The caller has made room. */
export function writeVarint(target: Uint8Array, position: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = position;
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

function isInt32(value: number): boolean {
  return value <= INT32_MAX && value >= INT32_MIN;
}

function zigzag64(value: number): bigint {
  const wide = BigInt(value);
  return BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
}

/** Bytes that `value`, any integer within ±2^53, takes as an int64. */
export function varlongSize(value: number): number {
  if (isInt32(value)) return varintSize(value);
  let size = 1;
  for (let rest = zigzag64(value); rest > 0x7fn; rest >>= 7n) size += 1;
  return size;
}

/** Writes `value`, any integer within ±2^53, and returns the position after it. */
export function writeVarlong(target: Uint8Array, position: number, value: number): number {
  if (isInt32(value)) return writeVarint(target, position, value);
  let at = position;
  let rest = zigzag64(value);
  for (; rest > 0x7fn; rest >>= 7n) target[at++] = Number(rest & 0x7fn) | 0x80;
  target[at++] = Number(rest);
  return at;
}

/** Reads varints one after the other from `bytes`; never beyond `end`. Errors: INVALID_RECORD. */
export class VarintReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;

  constructor(bytes: Uint8Array, position: number, end: number) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** One byte, unsigned. */
  readByte(): number {
    if (this.position >= this.end) throw this.overrun();
    return this.bytes[this.position++] as number;
  }

  /** An int32 of at most 5 bytes. */
  readVarint(): number {
    let byte = this.readByte();
    let zigzag = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 28) throw malformed('a varint has more than 5 bytes');
      byte = this.readByte();
      zigzag |= (byte & 0x7f) << shift;
    }
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** An int64 of at most 10 bytes, as a number: exact within ±2^53, and never within when it is beyond. */
  readVarlong(): number {
    const start = this.position;
    for (let size = 1; size <= 10; size += 1) {
      if (this.readByte() > 0x7f) continue;
      this.position = start;
      return size < 5 ? this.readVarint() : this.readWideVarlong(size);
    }
    throw malformed('a varlong has more than 10 bytes');
  }

  private readWideVarlong(size: number): number {
    let zigzag = 0n;
    for (let shift = 0; shift < size * 7; shift += 7) {
      zigzag |= BigInt(this.readByte() & 0x7f) << BigInt(shift);
    }
    return Number(BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n)));
  }

  private overrun(): StratalogError {
    return malformed(`a record runs past its end at byte ${this.end}`);
  }
}
