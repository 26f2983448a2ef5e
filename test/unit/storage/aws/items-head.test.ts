import { describe, expect, it } from 'vitest';
import { ulidOf } from '../../../../lib/ids.ts';
import { TAIL_ENTRIES_ROLL } from '../../../../lib/limits.ts';
import { emptyHead, type Head, type TailEntry } from '../../../../lib/log/partition.ts';
import type { Item } from '../../../../lib/storage/aws/attributes.ts';
import { decodeHead, encodeHead, headKey } from '../../../../lib/storage/aws/items-head.ts';

const PARTITION = { topicId: 'hjFfPL8xSwuJqPDSlNYsVg', partition: 999 };
const FLOOR = ulidOf(0, new Uint8Array(10));
const ENTRY: TailEntry = {
  objectId: ulidOf(1_800_000_000_000, new Uint8Array(10)),
  positionBytes: 8_000_000,
  lengthBytes: 500_000,
  recordCount: 500,
  maxTimestampMs: 1_800_000_000_000 - 1_000,
};
const HEAD: Head = {
  nextOffset: 2n ** 60n,
  logStartOffset: 7n,
  floor: FLOOR,
  tailBase: 2n ** 60n - 500n,
  rolledMaxTimestampMs: 1_799_999_999_999,
  rolledBytes: 123_456_789,
  tail: [ENTRY],
  producers: new Map([[42n, { producerEpoch: 3, lastSequence: 99, lastOffset: 2n ** 59n }]]),
  evictions: 2,
};

/** A DynamoDB item's size by AWS's rules: names, UTF-8, half a byte a digit, one byte an element. */
function sizeBytes(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value),
    0,
  );
}

function valueBytes(value: Item[string] | undefined): number {
  if (value?.S !== undefined) return Buffer.byteLength(value.S);
  if (value?.B !== undefined) return value.B.length;
  if (value?.N !== undefined) return Math.ceil(value.N.replace('-', '').length / 2) + 2;
  if (value?.L !== undefined) {
    return value.L.reduce((sum, element) => sum + 1 + valueBytes(element), 3);
  }
  return 3 + Object.keys(value?.M ?? {}).length + sizeBytes(value?.M ?? {});
}

describe('encodeHead', () => {
  it('writes the attributes that appends compare and add to', () => {
    const { tail, ...attributes } = encodeHead(PARTITION, HEAD);
    expect(tail?.L?.length).toBe(1);
    expect(attributes).toEqual({
      pk: { S: 'hjFfPL8xSwuJqPDSlNYsVg/999' },
      next: { N: '1152921504606846976' },
      start: { N: '7' },
      floor: { S: FLOOR },
      base: { N: '1152921504606846476' },
      maxTime: { N: '1799999999999' },
      bytes: { N: '123456789' },
      producers: { M: { '42': { S: '3:99' } } },
      lastOffsets: { M: { '42': { N: '576460752303423488' } } },
      evictions: { N: '2' },
    });
  });

  it('keeps a head with a full tail and two idempotent producers within 1 KB, one write unit (bounded)', () => {
    const producer = { producerId: 1_000_000n, producerEpoch: 3, baseSequence: 2_000_000_000 };
    const state = { producerEpoch: 3, lastSequence: 2_000_000_500, lastOffset: 2n ** 40n };
    const head: Head = {
      ...HEAD,
      tail: new Array<TailEntry>(TAIL_ENTRIES_ROLL).fill({ ...ENTRY, producer }),
      producers: new Map([
        [1_000_000n, state],
        [1_000_001n, state],
      ]),
    };
    expect(sizeBytes(encodeHead(PARTITION, head))).toBeLessThanOrEqual(1_024);
  });
});

describe('decodeHead', () => {
  it('reads back every field', () => {
    expect(decodeHead(encodeHead(PARTITION, HEAD))).toEqual(HEAD);
    expect(decodeHead(encodeHead(PARTITION, emptyHead(FLOOR)))).toEqual(emptyHead(FLOOR));
  });

  it('refuses an item in which an attribute is missing or of another type', () => {
    const item = encodeHead(PARTITION, HEAD);
    for (const name of Object.keys(item)) {
      if (name === 'pk') continue;
      const without = Object.fromEntries(Object.entries(item).filter(([key]) => key !== name));
      expect(() => decodeHead(without)).toThrow(`attribute "${name}"`);
      expect(() => decodeHead({ ...item, [name]: { BOOL: true } })).toThrow(`attribute "${name}"`);
    }
  });

  it('refuses a producer state that is not "<epoch>:<last sequence>"', () => {
    const item = encodeHead(PARTITION, HEAD);
    const broken = { ...item, producers: { M: { '42': { S: '3' } } } };
    expect(() => decodeHead(broken)).toThrow('a producer state is');
  });
});

describe('headKey', () => {
  it('is the topic id and the partition', () => {
    expect(headKey(PARTITION)).toEqual({ pk: { S: 'hjFfPL8xSwuJqPDSlNYsVg/999' } });
  });
});
