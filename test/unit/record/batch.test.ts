import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../lib/errors.ts';
import {
  BATCH_HEADER_BYTES,
  checkBatch,
  checkBatches,
  clearTransactional,
  parseBatchHeader,
  patchBaseOffset,
  splitBatches,
  stampLogAppendTime,
} from '../../../lib/record/batch.ts';
import { decodeBatch, encodeBatch } from '../../../lib/record/record.ts';
import { batchOf, EMPTY_RECORD } from '../../support/record-batch.ts';

const LIMITS = { batchBytesMax: 1_048_588 };
const records = [
  { timestamp: 1000, key: Buffer.from('k'), value: Buffer.from('v') },
  { timestamp: 2000, value: Buffer.from('w') },
];
const batch = () => Buffer.from(encodeBatch({ records }));

function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = batch();
  change(bytes);
  return bytes;
}

function codeOf(bytes: Uint8Array, limits = LIMITS): string {
  const check = checkBatch(bytes, limits);
  return check.kind === 'ok' ? 'ok' : check.code;
}

describe('checkBatch', () => {
  it('accepts a batch and says what its header says', () => {
    const bytes = batch();
    expect(checkBatch(bytes, LIMITS)).toEqual({ kind: 'ok', header: parseBatchHeader(bytes) });
    expect(checkBatch(Buffer.concat([Buffer.alloc(7), bytes]), LIMITS, 7)).toMatchObject({
      kind: 'ok',
      header: { position: 7, sizeInBytes: bytes.length, recordCount: 2 },
    });
  });

  it('rejects a batch that is cut off at any byte', () => {
    const bytes = batch();
    for (let length = 0; length < bytes.length; length += 1) {
      expect(codeOf(bytes.subarray(0, length))).toBe('CORRUPT_MESSAGE');
    }
  });

  it('rejects older formats and unknown ones', () => {
    for (const magic of [0, 1, 3, 0xff]) {
      expect(codeOf(changed((bytes) => bytes.writeUInt8(magic, 16)))).toBe('INVALID_RECORD');
    }
  });

  it('rejects a length that can not be', () => {
    for (const length of [-1, 0, 48, 0x7fffffff]) {
      expect(codeOf(changed((bytes) => bytes.writeInt32BE(length, 8)))).toMatch(
        /CORRUPT_MESSAGE|MESSAGE_TOO_LARGE/,
      );
    }
  });

  it('rejects bytes that are not those of the CRC', () => {
    const bytes = batch();
    for (let position = 17; position < bytes.length; position += 1) {
      const broken = Buffer.from(bytes);
      broken.writeUInt8(broken.readUInt8(position) ^ 0x40, position);
      expect(codeOf(broken)).not.toBe('ok');
    }
    expect(codeOf(changed((broken) => broken.writeUInt8(7, broken.length - 1)))).toBe(
      'CORRUPT_MESSAGE',
    );
  });

  it('rejects a batch larger than the topic takes, and says the limit', () => {
    const bytes = batch();
    expect(codeOf(bytes, { batchBytesMax: bytes.length })).toBe('ok');
    expect(checkBatch(bytes, { batchBytesMax: bytes.length - 1 })).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      message: expect.stringContaining(String(bytes.length - 1)),
    });
  });

  it.each([
    ['no records', { recordCount: 0, lastOffsetDelta: -1 }, 'INVALID_RECORD'],
    ['fewer than no records', { recordCount: -1, lastOffsetDelta: -2 }, 'INVALID_RECORD'],
    ['more offsets than records', { recordCount: 1, lastOffsetDelta: 1 }, 'INVALID_RECORD'],
    ['more records than offsets', { recordCount: 2, lastOffsetDelta: 0 }, 'INVALID_RECORD'],
    ['control records', { isControl: true }, 'INVALID_RECORD'],
    ['a producer without a sequence', { producerId: 5n, producerEpoch: 0 }, 'INVALID_RECORD'],
    ['a producer without an epoch', { producerId: 5n, baseSequence: 0 }, 'INVALID_RECORD'],
    ['log append time', { timestampType: 'LogAppendTime' }, 'INVALID_TIMESTAMP'],
    ['a last timestamp before the first', { maxTimestamp: 999 }, 'INVALID_TIMESTAMP'],
    ['a timestamp beyond 2^53', { maxTimestamp: 2 ** 53 }, 'INVALID_TIMESTAMP'],
    ['a timestamp below -2^53', { baseTimestamp: -(2 ** 53) }, 'INVALID_TIMESTAMP'],
  ] as const)('rejects %s', (_, fields, code) => {
    expect(codeOf(batchOf(EMPTY_RECORD))).toBe('ok');
    expect(codeOf(batchOf(EMPTY_RECORD, fields))).toBe(code);
  });

  it('rejects compressions that do not exist', () => {
    for (const compression of [5, 6, 7]) {
      const bytes = changed((broken) => broken.writeInt16BE(compression, 21));
      expect(codeOf(bytes)).toBe('UNSUPPORTED_COMPRESSION_TYPE');
    }
  });
});

