// Leaving a consumer group.

import * as z from 'zod';
import type { MembershipServices } from '../../service/group/group-services.ts';
import { memberRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import { memberParams } from '../schemas/groups.ts';
import { boundedNumberText, flag } from '../schemas/values.ts';

const number = boundedNumberText({ min: 0, max: Number.MAX_SAFE_INTEGER });
const query = z.strictObject({
  temporarily: flag.describe('Static members: the session goes on, for the next process'),
  member_epoch: number.optional().describe('A leave of a former life is refused'),
  counter: number.optional().describe('A leave older than a heartbeat that counted is refused'),
});

export const leaveRoutes: readonly Route<MembershipServices>[] = [
  memberRoute(
    {
      id: 'leaveGroup',
      method: 'delete',
      path: '/consumer-groups/{group_id}/members/{member_id}',
      function: 'leave',
      summary: 'Leave a consumer group: its partitions go to others at once',
      params: memberParams,
      query,
      answers: { 204: { description: 'Left' } },
      errors: [401, 403, 409],
    },
    async ({ params, query: asked }, { groups }) => {
      const left = await groups.leave({
        groupId: params.group_id,
        memberId: params.member_id,
        temporarily: asked.temporarily === true,
        memberEpoch: asked.member_epoch,
        counter: asked.counter,
      });
      return left.kind === 'rejected' ? problem(left) : { status: 204 };
    },
  ),
];
