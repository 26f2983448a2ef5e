import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ULID_RANDOM_BYTES, ulidOf } from '../../../lib/ids.ts';
import {
  offsetDigits,
  pageBaseOffset,
  pageSortKey,
  partitionKeyText,
  walKey,
} from '../../../lib/log/keys.ts';

const offsets = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

describe('pageSortKey', () => {
  it('round-trips and sorts as its offset', () => {
    fc.assert(
      fc.property(offsets, offsets, (left, right) => {
        expect(pageBaseOffset(pageSortKey(left))).toBe(left);
        expect(pageSortKey(left) < pageSortKey(right)).toBe(left < right);
      }),
    );
  });

  it('has the digits of a Kafka segment file', () => {
    expect(offsetDigits(42n)).toBe('00000000000000000042');
    expect(pageSortKey(42n)).toBe('PAGE#00000000000000000042');
  });
});

describe('walKey', () => {
  it('spreads objects made in the same millisecond over prefixes', () => {
    const prefixes = new Set<string>();
    for (let low = 0; low < 256; low += 1) {
      const random = new Uint8Array(ULID_RANDOM_BYTES);
      random[ULID_RANDOM_BYTES - 1] = low;
      const key = walKey(ulidOf(1_700_000_000_000, random));
      expect(key).toMatch(/^wal\/[0-9a-f]{2}\/[0-9A-Z]{26}$/);
      prefixes.add(key.slice(0, 6));
    }
    expect(prefixes.size).toBe(256);
  });

  it('takes nothing but a ULID', () => {
    expect(() => walKey('../../etc')).toThrow(/is a ULID/);
  });
});

describe('partitionKeyText', () => {
  it('names topic and partition', () => {
    expect(partitionKeyText({ topicId: 'abc', partition: 3 })).toBe('abc/3');
  });
});
