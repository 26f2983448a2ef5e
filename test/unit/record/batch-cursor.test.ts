import { describe, expect, it } from 'vitest';
import { parseBatchHeader } from '../../../lib/record/batch.ts';
import { BatchCursor } from '../../../lib/record/batch-cursor.ts';
import { sizedBatch } from '../../support/segments.ts';

/** Two batches with bytes before, between nothing, and behind. */
function twoBatches(): {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
} {
  const batches = [sizedBatch(3, 10, 5), sizedBatch(2, 700, -1)];
  const bytes = new Uint8Array(Buffer.concat([new Uint8Array(7), ...batches, new Uint8Array(9)]));
  return { bytes, start: 7, end: bytes.length - 9 };
}

function changed(position: number, value: number): Uint8Array {
  const bytes = sizedBatch(1, 10, 1);
  bytes[position] = value;
  return bytes;
}

describe('BatchCursor', () => {
  it('reads what the header says, batch after batch', () => {
    const { bytes, start, end } = twoBatches();
    const cursor = new BatchCursor(bytes);
    let position = start;
    while (position < end) {
      cursor.moveTo(position, end);
      const header = parseBatchHeader(bytes, position);
      const { sizeInBytes, lastOffsetDelta, recordCount, maxTimestamp } = cursor;
      expect(header).toMatchObject({ sizeInBytes, lastOffsetDelta, recordCount, maxTimestamp });
      position += sizeInBytes;
    }
    expect(position).toBe(end);
  });

  it('puts an offset of 64 bits in place, and the batch stays what was sent', () => {
    const { bytes, start, end } = twoBatches();
    const cursor = new BatchCursor(bytes);
    cursor.moveTo(start, end);
    cursor.place(0x12_3456, 0x89ab_cdef, 7);
    expect(parseBatchHeader(bytes, start)).toMatchObject({
      baseOffset: 0x12_3456_89ab_cdefn,
      partitionLeaderEpoch: 7,
    });
    expect(() => cursor.checkCrc()).not.toThrow();
    expect(cursor.endOffset).toBe(0x12_3456_89ab_cdefn + 3n);
  });

  it.each([
    ['an old format', changed(16, 1), 'magic 1'],
    ['a length below its own header', changed(11, 3), 'less than its own header'],
    ['a compression that nobody knows', changed(22, 7), 'compression 7'],
    ['a time beyond 2^53', changed(27, 0x7f), '2^53'],
    ['a flipped bit', changed(70, 0x55), 'CRC-32C'],
    ['bytes that end within its header', sizedBatch(1, 10, 1).subarray(0, 60), 'cut off'],
    ['bytes that end within its records', sizedBatch(1, 10, 1).subarray(0, 80), 'cut off'],
  ])('refuses %s as parsing does', (_, bytes, message) => {
    const cursor = new BatchCursor(bytes);
    const check = (): void => {
      cursor.moveTo(0, bytes.length);
      cursor.checkCrc();
    };
    expect(check).toThrow(message);
  });
});
