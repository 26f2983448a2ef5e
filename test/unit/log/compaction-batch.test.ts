import { describe, expect, it } from 'vitest';
import { compactBatch, deleteHorizonMs } from '../../../lib/log/compaction-batch.ts';
import { LatestOffsets } from '../../../lib/log/compaction-keys.ts';
import {
  COMPRESSION_KINDS,
  type CompressionKind,
  encodeBatchHeader,
  parseBatchHeader,
} from '../../../lib/record/batch.ts';
import { decodeBatch, encodeBatch, type NewBatch } from '../../../lib/record/record.ts';
import { text } from '../../support/test-log.ts';

const NOW_MS = 5_000_000;
const KEPT_MS = 1_000;

/** Records `key=value`, `key` alone is a tombstone, from offset 100 on. */
function batchOf(records: readonly string[], fields: Partial<NewBatch> = {}): Uint8Array {
  return encodeBatch({
    baseOffset: 100n,
    partitionLeaderEpoch: 0,
    ...fields,
    records: records.map((record, index) => {
      const [key = '', value] = record.split('=');
      return {
        offsetDelta: index,
        timestamp: 1_000 + index,
        key: text(key),
        value: value === undefined ? null : text(value),
      };
    }),
  });
}

function latestOf(entries: Readonly<Record<string, bigint>>): LatestOffsets {
  const latest = new LatestOffsets(100, 0n);
  for (const [key, offset] of Object.entries(entries)) latest.put(text(key), offset);
  return latest;
}

function compact(
  bytes: Uint8Array,
  entries: Readonly<Record<string, bigint>>,
  change: { cleanTo?: bigint; tombstonesTo?: bigint; lastOffset?: bigint; nowMs?: number } = {},
) {
  return compactBatch(bytes, parseBatchHeader(bytes), {
    latest: latestOf(entries),
    cleanTo: 1_000n,
    tombstonesTo: 0n,
    lastOffset: 999n,
    nowMs: NOW_MS,
    deleteRetentionMs: KEPT_MS,
    ...change,
  });
}

function rewritten(outcome: ReturnType<typeof compactBatch>): Uint8Array {
  if (outcome.kind !== 'rewritten') throw new Error(`the batch was ${outcome.kind}`);
  return outcome.bytes;
}

const valuesOf = (bytes: Uint8Array) =>
  decodeBatch(bytes).records.map(({ offsetDelta, timestamp, key, value }) => [
    100 + offsetDelta,
    timestamp,
    Buffer.from(key ?? []).toString(),
    value === null ? null : Buffer.from(value).toString(),
  ]);

/** Header and length of xerial's one block. */
const XERIAL_BYTES = 20;

/** The same batch, its records one block of snappy as it is. */
function unframed(bytes: Uint8Array): Uint8Array {
  const block = bytes.subarray(61 + XERIAL_BYTES);
  const bare = new Uint8Array(61 + block.length);
  bare.set(block, 61);
  encodeBatchHeader(bare, parseBatchHeader(bytes));
  return bare;
}

