import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitBatches } from '../../../lib/record/batch.ts';
import { decodeBatch, encodeBatch } from '../../../lib/record/record.ts';
import { describeLog, type LogDescriptions } from '../../support/kafka/vectors.ts';

// Written by Kafka 4.3.1's producer through its broker; the manifest is what Kafka's own reader found in them
// (test/support/kafka/write-vectors.sh).
const VECTORS = new URL('../../vectors/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, VECTORS));
const manifest = JSON.parse(read('manifest.json').toString()) as LogDescriptions;

describe('segment files of a real Kafka', () => {
  it('are there for every codec, for log append time and for transactions', () => {
    const found = Object.values(manifest).flat();
    expect(new Set(found.map((batch) => batch.compression))).toEqual(
      new Set(['none', 'gzip', 'snappy', 'lz4', 'zstd']),
    );
    expect(found.some((batch) => batch.isControl)).toBe(true);
    expect(found.some((batch) => batch.isTransactional)).toBe(true);
    expect(found.some((batch) => batch.timestampType === 'LogAppendTime')).toBe(true);
    expect(found.some((batch) => batch.producerId === -1)).toBe(true);
    expect(found.some((batch) => batch.baseSequence > 0)).toBe(true);
  });

  for (const [name, batches] of Object.entries(manifest)) {
    it(`${name} decodes to what Kafka reads in it`, () => {
      expect(describeLog(read(name))).toEqual(batches);
    });
  }

  it('come out of the encoder byte for byte when they are not compressed', () => {
    const bytes = read('none.bin');
    for (const { position, sizeInBytes } of splitBatches(bytes)) {
      const { header, records } = decodeBatch(bytes, position);
      const expected = bytes.subarray(position, position + sizeInBytes);
      expect(Buffer.compare(encodeBatch({ ...header, records }), expected)).toBe(0);
    }
  });
});
