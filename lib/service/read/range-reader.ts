// Reads byte ranges of objects with as few GETs as they need. Objects never change, so a warm process keeps what
// it read of the tail, and callers that ask for the same stretch at once share one GET: many groups on one topic cost as one.

import { RANGE_CACHE_BYTES_MAX } from '../../limits.ts';
import type { ByteRange } from '../../log/object-range.ts';
import { type PlannedGet, planGets } from '../../log/read.ts';
import { isSegmentLog } from '../../log/segment-keys.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';

type Bytes = Uint8Array | undefined;

export interface RangeReader {
  /**
   * The bytes of each range, in their order; undefined where the object is gone, an error where it can't be read.
   * The same memory may be handed out again: base offsets may be patched in it (they are the same every time),
   * nothing else may be written.
   */
  read(ranges: readonly ByteRange[]): Promise<readonly (Bytes | Error)[]>;
}

export function createRangeReader(
  ports: RetryPorts & { readonly objects: ObjectStore },
): RangeReader {
  const kept = new Map<string, Uint8Array>();
  const reading = new Map<string, Promise<Bytes>>();
  let keptBytes = 0;

  function keep(name: string, { key }: ByteRange, bytes: Uint8Array): void {
    // Who reads the past reads it once, from another place than others; what many read is the tail, and must stay.
    if (isSegmentLog(key) || bytes.length > RANGE_CACHE_BYTES_MAX / 4) return;
    kept.set(name, bytes);
    keptBytes += bytes.length;
    for (const [oldest, dropped] of kept) {
      if (keptBytes <= RANGE_CACHE_BYTES_MAX) return;
      kept.delete(oldest);
      keptBytes -= dropped.length;
    }
  }

  async function getFresh(name: string, get: PlannedGet): Promise<Bytes> {
    const { key, positionBytes, lengthBytes } = get;
    const range = { key, positionBytes, lengthBytes };
    const bytes = await withRetries(ports, () => ports.objects.getRange(range), {
      repeatable: true,
    });
    if (bytes !== undefined) keep(name, range, bytes);
    return bytes;
  }

  function get(planned: PlannedGet): Promise<Bytes> {
    const name = `${planned.key}:${planned.positionBytes}:${planned.lengthBytes}`;
    const held = kept.get(name);
    if (held !== undefined) {
      kept.delete(name);
      kept.set(name, held);
      return Promise.resolve(held);
    }
    const running = reading.get(name);
    if (running !== undefined) return running;
    const started = getFresh(name, planned).finally(() => reading.delete(name));
    reading.set(name, started);
    return started;
  }

  return {
    async read(ranges) {
      const results = new Array<Bytes | Error>(ranges.length).fill(undefined);
      await Promise.all(
        planGets(ranges).map(async (planned) => {
          const bytes = await get(planned).catch(asError);
          for (const index of planned.ranges) {
            results[index] =
              bytes instanceof Uint8Array ? cut(bytes, planned, ranges[index]) : bytes;
          }
        }),
      );
      return results;
    },
  };
}

function cut(bytes: Uint8Array, planned: PlannedGet, range: ByteRange | undefined): Bytes {
  if (range === undefined) return undefined;
  const start = range.positionBytes - planned.positionBytes;
  return bytes.subarray(start, start + range.lengthBytes);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('reading an object failed', { cause: error });
}
