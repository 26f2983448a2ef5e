// What a member is to read, as the log says it, and how it differs from what it reads now.

import { partitionKey, type TopicPartition } from '../types.ts';

/** As in the bodies of join and heartbeat. */
export interface AssignedTopic {
  readonly topic_name: string;
  readonly topic_id: string;
  readonly partitions: readonly number[];
}

/** A topic that was deleted and created anew has the same name, and is another one: its id says so. */
export interface AssignedPartition extends TopicPartition {
  readonly topicId: string;
}

export interface AssignmentChange {
  readonly added: readonly AssignedPartition[];
  readonly revoked: readonly AssignedPartition[];
}

export function partitionsOf(assignment: readonly AssignedTopic[]): AssignedPartition[] {
  return assignment.flatMap(({ topic_name, topic_id, partitions }) =>
    partitions.map((partition) => ({ topic: topic_name, topicId: topic_id, partition })),
  );
}

export function assignmentOf(partitions: Iterable<AssignedPartition>): AssignedTopic[] {
  const byTopic = Map.groupBy(partitions, ({ topicId }) => topicId);
  return [...byTopic].map(([topic_id, ones]) => ({
    topic_name: ones[0]?.topic ?? '',
    topic_id,
    partitions: ones.map(({ partition }) => partition).sort((left, right) => left - right),
  }));
}

export function changeBetween(
  owned: readonly AssignedPartition[],
  target: readonly AssignedPartition[],
): AssignmentChange {
  const keyOf = (one: AssignedPartition): string => `${one.topicId} ${partitionKey(one)}`;
  const ownedKeys = new Set(owned.map(keyOf));
  const targetKeys = new Set(target.map(keyOf));
  return {
    added: target.filter((one) => !ownedKeys.has(keyOf(one))),
    revoked: owned.filter((one) => !targetKeys.has(keyOf(one))),
  };
}
