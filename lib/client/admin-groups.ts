// What operators do with consumer groups, by kafkajs's names, and what kafkajs doesn't have: lag, and resets to a time or
// by a number of records.

import { type ApiClient, pathOf } from './api-client.ts';
import { assertObject, assertOneOf, nameOf, objectsOf, offsetOf, placeOf } from './arguments.ts';
import { encodeAssignment } from './assigner-protocol.ts';
import type { AssignedTopic } from './consumer/assignment.ts';
import { type ErrorBody, isKafkaError, StratalogRequestError } from './errors.ts';
import type { PartitionOffset, TopicPartition } from './types.ts';

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
  /** Not known. */
  readonly clientHost: string;
  /** As Kafka's clients encode it: `AssignerProtocol.MemberAssignment.decode` reads it. `assignment` says the same. */
  readonly memberAssignment: Buffer;
  /** Empty: the log assigns, and members tell each other nothing. */
  readonly memberMetadata: Buffer;
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
  return pathOf('consumer-groups', nameOf('groupId', groupId), ...rest);
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

/** What the log says of a group, or this where there is no such group. */
async function ofGroup<Answer>(asked: Promise<Answer>, without: Answer): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (isKafkaError(error, 'GROUP_ID_NOT_FOUND')) return without;
    throw error;
  }
}

/** A group that there isn't is `Dead`, as Kafka says. */
export async function describeGroup(api: ApiClient, groupId: string): Promise<GroupDescription> {
  const get = <Answer>(path: string, without: Answer): Promise<Answer> =>
    ofGroup(api.json<Answer>({ method: 'GET', path }), without);
  const nobody = { consumer_group_id: groupId, state: 'DEAD', members_count: 0 };
  const [group, consumers] = await Promise.all([
    get<GroupBody>(groupPath(groupId), nobody),
    get<ListBody<ConsumerBody>>(groupPath(groupId, 'consumers'), { data: [] }),
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
      clientHost: '',
      memberMetadata: Buffer.alloc(0),
      memberAssignment: encodeAssignment(
        Object.fromEntries(
          member.assignment.map(({ topic_name, partitions }) => [topic_name, partitions]),
        ),
      ),
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

export type CommittedOffset = PartitionOffset & { readonly metadata: string | null };

interface OffsetsBody {
  readonly offsets: readonly {
    readonly topic_name: string;
    readonly partition_id: number;
    readonly offset: number;
    readonly metadata: string;
  }[];
}

/** All that the group has committed; of a group that there isn't, nothing, as Kafka says. */
export async function fetchGroupOffsets(
  api: ApiClient,
  groupId: string,
): Promise<{ topic: string; partitions: CommittedOffset[] }[]> {
  const call = { method: 'GET', path: groupPath(groupId, 'offsets') } as const;
  const { offsets } = await ofGroup(api.json<OffsetsBody>(call), { offsets: [] });
  const byTopic = Map.groupBy(offsets, ({ topic_name }) => topic_name);
  return [...byTopic].map(([topic, ones]) => ({
    topic,
    partitions: ones.map(({ partition_id, offset, metadata }) => ({
      partition: partition_id,
      offset: String(offset),
      metadata,
    })),
  }));
}

export interface SetOffsetsRequest {
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: readonly (PartitionOffset & { readonly metadata?: string | null })[];
}

/** Sets exactly these, of a group without members. */
export async function setOffsets(api: ApiClient, request: SetOffsetsRequest): Promise<void> {
  await api.json({
    method: 'POST',
    path: groupPath(request.groupId, 'offsets'),
    json: {
      offsets: objectsOf('partitions', request.partitions).map(
        ({ partition, offset, metadata }) => ({
          topic_name: placeOf({ topic: request.topic, partition }).topic,
          partition_id: partition,
          offset: offsetOf(offset),
          ...(metadata == null ? {} : { metadata }),
        }),
      ),
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
  assertObject('to', request.to);
  const kinds = ['earliest', 'latest', 'offset', 'timestamp', 'duration', 'shift'];
  assertOneOf('the kind of to', request.to.kind ?? null, kinds);
  const asked = request.topics === undefined ? undefined : objectsOf('topics', request.topics);
  const topics = asked?.map(({ topic, partitions }) => ({
    topic_name: nameOf('topic', topic),
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
