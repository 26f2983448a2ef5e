// Setting a group's offsets: to a place in the log, while the group has no members. Planned first, for all partitions;
// a dry run ends there. When one partition can't be set, none is.

import { type Rejected, rejected } from '../../errors.ts';
import { partitionText } from '../../group/assignment.ts';
import { checkGroupId } from '../../group/profile.ts';
import { GROUP_CALLS_PARALLEL_MAX } from '../../limits.ts';
import type { NamedPartition } from '../../ports/offset-store.ts';
import { unknownPartition, unknownTopic } from '../append/append.ts';
import { mapInParallel } from '../parallel.ts';
import type { OffsetAt } from '../read/offset-finder.ts';
import type { PartitionRejected } from './offset-claim.ts';
import { checkCount, checkDistinct } from './offset-commit.ts';
import { currentOffsets } from './offset-current.ts';
import { writeWhileEmpty } from './offset-write.ts';
import { allOffsets } from './open.ts';
import { ask, type GroupTools } from './tools.ts';

/** Where to. `timestamp`: the first record as late as that, or the end when none is. `duration`: that long ago. */
export type ResetTarget =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  | { readonly kind: 'duration'; readonly durationMs: number }
  /** So many records on from the committed offset (back when negative), within the log. */
  | { readonly kind: 'shift'; readonly by: bigint };

export interface ResetRequest {
  readonly groupId: string;
  readonly target: ResetTarget;
  /** All partitions of a topic where none is named. Absent: all that the group has offsets for. */
  readonly topics?:
    | readonly { readonly topicName: string; readonly partitions?: readonly number[] | undefined }[]
    | undefined;
  readonly dryRun: boolean;
  /** Of the topics that the group has offsets for, where none is named: which are meant. Absent: all. */
  readonly concerns?: (topicName: string) => boolean;
}

interface PartitionReset {
  readonly kind: 'reset';
  readonly topicName: string;
  readonly partition: number;
  /** Undefined: the group had never committed there. */
  readonly before: bigint | undefined;
  readonly offset: bigint;
}

export type ResetResult = PartitionReset | PartitionRejected;

export interface ResetOutcome {
  readonly kind: 'done';
  /** False after a dry run, and when one of the partitions was refused. */
  readonly applied: boolean;
  readonly results: readonly ResetResult[];
}

interface Planned {
  readonly kind: 'planned';
  readonly partition: NamedPartition;
  readonly before: bigint | undefined;
  readonly offset: bigint;
}

/**
 * Per partition: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_PARTITION, OFFSET_OUT_OF_RANGE. As a whole: NON_EMPTY_GROUP (not
 * for a dry run), INVALID_GROUP_ID, INVALID_REQUEST.
 */
export async function resetOffsets(
  tools: GroupTools,
  request: ResetRequest,
): Promise<ResetOutcome | Rejected> {
  const refusal = checkGroupId(request.groupId) ?? checkTarget(request.target);
  if (refusal !== undefined) return refusal;
  const { ports } = tools;
  const { groupId, target } = request;
  const { storageNowMs } = await ask(ports, () => ports.groups.readGroup(groupId));
  const items = await currentOffsets(tools.catalog, await allOffsets(ports, groupId));
  const committed = new Map(items.map((item) => [partitionText(item), item.committed?.offset]));
  const { concerns = () => true } = request;
  const asked = request.topics ?? wholeTopics(items.filter((item) => concerns(item.topicName)));
  const partitions = (
    await mapInParallel(asked, GROUP_CALLS_PARALLEL_MAX, (topic) => expand(tools, topic))
  ).flat();
  const unfit = checkCount(partitions.length) ?? checkDistinct(partitions);
  if (unfit !== undefined) return unfit;
  const plans = await mapInParallel(partitions, GROUP_CALLS_PARALLEL_MAX, (one) => {
    if ('kind' in one) return Promise.resolve(one);
    const before = committed.get(partitionText(one));
    return planReset(tools, { partition: one, before, target, nowMs: storageNowMs });
  });
  const planned = plans.filter((plan) => plan.kind === 'planned');
  const applies = !request.dryRun && planned.length === plans.length;
  const refused = applies
    ? await writeWhileEmpty(
        ports,
        groupId,
        planned.map(({ partition, offset }) => ({ partition, offset, metadata: '' })),
      )
    : undefined;
  return refused ?? { kind: 'done', applied: applies, results: plans.map(resultOf) };
}

