// Consumer groups as operators see them: the REST Proxy's v3 shapes, plus who is idle and how far behind in seconds.

import * as z from 'zod';
import type { GroupListing } from '../../ports/group-store.ts';
import type { GroupDescription, MemberDescription } from '../../service/group-description.ts';
import type { GroupServices } from '../../service/group-services.ts';
import type { PartitionLag } from '../../service/offset-lag.ts';
import { groupRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import {
  assignmentJson,
  assignmentShape,
  groupParams,
  placeJson,
  placeShape,
} from '../schemas/groups.ts';
import { isoTime, offsetNumber } from '../schemas/values.ts';

const metadata = z.looseObject({ self: z.string() });
const related = z.object({ related: z.string() });
const groupShape = z
  .looseObject({
    kind: z.literal('KafkaConsumerGroup'),
    metadata,
    cluster_id: z.string(),
    consumer_group_id: z.string(),
    is_simple: z.boolean(),
    state: z.enum(['EMPTY', 'STABLE', 'RECONCILING', 'DEAD', 'UNKNOWN']),
    members_count: z.int(),
    consumers: related,
    lag_summary: related,
  })
  .meta({ id: 'ConsumerGroup' });
const consumerShape = z
  .looseObject({
    kind: z.literal('KafkaConsumer'),
    metadata,
    cluster_id: z.string(),
    consumer_group_id: z.string(),
    consumer_id: z.string(),
    instance_id: z.string().nullable(),
    client_id: z.string().nullable(),
    member_epoch: z.int(),
    state: z.string(),
    idle: z.boolean().describe('There are not enough partitions for it'),
    absent: z.boolean().describe('Away for a while, or its session has run out'),
    subscribed_topics: z.array(z.string()),
    topic_regex: z.string().nullable(),
    assignment: assignmentShape,
    target_assignment: assignmentShape,
  })
  .meta({ id: 'Consumer' });
const lagShape = z
  .looseObject({
    kind: z.literal('KafkaConsumerLag'),
    metadata,
    cluster_id: z.string(),
    consumer_group_id: z.string(),
    ...placeShape,
    consumer_id: z.string().nullable(),
    current_offset: z.int().nullable(),
    log_start_offset: z.int(),
    log_end_offset: z.int(),
    lag: z.int(),
    lag_seconds: z.number(),
  })
  .meta({ id: 'ConsumerLag' });
const summaryShape = z
  .looseObject({
    kind: z.literal('KafkaConsumerGroupLagSummary'),
    metadata,
    cluster_id: z.string(),
    consumer_group_id: z.string(),
    max_lag: z.int(),
    total_lag: z.int(),
    max_lag_seconds: z.number(),
    max_lag_consumer_id: z.string().nullable(),
    max_lag_topic_name: z.string().nullable(),
    max_lag_partition_id: z.int().nullable(),
  })
  .meta({ id: 'ConsumerGroupLagSummary' });
const listOf = <Item extends z.ZodType>(kind: string, item: Item) =>
  z.object({ kind: z.literal(kind), metadata, data: z.array(item) });

const GROUP_PATH = '/consumer-groups/{group_id}';
const ERRORS = [401, 403] as const;

export const groupRoutes: readonly Route<GroupServices>[] = [
  groupRoute(
    {
      id: 'listGroups',
      method: 'get',
      path: '/consumer-groups',
      function: 'groups',
      summary: 'List consumer groups by name',
      answers: {
        200: { description: 'All', schema: listOf('KafkaConsumerGroupList', groupShape) },
      },
      errors: ERRORS,
    },
    async ({ base }, { groups }) => {
      const all = await groups.list();
      const data = all.map((listing) => listingJson(base, listing));
      return {
        status: 200,
        json: listJson('KafkaConsumerGroupList', `${base}/consumer-groups`, data),
      };
    },
  ),
  groupRoute(
    {
      id: 'getGroup',
      method: 'get',
      path: GROUP_PATH,
      function: 'groups',
      summary: 'Describe a consumer group',
      params: groupParams,
      answers: { 200: { description: 'The group', schema: groupShape } },
      errors: ERRORS,
    },
    async ({ params, base }, { groups }) => {
      const found = await groups.describe(params.group_id);
      return found.kind === 'rejected'
        ? problem(found)
        : { status: 200, json: groupJson(base, found) };
    },
  ),
  groupRoute(
    {
      id: 'listConsumers',
      method: 'get',
      path: `${GROUP_PATH}/consumers`,
      function: 'groups',
      summary: 'Members, what they have, and who is idle',
      params: groupParams,
      answers: { 200: { description: 'All', schema: listOf('KafkaConsumerList', consumerShape) } },
      errors: ERRORS,
    },
    async ({ params, base }, { groups }) => {
      const found = await groups.describe(params.group_id);
      if (found.kind === 'rejected') return problem(found);
      const self = `${groupLink(base, params.group_id)}/consumers`;
      const data = found.members.map((member) => consumerJson(self, params.group_id, member));
      return { status: 200, json: listJson('KafkaConsumerList', self, data) };
    },
  ),
  groupRoute(
    {
      id: 'listLags',
      method: 'get',
      path: `${GROUP_PATH}/lags`,
      function: 'groups',
      summary: 'How far behind the group is, partition by partition',
      params: groupParams,
      answers: { 200: { description: 'All', schema: listOf('KafkaConsumerLagList', lagShape) } },
      errors: ERRORS,
    },
    async ({ params, base }, { offsets }) => {
      const found = await offsets.lags(params.group_id);
      if (found.kind === 'rejected') return problem(found);
      const self = `${groupLink(base, params.group_id)}/lags`;
      const data = found.lags.map((lag) => lagJson(self, params.group_id, lag));
      return { status: 200, json: listJson('KafkaConsumerLagList', self, data) };
    },
  ),
  groupRoute(
    {
      id: 'getLagSummary',
      method: 'get',
      path: `${GROUP_PATH}/lag-summary`,
      function: 'groups',
      summary: 'How far behind the group is, in all and at worst',
      params: groupParams,
      answers: { 200: { description: 'The summary', schema: summaryShape } },
      errors: ERRORS,
    },
    async ({ params, base }, { offsets }) => {
      const found = await offsets.lags(params.group_id);
      return found.kind === 'rejected'
        ? problem(found)
        : { status: 200, json: summaryJson(base, params.group_id, found.lags) };
    },
  ),
  groupRoute(
    {
      id: 'deleteGroup',
      method: 'delete',
      path: GROUP_PATH,
      function: 'groups',
      summary: 'Delete a group that has no members, and its offsets',
      params: groupParams,
      answers: { 204: { description: 'Deleted' } },
      errors: [...ERRORS, 409],
    },
    async ({ params }, { groups }) => {
      const deleted = await groups.delete(params.group_id);
      return deleted.kind === 'rejected' ? problem(deleted) : { status: 204 };
    },
  ),
];

function listJson(kind: string, self: string, data: readonly object[]): object {
  return { kind, metadata: { self, next: null }, data };
}

function groupLink(base: string, groupId: string): string {
  return `${base}/consumer-groups/${encodeURIComponent(groupId)}`;
}

function groupHead(base: string, groupId: string) {
  const self = groupLink(base, groupId);
  return {
    kind: 'KafkaConsumerGroup',
    metadata: { self, resource_name: `crn:///kafka=-/consumer-group=${groupId}` },
    cluster_id: '-',
    consumer_group_id: groupId,
    is_simple: false,
    consumers: { related: `${self}/consumers` },
    lag_summary: { related: `${self}/lag-summary` },
  };
}

/** A list doesn't look into its groups, so it only knows which of them are empty. */
function listingJson(base: string, { groupId, memberCount }: GroupListing): object {
  const state = memberCount === 0 ? 'EMPTY' : 'UNKNOWN';
  return { ...groupHead(base, groupId), state, members_count: memberCount };
}

function groupJson(base: string, group: GroupDescription): object {
  return {
    ...groupHead(base, group.groupId),
    state: group.phase.toUpperCase(),
    members_count: group.members.length,
    partition_assignor: group.assignor,
    epoch: group.epoch,
    assignment_epoch: group.assignmentEpoch,
  };
}

function consumerJson(list: string, groupId: string, member: MemberDescription): object {
  const { sessionTimeoutMs, leaseExpiresAtMs } = member;
  return {
    kind: 'KafkaConsumer',
    metadata: { self: `${list}/${encodeURIComponent(member.memberId)}` },
    cluster_id: '-',
    consumer_group_id: groupId,
    consumer_id: member.memberId,
    instance_id: member.instanceId ?? null,
    client_id: member.clientId ?? null,
    member_epoch: member.memberEpoch,
    state: member.phase.toUpperCase(),
    idle: member.idle,
    absent: member.absent,
    subscribed_topics: member.topicNames,
    topic_regex: member.topicRegex ?? null,
    assignment: assignmentJson(member.assignment),
    target_assignment: assignmentJson(member.target),
    ...(sessionTimeoutMs === undefined ? {} : { session_timeout_ms: sessionTimeoutMs }),
    ...(leaseExpiresAtMs === undefined ? {} : { session_expires_at: isoTime(leaseExpiresAtMs) }),
  };
}

function lagJson(list: string, groupId: string, lag: PartitionLag): object {
  const { currentOffset } = lag;
  return {
    kind: 'KafkaConsumerLag',
    metadata: { self: `${list}/${lag.topicName}/partitions/${lag.partition}` },
    cluster_id: '-',
    consumer_group_id: groupId,
    ...placeJson(lag),
    consumer_id: lag.memberId ?? null,
    current_offset: currentOffset === undefined ? null : offsetNumber(currentOffset),
    log_start_offset: offsetNumber(lag.logStartOffset),
    log_end_offset: offsetNumber(lag.logEndOffset),
    lag: offsetNumber(lag.lag),
    lag_seconds: lag.lagSeconds,
  };
}

function summaryJson(base: string, groupId: string, lags: readonly PartitionLag[]): object {
  const worst = lags.reduce<PartitionLag | undefined>(
    (most, one) => (most === undefined || one.lag > most.lag ? one : most),
    undefined,
  );
  return {
    kind: 'KafkaConsumerGroupLagSummary',
    metadata: { self: `${groupLink(base, groupId)}/lag-summary` },
    cluster_id: '-',
    consumer_group_id: groupId,
    max_lag: offsetNumber(worst?.lag ?? 0n),
    total_lag: offsetNumber(lags.reduce((sum, { lag }) => sum + lag, 0n)),
    max_lag_seconds: Math.max(0, ...lags.map(({ lagSeconds }) => lagSeconds)),
    max_lag_consumer_id: worst?.memberId ?? null,
    max_lag_topic_name: worst?.topicName ?? null,
    max_lag_partition_id: worst?.partition ?? null,
  };
}
