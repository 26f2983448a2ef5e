import { describe, expect, it } from 'vitest';
import {
  VarintReader,
  varintSize,
  varlongSize,
  writeVarint,
  writeVarlong,
} from '../../../lib/record/varint.ts';

function readerOf(...bytes: readonly number[]): VarintReader {
  return new VarintReader(Uint8Array.from(bytes), 0, bytes.length);
}

// As Kafka's ByteUtils writes them (its own test's values).
const VARINTS: readonly (readonly [number, readonly number[]])[] = [
  [0, [0x00]],
  [-1, [0x01]],
  [1, [0x02]],
  [63, [0x7e]],
  [-64, [0x7f]],
  [64, [0x80, 0x01]],
  [-65, [0x81, 0x01]],
  [8191, [0xfe, 0x7f]],
  [-8192, [0xff, 0x7f]],
  [8192, [0x80, 0x80, 0x01]],
  [1048575, [0xfe, 0xff, 0x7f]],
  [1048576, [0x80, 0x80, 0x80, 0x01]],
  [134217727, [0xfe, 0xff, 0xff, 0x7f]],
  [134217728, [0x80, 0x80, 0x80, 0x80, 0x01]],
  [2147483647, [0xfe, 0xff, 0xff, 0xff, 0x0f]],
  [-2147483648, [0xff, 0xff, 0xff, 0xff, 0x0f]],
];
const VARLONGS: readonly (readonly [number, readonly number[]])[] = [
  ...VARINTS,
  [2147483648, [0x80, 0x80, 0x80, 0x80, 0x10]],
  [17179869183, [0xfe, 0xff, 0xff, 0xff, 0x7f]],
  [17179869184, [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  [-17179869185, [0x81, 0x80, 0x80, 0x80, 0x80, 0x01]],
  [Number.MAX_SAFE_INTEGER, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
  [Number.MIN_SAFE_INTEGER, [0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
];

describe('varints', () => {
  it('are written, sized and read as Kafka does', () => {
    for (const [value, bytes] of VARINTS) {
      const target = new Uint8Array(5);
      expect(writeVarint(target, 0, value)).toBe(bytes.length);
      expect([...target.subarray(0, bytes.length)]).toEqual(bytes);
      expect(varintSize(value)).toBe(bytes.length);
      expect(readerOf(...bytes).readVarint()).toBe(value);
    }
  });

  it('of 64 bits are written, sized and read as Kafka does', () => {
    for (const [value, bytes] of VARLONGS) {
      const target = new Uint8Array(10);
      expect(writeVarlong(target, 0, value)).toBe(bytes.length);
      expect([...target.subarray(0, bytes.length)]).toEqual(bytes);
      expect(varlongSize(value)).toBe(bytes.length);
      expect(readerOf(...bytes).readVarlong()).toBe(value);
    }
  });

  it('are refused when they have too many bytes', () => {
    const endless = Array.from({ length: 11 }, () => 0x80);
    expect(() => readerOf(...endless).readVarint()).toThrow('more than 5 bytes');
    expect(() => readerOf(...endless).readVarlong()).toThrow('more than 10 bytes');
  });

  it('are never read past the end', () => {
    expect(() => readerOf(0x80).readVarint()).toThrow('runs past its end');
    expect(() => readerOf().readVarlong()).toThrow('runs past its end');
  });
});
