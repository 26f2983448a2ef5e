// Runs the messages of a batch several at a time, those with the same key one after the other.
//
// Invariants: messages of one key are handled in their order, never two at once; at most `concurrency` are under way;
// after one fails or `shouldStop` says so, no further one is begun, and what is under way is awaited.

export interface LaneOptions<Item> {
  /** At least 1. */
  readonly concurrency: number;
  /** Items with the same key keep their order; an item without a key is bound to no other. */
  readonly keyOf: (item: Item) => string | undefined;
  readonly shouldStop: () => boolean;
}

/** Resolves when nothing is under way any more. Throws what the first handler that failed threw. */
export async function runInLanes<Item>(
  items: readonly Item[],
  options: LaneOptions<Item>,
  handle: (item: Item) => Promise<void>,
): Promise<void> {
  if (options.concurrency <= 1) return runInOrder(items, options, handle);
  const lanes = planLanes(items, options.keyOf);
  let failure: { readonly error: unknown } | undefined;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let lane = lanes[next++]; lane !== undefined; lane = lanes[next++]) {
      for (const item of lane) {
        if (failure !== undefined || options.shouldStop()) return;
        try {
          await handle(item);
        } catch (error) {
          failure ??= { error };
          return;
        }
      }
    }
  };
  const workers = Math.min(options.concurrency, lanes.length);
  await Promise.all(Array.from({ length: workers }, work));
  if (failure !== undefined) throw failure.error;
}

async function runInOrder<Item>(
  items: readonly Item[],
  { shouldStop }: LaneOptions<Item>,
  handle: (item: Item) => Promise<void>,
): Promise<void> {
  for (const item of items) {
    if (shouldStop()) return;
    await handle(item);
  }
}

/** One lane a key, in the order in which the keys come. */
export function planLanes<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | undefined,
): readonly (readonly Item[])[] {
  const lanes: Item[][] = [];
  const byKey = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const lane = key === undefined ? undefined : byKey.get(key);
    if (lane !== undefined) {
      lane.push(item);
      continue;
    }
    const opened = [item];
    lanes.push(opened);
    if (key !== undefined) byKey.set(key, opened);
  }
  return lanes;
}
