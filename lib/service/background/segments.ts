// Merging: pages become segments. Looks after partitions some at a time, side by side, so that those that share WAL
// objects share what is read of them.

import { JOB_SEGMENTS_PER_RUN } from '../../limits.ts';
import { cleanupSettings } from '../../log/cleanup-settings.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { Damage } from '../../log/segment.ts';
import type { Topic } from '../../log/topic.ts';
import type { BackgroundPorts, BackgroundSettings } from './background-ports.ts';
import {
  activeTopics,
  failureOf,
  isTimeUp,
  type JobFailure,
  partitionsOf,
  type RunLimit,
} from './job-topics.ts';
import { withLeases } from './leases.ts';
import { buildSegments, type Merged } from './merge-build.ts';
import { type Due, dueInPieces } from './merge-due.ts';
import type { Mergeable } from './merge-prepare.ts';

export interface MergeReport {
  readonly segments: number;
  readonly sizeBytes: number;
  readonly pagesDeleted: number;
  /** Partitions that merging can't get on with, and the object that keeps it from it: somebody must look. */
  readonly damaged: readonly { readonly partition: PartitionKey; readonly damage: Damage }[];
  readonly failures: readonly JobFailure[];
}

export interface SegmentService {
  /** Merges what is due, of all topics. */
  mergeAll(limit: RunLimit): Promise<MergeReport>;
  /**
   * Merges what is due of a partition, whose topic is looked for (nothing when there is none), and of those that are
   * looked at together with it: they share objects with it, which are then read once and not once for each of them.
   */
  mergeAround(partition: PartitionKey, limit: RunLimit): Promise<MergeReport>;
}

/** A report under way. */
interface Counts {
  segments: number;
  sizeBytes: number;
  pagesDeleted: number;
  readonly damaged: { partition: PartitionKey; damage: Damage }[];
  readonly failures: JobFailure[];
}

export function createSegmentService(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
): SegmentService {
  const mergeInto = async (
    counts: Counts,
    topic: Topic,
    partitions: readonly PartitionKey[],
    limit: RunLimit,
  ): Promise<void> => {
    const { partitionsAtOnce } = settings;
    for (let start = 0; start < partitions.length; start += partitionsAtOnce) {
      if (isTimeUp(ports, limit)) return;
      const some = partitions.slice(start, start + partitionsAtOnce);
      await mergeSome(ports, settings, counts, { topic, partitions: some, limit });
    }
  };

  return {
    async mergeAll(limit) {
      const counts = noCounts();
      for await (const topic of activeTopics(ports)) {
        await mergeInto(counts, topic, partitionsOf(topic), limit);
        if (isTimeUp(ports, limit)) break;
      }
      return counts;
    },

    async mergeAround({ topicId, partition }, limit) {
      const counts = noCounts();
      for await (const topic of activeTopics(ports)) {
        if (topic.topicId !== topicId) continue;
        const { partitionsAtOnce } = settings;
        const start = partition - (partition % partitionsAtOnce);
        const around = partitionsOf(topic).slice(start, start + partitionsAtOnce);
        await mergeInto(counts, topic, around, limit);
        break;
      }
      return counts;
    },
  };
}

function noCounts(): Counts {
  return { segments: 0, sizeBytes: 0, pagesDeleted: 0, damaged: [], failures: [] };
}

/** Round after round, until nothing of these partitions is due. */
async function mergeSome(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  counts: Counts,
  work: {
    readonly topic: Topic;
    readonly partitions: readonly PartitionKey[];
    readonly limit: RunLimit;
  },
): Promise<void> {
  const cleanup = cleanupSettings(work.topic.configs);
  let partitions = work.partitions;
  for (let round = 0; round < JOB_SEGMENTS_PER_RUN && partitions.length > 0; round += 1) {
    const merged: PartitionMerged[] = [];
    for await (const due of dueInPieces(ports, counts, partitions, cleanup)) {
      merged.push(...(await underLeases(ports, settings, due)));
    }
    for (const { partition, outcome } of merged) count(counts, partition, outcome);
    if (isTimeUp(ports, work.limit)) return;
    partitions = merged
      .filter(({ outcome }) => outcome.kind === 'merged' && outcome.isMoreThere)
      .map(({ partition }) => partition);
  }
}

interface PartitionMerged {
  readonly partition: PartitionKey;
  readonly outcome: Merged;
}

/** Those that somebody else is at are left to him. */
async function underLeases(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  { mergeables, objects }: Due,
): Promise<readonly PartitionMerged[]> {
  const names = mergeables.map(({ partition }) => `merge/${partitionKeyText(partition)}`);
  return await withLeases(ports, { names, leaseMs: settings.leaseMs }, async (taken) => {
    const mine = mergeables.filter((_, place) => taken.includes(place));
    const merged: PartitionMerged[] = [];
    for (const group of planGroups(mine, settings)) {
      const outcomes = await buildSegments(ports, settings, { mergeables: group, objects });
      for (const [index, { partition }] of group.entries()) {
        const outcome = outcomes[index];
        if (outcome !== undefined) merged.push({ partition, outcome });
      }
    }
    return merged;
  });
}

/** As many side by side as their parts fit the memory for them: small ones are many, and share most of what is read. */
function planGroups(
  due: readonly Mergeable[],
  { partBytes, partMemoryBytes }: BackgroundSettings,
): readonly (readonly Mergeable[])[] {
  const groups: Mergeable[][] = [];
  let bytes = 0;
  for (const mergeable of due) {
    const needed = Math.min(partBytes, mergeable.plan.sizeBytes);
    const group = groups.at(-1);
    if (group === undefined || bytes + needed > partMemoryBytes) {
      groups.push([mergeable]);
      bytes = needed;
    } else {
      group.push(mergeable);
      bytes += needed;
    }
  }
  return groups;
}

function count(counts: Counts, partition: PartitionKey, outcome: Merged): void {
  switch (outcome.kind) {
    case 'merged':
      counts.segments += 1;
      counts.sizeBytes += outcome.segment.sizeBytes;
      counts.pagesDeleted += outcome.pagesDeleted;
      return;
    case 'damaged':
      counts.damaged.push({ partition, damage: outcome.damage });
      return;
    case 'failed':
      counts.failures.push(failureOf(partition, outcome.error));
      return;
    case 'overtaken':
      return;
  }
}
