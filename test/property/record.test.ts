import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../lib/errors.ts';
import { COMPRESSION_KINDS, checkBatch } from '../../lib/record/batch.ts';
import { compress, decompress } from '../../lib/record/compression.ts';
import { type BatchRecord, decodeBatch, encodeBatch } from '../../lib/record/record.ts';
import { VarintReader, varlongSize, writeVarlong } from '../../lib/record/varint.ts';
import { fc } from '../support/property.ts';
import { batchOf } from '../support/record-batch.ts';

const LIMITS = { batchBytesMax: 16 * 1024 * 1024 };
const BYTES_MAX = 16 * 1024 * 1024;

const bytes = fc.uint8Array({ maxLength: 300 });
const nullableBytes = fc.option(bytes, { nil: null });
const records: fc.Arbitrary<readonly BatchRecord[]> = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1_000_000 })),
      timestamp: fc.oneof(
        fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
        fc.maxSafeInteger(),
      ),
      key: nullableBytes,
      value: nullableBytes,
      headers: fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: nullableBytes }), {
        maxLength: 4,
      }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((list) => {
    let next = -1;
    return list.map(({ gap, ...record }) => {
      next += gap;
      return { ...record, offsetDelta: next };
    });
  });
const compression = fc.constantFrom(...COMPRESSION_KINDS);
/** Bytes as they are met: noise, and pieces that come again near and far. */
const content = fc
  .array(
    fc.record({
      piece: fc.uint8Array({ maxLength: 60 }),
      times: fc.integer({ min: 1, max: 2000 }),
    }),
    { maxLength: 6 },
  )
  .map((pieces) => Buffer.concat(pieces.flatMap(({ piece, times }) => Array(times).fill(piece))));

/** The documented errors are thrown; anything else fails the test. */
function decodeOrRefuse(batch: Uint8Array): readonly BatchRecord[] | undefined {
  try {
    return decodeBatch(batch).records;
  } catch (error) {
    if (error instanceof StratalogError) return undefined;
    throw error;
  }
}

describe('record batches', () => {
  it('come back as they went in, in every compression', () => {
    fc.assert(
      fc.property(
        fc.record({
          records,
          compression,
          baseOffset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
          partitionLeaderEpoch: fc.integer({ min: -1, max: 0x7fffffff }),
          producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
          producerEpoch: fc.integer({ min: -1, max: 0x7fff }),
          baseSequence: fc.integer({ min: -1, max: 0x7fffffff }),
          isTransactional: fc.boolean(),
          isControl: fc.boolean(),
        }),
        (batch) => {
          const decoded = decodeBatch(encodeBatch(batch));
          const { records: expected, ...fields } = batch;
          expect(decoded.header).toMatchObject(fields);
          expect(JSON.stringify(decoded.records)).toBe(
            JSON.stringify(expected.map((record) => plain(record))),
          );
        },
      ),
    );
  });

  it('are refused when they are cut off anywhere', () => {
    fc.assert(
      fc.property(
        records,
        compression,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, kind, share) => {
          const batch = encodeBatch({ records: list, compression: kind });
          const cut = batch.subarray(0, Math.floor(share * (batch.length - 1)));
          expect(decodeOrRefuse(cut)).toBeUndefined();
          expect(checkBatch(cut, LIMITS).kind).toBe('rejected');
        },
      ),
    );
  });

  it('are refused when any bit that the CRC covers has flipped', () => {
    fc.assert(
      fc.property(records, compression, fc.nat(), fc.nat(7), (list, kind, seed, bit) => {
        const batch = encodeBatch({ records: list, compression: kind });
        const position = 16 + (seed % (batch.length - 16));
        batch[position] = batch[position]! ^ (1 << bit);
        expect(decodeOrRefuse(batch)).toBeUndefined();
        expect(checkBatch(batch, LIMITS).kind).toBe('rejected');
      }),
    );
  });

  it('decode or are refused whatever is in them under a right CRC', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        compression,
        fc.integer({ min: -1, max: 30 }),
        (body, kind, count) => {
          const fields = { compression: kind, recordCount: count, lastOffsetDelta: count - 1 };
          decodeOrRefuse(batchOf([...body], fields));
        },
      ),
    );
  });

  it('decode or are refused when a valid body is changed under a right CRC', () => {
    fc.assert(
      fc.property(records, compression, fc.nat(), fc.nat(255), (list, kind, seed, byte) => {
        const { header } = decodeBatch(encodeBatch({ records: list, compression: kind }));
        const body = encodeBatch({ records: list, compression: kind }).subarray(61);
        body[seed % body.length] = byte;
        decodeOrRefuse(batchOf([...body], header));
      }),
    );
  });
});

describe('compression', () => {
  for (const kind of COMPRESSION_KINDS) {
    it(`brings back any content (${kind})`, () => {
      fc.assert(
        fc.property(content, (original) => {
          const back = decompress(kind, compress(kind, original), BYTES_MAX);
          expect(Buffer.compare(back, original)).toBe(0);
        }),
        { numRuns: 60 },
      );
    });
  }
});

describe('varlongs', () => {
  it('come back for every whole number, at the size they said', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const target = new Uint8Array(10);
        const size = writeVarlong(target, 0, value);
        expect(size).toBe(varlongSize(value));
        expect(new VarintReader(target, 0, size).readVarlong()).toBe(value);
      }),
    );
  });
});

function plain(record: BatchRecord): unknown {
  const { offsetDelta, timestamp, key, value, headers } = record;
  const bufferOf = (part: Uint8Array | null) => (part === null ? null : Buffer.from(part));
  return {
    offsetDelta,
    timestamp,
    key: bufferOf(key),
    value: bufferOf(value),
    headers: headers.map((header) => ({ key: header.key, value: bufferOf(header.value) })),
  };
}
