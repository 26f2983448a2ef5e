// Which of some partitions are due to be merged: looks at them, plans their next segments, and hands them on in pieces
// that fit a job's memory.

import {
  JOB_ENTRIES_MAX,
  JOB_OBJECTS_MAX,
  JOB_PREPARED_AT_ONCE,
  JOB_PREPARED_ENTRIES_MAX,
} from '../../limits.ts';
import type { CleanupSettings } from '../../log/cleanup-settings.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { WalObjects } from '../../log/merge-entries.ts';
import type { Head } from '../../log/partition.ts';
import { mapInParallel } from '../parallel.ts';
import { readHeads } from '../read/read.ts';
import type { BackgroundPorts } from './background-ports.ts';
import { failureOf, type JobFailure } from './job-topics.ts';
import { type Candidate, lookAt } from './merge-look.ts';
import { type Mergeable, type MergeOptions, prepareMerge } from './merge-prepare.ts';

/** What is counted on the way. */
interface Found {
  pagesDeleted: number;
  readonly failures: JobFailure[];
}

export interface Due {
  readonly mergeables: readonly Mergeable[];
  /** What their entries name. */
  readonly objects: WalObjects;
}

/** What is due, and what goes along with it, in pieces whose entries fit the memory for them. */
export async function* dueInPieces(
  ports: BackgroundPorts,
  found: Found,
  partitions: readonly PartitionKey[],
  cleanup: CleanupSettings,
): AsyncGenerator<Due, void, undefined> {
  const candidates = await lookAtAll(ports, found, partitions, cleanup);
  let due: Mergeable[] = [];
  let entries = 0;
  let objects = new WalObjects();
  for (const some of planTogether(candidates)) {
    const prepared = await prepareAll(ports, found, some, { settings: cleanup, objects });
    due.push(...prepared);
    for (const { plan } of prepared) entries += plan.entries.count;
    if (entries < JOB_ENTRIES_MAX && objects.count < JOB_OBJECTS_MAX) continue;
    if (isAnyDue(due)) yield { mergeables: due, objects };
    due = [];
    entries = 0;
    objects = new WalObjects();
  }
  if (isAnyDue(due)) yield { mergeables: due, objects };
}

/** As many side by side as bring no more entries than the memory for them, whatever their pages hold. */
function* planTogether(
  candidates: readonly Candidate[],
): Generator<readonly Candidate[], void, undefined> {
  let some: Candidate[] = [];
  let entries = 0;
  for (const candidate of candidates) {
    if (some.length > 0 && entries + candidate.entriesMax > JOB_PREPARED_ENTRIES_MAX) {
      yield some;
      some = [];
      entries = 0;
    }
    some.push(candidate);
    entries += candidate.entriesMax;
  }
  if (some.length > 0) yield some;
}

function isAnyDue(mergeables: readonly Mergeable[]): boolean {
  return mergeables.some(({ plan }) => plan.isDue);
}

async function lookAtAll(
  ports: BackgroundPorts,
  found: Found,
  partitions: readonly PartitionKey[],
  settings: CleanupSettings,
): Promise<readonly Candidate[]> {
  let heads: readonly (Head | undefined)[];
  try {
    heads = await readHeads(ports, partitions);
  } catch (error) {
    for (const partition of partitions) found.failures.push(failureOf(partition, error));
    return [];
  }
  return await forEachPartition(found, partitions, async (partition, place) => {
    const looked = await lookAt(ports, partition, { first: heads[place], settings });
    found.pagesDeleted += looked.pagesDeleted;
    return looked.candidate;
  });
}

async function prepareAll(
  ports: BackgroundPorts,
  found: Found,
  candidates: readonly Candidate[],
  options: MergeOptions,
): Promise<readonly Mergeable[]> {
  const partitions = candidates.map(({ partition }) => partition);
  return await forEachPartition(found, partitions, async (_, place) => {
    const candidate = candidates[place];
    return candidate && (await prepareMerge(ports, candidate, options));
  });
}

/** What `work` brings, where it brings something; what it throws is counted. */
async function forEachPartition<Answer>(
  found: Found,
  partitions: readonly PartitionKey[],
  work: (partition: PartitionKey, place: number) => Promise<Answer | undefined>,
): Promise<readonly Answer[]> {
  const places = [...partitions.keys()];
  const answers = await mapInParallel(places, JOB_PREPARED_AT_ONCE, async (place) => {
    const partition = partitions[place] as PartitionKey;
    try {
      return await work(partition, place);
    } catch (error) {
      found.failures.push(failureOf(partition, error));
      return undefined;
    }
  });
  return answers.filter((answer) => answer !== undefined);
}
