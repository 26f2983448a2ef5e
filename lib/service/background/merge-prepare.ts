// What of a partition is to be merged: brings its index in order first, then plans.
//
// Order, and why:
// 1. The LOG item is there before the head is read again: a merger of a topic that was deleted meanwhile finds no head,
//    and what it put is swept with the topic's leftovers.
// 2. An idle tail that is old is rolled, as an append would do it, so that it pins no garbage.
// 3. Pages below `segmentedTo` count for nothing ✗: whoever merged them died before deleting them, or a roller that
//    slept put one again. Anybody deletes them.
// 4. What lies below the log's start is not merged but skipped.

import { StratalogError } from '../../errors.ts';
import { JOB_PAGES_PER_LIST, PAGES_PER_DELETE_MAX } from '../../limits.ts';
import type { CleanupSettings } from '../../log/cleanup-settings.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { isTailDue, type MergePlan, planMerge } from '../../log/merge.ts';
import { byteCountOf, type Head, type Page } from '../../log/partition.ts';
import { pageOf } from '../../log/roll.ts';
import type { Damage, Log } from '../../log/segment.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';

/** A partition with something to merge. */
export interface Mergeable {
  readonly partition: PartitionKey;
  readonly log: Log;
  readonly plan: MergePlan;
}

export interface Prepared {
  /** Undefined: nothing is due, or the partition is gone. */
  readonly mergeable: Mergeable | undefined;
  readonly pagesDeleted: number;
}

const NOTHING: Prepared = { mergeable: undefined, pagesDeleted: 0 };

export async function prepareMerge(
  ports: BackgroundPorts,
  partition: PartitionKey,
  settings: CleanupSettings,
): Promise<Prepared> {
  const first = await readHead(ports, partition);
  if (first === undefined) return NOTHING;
  const nowMs = ports.clock.nowMs();
  const isDue = isTailDue(first, settings, nowMs);
  if (first.tailBase === 0n && !isDue) return NOTHING;
  const log = await openLog(ports, partition, first.floor);
  if (isDue) await rollIdleTail(ports, partition, first);
  const head = await readHead(ports, partition);
  if (head === undefined) return NOTHING;
  const pagesDeleted = await deletePagesBelow(ports, partition, log.segmentedTo);
  const skipped = await skipBelowStart(ports, partition, { log, head });
  if (skipped === undefined) return { mergeable: undefined, pagesDeleted };
  const plan = await planPages(ports, partition, { log: skipped, head, settings });
  const mergeable = plan === undefined ? undefined : { partition, log: skipped, plan };
  return { mergeable, pagesDeleted };
}

export async function readHead(
  ports: BackgroundPorts,
  partition: PartitionKey,
): Promise<Head | undefined> {
  const [head] = await withRetries(
    ports,
    () => ports.partitions.readHeads([partition]),
    REPEATABLE,
  );
  return head;
}

export async function readLog(
  ports: BackgroundPorts,
  partition: PartitionKey,
): Promise<Log | undefined> {
  return await withRetries(ports, () => ports.segments.readLog(partition), REPEATABLE);
}

async function openLog(
  ports: BackgroundPorts,
  partition: PartitionKey,
  floor: string,
): Promise<Log> {
  const standing = await readLog(ports, partition);
  if (standing !== undefined) return standing;
  await withRetries(ports, () => ports.segments.openLog(partition, floor), REPEATABLE);
  return (await readLog(ports, partition)) ?? { segmentedTo: 0n, floor };
}

async function rollIdleTail(
  ports: BackgroundPorts,
  partition: PartitionKey,
  head: Head,
): Promise<void> {
  const page = pageOf(head);
  const put = await withRetries(ports, () => ports.partitions.putPage(partition, page), REPEATABLE);
  const standing = put.kind === 'stored' ? page : put.page;
  const trim = { partition, tailBase: head.tailBase, page: standing };
  // After an unknown outcome the next one says "moved": either way the tail begins elsewhere now.
  await withRetries(ports, () => ports.partitions.trimTail(trim), REPEATABLE);
}

/** Deletes what a merger or a roller that died or slept has left; how many pages. */
async function deletePagesBelow(
  ports: BackgroundPorts,
  partition: PartitionKey,
  segmentedTo: bigint,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const query = { from: 0n, to: segmentedTo, limit: PAGES_PER_DELETE_MAX };
    const { pages, next } = await withRetries(
      ports,
      () => ports.segments.listPages(partition, query),
      REPEATABLE,
    );
    await deletePages(ports, partition, pages);
    deleted += pages.length;
    if (next === undefined) return deleted;
  }
}

