// What a member is to read, as the log says it, and how it differs from what it reads now.

import { partitionKey, type TopicPartition } from '../types.ts';

/** As in the bodies of join and heartbeat. */
export interface AssignedTopic {
  readonly topic_name: string;
  readonly partitions: readonly number[];
}

export interface AssignmentChange {
  readonly added: readonly TopicPartition[];
  readonly revoked: readonly TopicPartition[];
}

export function partitionsOf(assignment: readonly AssignedTopic[]): TopicPartition[] {
  return assignment.flatMap(({ topic_name, partitions }) =>
    partitions.map((partition) => ({ topic: topic_name, partition })),
  );
}

export function assignmentOf(partitions: Iterable<TopicPartition>): AssignedTopic[] {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  return [...byTopic].map(([topic_name, ones]) => ({
    topic_name,
    partitions: ones.map(({ partition }) => partition).sort((left, right) => left - right),
  }));
}

export function changeBetween(
  owned: readonly TopicPartition[],
  target: readonly TopicPartition[],
): AssignmentChange {
  const ownedKeys = new Set(owned.map(partitionKey));
  const targetKeys = new Set(target.map(partitionKey));
  return {
    added: target.filter((one) => !ownedKeys.has(partitionKey(one))),
    revoked: owned.filter((one) => !targetKeys.has(partitionKey(one))),
  };
}
