// Sets of partitions as a group speaks of them: by topic, with the topic's name beside its id, because an assignment
// outlives the look-up that made it.
//
// Invariant of every Assignment: topics sorted by id and each there once, partitions ascending and each there once,
// no topic without partitions. So equal sets are equal values.

/** One partition. */
export interface TopicPartition {
  readonly topicId: string;
  readonly partition: number;
}

/** Some partitions of one topic. */
export interface TopicPartitions {
  readonly topicId: string;
  readonly topicName: string;
  readonly partitions: readonly number[];
}

export type Assignment = readonly TopicPartitions[];

export const NO_PARTITIONS: Assignment = [];

/** Puts any list of topics and partitions, repeated or not, into the one form that the invariant describes. */
export function assignmentOf(topics: Iterable<TopicPartitions>): Assignment {
  const byTopic = new Map<string, { topicName: string; partitions: Set<number> }>();
  for (const { topicId, topicName, partitions } of topics) {
    const known = byTopic.get(topicId) ?? { topicName, partitions: new Set() };
    byTopic.set(topicId, known);
    for (const partition of partitions) known.partitions.add(partition);
  }
  return [...byTopic]
    .filter(([, { partitions }]) => partitions.size > 0)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([topicId, { topicName, partitions }]) => ({
      topicId,
      topicName,
      partitions: [...partitions].sort((left, right) => left - right),
    }));
}

/** The partitions for which `keep` is true; it hears the topic's name as well. */
export function filterAssignment(
  assignment: Assignment,
  keep: (partition: TopicPartition, topicName: string) => boolean,
): Assignment {
  return assignment
    .map((topic) => ({
      ...topic,
      partitions: topic.partitions.filter((partition) =>
        keep({ topicId: topic.topicId, partition }, topic.topicName),
      ),
    }))
    .filter((topic) => topic.partitions.length > 0);
}

/** What is in any of them. */
export function unionOf(...assignments: readonly Assignment[]): Assignment {
  return assignmentOf(assignments.flat());
}

/** What is in `assignment` and not in `without`. */
export function subtract(assignment: Assignment, without: Assignment): Assignment {
  const inside = membership(without);
  return filterAssignment(assignment, (partition) => !inside(partition));
}

/** What is in both. */
export function intersect(assignment: Assignment, other: Assignment): Assignment {
  return filterAssignment(assignment, membership(other));
}

/** A look-up: is this partition in the assignment? */
function membership(assignment: Assignment): (partition: TopicPartition) => boolean {
  const byTopic = new Map(assignment.map((topic) => [topic.topicId, new Set(topic.partitions)]));
  return ({ topicId, partition }) => byTopic.get(topicId)?.has(partition) ?? false;
}

export function isSubset(assignment: Assignment, of: Assignment): boolean {
  return subtract(assignment, of).length === 0;
}

export function sameAssignment(left: Assignment, right: Assignment): boolean {
  return isSubset(left, right) && isSubset(right, left);
}

export function partitionCount(assignment: Assignment): number {
  return assignment.reduce((count, topic) => count + topic.partitions.length, 0);
}

/** Each partition of the assignment. */
export function partitionsOf(assignment: Assignment): readonly TopicPartition[] {
  return assignment.flatMap(({ topicId, partitions }) =>
    partitions.map((partition) => ({ topicId, partition })),
  );
}

/** A text that names one partition, for maps. */
export function partitionText({ topicId, partition }: TopicPartition): string {
  return `${topicId}/${partition}`;
}
