import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../lib/errors.ts';
import { patchBaseOffset, stampLogAppendTime } from '../../../lib/record/batch.ts';
import {
  type BatchRecord,
  decodeBatch,
  encodeBatch,
  forEachRecord,
} from '../../../lib/record/record.ts';
import { batchOf, EMPTY_RECORD } from '../../support/record-batch.ts';

const text = (value: string) => Buffer.from(value);

function record(fields: Partial<BatchRecord> = {}): BatchRecord {
  return { offsetDelta: 0, timestamp: 1000, key: null, value: null, headers: [], ...fields };
}

function decodeFailure(bytes: Uint8Array, options = {}): string {
  try {
    decodeBatch(bytes, 0, options);
  } catch (error) {
    if (error instanceof StratalogError) return error.code;
    throw error;
  }
  return 'none';
}

describe('encodeBatch and decodeBatch', () => {
  it('keep keys, values, nulls, empty bytes, headers in order with their duplicates, and timestamps', () => {
    const records = [
      record({ key: text('k'), value: text('v') }),
      record({ offsetDelta: 1, timestamp: 999 }),
      record({ offsetDelta: 2, timestamp: 2 ** 52, key: text(''), value: text('') }),
      record({
        offsetDelta: 3,
        timestamp: -1,
        value: Buffer.alloc(70_000, 7),
        headers: [
          { key: 'a', value: text('1') },
          { key: '', value: null },
          { key: 'a', value: text('') },
          { key: 'größe €', value: text('2') },
        ],
      }),
    ];
    const decoded = decodeBatch(encodeBatch({ records }));
    expect(decoded.records).toEqual(records);
    expect(decoded.header).toMatchObject({
      baseOffset: 0n,
      partitionLeaderEpoch: -1,
      compression: 'none',
      baseTimestamp: 1000,
      maxTimestamp: 2 ** 52,
      lastOffsetDelta: 3,
      recordCount: 4,
      producerId: -1n,
      producerEpoch: -1,
      baseSequence: -1,
    });
  });

  it('number records that name no offset delta one after the other', () => {
    const bytes = encodeBatch({
      records: [{ timestamp: 1 }, { timestamp: 1, offsetDelta: 5 }, { timestamp: 1 }],
    });
    expect(decodeBatch(bytes).records.map((each) => each.offsetDelta)).toEqual([0, 5, 6]);
  });

  it('give every record the log’s time once a batch is stamped', () => {
    const bytes = encodeBatch({ records: [record(), record({ offsetDelta: 1, timestamp: 5000 })] });
    patchBaseOffset(bytes, 0, 77n, 3);
    stampLogAppendTime(bytes, 0, 1234);
    const { header, records } = decodeBatch(bytes);
    expect(header).toMatchObject({
      baseOffset: 77n,
      partitionLeaderEpoch: 3,
      timestampType: 'LogAppendTime',
      maxTimestamp: 1234,
    });
    expect(records.map((each) => each.timestamp)).toEqual([1234, 1234]);
  });

  it('refuse a flipped bit', () => {
    const bytes = encodeBatch({ records: [record({ value: text('value') })] });
    bytes[bytes.length - 3] = 0;
    expect(decodeFailure(bytes)).toBe('CORRUPT_MESSAGE');
  });
});

