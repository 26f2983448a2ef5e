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
import {
  JOB_DELETES_AT_ONCE,
  JOB_PAGES_PER_LIST,
  JOB_SEGMENT_ENTRIES_MAX,
  PAGES_PER_DELETE_MAX,
} from '../../limits.ts';
import type { CleanupSettings } from '../../log/cleanup-settings.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { isTailDue, isWorthPlanning, type MergePlan, MergePlanner } from '../../log/merge.ts';
import type { WalObjects } from '../../log/merge-entries.ts';
import type { Head, Page } from '../../log/partition.ts';
import { pageOf } from '../../log/roll.ts';
import type { Log } from '../../log/segment.ts';
import { mapInParallel } from '../parallel.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';

/** A partition with something to merge. */
export interface Mergeable {
  readonly partition: PartitionKey;
  readonly log: Log;
  readonly plan: MergePlan;
}

export interface Prepared {
  /** Undefined: nothing is worth merging, or the partition is gone. */
  readonly mergeable: Mergeable | undefined;
  readonly pagesDeleted: number;
}

export interface MergeOptions {
  readonly settings: CleanupSettings;
  /** Of all partitions that are merged side by side. */
  readonly objects: WalObjects;
}

type PagesToPlan = MergeOptions & { readonly log: Log; readonly head: Head };

const NOTHING: Prepared = { mergeable: undefined, pagesDeleted: 0 };

export async function prepareMerge(
  ports: BackgroundPorts,
  partition: PartitionKey,
  { settings, objects }: MergeOptions,
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
  const plan = await planPages(ports, partition, { log: skipped, head, settings, objects });
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
    await deletePages(ports, partition, baseOffsetsOf(pages));
    deleted += pages.length;
    if (next === undefined) return deleted;
  }
}

export async function deletePages(
  ports: BackgroundPorts,
  partition: PartitionKey,
  baseOffsets: readonly bigint[],
): Promise<void> {
  const requests: (readonly bigint[])[] = [];
  for (let start = 0; start < baseOffsets.length; start += PAGES_PER_DELETE_MAX) {
    requests.push(baseOffsets.slice(start, start + PAGES_PER_DELETE_MAX));
  }
  await mapInParallel(requests, JOB_DELETES_AT_ONCE, (some) =>
    withRetries(ports, () => ports.segments.deletePages(partition, some), REPEATABLE),
  );
}

function baseOffsetsOf(pages: readonly Page[]): readonly bigint[] {
  return pages.map(({ baseOffset }) => baseOffset);
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
    await deletePages(ports, partition, baseOffsetsOf(below));
    current = { ...current, segmentedTo: last.endOffset };
  }
  return current;
}

async function planPages(
  ports: BackgroundPorts,
  partition: PartitionKey,
  { log, head, settings, objects }: PagesToPlan,
): Promise<MergePlan | undefined> {
  const { damage, segmentedTo } = log;
  const planner = new MergePlanner(settings, {
    objects,
    entriesMax: JOB_SEGMENT_ENTRIES_MAX,
    damagedAt: damage !== undefined && damage.offset >= segmentedTo ? damage.offset : undefined,
  });
  const isWorthIt = await looksDue(ports, partition, { log, head, settings });
  let next = segmentedTo;
  let from: bigint | undefined = isWorthIt ? segmentedTo : undefined;
  while (from !== undefined && from < head.tailBase && !planner.isFull) {
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
    for (const page of listed.pages) {
      if (page.baseOffset !== next) return await whoMovedIt(ports, partition, log);
      if (!planner.add(page)) break;
      next = page.endOffset;
    }
    from = listed.next;
  }
  return planner.plan(ports.clock.nowMs());
}

/** By the first page alone, so that looking after a partition in which little waits costs little. */
async function looksDue(
  ports: BackgroundPorts,
  partition: PartitionKey,
  { log, head, settings }: Omit<PagesToPlan, 'objects'>,
): Promise<boolean> {
  const query = { from: log.segmentedTo, to: head.tailBase, limit: 1 };
  const { pages } = await withRetries(
    ports,
    () => ports.segments.listPages(partition, query),
    REPEATABLE,
  );
  const [first] = pages;
  if (first === undefined || log.damage !== undefined) return true;
  return isWorthPlanning(head, first, { settings, nowMs: ports.clock.nowMs() });
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