function checkTarget(target: ResetTarget): Rejected | undefined {
  if (target.kind === 'offset' && target.offset < 0n) {
    return rejected('INVALID_REQUEST', `an offset isn't negative, as ${target.offset} is`);
  }
  if (target.kind === 'duration' && !(target.durationMs >= 0)) {
    return rejected('INVALID_REQUEST', `a duration isn't negative, as ${target.durationMs} ms is`);
  }
  return undefined;
}

function wholeTopics(
  items: readonly NamedPartition[],
): readonly { readonly topicName: string; readonly partitions: readonly number[] }[] {
  return items.map(({ topicName, partition }) => ({ topicName, partitions: [partition] }));
}

async function expand(
  { catalog }: GroupTools,
  asked: { readonly topicName: string; readonly partitions?: readonly number[] | undefined },
): Promise<readonly (NamedPartition | PartitionRejected)[]> {
  const { topicName } = asked;
  // Partitions may have been added since this process looked: a reset that leaves them out would answer as if it hadn't.
  catalog.forget(topicName);
  const known = await catalog.find(topicName);
  if (known === undefined) return [{ ...unknownTopic(topicName), topicName, partition: -1 }];
  const { topicId, partitionCount } = known.topic;
  const partitions = asked.partitions ?? Array.from({ length: partitionCount }, (_, one) => one);
  return partitions.map((partition) =>
    Number.isInteger(partition) && partition >= 0 && partition < partitionCount
      ? { topicId, topicName, partition }
      : { ...unknownPartition({ topicName, partition }, partitionCount), topicName, partition },
  );
}

interface ResetStep {
  readonly partition: NamedPartition;
  readonly before: bigint | undefined;
  readonly target: ResetTarget;
  readonly nowMs: number;
}

async function planReset(tools: GroupTools, step: ResetStep): Promise<Planned | PartitionRejected> {
  const { partition, before, target, nowMs } = step;
  const found = await placeOf(tools, partition, { before, target, nowMs });
  if (typeof found === 'bigint') return { kind: 'planned', partition, before, offset: found };
  return { ...found, topicName: partition.topicName, partition: partition.partition };
}

async function placeOf(
  tools: GroupTools,
  partition: NamedPartition,
  { before, target, nowMs }: Omit<ResetStep, 'partition'>,
): Promise<bigint | Rejected> {
  switch (target.kind) {
    case 'earliest':
    case 'latest':
      return find(tools, partition, { kind: target.kind });
    case 'timestamp':
      return find(tools, partition, { kind: 'timestamp', timestampMs: target.timestampMs });
    case 'duration':
      return find(tools, partition, {
        kind: 'timestamp',
        timestampMs: nowMs - target.durationMs,
      });
    case 'offset':
    case 'shift': {
      const start = await find(tools, partition, { kind: 'earliest' });
      const end = await find(tools, partition, { kind: 'latest' });
      if (typeof start !== 'bigint') return start;
      if (typeof end !== 'bigint') return end;
      return target.kind === 'offset'
        ? checkRange(target.offset, { start, end })
        : clamp((before ?? start) + target.by, { start, end });
    }
  }
}

/** No record as late as asked: the end. */
async function find(
  { listOffsets }: GroupTools,
  { topicName, partition }: NamedPartition,
  at: OffsetAt,
): Promise<bigint | Rejected> {
  const found = await listOffsets.find({ topicName, partition, at });
  if (found.kind === 'found') return found.offset;
  if (found.kind === 'rejected') return found;
  const end = await listOffsets.find({ topicName, partition, at: { kind: 'latest' } });
  return end.kind === 'found' ? end.offset : unknownOrRefused(end, topicName);
}

function unknownOrRefused(end: { kind: 'none' } | Rejected, topicName: string): Rejected {
  return end.kind === 'rejected' ? end : unknownTopic(topicName);
}

interface Bounds {
  readonly start: bigint;
  readonly end: bigint;
}

function checkRange(offset: bigint, { start, end }: Bounds): bigint | Rejected {
  if (offset >= start && offset <= end) return offset;
  return rejected('OFFSET_OUT_OF_RANGE', `offset ${offset} is outside the log, ${start} to ${end}`);
}

function clamp(offset: bigint, { start, end }: Bounds): bigint {
  if (offset < start) return start;
  return offset > end ? end : offset;
}

function resultOf(plan: Planned | PartitionRejected): ResetResult {
  if (plan.kind === 'rejected') return plan;
  const { topicName, partition } = plan.partition;
  return { kind: 'reset', topicName, partition, before: plan.before, offset: plan.offset };
}
