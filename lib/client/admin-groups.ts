// What operators do with consumer groups, by kafkajs's names, and what kafkajs doesn't have: lag, and resets to a time or
// by a number of records.

import { type ApiClient, pathOf } from './api-client.ts';
import type { AssignedTopic } from './consumer/assignment.ts';
import { type ErrorBody, StratalogRequestError } from './errors.ts';
import type { PartitionOffset, TopicOffsets, TopicPartition } from './types.ts';

/** kafkajs's words for the state of a group. */
export type GroupState = 'Stable' | 'PreparingRebalance' | 'Empty' | 'Dead' | 'Unknown';

export interface MemberDescription {
  readonly memberId: string;
  readonly clientId: string;
  readonly instanceId: string | null;
  readonly memberEpoch: number;
  /** There are not enough partitions for it. */
  readonly idle: boolean;
  /** Away for a while, or its session has run out. */
  readonly absent: boolean;
  readonly assignment: readonly {
    readonly topic: string;
    readonly partitions: readonly number[];
  }[];
}

export interface GroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  /** The assignor. */
  readonly protocol: string;
  readonly protocolType: 'consumer';
  readonly epoch: number;
  readonly members: readonly MemberDescription[];
}

export interface PartitionLag extends TopicPartition {
  readonly memberId: string | null;
  /** Null: nothing was committed. */
  readonly currentOffset: number | null;
  readonly logEndOffset: number;
  readonly lag: number;
  readonly lagSeconds: number;
}

export type ResetTarget =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** Milliseconds since 1970. */
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  /** That long ago. */
  | { readonly kind: 'duration'; readonly durationMs: number }
  /** Records on from what is committed; back when negative. */
  | { readonly kind: 'shift'; readonly by: number };

export interface ResetRequest {
  readonly groupId: string;
  readonly to: ResetTarget;
  /** Default: all topics that the group has offsets for. */
  readonly topics?: readonly { readonly topic: string; readonly partitions?: readonly number[] }[];
  /** Only say what would be. */
  readonly dryRun?: boolean;
}

export interface ResetOffset extends TopicPartition {
  readonly previousOffset: number | null;
  readonly offset: number;
}

interface GroupBody {
  readonly consumer_group_id: string;
  readonly state: string;
  readonly members_count: number;
  readonly partition_assignor?: string;
  readonly epoch?: number;
}

interface ConsumerBody {
  readonly consumer_id: string;
  readonly client_id: string | null;
  readonly instance_id: string | null;
  readonly member_epoch: number;
  readonly idle: boolean;
  readonly absent: boolean;
  readonly assignment: readonly AssignedTopic[];
}

interface LagBody {
  readonly topic_name: string;
  readonly partition_id: number;
  readonly consumer_id: string | null;
  readonly current_offset: number | null;
  readonly log_end_offset: number;
  readonly lag: number;
  readonly lag_seconds: number;
}

interface ListBody<Item> {
  readonly data: readonly Item[];
}

interface ResetBody {
  readonly offsets: readonly {
    readonly topic_name: string;
    readonly partition_id: number;
    readonly previous_offset: number | null;
    readonly offset: number;
  }[];
  readonly failures: readonly (ErrorBody & { readonly error_code: number })[];
}

const STATES: Readonly<Record<string, GroupState>> = {
  STABLE: 'Stable',
  RECONCILING: 'PreparingRebalance',
  EMPTY: 'Empty',
  DEAD: 'Dead',
};

function groupPath(groupId: string, ...rest: readonly string[]): string {
  return pathOf('consumer-groups', groupId, ...rest);
}

export async function listGroups(
  api: ApiClient,
): Promise<{ groupId: string; protocolType: 'consumer'; members: number }[]> {
  const call = { method: 'GET', path: '/consumer-groups' } as const;
  const { data } = await api.json<ListBody<GroupBody>>(call);
  return data.map(({ consumer_group_id, members_count }) => ({
    groupId: consumer_group_id,
    protocolType: 'consumer',
    members: members_count,
  }));
}

