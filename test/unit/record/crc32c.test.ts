import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../lib/record/crc32c.ts';

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  it('gives the published values (RFC 3720, appendix B.4, and the usual check)', () => {
    const rising = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(rising)).toBe(0x46dd794e);
    expect(crc32c(rising.toReversed())).toBe(0x113fdb5c);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it('is the same wherever the bytes lie in memory and however many they are', () => {
    const bytes = Uint8Array.from({ length: 120 }, (_, index) => (index * index * 7) & 0xff);
    for (let start = 0; start < 8; start += 1) {
      for (let end = start; end < start + 70; end += 1) {
        expect(crc32c(bytes, start, end)).toBe(slowCrc32c(bytes.subarray(start, end)));
        expect(crc32c(bytes.subarray(start, end))).toBe(crc32c(bytes, start, end));
      }
    }
  });
});
