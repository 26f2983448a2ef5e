// The state machine of a group: one pure function from state, event and context to the next state. Whoever applies it
// (any heartbeat may play the coordinator) stores the result on the condition that the version is unchanged, and then
// tells the members whose published epoch rose.
//
// A member is in one of three phases (see MemberPhase), which follow from the state, and go:
//   (none) → stable | unreleased          join
//   stable → unrevoked                    others came, topics went: something must be given up
//   stable → unreleased                   others went, topics came: something to wait for
//   unrevoked → stable | unreleased       it acknowledged the epoch that took partitions away
//   unreleased → stable                   others gave up, or were fenced
//   any → (none)                          leave, expire

import type { Rejected } from '../errors.ts';
import { NO_PARTITIONS, sameAssignment } from './assignment.ts';
import type { EventContext, GroupEvent } from './event.ts';
import { acknowledgeEpoch, changeSubscription } from './heartbeat.ts';
import { joinGroup } from './join.ts';
import { removeMembers } from './leave.ts';
import { reconcile } from './ownership.ts';
import { tooLarge } from './size.ts';
import type { GroupState, GroupTopic } from './state.ts';
import { retarget } from './target.ts';

export type Transition =
  | { readonly kind: 'changed'; readonly state: GroupState }
  | { readonly kind: 'unchanged' }
  | Rejected;

/** Events after which a group may be larger for good. Nothing keeps members from going, whatever the others are told then. */
const GROWING: ReadonlySet<GroupEvent['kind']> = new Set(['join', 'subscribe', 'refresh']);

/** Applies an event to an active group. The version is the writer's affair and stays. */
export function transition(
  state: GroupState,
  event: GroupEvent,
  context: EventContext,
): Transition {
  const next = apply(state, event, context);
  if ('kind' in next) return next;
  if (next === state) return { kind: 'unchanged' };
  const refusal = GROWING.has(event.kind) ? tooLarge(next) : undefined;
  if (refusal !== undefined) return refusal;
  const retargeted = event.kind !== 'acknowledge';
  return {
    kind: 'changed',
    state: retargeted ? { ...next, assignmentEpoch: next.epoch } : next,
  };
}

function apply(state: GroupState, event: GroupEvent, context: EventContext): GroupState | Rejected {
  switch (event.kind) {
    case 'join':
      return joinGroup(state, event.joiners, context);
    case 'acknowledge':
      return acknowledgeEpoch(state, event);
    case 'subscribe':
      return changeSubscription(state, event, context);
    case 'leave':
    case 'expire':
      return removeMembers(state, event.lives, context);
    case 'refresh':
      return refreshTopics(state, context.topics);
  }
}

/**
 * Nothing changes while the topics are those that the targets were computed from, and nobody's rights have changed what
 * their regex matches of them.
 */
function refreshTopics(state: GroupState, topics: readonly GroupTopic[]): GroupState {
  const next = retarget(state, topics);
  const hasRights = [...state.members.values()].some(
    ({ subscription }) => subscription.principal !== undefined,
  );
  const same =
    next.topics.length === state.topics.length &&
    next.topics.every((topic, index) => {
      const before = state.topics[index];
      return before?.topicId === topic.topicId && before.partitionCount === topic.partitionCount;
    });
  return same && !(hasRights && haveOtherTargets(state, next)) ? state : reconcile(next);
}

function haveOtherTargets(before: GroupState, after: GroupState): boolean {
  return [...before.members].some(
    ([memberId, { target }]) =>
      !sameAssignment(target, after.members.get(memberId)?.target ?? NO_PARTITIONS),
  );
}
