// WAL objects that nothing names. See lib/log/garbage.ts for why this order, and no other, is safe.

import { JOB_GETS_AT_ONCE, JOB_HEADS_PER_SCAN, JOB_PAGES_PER_LIST } from '../../limits.ts';
import { addPass, deletableBelow, lowestObject, planFloor } from '../../log/garbage.ts';
import { smallest } from '../../log/order.ts';
import { parseWalKey, walPrefixes } from '../../log/segment-keys.ts';
import type { ScannedHead } from '../../ports/cleanup-store.ts';
import { mapInParallel } from '../parallel.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';
import { deleteObjects, type GarbageTask, listObjects } from './garbage-task.ts';
import { isTimeUp } from './job-topics.ts';
import { readHead, readLog } from './merge-look.ts';

export async function collectWal(task: GarbageTask): Promise<void> {
  const { ports, settings, run } = task;
  if (run.dryRun !== true) await makePass(task);
  const state = await withRetries(ports, () => ports.cleanup.readGarbageState(), REPEATABLE);
  const now = { nowMs: state.storageNowMs, graceMs: settings.graceMs };
  const below = deletableBelow(state.passes, now);
  if (below === undefined) return;
  for (const prefix of walPrefixes()) {
    if (isTimeUp(ports, run)) return;
    await deleteBelow(task, prefix, below);
  }
}

/** Raises the floors, then looks at everything; what it found counts a grace time later. */
async function makePass({ ports, settings, run }: GarbageTask): Promise<void> {
  const { storageNowMs } = await withRetries(
    ports,
    () => ports.cleanup.readGarbageState(),
    REPEATABLE,
  );
  const floor = planFloor(storageNowMs, settings.graceMs);
  // Refused: it is as high already.
  await withRetries(ports, () => ports.cleanup.raiseFloor(floor), REPEATABLE);
  let below = floor;
  let after: string | undefined;
  do {
    const request = { limit: JOB_HEADS_PER_SCAN, ...(after === undefined ? {} : { after }) };
    const page = await withRetries(ports, () => ports.cleanup.scanHeads(request), REPEATABLE);
    const lowest = await mapInParallel(page.heads, JOB_GETS_AT_ONCE, (scanned) =>
      lowestOf(ports, scanned, floor),
    );
    below = smallest(below, ...lowest);
    after = page.next;
    // A pass that has not looked at everything has found nothing.
    if (isTimeUp(ports, run)) return;
  } while (after !== undefined);
  await remember(ports, settings.graceMs, below);
}

/** The smallest object that a partition names, or may yet name. */
async function lowestOf(
  ports: BackgroundPorts,
  { partition, head: scanned }: ScannedHead,
  floor: string,
): Promise<string> {
  let head = scanned.floor >= floor ? scanned : undefined;
  if (head === undefined) {
    await withRetries(ports, () => ports.cleanup.raiseHeadFloor(partition, floor), REPEATABLE);
    // What was appended before the floor was raised is in what is read after it.
    head = await readHead(ports, partition);
    if (head === undefined) return floor;
  }
  let lowest = lowestObject(floor, head.tail);
  // The tail first: what is rolled out of it meanwhile is in a page by then.
  const log = await readLog(ports, partition);
  let from: bigint | undefined = log?.segmentedTo ?? 0n;
  while (from !== undefined) {
    const query: { from: bigint; to: bigint; limit: number } = {
      from,
      to: head.nextOffset + 1n,
      limit: JOB_PAGES_PER_LIST,
    };
    const listed: Awaited<ReturnType<BackgroundPorts['segments']['listPages']>> = await withRetries(
      ports,
      () => ports.segments.listPages(partition, query),
      REPEATABLE,
    );
    for (const page of listed.pages) lowest = lowestObject(lowest, page.entries);
    from = listed.next;
  }
  return lowest;
}

/** Passes of others may come in between: they are kept. */
async function remember(ports: BackgroundPorts, graceMs: number, below: string): Promise<void> {
  const state = await withRetries(ports, () => ports.cleanup.readGarbageState(), REPEATABLE);
  const pass = { endedAtMs: state.storageNowMs, below };
  const change = { from: state.passes, to: addPass(state.passes, pass, graceMs) };
  // Changed by another collector: its pass is as good, and the next run comes.
  await withRetries(ports, () => ports.cleanup.replacePasses(change), REPEATABLE);
}

async function deleteBelow(task: GarbageTask, prefix: string, below: string): Promise<void> {
  for await (const objects of listObjects(task.ports, prefix)) {
    const dead = objects.filter(({ key }) => {
      const objectId = parseWalKey(key);
      return objectId !== undefined && objectId < below;
    });
    await deleteObjects(task, dead, 'wal');
    // Within a prefix keys sort by time.
    if (dead.length < objects.length) return;
  }
}