describe('compactBatch', () => {
  it.each<CompressionKind>(COMPRESSION_KINDS)(
    'keeps the latest record of each key with offset, time and codec (%s)',
    (compression) => {
      const producer = { producerId: 7n, producerEpoch: 2, baseSequence: 30 };
      const bytes = batchOf(['a=1', 'b=2', 'a=3', 'c=4'], { compression, ...producer });
      const left = rewritten(compact(bytes, { a: 102n, b: 101n, c: 900n }));
      expect(valuesOf(left)).toEqual([
        [101, 1_001, 'b', '2'],
        [102, 1_002, 'a', '3'],
      ]);
      expect(decodeBatch(left).header).toMatchObject({
        ...producer,
        compression,
        baseOffset: 100n,
        lastOffsetDelta: 3,
        partitionLeaderEpoch: 0,
        recordCount: 2,
        maxTimestamp: 1_002,
      });
    },
  );

  it('opens snappy without framing, as librdkafka sends it, and leaves snappy as Kafka writes it', () => {
    const framed = batchOf(['a=1', 'b=2', 'a=3'], { compression: 'snappy' });
    const bare = unframed(framed);
    expect(bare.length).toBe(framed.length - XERIAL_BYTES);
    const left = rewritten(compact(bare, { a: 102n, b: 101n }));
    expect(valuesOf(left).map(([offset]) => offset)).toEqual([101, 102]);
    expect(parseBatchHeader(left).compression).toBe('snappy');
    expect(Buffer.from(left.subarray(62, 68)).toString()).toBe('SNAPPY');
  });

  it('leaves the bytes alone when every record stays', () => {
    expect(compact(batchOf(['a=1', 'b=2']), { a: 100n, b: 101n })).toEqual({ kind: 'kept' });
  });

  it('drops a batch of which nothing stays', () => {
    expect(compact(batchOf(['a=1', 'b=2']), { a: 200n, b: 200n })).toEqual({ kind: 'dropped' });
  });

  it('leaves alone what lies behind the keys that were looked at', () => {
    expect(compact(batchOf(['a=1', 'a=2']), { a: 50n }, { cleanTo: 100n })).toEqual({
      kind: 'kept',
    });
  });

  it('keeps keys that no dirty record has', () => {
    expect(compact(batchOf(['a=1']), {})).toEqual({ kind: 'kept' });
  });

  it('drops records without key, as Kafka does', () => {
    const records = [
      { timestamp: 1, key: null, value: text('x') },
      { timestamp: 2, key: text('a'), value: text('y') },
    ];
    const left = rewritten(compact(encodeBatch({ baseOffset: 100n, records }), { a: 101n }));
    expect(valuesOf(left)).toEqual([[101, 2, 'a', 'y']]);
  });

  it('keeps a tombstone at first and notes until when', () => {
    const left = rewritten(compact(batchOf(['a', 'b=2']), { a: 100n, b: 101n }));
    expect(valuesOf(left)).toEqual([
      [100, 1_000, 'a', null],
      [101, 1_001, 'b', '2'],
    ]);
    expect(deleteHorizonMs(left, parseBatchHeader(left))).toBe(NOW_MS + KEPT_MS);
  });

  it('drops a tombstone when its time is over and nothing older can come back', () => {
    const first = rewritten(compact(batchOf(['a', 'b=2']), { a: 100n, b: 101n }));
    const later = { nowMs: NOW_MS + KEPT_MS, tombstonesTo: 101n };
    const left = rewritten(compact(first, {}, later));
    expect(valuesOf(left)).toEqual([[101, 1_001, 'b', '2']]);
    expect(deleteHorizonMs(left, parseBatchHeader(left))).toBeUndefined();
  });

  it('keeps the last record of the partition, whatever it is', () => {
    const kept = rewritten(compact(batchOf(['a=1', 'b']), { a: 100n, b: 101n }));
    const over = { tombstonesTo: 1_000n, nowMs: NOW_MS + KEPT_MS };
    expect(compact(kept, { a: 100n, b: 101n }, { ...over, lastOffset: 101n })).toEqual({
      kind: 'kept',
    });
    const dropped = compact(kept, { a: 100n, b: 101n }, { ...over, lastOffset: 102n });
    expect(valuesOf(rewritten(dropped)).map(([offset]) => offset)).toEqual([100]);
  });

  it('keeps a tombstone before its time is over', () => {
    const first = rewritten(compact(batchOf(['a']), { a: 100n }));
    const early = { nowMs: NOW_MS + KEPT_MS - 1, tombstonesTo: 101n };
    expect(compact(first, {}, early)).toEqual({ kind: 'kept' });
  });

  it('keeps a tombstone while an older segment may hold its key (no-loss-by-cleanup)', () => {
    const first = rewritten(compact(batchOf(['a']), { a: 100n }));
    const later = { nowMs: NOW_MS + 10 * KEPT_MS, tombstonesTo: 100n };
    expect(compact(first, {}, later)).toEqual({ kind: 'kept' });
  });

  it('does not put off the end of a tombstone from pass to pass', () => {
    const first = rewritten(compact(batchOf(['a', 'b=1']), { a: 100n, b: 101n }));
    const second = rewritten(compact(first, { b: 900n }, { nowMs: NOW_MS + 10 }));
    expect(deleteHorizonMs(second, parseBatchHeader(second))).toBe(NOW_MS + KEPT_MS);
  });

  it('keeps the log’s append time', () => {
    const bytes = batchOf(['a=1', 'b=2'], { timestampType: 'LogAppendTime', maxTimestamp: 9_999 });
    const left = rewritten(compact(bytes, { a: 900n, b: 101n }));
    expect(valuesOf(left)).toEqual([[101, 9_999, 'b', '2']]);
  });

  it('throws at bytes that are not what was stored', () => {
    const bytes = batchOf(['a=1']);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(() => compact(bytes, {})).toThrow('CRC-32C');
  });
});

describe('LatestOffsets', () => {
  it('gives the last offset of each of many keys', () => {
    const latest = new LatestOffsets(10_000, 5n);
    for (let round = 0; round < 2; round += 1) {
      for (let key = 0; key < 10_000; key += 1) {
        latest.put(text(`key ${key}`), 5n + BigInt(round * 10_000 + key));
      }
    }
    expect(latest.size).toBe(10_000);
    for (let key = 0; key < 10_000; key += 1) {
      expect(latest.get(text(`key ${key}`))).toBe(BigInt(10_005 + key));
    }
    expect(latest.get(text('other'))).toBeUndefined();
    expect(() => latest.put(text('other'), 99n)).toThrow('room');
  });
});
