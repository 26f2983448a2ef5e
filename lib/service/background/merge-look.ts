// What of a partition may be merged: brings its index in order, so that its pages can be planned.
//
// Order, and why:
// 1. A LOG item that is put is there before the head is read again: a merger of a topic that was deleted meanwhile
//    finds no head, and what it put is swept with the topic's leftovers.
// 2. An idle tail that is old is rolled, as an append would do it, so that it pins no garbage.
// 3. Pages below `segmentedTo` count for nothing ✗: whoever merged them died before deleting them, or a roller that
//    slept put one again. Anybody deletes them.
// 4. What lies below the log's start is not merged but skipped, and damage there is nobody's concern any more.

import {
  JOB_DELETES_AT_ONCE,
  JOB_PAGES_PER_LIST,
  JOB_SEGMENT_ENTRIES_MAX,
  PAGES_PER_DELETE_MAX,
} from '../../limits.ts';
import type { CleanupSettings } from '../../log/cleanup-settings.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { isTailDue, isWorthPlanning } from '../../log/merge.ts';
import type { Head, Page } from '../../log/partition.ts';
import { pageOf } from '../../log/roll.ts';
import type { Log } from '../../log/segment.ts';
import { mapInParallel } from '../parallel.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';

/** A partition whose pages are worth planning. */
export interface Candidate {
  readonly partition: PartitionKey;
  readonly log: Log;
  readonly head: Head;
  /** Entries that its next segment has, at most: each holds a record. */
  readonly entriesMax: number;
}

export interface LookedAt {
  /** Undefined: nothing is worth merging, or the partition is gone. */
  readonly candidate: Candidate | undefined;
  readonly pagesDeleted: number;
}

const NOTHING: LookedAt = { candidate: undefined, pagesDeleted: 0 };

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

/** `first` is the head as it was not long ago. */
export async function lookAt(
  ports: BackgroundPorts,
  partition: PartitionKey,
  { first, settings }: { readonly first: Head | undefined; readonly settings: CleanupSettings },
): Promise<LookedAt> {
  if (first === undefined) return NOTHING;
  const isDue = isTailDue(first, settings, ports.clock.nowMs());
  if (first.tailBase === 0n && !isDue) return NOTHING;
  const { log, isNew } = await openLog(ports, partition, first.floor);
  if (isDue) await rollIdleTail(ports, partition, first);
  const head = isNew || isDue ? await readHead(ports, partition) : first;
  if (head === undefined) return NOTHING;
  const pagesDeleted = await deletePagesBelow(ports, partition, log.segmentedTo);
  if (log.damage !== undefined && log.damage.offset < head.logStartOffset) {
    const forget = () => ports.segments.markDamage(partition, undefined);
    await withRetries(ports, forget, REPEATABLE);
  }
  const skipped = await skipBelowStart(ports, partition, { log, head });
  const isWorthIt =
    skipped !== undefined && (await looksDue(ports, partition, { log: skipped, head, settings }));
  if (!isWorthIt) return { candidate: undefined, pagesDeleted };
  const records = Number(head.tailBase - skipped.segmentedTo);
  const entriesMax = Math.min(records, JOB_SEGMENT_ENTRIES_MAX);
  return { candidate: { partition, log: skipped, head, entriesMax }, pagesDeleted };
}

export async function readLog(
  ports: BackgroundPorts,
  partition: PartitionKey,
): Promise<Log | undefined> {
  return await withRetries(ports, () => ports.segments.readLog(partition), REPEATABLE);
}

/** The LOG item that stands; a new one where there was none. */
async function openLog(
  ports: BackgroundPorts,
  partition: PartitionKey,
  floor: string,
): Promise<{ readonly log: Log; readonly isNew: boolean }> {
  const standing = await readLog(ports, partition);
  if (standing !== undefined) return { log: standing, isNew: false };
  const put = await withRetries(ports, () => ports.segments.openLog(partition, floor), REPEATABLE);
  // Somebody else was first, or an own try whose answer was lost.
  const other = put === 'exists' ? await readLog(ports, partition) : undefined;
  return { log: other ?? { segmentedTo: 0n, floor }, isNew: true };
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
  if (segmentedTo === 0n) return 0;
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

/** By the first page alone, so that looking after a partition in which little waits costs little. */
async function looksDue(
  ports: BackgroundPorts,
  partition: PartitionKey,
  now: { readonly log: Log; readonly head: Head; readonly settings: CleanupSettings },
): Promise<boolean> {
  const { log, head, settings } = now;
  if (log.segmentedTo >= head.tailBase) return false;
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
