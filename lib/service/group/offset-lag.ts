// What a group has committed, and how far it is behind: in records, and in the time since the first record that it
// hasn't read. Only what the group's items and the heads say; a partition that is behind its head's tail costs one look
// into the index more.

import type { Rejected } from '../../errors.ts';
import { partitionsOf, partitionText } from '../../group/assignment.ts';
import type { OffsetItem } from '../../group/offset.ts';
import type { GroupState } from '../../group/state.ts';
import { GROUP_CALLS_PARALLEL_MAX } from '../../limits.ts';
import type { Head } from '../../log/partition.ts';
import { timeWithin } from '../../log/segment.ts';
import type { NamedPartition } from '../../ports/offset-store.ts';
import { mapInParallel } from '../parallel.ts';
import { locateFrom } from '../read/locate.ts';
import { readHeads } from '../read/read.ts';
import { createSegmentHints } from '../read/segment-hints.ts';
import { currentOffsets } from './offset-current.ts';
import { allOffsets, noSuchGroup } from './open.ts';
import { ask, type GroupPorts, type GroupTools } from './tools.ts';

export interface PartitionOffset {
  readonly topicName: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly metadata: string;
  readonly committedAtMs: number;
  /** Number of the commit. */
  readonly counter: number;
}

export interface PartitionLag {
  readonly topicName: string;
  readonly partition: number;
  /** The member that it is assigned to. */
  readonly memberId: string | undefined;
  /** Undefined: the group has never committed there. */
  readonly currentOffset: bigint | undefined;
  readonly logStartOffset: bigint;
  readonly logEndOffset: bigint;
  /** Records that are there and not read yet. */
  readonly lag: bigint;
  /**
   * Seconds since the newest record of the batch that the first unread record came in: what the index says, without
   * opening the batch, and so less than that record's age by what the producer lingered. Where it is merged into a
   * segment, by where its offset stands between the segment's first and last times. 0 when everything is read.
   */
  readonly lagSeconds: number;
}

/** What the group has committed for topics that there are, by topic and partition. Refused: GROUP_ID_NOT_FOUND. */
export async function fetchOffsets(
  { ports, catalog }: Pick<GroupTools, 'ports' | 'catalog'>,
  groupId: string,
): Promise<{ readonly kind: 'offsets'; readonly offsets: readonly PartitionOffset[] } | Rejected> {
  const { group } = await ask(ports, () => ports.groups.readGroup(groupId));
  if (group?.status !== 'active') return noSuchGroup(groupId);
  const items = await currentOffsets(catalog, await allOffsets(ports, groupId));
  const offsets = items.flatMap(({ topicName, topicId, partition, committed, counter }) =>
    committed === undefined ? [] : [{ topicName, topicId, partition, counter, ...committed }],
  );
  return { kind: 'offsets', offsets: offsets.toSorted(byTopic) };
}

/** Every partition that the group has committed for or reads; those of deleted topics left out. Refused: GROUP_ID_NOT_FOUND. */
export async function groupLags(
  ports: GroupPorts,
  groupId: string,
): Promise<{ readonly kind: 'lags'; readonly lags: readonly PartitionLag[] } | Rejected> {
  const { group, storageNowMs } = await ask(ports, () => ports.groups.readGroup(groupId));
  if (group?.status !== 'active') return noSuchGroup(groupId);
  const items = new Map(
    (await allOffsets(ports, groupId)).map((item) => [partitionText(item), item]),
  );
  const readers = readersOf(group);
  const partitions = new Map<string, NamedPartition>();
  for (const one of [...items.values(), ...readers.values()])
    partitions.set(partitionText(one), one);
  const asked = [...partitions.values()].toSorted(byTopic);
  const heads = await readHeads(ports, asked);
  const present = asked.flatMap((partition, index) => {
    const head = heads[index];
    return head === undefined ? [] : [{ partition, head }];
  });
  const lags = await mapInParallel(present, GROUP_CALLS_PARALLEL_MAX, ({ partition, head }) =>
    lagOf(ports, {
      partition,
      head,
      item: items.get(partitionText(partition)),
      memberId: readers.get(partitionText(partition))?.memberId,
      nowMs: storageNowMs,
    }),
  );
  return { kind: 'lags', lags };
}

type Reader = NamedPartition & { readonly memberId: string };

/** By partition: who reads it. */
function readersOf(group: GroupState): ReadonlyMap<string, Reader> {
  const readers = new Map<string, Reader>();
  for (const { memberId, published } of group.members.values()) {
    for (const topic of published.assignment) {
      for (const partition of partitionsOf([topic])) {
        readers.set(partitionText(partition), {
          ...partition,
          topicName: topic.topicName,
          memberId,
        });
      }
    }
  }
  return readers;
}

async function lagOf(
  ports: GroupPorts,
  look: {
    readonly partition: NamedPartition;
    readonly head: Head;
    readonly item: OffsetItem | undefined;
    readonly memberId: string | undefined;
    readonly nowMs: number;
  },
): Promise<PartitionLag> {
  const { partition, head, item, memberId, nowMs } = look;
  const currentOffset = item?.committed?.offset;
  const unread = largest(currentOffset ?? 0n, head.logStartOffset);
  const lag = largest(head.nextOffset - unread, 0n);
  const writtenAtMs =
    lag === 0n ? undefined : await timeOf(ports, partition, { head, offset: unread });
  return {
    topicName: partition.topicName,
    partition: partition.partition,
    memberId,
    currentOffset,
    logStartOffset: head.logStartOffset,
    logEndOffset: head.nextOffset,
    lag,
    lagSeconds: writtenAtMs === undefined ? 0 : Math.max(0, (nowMs - writtenAtMs) / 1_000),
  };
}

/** The largest timestamp of the append that the offset came with, or about its own; milliseconds since 1970. */
async function timeOf(
  ports: GroupPorts,
  partition: NamedPartition,
  at: { readonly head: Head; readonly offset: bigint },
): Promise<number | undefined> {
  const located = await locateFrom(ports, createSegmentHints(), partition, at);
  if (located === undefined) return undefined;
  if (located.kind === 'segment') return timeWithin(located.segment, at.offset);
  const covering = located.entries.find(
    ({ baseOffset, entry }) => at.offset < baseOffset + BigInt(entry.recordCount),
  );
  return covering?.entry.maxTimestampMs;
}

function byTopic(left: NamedPartition, right: NamedPartition): number {
  if (left.topicName !== right.topicName) return left.topicName < right.topicName ? -1 : 1;
  return left.partition - right.partition;
}

function largest(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
