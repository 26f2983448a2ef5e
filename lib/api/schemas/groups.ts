// Shapes that the operations of groups share: who asks, what a member hears, and partitions one by one.

import * as z from 'zod';
import { PARTITIONS_PER_GROUP_MAX, SUBSCRIBED_TOPICS_MAX } from '../../limits.ts';
import type { MemberAnswer } from '../../service/group/answer.ts';
import { errorFields, errorFieldsOf, type Refusal } from '../problem.ts';
import { pathName, topicId, topicName } from './values.ts';

export const groupParams = z.object({ group_id: pathName });
export const memberParams = z.object({ group_id: pathName, member_id: pathName });

export const memberEpoch = z.int().min(0);
export const counter = z
  .int()
  .min(0)
  .describe('Larger with every request of this member; begins with what join answered');

/** What a member wants to read: names, or a regex of whole names, or both. */
export const subscription = {
  subscribed_topics: z.array(topicName).max(SUBSCRIBED_TOPICS_MAX).optional(),
  topic_regex: z.string().optional(),
};

export const topicPartitions = z.strictObject({
  topic_name: topicName,
  topic_id: topicId.optional(),
  partitions: z.array(z.int().min(0)).max(PARTITIONS_PER_GROUP_MAX),
});

export const assignmentShape = z.array(
  z.object({ topic_name: z.string(), topic_id: z.string(), partitions: z.array(z.int()) }),
);

export const memberShape = z
  .object({
    member_id: z.string(),
    member_epoch: z.int(),
    counter: z.int(),
    heartbeat_interval_ms: z.int(),
    state: z.enum(['STABLE', 'UNREVOKED', 'UNRELEASED']),
    assignment: assignmentShape.describe('Always the whole of it'),
  })
  .meta({ id: 'Member' });

export function assignmentJson(assignment: MemberAnswer['assignment']): object[] {
  return assignment.map(({ topicName: topic_name, topicId: topic_id, partitions }) => ({
    topic_name,
    topic_id,
    partitions,
  }));
}

export function memberJson(answer: MemberAnswer): object {
  return {
    member_id: answer.memberId,
    member_epoch: answer.memberEpoch,
    counter: answer.counter,
    heartbeat_interval_ms: answer.heartbeatIntervalMs,
    state: answer.phase.toUpperCase(),
    assignment: assignmentJson(answer.assignment),
  };
}

export const placeShape = { topic_name: z.string(), partition_id: z.int() };
export const failuresShape = z.array(z.object({ ...placeShape, ...errorFields }));

interface Place {
  readonly topicName: string;
  readonly partition: number;
}

export function placeJson({ topicName: topic_name, partition: partition_id }: Place) {
  return { topic_name, partition_id };
}

/** The parts of a request that were refused. */
export function failuresJson(
  results: readonly (
    | ({ readonly kind: 'rejected' } & Place & Refusal)
    | { readonly kind: string }
  )[],
): object[] {
  return results.flatMap((result) =>
    'code' in result ? [{ ...placeJson(result), ...errorFieldsOf(result) }] : [],
  );
}
