// Whatever the batches are, the indexes are a broker's, and what they find holds what was looked for.

import { expect, it } from 'vitest';
import { findRange, findTimeOffset } from '../../lib/log/segment-index.ts';
import { fc } from '../support/property.ts';
import {
  buildSegment,
  expectedIndexes,
  readIndex,
  readTimeIndex,
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
