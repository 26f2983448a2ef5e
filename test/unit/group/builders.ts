// Short ways to write groups down in tests.

import type { Assignment } from '../../../lib/group/assignment.ts';
import { assignmentOf } from '../../../lib/group/assignment.ts';
import type { AssignorInput, AssignorMember } from '../../../lib/group/assignor.ts';
import type { EventContext, GroupEvent, Joiner } from '../../../lib/group/event.ts';
import type { AssignorName, MemberItem, MemberProfile } from '../../../lib/group/member.ts';
import {
  type GroupState,
  type GroupTopic,
  groupProblems,
  newGroup,
} from '../../../lib/group/state.ts';
import { transition } from '../../../lib/group/transition.ts';

/** Topics by name with their partition counts; the id is the name with "id-" before it. */
export function topics(counts: Readonly<Record<string, number>>): readonly GroupTopic[] {
  return Object.entries(counts)
    .map(([name, partitionCount]) => ({ name, topicId: `id-${name}`, partitionCount }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

export function assignment(parts: Readonly<Record<string, readonly number[]>>): Assignment {
  return assignmentOf(
    Object.entries(parts).map(([topicName, partitions]) => ({
      topicId: `id-${topicName}`,
      topicName,
      partitions,
    })),
  );
}

/** The opposite: partitions by topic name. */
export function parts(of: Assignment | undefined): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries((of ?? []).map(({ topicName, partitions }) => [topicName, partitions]));
}

export function assignorMember(
  memberId: string,
  topicNames: readonly string[],
  more: { instanceId?: string; previous?: Assignment } = {},
): AssignorMember {
  return {
    memberId,
    topicIds: new Set(topicNames.map((name) => `id-${name}`)),
    previous: more.previous ?? [],
    ...(more.instanceId === undefined ? {} : { instanceId: more.instanceId }),
  };
}

export function assignorInput(
  counts: Readonly<Record<string, number>>,
  members: readonly AssignorMember[],
): AssignorInput {
  return { members, topics: topics(counts) };
}

export const ORDERS: EventContext = { topics: topics({ orders: 3 }), nowMs: 1_000 };

export function profile(more: Partial<MemberProfile> = {}): MemberProfile {
  return {
    subscription: { topicNames: ['orders'] },
    sessionTimeoutMs: 45_000,
    rebalanceTimeoutMs: 300_000,
    ...more,
  };
}

export function joiner(
  memberId: string,
  more: Partial<Joiner> & { assignor?: AssignorName } = {},
): Joiner {
  const { assignor, ...rest } = more;
  return {
    memberId,
    joinEpoch: 1,
    profile: profile(assignor === undefined ? {} : { assignor }),
    ...rest,
  };
}

/** The state after the events; throws at a refusal and at a broken invariant. */
export function applied(
  state: GroupState,
  events: readonly GroupEvent[],
  context: EventContext = ORDERS,
): GroupState {
  return events.reduce((before, event) => {
    const outcome = transition(before, event, context);
    if (outcome.kind === 'rejected') throw new Error(outcome.message);
    const next = outcome.kind === 'changed' ? outcome.state : before;
    const problems = groupProblems(next);
    if (problems.length > 0) throw new Error(problems.join('; '));
    return next;
  }, state);
}

/** A group whose members joined one by one, each life beginning at the next epoch. */
export function groupOf(
  memberIds: readonly string[],
  options: { assignor?: AssignorName; context?: EventContext } = {},
): GroupState {
  return memberIds.reduce((state, memberId) => {
    const joined = applied(
      state,
      [
        {
          kind: 'join',
          joiners: [
            joiner(memberId, {
              joinEpoch: state.epoch + 1,
              ...(options.assignor === undefined ? {} : { assignor: options.assignor }),
            }),
          ],
        },
      ],
      options.context,
    );
    return joined;
  }, newGroup('billing'));
}

/** Everybody acknowledges what it was told, until nobody has anything left to say. */
export function settle(state: GroupState, context: EventContext = ORDERS): GroupState {
  let before = state;
  for (;;) {
    const next = applied(
      before,
      [...before.members.values()].map(({ memberId, published }) => ({
        kind: 'acknowledge',
        memberId,
        epoch: published.epoch,
        owned: published.assignment,
      })),
      context,
    );
    if (next === before) return next;
    before = next;
  }
}

/** By member id: what it was told, and its phase. */
export function told(state: GroupState): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...state.members.values()].map(({ memberId, published }) => [
      memberId,
      [published.phase, parts(published.assignment)],
    ]),
  );
}

export function memberItem(more: Partial<MemberItem> = {}): MemberItem {
  return {
    groupId: 'billing',
    memberId: 'm1',
    status: 'live',
    joinEpoch: 1,
    counter: 2 ** 32,
    leaseExpiresAtMs: 45_000,
    published: { epoch: 1, phase: 'stable', assignment: [] },
    ...profile(),
    ...more,
  };
}
