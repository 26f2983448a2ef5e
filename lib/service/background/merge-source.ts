// Reads the batches of several partitions for merging: window after window, the next one under way while one is used.

import { StratalogError } from '../../errors.ts';
import { JOB_GETS_AT_ONCE } from '../../limits.ts';
import { walKey } from '../../log/keys.ts';
import type { EntryColumns, WalObjects } from '../../log/merge-entries.ts';
import { type MergeWindow, type WindowGet, WindowPlanner } from '../../log/merge-window.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { BatchCursor } from '../../record/batch-cursor.ts';
import { mapInParallel } from '../parallel.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import { REPEATABLE } from './background-ports.ts';

export type MergeSourcePorts = RetryPorts & { readonly objects: ObjectStore };

/** What a GET brought: undefined where the object is gone, why not where it can't be read. The bytes are the reader's own. */
export interface ReadStretch {
  readonly key: string;
  readonly positionBytes: number;
  readonly batches: BatchCursor | StratalogError | undefined;
}

export interface ReadWindow extends MergeWindow {
  /** One for each of `gets`. */
  readonly stretches: readonly ReadStretch[];
}

/** Every entry of each queue, in its order; queues interleave. `isWanted` says whether more of a queue is to be read. */
export async function* readWindows(
  ports: MergeSourcePorts,
  from: { readonly queues: readonly EntryColumns[]; readonly objects: WalObjects },
  options: { readonly windowBytes: number; readonly isWanted: (queue: number) => boolean },
): AsyncGenerator<ReadWindow, void, undefined> {
  const { queues, objects } = from;
  const planner = new WindowPlanner(queues, objects.ranks());
  const nextWindow = (): Promise<ReadWindow> | undefined => {
    for (const queue of queues.keys()) if (!options.isWanted(queue)) planner.drop(queue);
    const window = planner.next(options.windowBytes);
    if (window === undefined) return undefined;
    const reading = readWindow(ports, objects, window);
    reading.catch(() => undefined);
    return reading;
  };
  let ahead = nextWindow();
  while (ahead !== undefined) {
    const current: ReadWindow = await ahead;
    ahead = nextWindow();
    yield current;
  }
}

async function readWindow(
  ports: MergeSourcePorts,
  objects: WalObjects,
  window: MergeWindow,
): Promise<ReadWindow> {
  const read = (get: WindowGet) => readStretch(ports, objects, get);
  const stretches = await mapInParallel(window.gets, JOB_GETS_AT_ONCE, read);
  return { ...window, stretches };
}

/** What can't be read concerns whoever needs it, and nobody else. */
async function readStretch(
  ports: MergeSourcePorts,
  objects: WalObjects,
  { object, positionBytes, lengthBytes }: WindowGet,
): Promise<ReadStretch> {
  const key = walKey(objects.idOf(object));
  const range = { key, positionBytes, lengthBytes };
  const bytes = await withRetries(ports, () => ports.objects.getRange(range), REPEATABLE).catch(
    asFailure,
  );
  const batches = bytes instanceof Uint8Array ? new BatchCursor(bytes) : bytes;
  return { key, positionBytes, batches };
}

function asFailure(error: unknown): StratalogError {
  if (error instanceof StratalogError) return error;
  throw error;
}
