// Kafka's RoundRobinAssignor: all partitions in order are dealt to the members in order, passing over those that don't
// subscribe to the topic.

import { assert, required } from '../assert.ts';
import { assignmentOf, type TopicPartitions } from './assignment.ts';
import { type Assignor, type AssignorMember, compareMembers } from './assignor.ts';

export const assignRoundrobin: Assignor = ({ members, topics }) => {
  const sorted = [...members].sort(compareMembers);
  const parts = new Map<string, TopicPartitions[]>(members.map(({ memberId }) => [memberId, []]));
  let place = 0;
  for (const { topicId, name, partitionCount } of topics) {
    if (!sorted.some(({ topicIds }) => topicIds.has(topicId))) continue;
    for (let partition = 0; partition < partitionCount; partition += 1) {
      place = nextSubscriber(sorted, topicId, place);
      const { memberId } = required(sorted[place], 'a subscriber');
      parts.get(memberId)?.push({ topicId, topicName: name, partitions: [partition] });
      place = (place + 1) % sorted.length;
    }
  }
  return new Map([...parts].map(([memberId, list]) => [memberId, assignmentOf(list)]));
};

/** The place of the first subscriber from `place` on, around the table. */
function nextSubscriber(
  members: readonly AssignorMember[],
  topicId: string,
  place: number,
): number {
  for (let step = 0; step < members.length; step += 1) {
    const next = (place + step) % members.length;
    if (members[next]?.topicIds.has(topicId)) return next;
  }
  assert(false, 'somebody subscribes to the topic');
}
