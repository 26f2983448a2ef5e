import { describe, expect, it } from 'vitest';
import { ulidOf } from '../../../lib/ids.ts';
import {
  decodeEntries,
  decodeEntry,
  encodeEntries,
  encodeEntry,
} from '../../../lib/log/entry-codec.ts';
import type { TailEntry } from '../../../lib/log/partition.ts';

const OBJECT_ID = ulidOf(0x0123456789ab, Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 0xff]));
const PLAIN: TailEntry = {
  objectId: OBJECT_ID,
  positionBytes: 0,
  lengthBytes: 300,
  recordCount: 5,
  maxTimestampMs: 0x0123456789ab - 1,
};
const PRODUCED: TailEntry = {
  ...PLAIN,
  producer: { producerId: 2n ** 63n - 1n, producerEpoch: 32_767, baseSequence: 2 ** 31 - 1 },
};
const PLAIN_HEX = '010123456789ab010203040506070809ff00ac020501';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('encodeEntry', () => {
  it('writes format, ULID, varints and the timestamp relative to the ULID', () => {
    expect(hex(encodeEntry(PLAIN))).toBe(PLAIN_HEX);
  });

  it('adds the producer to an entry of an idempotent producer', () => {
    expect(hex(encodeEntry(PRODUCED))).toBe(
      `02${PLAIN_HEX.slice(2)}${'ff'.repeat(8)}7fffff01ffffffff07`,
    );
  });

  it('keeps a tail of 16 entries of idempotent producers far below 1 KB', () => {
    const large: TailEntry = {
      ...PLAIN,
      positionBytes: 10 * 1024 * 1024,
      lengthBytes: 1024 * 1024,
      recordCount: 10_000,
      maxTimestampMs: PLAIN.maxTimestampMs - 86_400_000,
      producer: { producerId: 1_000_000n, producerEpoch: 300, baseSequence: 2_000_000_000 },
    };
    expect(16 * (1 + encodeEntry(large).length)).toBeLessThanOrEqual(704);
  });
});

describe('decodeEntry', () => {
  it('reads back every field', () => {
    expect(decodeEntry(encodeEntry(PLAIN))).toEqual(PLAIN);
    expect(decodeEntry(encodeEntry(PRODUCED))).toEqual(PRODUCED);
  });

  it('reads a batch without a timestamp', () => {
    const timeless = { ...PLAIN, maxTimestampMs: -1 };
    expect(decodeEntry(encodeEntry(timeless))).toEqual(timeless);
  });

  it('refuses an entry cut short anywhere', () => {
    const bytes = encodeEntry(PRODUCED);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeEntry(bytes.subarray(0, length))).toThrow('a stored tail entry');
    }
  });

  it('refuses trailing bytes, unknown formats and numbers that do not fit', () => {
    const bytes = encodeEntry(PLAIN);
    expect(() => decodeEntry(Uint8Array.from([...bytes, 0]))).toThrow('not its own');
    expect(() => decodeEntry(Uint8Array.from([9, ...bytes.subarray(1)]))).toThrow('format 9');
    const tooLarge = [...bytes.subarray(0, 17), ...new Array(10).fill(0xff), 0, 0, 0, 0];
    expect(() => decodeEntry(Uint8Array.from(tooLarge))).toThrow('64 bits');
    const unsafe = [...bytes.subarray(0, 17), ...new Array(8).fill(0xff), 0, 0, 0, 0];
    expect(() => decodeEntry(Uint8Array.from(unsafe))).toThrow('53 bits');
  });
});

describe('encodeEntries', () => {
  it('puts entries back to back, each after its length', () => {
    const entry = hex(encodeEntry(PLAIN));
    expect(hex(encodeEntries([PLAIN, PLAIN]))).toBe(`16${entry}16${entry}`);
    expect(encodeEntries([])).toEqual(new Uint8Array(0));
  });
});

describe('decodeEntries', () => {
  it('reads back a run in its order', () => {
    expect(decodeEntries(encodeEntries([PLAIN, PRODUCED]))).toEqual([PLAIN, PRODUCED]);
    expect(decodeEntries(new Uint8Array(0))).toEqual([]);
  });

  it('refuses a run whose last entry is cut short', () => {
    const bytes = encodeEntries([PLAIN, PRODUCED]);
    expect(() => decodeEntries(bytes.subarray(0, bytes.length - 1))).toThrow('ends early');
  });
});
