// Taking partitions over, and committing offsets of them.

import * as z from 'zod';
import { OFFSETS_PER_REQUEST_MAX } from '../../limits.ts';
import type { CommitServices } from '../../service/group/group-services.ts';
import { mixedReply } from '../mixed.ts';
import { commitRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import {
  counter,
  failuresJson,
  failuresShape,
  groupParams,
  memberEpoch,
  placeJson,
  placeShape,
} from '../schemas/groups.ts';
import { offset, offsetNumber, topicId, topicName } from '../schemas/values.ts';

const partition = { topic_name: topicName, partition_id: z.int() };
const claimBody = z
  .strictObject({
    member_id: z.string(),
    member_epoch: memberEpoch,
    partitions: z.array(z.strictObject(partition)).min(1).max(OFFSETS_PER_REQUEST_MAX),
  })
  .meta({ id: 'ClaimRequest' });
const commitBody = z
  .strictObject({
    member_id: z.string().optional().describe('None: only while the group is empty'),
    member_epoch: memberEpoch.optional(),
    offsets: z
      .array(
        z.strictObject({
          ...partition,
          topic_id: topicId.optional(),
          offset,
          metadata: z.string().nullable().optional(),
          counter: counter.optional(),
        }),
      )
      .min(1)
      .max(OFFSETS_PER_REQUEST_MAX),
  })
  .refine(
    (body) => (body.member_id === undefined) === (body.member_epoch === undefined),
    'member_id and member_epoch come together, or not at all',
  )
  .meta({ id: 'CommitRequest' });

const claimed = z
  .object({
    offsets: z.array(
      z.object({
        ...placeShape,
        topic_id: z.string().describe('Another one when the topic was deleted and created again'),
        offset: z.int().nullable().describe('null: nothing was ever committed'),
        metadata: z.string(),
        counter: z.int().describe('A counted commit begins above it'),
      }),
    ),
    failures: failuresShape,
  })
  .meta({ id: 'ClaimResponse' });
const committed = z
  .object({
    successes: z.array(
      z.object({
        ...placeShape,
        superseded: z.boolean().describe('A later commit of the same owner was in already'),
      }),
    ),
    failures: failuresShape,
  })
  .meta({ id: 'CommitResponse' });

const ERRORS = [401, 403, 409, 413, 415, 416] as const;

export const commitRoutes: readonly Route<CommitServices>[] = [
  commitRoute(
    {
      id: 'claimPartitions',
      method: 'post',
      path: '/consumer-groups/{group_id}/offsets/claim',
      function: 'commit',
      summary:
        'Take partitions over before their first record is read; what was committed comes back',
      params: groupParams,
      body: claimBody,
      answers: {
        200: { description: 'All taken over', schema: claimed },
        207: { description: 'Some taken over, some not', schema: claimed },
      },
      errors: ERRORS,
    },
    async ({ params, body }, { offsets }) => {
      if (body === undefined) throw new Error('a body was checked');
      const answer = await offsets.claim({
        groupId: params.group_id,
        memberId: body.member_id,
        memberEpoch: body.member_epoch,
        partitions: body.partitions.map(placeOf),
      });
      if (answer.kind === 'rejected') return problem(answer);
      const taken = answer.results.flatMap((result) =>
        result.kind === 'rejected'
          ? []
          : [
              {
                ...placeJson(result),
                topic_id: result.topicId,
                offset: result.offset === undefined ? null : offsetNumber(result.offset),
                metadata: result.metadata,
                counter: result.counter,
              },
            ],
      );
      const failures = failuresJson(answer.results);
      return mixedReply(answer.results, { offsets: taken, failures });
    },
  ),
  commitRoute(
    {
      id: 'commitOffsets',
      method: 'post',
      path: '/consumer-groups/{group_id}/offsets',
      function: 'commit',
      summary: 'Commit offsets of partitions that the member owns',
      params: groupParams,
      body: commitBody,
      answers: {
        200: { description: 'All committed', schema: committed },
        207: { description: 'Some committed, some not', schema: committed },
      },
      errors: ERRORS,
    },
    async ({ params, body }, { offsets }) => {
      if (body === undefined) throw new Error('a body was checked');
      const { member_id: memberId, member_epoch } = body;
      const answer = await offsets.commit({
        groupId: params.group_id,
        ...(memberId === undefined || member_epoch === undefined
          ? {}
          : { member: { memberId, memberEpoch: member_epoch } }),
        offsets: body.offsets.map((one) => ({
          ...placeOf(one),
          topicId: one.topic_id,
          offset: BigInt(one.offset),
          metadata: one.metadata ?? undefined,
          counter: one.counter,
        })),
      });
      if (answer.kind === 'rejected') return problem(answer);
      const successes = answer.results.flatMap((result) =>
        result.kind === 'rejected' ? [] : [{ ...placeJson(result), superseded: result.superseded }],
      );
      const failures = failuresJson(answer.results);
      return mixedReply(answer.results, { successes, failures });
    },
  ),
];

function placeOf(one: { readonly topic_name: string; readonly partition_id: number }) {
  return { topicName: one.topic_name, partition: one.partition_id };
}
