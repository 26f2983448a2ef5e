import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../lib/errors.ts';
import { patchBaseOffset, stampLogAppendTime } from '../../../lib/record/batch.ts';
import {
  type BatchRecord,
  decodeBatch,
  encodeBatch,
  forEachRecord,
} from '../../../lib/record/record.ts';

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
