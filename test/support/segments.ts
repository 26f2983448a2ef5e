// Segments for tests, and a judge that knows only Kafka's rules, none of our code.

import type { Segment } from '../../lib/log/segment.ts';
import { SegmentBuilder, type SegmentFiles } from '../../lib/log/segment-build.ts';
import { BatchCursor } from '../../lib/record/batch-cursor.ts';
import { encodeBatch, type NewBatch } from '../../lib/record/record.ts';
import { ulid } from './log.ts';

export interface BuiltSegment extends SegmentFiles {
  readonly baseOffset: bigint;
  readonly log: Uint8Array;
  /** What the .log file holds, batch by batch. */
  readonly batches: readonly PlacedBatch[];
}

export interface PlacedBatch {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly maxTimestampMs: number;
  readonly positionBytes: number;
  readonly sizeBytes: number;
}

/** A batch of `count` records with values of `valueBytes`, the first one at `timestampMs`. */
export function sizedBatch(
  count: number,
  valueBytes: number,
  timestampMs: number,
  fields: Partial<NewBatch> = {},
): Uint8Array {
  const value = new Uint8Array(valueBytes).fill(97);
  const records = Array.from({ length: count }, (_, index) => ({
    timestamp: timestampMs + index,
    key: new TextEncoder().encode(`key-${index}`),
    value,
  }));
  return Uint8Array.from(encodeBatch({ records, ...fields }));
}

/** The segment of these batches, each handed over as a run of its own. */
export function buildSegment(baseOffset: bigint, batches: readonly Uint8Array[]): BuiltSegment {
  const builder = new SegmentBuilder(baseOffset);
  const placed: PlacedBatch[] = [];
  let next = baseOffset;
  let positionBytes = 0;
  for (const bytes of batches) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const endOffset = next + BigInt(view.getInt32(23)) + 1n;
    const recordCount = Number(endOffset - next);
    builder.appendRun({
      batches: new BatchCursor(bytes),
      start: 0,
      end: bytes.length,
      recordCount,
    });
    placed.push({
      baseOffset: next,
      lastOffset: endOffset - 1n,
      maxTimestampMs: Number(view.getBigInt64(35)),
      positionBytes,
      sizeBytes: bytes.length,
    });
    next = endOffset;
    positionBytes += bytes.length;
  }
  const log = new Uint8Array(Buffer.concat(batches));
  return { ...builder.finish(), baseOffset, log, batches: placed };
}

/** The two indexes as a broker fills them, told slowly and plainly. */
export function expectedIndexes(
  baseOffset: bigint,
  batches: readonly PlacedBatch[],
): { readonly index: [number, number][]; readonly timeIndex: [number, number][] } {
  const index: [number, number][] = [];
  const timeIndex: [number, number][] = [];
  let largest: PlacedBatch | undefined;
  let indexedBytes = 0;
  const noteTime = () => {
    if (largest === undefined || largest.maxTimestampMs <= (timeIndex.at(-1)?.[0] ?? -1)) return;
    timeIndex.push([largest.maxTimestampMs, Number(largest.lastOffset - baseOffset)]);
  };
  for (const batch of batches) {
    if (batch.maxTimestampMs > (largest?.maxTimestampMs ?? -1)) largest = batch;
    if (batch.positionBytes - indexedBytes > 4_096) {
      index.push([Number(batch.lastOffset - baseOffset), batch.positionBytes]);
      noteTime();
      indexedBytes = batch.positionBytes;
    }
  }
  noteTime();
  return { index, timeIndex };
}

/** Index entries as numbers. */
export function readIndex(bytes: Uint8Array): [number, number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 8 }, (_, entry) => [
    view.getInt32(entry * 8),
    view.getInt32(entry * 8 + 4),
  ]);
}

/** Time index entries as numbers: timestamp, relative offset. */
export function readTimeIndex(bytes: Uint8Array): [number, number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 12 }, (_, entry) => [
    Number(view.getBigInt64(entry * 12)),
    view.getInt32(entry * 12 + 8),
  ]);
}

/** What the index knows of a segment of these offsets. */
export function segmentItem(
  baseOffset: bigint,
  endOffset: bigint,
  change: Partial<Segment> = {},
): Segment {
  return {
    baseOffset,
    endOffset,
    segmentId: ulid(Number(baseOffset)),
    sizeBytes: 100,
    indexBytes: 0,
    timeIndexBytes: 12,
    recordCount: Number(endOffset - baseOffset),
    maxTimestampMs: 1_000,
    largestTimestampMs: 1_000,
    firstTimestampMs: 1_000,
    cleanedTo: 0n,
    ...change,
  };
}
