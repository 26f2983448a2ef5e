// Kafka's RangeAssignor: topic by topic, each subscriber in order gets a run of partitions, the first ones one more
// when it doesn't divide. Partitions of the same number go to the same member when topics have as many of them.

import { assignmentOf, type TopicPartitions } from './assignment.ts';
import { type Assignor, type AssignorMember, compareMembers } from './assignor.ts';
import type { GroupTopic } from './state.ts';

export const assignRange: Assignor = ({ members, topics }) => {
  const sorted = [...members].sort(compareMembers);
  const parts = new Map<string, TopicPartitions[]>(members.map(({ memberId }) => [memberId, []]));
  for (const topic of topics) {
    const subscribers = sorted.filter(({ topicIds }) => topicIds.has(topic.topicId));
    for (const [memberId, range] of rangesOf(topic, subscribers)) parts.get(memberId)?.push(range);
  }
  return new Map([...parts].map(([memberId, list]) => [memberId, assignmentOf(list)]));
};

function rangesOf(
  topic: GroupTopic,
  subscribers: readonly AssignorMember[],
): readonly (readonly [string, TopicPartitions])[] {
  const each = Math.floor(topic.partitionCount / subscribers.length);
  const withOneMore = topic.partitionCount % subscribers.length;
  return subscribers.map(({ memberId }, index) => {
    const first = each * index + Math.min(index, withOneMore);
    const length = each + (index < withOneMore ? 1 : 0);
    const partitions = Array.from({ length }, (_, place) => first + place);
    return [memberId, { topicId: topic.topicId, topicName: topic.name, partitions }];
  });
}
