// Plans the next segment of a partition whose index is in order (merge-look.ts), from its pages.

import { StratalogError } from '../../errors.ts';
import { JOB_PAGES_PER_LIST, JOB_SEGMENT_ENTRIES_MAX } from '../../limits.ts';
import type { CleanupSettings } from '../../log/cleanup-settings.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { type MergePlan, MergePlanner } from '../../log/merge.ts';
import type { WalObjects } from '../../log/merge-entries.ts';
import type { Log } from '../../log/segment.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';
import { type Candidate, readLog } from './merge-look.ts';

/** A partition with something to merge. */
export interface Mergeable {
  readonly partition: PartitionKey;
  readonly log: Log;
  readonly plan: MergePlan;
}

export interface MergeOptions {
  readonly settings: CleanupSettings;
  /** Of all partitions that are merged side by side. */
  readonly objects: WalObjects;
}

/** Undefined: nothing is worth merging, or somebody else has merged it meanwhile. */
export async function prepareMerge(
  ports: BackgroundPorts,
  { partition, log, head }: Candidate,
  { settings, objects }: MergeOptions,
): Promise<Mergeable | undefined> {
  const { damage, segmentedTo } = log;
  const planner = new MergePlanner(settings, {
    objects,
    entriesMax: JOB_SEGMENT_ENTRIES_MAX,
    logStartOffset: head.logStartOffset,
    damagedAt: damage !== undefined && damage.offset >= segmentedTo ? damage.offset : undefined,
  });
  let next = segmentedTo;
  let from: bigint | undefined = segmentedTo;
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
  const plan = planner.plan(ports.clock.nowMs());
  return plan && { partition, log, plan };
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
