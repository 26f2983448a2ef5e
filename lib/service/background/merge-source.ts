// Reads the batches of several partitions for merging: window after window, each with as few GETs as it needs, the next
// one under way while one is used. Partitions that share WAL objects come to them together, so that one GET serves all.

import { JOB_GETS_AT_ONCE } from '../../limits.ts';
import { walKey } from '../../log/keys.ts';
import { planWindow } from '../../log/merge.ts';
import { type LocatedEntry, locateEntries, type Page } from '../../log/partition.ts';
import { planGets } from '../../log/read.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { mapInParallel } from '../parallel.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import { REPEATABLE } from './background-ports.ts';

/** The batches of one entry; `bytes` is undefined when their object is gone, and is the reader's own. */
export interface MergeRun {
  /** Which of the partitions. */
  readonly index: number;
  readonly key: string;
  readonly baseOffset: bigint;
  readonly endOffset: bigint;
  readonly bytes: Uint8Array | undefined;
}

export type MergeSourcePorts = RetryPorts & { readonly objects: ObjectStore };

/**
 * Every entry of each partition's pages, in the order of its offsets; partitions interleave. `isWanted` says whether
 * a partition's entries are still to be read.
 */
export async function* readMergeRuns(
  ports: MergeSourcePorts,
  pages: readonly (readonly Page[])[],
  options: { readonly windowBytes: number; readonly isWanted: (index: number) => boolean },
): AsyncGenerator<MergeRun, void, undefined> {
  const queues = pages.map((each) =>
    each.flatMap((page) => locateEntries(page.baseOffset, page.entries)),
  );
  const entries = queues.map((queue) => queue.map(({ entry }) => entry));
  const taken = queues.map(() => 0);
  const nextWindow = (): Promise<readonly MergeRun[]> | undefined => {
    const wanted = entries.map((each, index) => ({
      entries: options.isWanted(index) ? each : [],
      taken: taken[index] ?? 0,
    }));
    const counts = planWindow(wanted, options.windowBytes);
    const window = counts.flatMap((count, index) => {
      const from = taken[index] ?? 0;
      taken[index] = from + count;
      return (queues[index] ?? []).slice(from, from + count).map((located) => ({ index, located }));
    });
    if (window.length === 0) return undefined;
    const reading = readWindow(ports, window);
    reading.catch(() => undefined);
    return reading;
  };
  let ahead = nextWindow();
  while (ahead !== undefined) {
    const current: readonly MergeRun[] = await ahead;
    ahead = nextWindow();
    yield* current;
  }
}

async function readWindow(
  ports: MergeSourcePorts,
  window: readonly { readonly index: number; readonly located: LocatedEntry }[],
): Promise<readonly MergeRun[]> {
  const ranges = window.map(({ located: { entry } }) => ({
    key: walKey(entry.objectId),
    positionBytes: entry.positionBytes,
    lengthBytes: entry.lengthBytes,
  }));
  const bytes = new Array<Uint8Array | undefined>(window.length);
  await mapInParallel(planGets(ranges), JOB_GETS_AT_ONCE, async (get) => {
    const { key, positionBytes, lengthBytes } = get;
    const range = { key, positionBytes, lengthBytes };
    const whole = await withRetries(ports, () => ports.objects.getRange(range), REPEATABLE);
    for (const index of get.ranges) {
      const start = (ranges[index]?.positionBytes ?? 0) - positionBytes;
      bytes[index] = whole?.subarray(start, start + (ranges[index]?.lengthBytes ?? 0));
    }
  });
  return window.map(({ index, located: { baseOffset, entry } }, place) => ({
    index,
    key: walKey(entry.objectId),
    baseOffset,
    endOffset: baseOffset + BigInt(entry.recordCount),
    bytes: bytes[place],
  }));
}
