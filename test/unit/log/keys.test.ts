import { describe, expect, it } from 'vitest';
import {
  recentUlid,
  timeOfUlidBytes,
  ULID_BYTES,
  ULID_RANDOM_BYTES,
  ulidFromBytes,
  ulidOf,
} from '../../../lib/ids.ts';
import {
  offsetDigits,
  pageBaseOffset,
  pageSortKey,
  partitionKeyText,
  walKey,
} from '../../../lib/log/keys.ts';
import { fc } from '../../support/property.ts';

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

describe('ulidFromBytes', () => {
  it('says the same as the time and the random bytes do', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        fc.uint8Array({ minLength: ULID_RANDOM_BYTES, maxLength: ULID_RANDOM_BYTES }),
        (timeMs, random) => {
          const bytes = Buffer.alloc(1 + ULID_BYTES);
          bytes.writeUIntBE(timeMs, 1, ULID_BYTES - ULID_RANDOM_BYTES);
          bytes.set(random, 1 + ULID_BYTES - ULID_RANDOM_BYTES);
          expect(ulidFromBytes(bytes, 1)).toBe(ulidOf(timeMs, random));
          expect(timeOfUlidBytes(bytes, 1)).toBe(timeMs);
        },
      ),
    );
  });
});

describe('recentUlid', () => {
  it('says the same, however alike those are that were asked before', () => {
    const bytes = new Uint8Array(ULID_BYTES);
    const asked: string[] = [];
    for (let changed = 0; changed <= ULID_BYTES; changed += 1) {
      const other = bytes.with(changed % ULID_BYTES, changed === ULID_BYTES ? 0 : 0x81);
      for (const each of [other, bytes, other]) {
        asked.push(recentUlid(each, 0));
        expect(asked.at(-1)).toBe(ulidFromBytes(each, 0));
      }
    }
    expect(new Set(asked).size).toBe(ULID_BYTES + 1);
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