export async function describeGroup(api: ApiClient, groupId: string): Promise<GroupDescription> {
  const get = <Answer>(path: string): Promise<Answer> => api.json<Answer>({ method: 'GET', path });
  const [group, consumers] = await Promise.all([
    get<GroupBody>(groupPath(groupId)),
    get<ListBody<ConsumerBody>>(groupPath(groupId, 'consumers')),
  ]);
  return {
    groupId,
    state: STATES[group.state] ?? 'Unknown',
    protocol: group.partition_assignor ?? '',
    protocolType: 'consumer',
    epoch: group.epoch ?? -1,
    members: consumers.data.map((member) => ({
      memberId: member.consumer_id,
      clientId: member.client_id ?? '',
      instanceId: member.instance_id,
      memberEpoch: member.member_epoch,
      idle: member.idle,
      absent: member.absent,
      assignment: member.assignment.map(({ topic_name, partitions }) => ({
        topic: topic_name,
        partitions,
      })),
    })),
  };
}

export async function fetchLag(api: ApiClient, groupId: string): Promise<PartitionLag[]> {
  const call = { method: 'GET', path: groupPath(groupId, 'lags') } as const;
  const { data } = await api.json<ListBody<LagBody>>(call);
  return data.map((one) => ({
    topic: one.topic_name,
    partition: one.partition_id,
    memberId: one.consumer_id,
    currentOffset: one.current_offset,
    logEndOffset: one.log_end_offset,
    lag: one.lag,
    lagSeconds: one.lag_seconds,
  }));
}

/** Of these topics, or of all that the group has offsets for. */
export async function fetchGroupOffsets(
  api: ApiClient,
  groupId: string,
  topics: readonly string[] | undefined,
): Promise<{ topic: string; partitions: (PartitionOffset & { metadata: string | null })[] }[]> {
  const { offsets } = await api.json<{
    offsets: readonly {
      readonly topic_name: string;
      readonly partition_id: number;
      readonly offset: number;
      readonly metadata: string;
    }[];
  }>({ method: 'GET', path: groupPath(groupId, 'offsets') });
  const wanted = offsets.filter(({ topic_name }) => topics?.includes(topic_name) ?? true);
  const byTopic = Map.groupBy(wanted, ({ topic_name }) => topic_name);
  return [...byTopic].map(([topic, ones]) => ({
    topic,
    partitions: ones.map(({ partition_id, offset, metadata }) => ({
      partition: partition_id,
      offset: String(offset),
      metadata,
    })),
  }));
}

/** Sets exactly these, of a group without members. */
export async function setOffsets(
  api: ApiClient,
  request: { readonly groupId: string } & TopicOffsets,
): Promise<void> {
  await api.json({
    method: 'POST',
    path: groupPath(request.groupId, 'offsets'),
    json: {
      offsets: request.partitions.map(({ partition, offset }) => ({
        topic_name: request.topic,
        partition_id: partition,
        offset: Number(offset),
      })),
    },
  });
}

function targetBody(to: ResetTarget): Readonly<Record<string, unknown>> {
  switch (to.kind) {
    case 'earliest':
    case 'latest':
      return { to: to.kind };
    case 'offset':
      return { to: 'offset', offset: to.offset };
    case 'timestamp':
      return { to: 'timestamp', timestamp: to.timestampMs };
    case 'duration':
      return { to: 'duration', duration_ms: to.durationMs };
    case 'shift':
      return { to: 'shift', by: to.by };
  }
}

/** Errors: NON_EMPTY_GROUP; where one partition can't be set, none is, and its error is thrown. */
export async function resetOffsets(api: ApiClient, request: ResetRequest): Promise<ResetOffset[]> {
  const topics = request.topics?.map(({ topic, partitions }) => ({
    topic_name: topic,
    ...(partitions === undefined ? {} : { partitions }),
  }));
  const answer = await api.json<ResetBody>({
    method: 'POST',
    path: groupPath(request.groupId, 'offsets', 'reset'),
    json: {
      ...targetBody(request.to),
      dry_run: request.dryRun ?? false,
      ...(topics === undefined ? {} : { topics }),
    },
  });
  const [failure] = answer.failures;
  if (failure !== undefined) {
    const status = Math.trunc(failure.error_code / 100);
    throw new StratalogRequestError(failure, { status });
  }
  return answer.offsets.map((one) => ({
    topic: one.topic_name,
    partition: one.partition_id,
    previousOffset: one.previous_offset,
    offset: one.offset,
  }));
}

export async function deleteGroup(api: ApiClient, groupId: string): Promise<void> {
  await api.call({ method: 'DELETE', path: groupPath(groupId) });
}
