// What a group has committed, and setting it while nobody is in the group.

import * as z from 'zod';
import { OFFSETS_PER_REQUEST_MAX } from '../../limits.ts';
import type { GroupServices } from '../../service/group/group-services.ts';
import type { ResetOutcome, ResetTarget } from '../../service/group/offset-reset.ts';
import { mixedReply } from '../mixed.ts';
import { groupRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import type { Reply } from '../reply.ts';
import {
  failuresJson,
  failuresShape,
  groupParams,
  placeJson,
  placeShape,
} from '../schemas/groups.ts';
import { isoTime, offset, offsetNumber, timestamp, topicName } from '../schemas/values.ts';

const common = {
  topics: z
    .array(
      z.strictObject({
        topic_name: topicName,
        partitions: z.array(z.int()).max(OFFSETS_PER_REQUEST_MAX).optional(),
      }),
    )
    .max(OFFSETS_PER_REQUEST_MAX)
    .optional()
    .describe(
      'Default: all that the group has offsets for; all partitions of a topic where none is named',
    ),
  dry_run: z.boolean().default(false),
};
const resetBody = z
  .discriminatedUnion('to', [
    z.strictObject({ to: z.literal('earliest'), ...common }),
    z.strictObject({ to: z.literal('latest'), ...common }),
    z.strictObject({ to: z.literal('offset'), offset, ...common }),
    z.strictObject({ to: z.literal('timestamp'), timestamp, ...common }),
    z.strictObject({
      to: z.literal('duration'),
      duration_ms: z.int().min(0).describe('That long ago'),
      ...common,
    }),
    z.strictObject({
      to: z.literal('shift'),
      by: z.int().describe('Records on from what is committed; back when negative'),
      ...common,
    }),
  ])
  .meta({ id: 'ResetRequest' });
type ResetBody = z.output<typeof resetBody>;

const committed = z.object({
  offsets: z.array(
    z.object({
      ...placeShape,
      offset: z.int(),
      metadata: z.string(),
      committed_at: z.string(),
      counter: z.int(),
    }),
  ),
});
const reset = z
  .object({
    dry_run: z.boolean(),
    applied: z.boolean().describe('When one partition can not be set, none is'),
    offsets: z.array(
      z.object({ ...placeShape, previous_offset: z.int().nullable(), offset: z.int() }),
    ),
    failures: failuresShape,
  })
  .meta({ id: 'ResetResponse' });

export const fetchOffsetsRoutes: readonly Route<GroupServices>[] = [
  groupRoute(
    {
      id: 'fetchOffsets',
      method: 'get',
      path: '/consumer-groups/{group_id}/offsets',
      function: 'fetch-offsets',
      summary: 'What the group has committed, by topic and partition',
      params: groupParams,
      answers: { 200: { description: 'All', schema: committed } },
      errors: [401, 403],
    },
    async ({ params }, { offsets }) => {
      const found = await offsets.fetch(params.group_id);
      if (found.kind === 'rejected') return problem(found);
      const all = found.offsets.map((one) => ({
        ...placeJson(one),
        offset: offsetNumber(one.offset),
        metadata: one.metadata,
        committed_at: isoTime(one.committedAtMs),
        counter: one.counter,
      }));
      return { status: 200, json: { offsets: all } };
    },
  ),
  groupRoute(
    {
      id: 'resetOffsets',
      method: 'post',
      path: '/consumer-groups/{group_id}/offsets/reset',
      function: 'fetch-offsets',
      summary: 'Set the offsets of a group that has no members',
      params: groupParams,
      body: resetBody,
      answers: {
        200: { description: 'Set; or would be (dry_run)', schema: reset },
        207: { description: 'Some would be set, some not (dry_run)', schema: reset },
      },
      errors: [401, 403, 409, 413, 415, 416],
    },
    async ({ params, body }, { offsets }) => {
      if (body === undefined) throw new Error('a body was checked');
      const outcome = await offsets.reset({
        groupId: params.group_id,
        target: targetOf(body),
        dryRun: body.dry_run,
        topics: body.topics?.map(({ topic_name, partitions }) => ({
          topicName: topic_name,
          partitions,
        })),
      });
      return outcome.kind === 'rejected' ? problem(outcome) : resetReply(outcome, body.dry_run);
    },
  ),
];

function targetOf(body: ResetBody): ResetTarget {
  switch (body.to) {
    case 'earliest':
    case 'latest':
      return { kind: body.to };
    case 'offset':
      return { kind: 'offset', offset: BigInt(body.offset) };
    case 'timestamp':
      return { kind: 'timestamp', timestampMs: body.timestamp };
    case 'duration':
      return { kind: 'duration', durationMs: body.duration_ms };
    case 'shift':
      return { kind: 'shift', by: BigInt(body.by) };
  }
}

/** One refused partition means that nothing was set, so the answer is its refusal, with the whole plan. */
function resetReply({ applied, results }: ResetOutcome, isDryRun: boolean): Reply {
  const offsets = results.flatMap((result) =>
    result.kind === 'rejected'
      ? []
      : [
          {
            ...placeJson(result),
            previous_offset: result.before === undefined ? null : offsetNumber(result.before),
            offset: offsetNumber(result.offset),
          },
        ],
  );
  const json = { dry_run: isDryRun, applied, offsets, failures: failuresJson(results) };
  const counted = isDryRun ? results : results.filter((result) => result.kind === 'rejected');
  return mixedReply(counted, json);
}
