// Consumer groups as operators see them: the REST Proxy's v3 shapes, plus who is idle.

import * as z from 'zod';
import { encodePathName } from '../../path-name.ts';
import type { GroupListing } from '../../ports/group-store.ts';
import type { GroupDescription, MemberDescription } from '../../service/group/description.ts';
import type { GroupServices } from '../../service/group/group-services.ts';
import { groupRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import { assignmentJson, assignmentShape, groupParams } from '../schemas/groups.ts';
import { isoTime } from '../schemas/values.ts';
import { groupLagRoutes } from './groups-lags.ts';
import {
  GROUP_ERRORS,
  GROUP_PATH,
  groupLink,
  listJson,
  listShape,
  metadataShape,
  relatedShape,
} from './groups-shapes.ts';

const groupShape = z
  .looseObject({
    kind: z.literal('KafkaConsumerGroup'),
    metadata: metadataShape,
    cluster_id: z.string(),
    consumer_group_id: z.string(),
    is_simple: z.boolean(),
    state: z.enum(['EMPTY', 'STABLE', 'RECONCILING', 'DEAD', 'UNKNOWN']),
    members_count: z.int(),
    consumers: relatedShape,
    lag_summary: relatedShape,
  })
  .meta({ id: 'ConsumerGroup' });
const consumerShape = z
  .looseObject({
    kind: z.literal('KafkaConsumer'),
    metadata: metadataShape,
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

export const groupRoutes: readonly Route<GroupServices>[] = [
  groupRoute(
    {
      id: 'listGroups',
      method: 'get',
      path: '/consumer-groups',
      function: 'groups',
      summary: 'List consumer groups by name',
      answers: {
        200: { description: 'All', schema: listShape('KafkaConsumerGroupList', groupShape) },
      },
      errors: GROUP_ERRORS,
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
      errors: GROUP_ERRORS,
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
      answers: {
        200: { description: 'All', schema: listShape('KafkaConsumerList', consumerShape) },
      },
      errors: GROUP_ERRORS,
    },
    async ({ params, base }, { groups }) => {
      const found = await groups.describe(params.group_id);
      if (found.kind === 'rejected') return problem(found);
      const self = `${groupLink(base, params.group_id)}/consumers`;
      const data = found.members.map((member) => consumerJson(self, params.group_id, member));
      return { status: 200, json: listJson('KafkaConsumerList', self, data) };
    },
  ),
  ...groupLagRoutes,
  groupRoute(
    {
      id: 'deleteGroup',
      method: 'delete',
      path: GROUP_PATH,
      function: 'groups',
      summary: 'Delete a group that has no members, and its offsets',
      params: groupParams,
      answers: { 204: { description: 'Deleted' } },
      errors: [...GROUP_ERRORS, 409],
    },
    async ({ params }, { groups }) => {
      const deleted = await groups.delete(params.group_id);
      return deleted.kind === 'rejected' ? problem(deleted) : { status: 204 };
    },
  ),
];

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
    metadata: { self: `${list}/${encodePathName(member.memberId)}` },
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
