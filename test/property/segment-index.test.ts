// Whatever the batches are, the indexes are a broker's, and what they find holds what was looked for.

import { expect, it } from 'vitest';
import { findRange, findTimeOffset } from '../../lib/log/segment-index.ts';
import { cutBatches, planSegmentRange } from '../../lib/log/segment-read.ts';
import { ulid } from '../support/log.ts';
import { fc } from '../support/property.ts';
import {
  buildSegment,
  expectedIndexes,
  readIndex,
  readTimeIndex,
  segmentItem,
  sizedBatch,
} from '../support/segments.ts';

const batches = fc
  .array(
    fc.record({
      count: fc.integer({ min: 1, max: 4 }),
      valueBytes: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 6_000 })),
      timestampMs: fc.integer({ min: -1, max: 60 }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((shapes) =>
    shapes.map(({ count, valueBytes, timestampMs }) => sizedBatch(count, valueBytes, timestampMs)),
  );
const baseOffset = fc.bigInt({ min: 0n, max: 1n << 60n });

it('fills the indexes as a broker does', () => {
  fc.assert(
    fc.property(baseOffset, batches, (base, bytes) => {
      const built = buildSegment(base, bytes);
      const expected = expectedIndexes(base, built.batches);
      expect(readIndex(built.index)).toEqual(expected.index);
      expect(readTimeIndex(built.timeIndex)).toEqual(expected.timeIndex);
    }),
  );
});

it('finds whole batches that begin at or before any offset and go on beyond it', () => {
  fc.assert(
    fc.property(baseOffset, batches, fc.nat(), fc.nat(30_000), (base, bytes, pick, maxBytes) => {
      const built = buildSegment(base, bytes);
      const last = built.batches.at(-1)!.lastOffset;
      const offset = base + (BigInt(pick) % (last - base + 1n));
      const index = { bytes: built.index, baseOffset: base };
      const range = findRange(index, built, { offset, maxBytes });
      const end = range.positionBytes + range.lengthBytes;
      const starts = built.batches.map((batch) => batch.positionBytes);
      expect(starts).toContain(range.positionBytes);
      expect([...starts, built.sizeBytes]).toContain(end);
      expect([...starts, built.sizeBytes]).toContain(range.positionBytes + range.wholeBytes);
      expect(range.wholeBytes).toBeLessThanOrEqual(range.lengthBytes);
      expect(range.lengthBytes).toBeGreaterThan(0);
      const first = built.batches.find(
        ({ positionBytes }) => positionBytes === range.positionBytes,
      )!;
      expect(first.baseOffset <= offset).toBe(true);
      // What lies before the batch looked for is at most an index interval and two batches.
      const holding = built.batches.find((batch) => batch.lastOffset >= offset)!;
      const largest = Math.max(...built.batches.map((batch) => batch.sizeBytes));
      expect(holding.positionBytes - range.positionBytes).toBeLessThanOrEqual(4_096 + 2 * largest);
      expect(end).toBeGreaterThanOrEqual(holding.positionBytes + holding.sizeBytes);
      expect(range.lengthBytes).toBeLessThanOrEqual(Math.max(maxBytes, 8_192 + 4 * largest));
    }),
  );
});

it('cuts the same whether it looks at every batch or at those that the index leaves open', () => {
  fc.assert(
    fc.property(baseOffset, batches, fc.nat(), fc.nat(30_000), (base, bytes, pick, maxBytes) => {
      const built = buildSegment(base, bytes);
      const endOffset = built.batches.at(-1)!.lastOffset + 1n;
      const offset = base + (BigInt(pick) % (endOffset - base));
      const { sizeBytes } = built;
      const segment = segmentItem(base, endOffset, { sizeBytes, segmentId: ulid(1) });
      const partition = { topicId: 'orders', partition: 0 };
      const range = planSegmentRange({ partition, segment }, built.index, { offset, maxBytes });
      const { positionBytes, lengthBytes } = range;
      const read = Buffer.concat(bytes).subarray(positionBytes, positionBytes + lengthBytes);
      const cut = cutBatches(read, { range, offset, maxBytes });
      const slowly = { ...range, wholeBytes: 0, endOffset: undefined };
      expect(cut).toEqual(cutBatches(read, { range: slowly, offset, maxBytes }));
      if (cut.kind === 'rejected') throw new Error(cut.message);
      const kept = built.batches.filter((batch) => batch.lastOffset >= offset);
      const end = kept[0]!.positionBytes + cut.bytes.length;
      const last = kept.findLast((batch) => batch.positionBytes + batch.sizeBytes <= end)!;
      expect([last.positionBytes + last.sizeBytes, last.lastOffset + 1n]).toEqual([
        end,
        cut.endOffset,
      ]);
      expect(cut.bytes.length).toBeLessThanOrEqual(Math.max(maxBytes, kept[0]!.sizeBytes));
    }),
  );
});

it('begins a search by time within an index interval before the first record that is as late', () => {
  fc.assert(
    fc.property(baseOffset, batches, fc.integer({ min: -1, max: 70 }), (base, bytes, wanted) => {
      const built = buildSegment(base, bytes);
      const from = findTimeOffset({ bytes: built.timeIndex, baseOffset: base }, wanted);
      const first = built.batches.find((batch) => batch.maxTimestampMs >= wanted);
      if (first === undefined) {
        expect(from).toBeUndefined();
        return;
      }
      const index = { bytes: built.index, baseOffset: base };
      const range = findRange(index, built, { offset: from ?? -1n, maxBytes: 0 });
      const largest = Math.max(...built.batches.map((batch) => batch.sizeBytes));
      expect(range.positionBytes).toBeLessThanOrEqual(first.positionBytes);
      expect(first.positionBytes - range.positionBytes).toBeLessThanOrEqual(4_096 + 2 * largest);
    }),
  );
});
