// A member's heartbeat: what it uses, and back what it is to use.

import * as z from 'zod';
import { PARTITIONS_PER_GROUP_MAX } from '../../limits.ts';
import type { MembershipServices } from '../../service/group/group-services.ts';
import { memberRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import {
  counter,
  memberEpoch,
  memberJson,
  memberParams,
  memberShape,
  subscription,
  topicPartitions,
} from '../schemas/groups.ts';

const body = z
  .strictObject({
    member_epoch: memberEpoch.describe('Of the last answer that the member acted upon'),
    counter: counter.optional(),
    owned_partitions: z
      .array(topicPartitions)
      .max(PARTITIONS_PER_GROUP_MAX)
      .describe('What it uses now, what it is still giving up included'),
    ...subscription,
  })
  .meta({ id: 'HeartbeatRequest' });

export const heartbeatRoutes: readonly Route<MembershipServices>[] = [
  memberRoute(
    {
      id: 'heartbeat',
      method: 'post',
      path: '/consumer-groups/{group_id}/members/{member_id}/heartbeat',
      function: 'heartbeat',
      summary: 'Say what is used, and hear what is to be used',
      params: memberParams,
      body,
      answers: { 200: { description: 'Where the member stands', schema: memberShape } },
      errors: [401, 403, 409, 413, 415],
    },
    async ({ params, body: asked }, { groups }) => {
      if (asked === undefined) throw new Error('a body was checked');
      const answer = await groups.heartbeat({
        groupId: params.group_id,
        memberId: params.member_id,
        memberEpoch: asked.member_epoch,
        counter: asked.counter,
        owned: asked.owned_partitions.map(({ topic_name, topic_id, partitions }) => ({
          topicName: topic_name,
          topicId: topic_id,
          partitions,
        })),
        topicNames: asked.subscribed_topics,
        topicRegex: asked.topic_regex,
      });
      return answer.kind === 'rejected'
        ? problem(answer)
        : { status: 200, json: memberJson(answer) };
    },
  ),
];