describe('checkBatches', () => {
  it('accepts batches back to back', () => {
    const check = checkBatches(Buffer.concat([batch(), batch()]), LIMITS);
    expect(check).toMatchObject({
      kind: 'ok',
      headers: [{ position: 0 }, { position: batch().length }],
    });
  });

  it('rejects all for one, and nothing at all', () => {
    const check = checkBatches(Buffer.concat([batch(), batch().subarray(0, 70)]), LIMITS);
    expect(check).toMatchObject({ kind: 'rejected', code: 'CORRUPT_MESSAGE' });
    expect(checkBatches(Buffer.alloc(0), LIMITS)).toMatchObject({ code: 'INVALID_RECORD' });
  });
});

describe('parseBatchHeader', () => {
  it('reads a header whose batch is not all there', () => {
    const header = parseBatchHeader(batch().subarray(0, BATCH_HEADER_BYTES));
    expect(header).toMatchObject({ sizeInBytes: batch().length, recordCount: 2 });
  });

  it('throws at what it can not understand', () => {
    expect(() => parseBatchHeader(Buffer.alloc(60))).toThrow(StratalogError);
    expect(() => parseBatchHeader(Buffer.alloc(61))).toThrow('magic 0');
  });
});

describe('splitBatches', () => {
  it('gives one header after the other', () => {
    const bytes = Buffer.concat([batch(), batch(), batch()]);
    const positions = [...splitBatches(bytes)].map((header) => header.position);
    expect(positions).toEqual([0, batch().length, 2 * batch().length]);
    expect([...splitBatches(Buffer.alloc(0))]).toEqual([]);
  });

  it('throws at a batch that is cut off', () => {
    const bytes = Buffer.concat([batch(), batch().subarray(0, 70)]);
    expect(() => [...splitBatches(bytes)]).toThrow('cut off: 70 of');
  });
});

describe('patching in place', () => {
  it('of the base offset leaves the CRC right', () => {
    const bytes = Buffer.concat([batch(), batch()]);
    patchBaseOffset(bytes, batch().length, 2n ** 62n, 7);
    expect(decodeBatch(bytes, batch().length).header).toMatchObject({
      baseOffset: 2n ** 62n,
      partitionLeaderEpoch: 7,
    });
    expect(Buffer.compare(bytes.subarray(0, batch().length), batch())).toBe(0);
  });

  it('of the log’s time makes the CRC right again', () => {
    const bytes = Buffer.concat([batch(), batch()]);
    stampLogAppendTime(bytes, batch().length, 1_700_000_000_000);
    expect(decodeBatch(bytes, batch().length).header).toMatchObject({
      timestampType: 'LogAppendTime',
      maxTimestamp: 1_700_000_000_000,
      baseTimestamp: 1000,
    });
  });

  it('takes a batch out of its transaction', () => {
    const staged = { producerId: 1n, producerEpoch: 0, baseSequence: 0, isTransactional: true };
    const bytes = encodeBatch({ records, ...staged });
    clearTransactional(bytes, 0);
    expect(bytes).toEqual(encodeBatch({ records, ...staged, isTransactional: false }));
  });
});