describe('decodeBatch of bytes whose CRC is right', () => {
  it('reads the record that the refused ones below are made from', () => {
    expect(decodeBatch(batchOf(EMPTY_RECORD)).records).toEqual([record()]);
  });

  it.each([
    ['more records than there are', EMPTY_RECORD, { recordCount: 2, lastOffsetDelta: 1 }],
    ['2^31 records', EMPTY_RECORD, { recordCount: 0x7fffffff, lastOffsetDelta: 0x7ffffffe }],
    ['fewer than no records', EMPTY_RECORD, { recordCount: -1 }],
    ['fewer records than there are', [...EMPTY_RECORD, ...EMPTY_RECORD], {}],
    ['an offset beyond its last', [12, 0, 0, 2, 1, 1, 0], {}],
    ['an offset before its first', [12, 0, 0, 1, 1, 1, 0], {}],
    ['an offset twice', [...EMPTY_RECORD, ...EMPTY_RECORD], { recordCount: 2, lastOffsetDelta: 1 }],
    ['a record longer than the batch', [14, 0, 0, 0, 1, 1, 0], {}],
    ['a record of less than no bytes', [1, 0, 0, 0, 1, 1, 0], {}],
    ['a record longer than its fields', [14, 0, 0, 0, 1, 1, 0, 0], {}],
    ['a record shorter than its fields', [10, 0, 0, 0, 1, 1, 0], {}],
    ['a key longer than the batch', [12, 0, 0, 0, 8, 1, 0], {}],
    ['a value of -2 bytes', [12, 0, 0, 0, 1, 3, 0], {}],
    ['2^31 - 1 headers', [20, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f], {}],
    ['-1 headers', [12, 0, 0, 0, 1, 1, 1], {}],
    ['a header without a key', [16, 0, 0, 0, 1, 1, 2, 1, 1], {}],
    ['a varint of 6 bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], {}],
    [
      'a timestamp beyond 2^53',
      [30, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 1, 1, 0],
      {},
    ],
  ] as const)('refuses %s', (_, body, fields) => {
    expect(decodeFailure(batchOf(body, fields))).toBe('INVALID_RECORD');
  });

  it('refuses records that do not decompress, or to too much', () => {
    expect(decodeFailure(batchOf(EMPTY_RECORD, { compression: 'lz4' }))).toBe('CORRUPT_MESSAGE');
    const bomb = encodeBatch({
      records: [record({ value: Buffer.alloc(100_000) })],
      compression: 'gzip',
    });
    expect(decodeFailure(bomb, { decompressedBytesMax: 100_000 })).toBe('MESSAGE_TOO_LARGE');
    expect(decodeFailure(bomb, { decompressedBytesMax: 100_100 })).toBe('none');
  });

  it('leaves the CRC alone when asked to', () => {
    const bytes = encodeBatch({ records: [record({ value: text('value') })] });
    bytes[bytes.length - 2] = 0x21;
    expect(decodeFailure(bytes)).toBe('CORRUPT_MESSAGE');
    expect(decodeBatch(bytes, 0, { checkCrc: false }).records).toEqual([
      record({ value: text('valu!') }),
    ]);
  });
});

describe('encodeBatch', () => {
  it('writes what compaction may leave: gaps, and no record at all', () => {
    const gaps = encodeBatch({ records: [record({ offsetDelta: 3 })], lastOffsetDelta: 9 });
    expect(decodeBatch(gaps)).toMatchObject({
      header: { lastOffsetDelta: 9, recordCount: 1 },
      records: [{ offsetDelta: 3 }],
    });
    const none = encodeBatch({ records: [], lastOffsetDelta: 9, compression: 'lz4' });
    expect(decodeBatch(none)).toMatchObject({
      header: { lastOffsetDelta: 9, recordCount: 0, baseTimestamp: -1, maxTimestamp: -1 },
      records: [],
    });
  });

  it.each([
    ['no records', { records: [] }],
    ['offsets that do not rise', { records: [record(), record()] }],
    ['an offset beyond the last', { records: [record({ offsetDelta: 2 })], lastOffsetDelta: 1 }],
    ['half a millisecond', { records: [record({ timestamp: 0.5 })] }],
  ])('takes %s for a bug', (_, batch) => {
    expect(() => encodeBatch(batch)).toThrow('assertion failed');
  });
});

describe('forEachRecord', () => {
  it('stops when the visitor has seen enough', () => {
    const bytes = encodeBatch({ records: [{ timestamp: 1 }, { timestamp: 2 }, { timestamp: 3 }] });
    const seen: number[] = [];
    forEachRecord(bytes, 0, {}, ({ timestamp }) => {
      seen.push(timestamp);
      return timestamp < 2;
    });
    expect(seen).toEqual([1, 2]);
  });
});
