// Joining a consumer group.

import * as z from 'zod';
import type { MembershipServices } from '../../service/group/group-services.ts';
import { memberRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import { groupParams, memberJson, memberShape, subscription } from '../schemas/groups.ts';

const body = z
  .strictObject({
    ...subscription,
    member_id: z
      .string()
      .optional()
      .describe('Chosen by the joiner, so that it may repeat a join whose answer was lost'),
    instance_id: z.string().optional().describe('Of a static member (group.instance.id)'),
    client_id: z.string().optional(),
    session_timeout_ms: z.int().optional(),
    rebalance_timeout_ms: z.int().optional(),
    assignor: z.string().optional().describe('uniform (default), range or roundrobin'),
  })
  .meta({ id: 'JoinRequest' });

export const joinRoutes: readonly Route<MembershipServices>[] = [
  memberRoute(
    {
      id: 'joinGroup',
      method: 'post',
      path: '/consumer-groups/{group_id}/members',
      function: 'join',
      summary: 'Join a consumer group, which is made when there is none',
      params: groupParams,
      body,
      answers: { 201: { description: 'Joined', schema: memberShape } },
      errors: [401, 403, 409, 413, 415],
    },
    async ({ params, body: asked = {}, clientId }, { groups }) => {
      const answer = await groups.join({
        groupId: params.group_id,
        memberId: asked.member_id,
        instanceId: asked.instance_id,
        clientId: asked.client_id ?? clientId,
        topicNames: asked.subscribed_topics,
        topicRegex: asked.topic_regex,
        sessionTimeoutMs: asked.session_timeout_ms,
        rebalanceTimeoutMs: asked.rebalance_timeout_ms,
        assignor: asked.assignor,
      });
      return answer.kind === 'rejected'
        ? problem(answer)
        : { status: 201, json: memberJson(answer) };
    },
  ),
];
