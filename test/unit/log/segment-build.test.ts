import { describe, expect, it } from 'vitest';
import { type BatchRun, SegmentBuilder } from '../../../lib/log/segment-build.ts';
import { parseBatchHeader } from '../../../lib/record/batch.ts';
import { BatchCursor } from '../../../lib/record/batch-cursor.ts';
import {
  buildSegment,
  expectedIndexes,
  readIndex,
  readTimeIndex,
  sizedBatch,
} from '../../support/segments.ts';

function runOf(bytes: Uint8Array, recordCount: number): BatchRun {
  return { batches: new BatchCursor(bytes), start: 0, end: bytes.length, recordCount };
}

describe('SegmentBuilder', () => {
  it('puts base offsets and the leader epoch in place, batch after batch', () => {
    const built = buildSegment(100n, [sizedBatch(3, 10, 5), sizedBatch(2, 10, 9)]);
    const first = parseBatchHeader(built.log);
    const second = parseBatchHeader(built.log, first.sizeInBytes);
    expect([first.baseOffset, second.baseOffset]).toEqual([100n, 103n]);
    expect([first.partitionLeaderEpoch, second.partitionLeaderEpoch]).toEqual([0, 0]);
    expect(built.recordCount).toBe(5);
    expect(built.sizeBytes).toBe(built.log.length);
  });

  it('makes an index entry only after more than 4,096 bytes, of the batch that follows them', () => {
    const exact = sizedBatch(1, 4_096 - sizedBatch(1, 0, 1).length - 2, 1);
    expect(exact.length).toBe(4_096);
    const built = buildSegment(0n, [exact, sizedBatch(1, 1, 2), sizedBatch(4, 1, 3)]);
    expect(readIndex(built.index)).toEqual([[5, 4_096 + built.batches[1]!.sizeBytes]]);
  });

  it('leaves the index empty when all is within 4,096 bytes, and still closes the time index', () => {
    const built = buildSegment(7n, [sizedBatch(2, 10, 50)]);
    expect(built.index.length).toBe(0);
    expect(readTimeIndex(built.timeIndex)).toEqual([[51, 1]]);
  });

  it('notes a time only when it has risen', () => {
    const batches = [90, 50, 80, 95, 95].map((timestampMs) => sizedBatch(1, 5_000, timestampMs));
    expect(readTimeIndex(buildSegment(0n, batches).timeIndex)).toEqual([
      [90, 0],
      [95, 3],
    ]);
  });

  it('has no time entry for records without a time', () => {
    const built = buildSegment(0n, [sizedBatch(1, 10, -1), sizedBatch(1, 5_000, -1)]);
    expect(built.timeIndex.length).toBe(0);
    expect(built.largestTimestampMs).toBe(-1);
  });

  it('keeps gaps that log compaction left', () => {
    const builder = new SegmentBuilder(10n);
    const bytes = sizedBatch(1, 10, 1, { baseOffset: 15n, lastOffsetDelta: 4 });
    builder.appendPlaced(parseBatchHeader(bytes));
    expect(builder.finish()).toMatchObject({ recordCount: 1, sizeBytes: bytes.length });
  });

  it('refuses a batch whose bytes are not what was sent', () => {
    const bytes = sizedBatch(1, 100, 1);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const builder = new SegmentBuilder(0n);
    expect(() => builder.appendRun(runOf(bytes, 1))).toThrow('CRC-32C');
  });

  it('refuses bytes that hold another count of records than their entry says', () => {
    const builder = new SegmentBuilder(0n);
    const bytes = sizedBatch(3, 10, 1);
    expect(() => builder.appendRun(runOf(bytes, 4))).toThrow('hold offsets 0 to 3');
  });

  it('refuses bytes that are cut off', () => {
    const builder = new SegmentBuilder(0n);
    const bytes = sizedBatch(3, 10, 1).subarray(0, 80);
    expect(() => builder.appendRun(runOf(bytes, 3))).toThrow('cut off');
  });

  it('fills both indexes as a broker does over thousands of batches', () => {
    const batches = Array.from({ length: 2_000 }, (_, index) =>
      sizedBatch(1 + (index % 5), (index * 37) % 900, 1_000 + ((index * 7_919) % 5_000)),
    );
    const built = buildSegment(123_456_789_012n, batches);
    const expected = expectedIndexes(built.baseOffset, built.batches);
    expect(readIndex(built.index)).toEqual(expected.index);
    expect(readTimeIndex(built.timeIndex)).toEqual(expected.timeIndex);
    expect(expected.index.length).toBeGreaterThan(100);
  });
});
