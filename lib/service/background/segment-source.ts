// Reads a segment's batches from front to back, a window of bytes at a time, the next one under way while one is used.

import { StratalogError } from '../../errors.ts';
import { segmentKey } from '../../log/segment-keys.ts';
import type { PartitionSegment } from '../../log/segment-read.ts';
import { BATCH_HEADER_BYTES, type BatchHeader, parseBatchHeader } from '../../record/batch.ts';
import { withRetries } from '../retry.ts';
import { REPEATABLE } from './background-ports.ts';
import type { MergeSourcePorts } from './merge-source.ts';

/** Whole batches; headers say where in `bytes` each begins. */
export interface BatchWindow {
  readonly bytes: Uint8Array;
  readonly headers: readonly BatchHeader[];
}

/**
 * Every batch of the segment from the one on that holds `fromOffset`. Fails with STORAGE_UNAVAILABLE when the
 * segment's object is gone (it was replaced meanwhile), and with CORRUPT_MESSAGE when it holds no whole batches.
 */
export async function* readSegment(
  ports: MergeSourcePorts,
  { partition, segment }: PartitionSegment,
  from: { readonly windowBytes: number; readonly fromOffset: bigint },
): AsyncGenerator<BatchWindow, void, undefined> {
  const { segmentId, baseOffset, sizeBytes } = segment;
  const key = segmentKey({ partition, segmentId, baseOffset }, 'log');
  const readAt = (positionBytes: number, lengthBytes: number): Promise<Uint8Array> => {
    const length = Math.min(lengthBytes, sizeBytes - positionBytes);
    const reading = readRange(ports, { key, positionBytes, lengthBytes: length });
    reading.catch(() => undefined);
    return reading;
  };
  let position = 0;
  let ahead = sizeBytes === 0 ? undefined : readAt(0, from.windowBytes);
  while (ahead !== undefined) {
    const bytes: Uint8Array = await ahead;
    const headers = wholeBatches(bytes);
    const last = headers.at(-1);
    if (last === undefined) {
      // One batch is larger than a window: it is read whole.
      ahead = readAt(position, largerThan(bytes, sizeBytes - position));
      continue;
    }
    position += last.position + last.sizeInBytes;
    ahead = position < sizeBytes ? readAt(position, from.windowBytes) : undefined;
    const wanted = headers.filter(
      (header) => header.baseOffset + BigInt(header.lastOffsetDelta) >= from.fromOffset,
    );
    yield { bytes, headers: wanted };
  }
}

async function readRange(
  ports: MergeSourcePorts,
  range: { readonly key: string; readonly positionBytes: number; readonly lengthBytes: number },
): Promise<Uint8Array> {
  const bytes = await withRetries(ports, () => ports.objects.getRange(range), REPEATABLE);
  if (bytes !== undefined) return bytes;
  throw new StratalogError(
    'STORAGE_UNAVAILABLE',
    `segment "${range.key}" is gone: it was replaced meanwhile`,
  );
}

/** Headers of the batches that are there from beginning to end. Fails where the first of them can't be understood. */
function wholeBatches(bytes: Uint8Array): readonly BatchHeader[] {
  const headers: BatchHeader[] = [];
  let position = 0;
  while (bytes.length - position >= BATCH_HEADER_BYTES) {
    const header = parseUnlessBehind(headers, bytes, position);
    if (header === undefined) break;
    position += header.sizeInBytes;
    if (position > bytes.length) break;
    headers.push(header);
  }
  return headers;
}

/** Undefined: it can't be understood, and others stand before it. */
function parseUnlessBehind(
  others: readonly BatchHeader[],
  bytes: Uint8Array,
  position: number,
): BatchHeader | undefined {
  try {
    return parseBatchHeader(bytes, position);
  } catch (error) {
    if (others.length === 0 || !(error instanceof StratalogError)) throw error;
    return undefined;
  }
}

/** How many bytes to read for the batch that `bytes` only begin; it must end within what is left. */
function largerThan(bytes: Uint8Array, leftBytes: number): number {
  const header = bytes.length < BATCH_HEADER_BYTES ? undefined : parseBatchHeader(bytes);
  const wanted = header?.sizeInBytes ?? BATCH_HEADER_BYTES;
  if (wanted > leftBytes || wanted <= bytes.length) {
    throw new StratalogError(
      'CORRUPT_MESSAGE',
      `a segment ends within a batch: ${leftBytes} bytes are left, it has ${wanted}`,
    );
  }
  return wanted;
}
