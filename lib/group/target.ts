// What each member is to have: the group's assignor over its members and their topics. The group takes the assignor
// that most members wish (as Kafka does), `uniform` when nobody wishes one.

import { required } from '../assert.ts';
import { assignRange } from './assign-range.ts';
import { assignRoundrobin } from './assign-roundrobin.ts';
import { assignUniform } from './assign-uniform.ts';
import { NO_PARTITIONS } from './assignment.ts';
import { type Assignor, compareTexts } from './assignor.ts';
import { ASSIGNOR_NAMES, type AssignorName } from './member.ts';
import type { GroupMember, GroupState, GroupTopic } from './state.ts';
import { topicMatcher } from './subscription.ts';

const ASSIGNORS: Readonly<Record<AssignorName, Assignor>> = {
  uniform: assignUniform,
  range: assignRange,
  roundrobin: assignRoundrobin,
};

/** The state with every target computed anew from `topics`, of which those that nobody subscribes to are dropped. */
export function retarget(state: GroupState, topics: readonly GroupTopic[]): GroupState {
  const members = [...state.members.values()];
  const matchers = new Map(
    members.map(({ memberId, subscription }) => [memberId, topicMatcher(subscription)]),
  );
  const wanted = topics
    .filter((topic) => [...matchers.values()].some((matches) => matches(topic)))
    .toSorted((left, right) => compareTexts(left.name, right.name));
  const assignor = wishedAssignor(members);
  const targets = ASSIGNORS[assignor]({
    topics: wanted,
    members: members.map((member) => ({
      memberId: member.memberId,
      ...(member.instanceId === undefined ? {} : { instanceId: member.instanceId }),
      topicIds: topicIdsOf(required(matchers.get(member.memberId), 'matcher'), wanted),
      previous: member.target,
    })),
  });
  return {
    ...state,
    topics: wanted,
    assignor,
    members: new Map(
      members.map((member) => [
        member.memberId,
        { ...member, target: targets.get(member.memberId) ?? NO_PARTITIONS },
      ]),
    ),
  };
}

function topicIdsOf(
  matches: (topic: GroupTopic) => boolean,
  topics: readonly GroupTopic[],
): ReadonlySet<string> {
  return new Set(topics.filter(matches).map(({ topicId }) => topicId));
}

function wishedAssignor(members: readonly GroupMember[]): AssignorName {
  const votes = (name: AssignorName): number =>
    members.filter(({ assignor }) => assignor === name).length;
  return ASSIGNOR_NAMES.reduce((best, name) => (votes(name) > votes(best) ? name : best));
}