export async function deletePages(
  ports: BackgroundPorts,
  partition: PartitionKey,
  pages: readonly Page[],
): Promise<void> {
  for (let start = 0; start < pages.length; start += PAGES_PER_DELETE_MAX) {
    const some = pages.slice(start, start + PAGES_PER_DELETE_MAX);
    const offsets = some.map(({ baseOffset }) => baseOffset);
    await withRetries(ports, () => ports.segments.deletePages(partition, offsets), REPEATABLE);
  }
}

/** The log after moving over pages below its start; undefined when somebody else has moved it. */
async function skipBelowStart(
  ports: BackgroundPorts,
  partition: PartitionKey,
  { log, head }: { readonly log: Log; readonly head: Head },
): Promise<Log | undefined> {
  let current = log;
  while (current.segmentedTo < head.logStartOffset) {
    const query = {
      from: current.segmentedTo,
      to: head.logStartOffset,
      limit: JOB_PAGES_PER_LIST,
    };
    const { pages } = await withRetries(
      ports,
      () => ports.segments.listPages(partition, query),
      REPEATABLE,
    );
    const below = pages.filter(({ endOffset }) => endOffset <= head.logStartOffset);
    const last = below.at(-1);
    if (last === undefined) return current;
    const move = { from: current.segmentedTo, to: last.endOffset };
    const outcome = await withRetries(
      ports,
      () => ports.segments.skipTo(partition, move),
      REPEATABLE,
    );
    if (outcome === 'refused') return undefined;
    await deletePages(ports, partition, below);
    current = { ...current, segmentedTo: last.endOffset };
  }
  return current;
}

async function planPages(
  ports: BackgroundPorts,
  partition: PartitionKey,
  {
    log,
    head,
    settings,
  }: { readonly log: Log; readonly head: Head; readonly settings: CleanupSettings },
): Promise<MergePlan | undefined> {
  const pages: Page[] = [];
  let bytes = 0;
  let from: bigint | undefined = log.segmentedTo;
  while (from !== undefined && from < head.tailBase && bytes <= settings.segmentBytes) {
    const query: { from: bigint; to: bigint; limit: number } = {
      from,
      to: head.tailBase,
      limit: JOB_PAGES_PER_LIST,
    };
    const listed: Awaited<ReturnType<BackgroundPorts['segments']['listPages']>> = await withRetries(
      ports,
      () => ports.segments.listPages(partition, query),
      REPEATABLE,
    );
    pages.push(...listed.pages);
    bytes += listed.pages.reduce((sum, page) => sum + byteCountOf(page.entries), 0);
    from = listed.next;
  }
  const end = pages.at(-1)?.endOffset ?? log.segmentedTo;
  if (!isWholeRun(pages, log.segmentedTo)) return await whoMovedIt(ports, partition, log);
  const nowMs = ports.clock.nowMs();
  const { damage } = log;
  if (damage !== undefined && damage.offset >= log.segmentedTo) {
    return planAround(pages, damage, { settings, nowMs });
  }
  return planMerge({ pages, hasMore: end < head.tailBase, nowMs }, settings);
}

/** What lies before damaged bytes is merged; then their page alone is tried again: somebody may have restored them. */
function planAround(
  pages: readonly Page[],
  damage: Damage,
  { settings, nowMs }: { readonly settings: CleanupSettings; readonly nowMs: number },
): MergePlan | undefined {
  const before = pages.filter(({ endOffset }) => endOffset <= damage.offset);
  const merged = before.length > 0 ? before : pages.slice(0, 1);
  return planMerge({ pages: merged, hasMore: true, nowMs }, settings);
}

/** Pages lie end to end from `from` on. */
function isWholeRun(pages: readonly Page[], from: bigint): boolean {
  let next = from;
  return pages.every((page) => {
    const follows = page.baseOffset === next;
    next = page.endOffset;
    return follows;
  });
}

/** A page is missing: another merger has merged it. If none has, the index has lost one, and nothing may go on. */
async function whoMovedIt(
  ports: BackgroundPorts,
  partition: PartitionKey,
  log: Log,
): Promise<undefined> {
  const now = await readLog(ports, partition);
  if (now === undefined || now.segmentedTo > log.segmentedTo) return undefined;
  throw new StratalogError(
    'UNKNOWN_SERVER_ERROR',
    `the index of partition ${partition.topicId}/${partition.partition} misses pages from offset ${log.segmentedTo} on`,
  );
}
