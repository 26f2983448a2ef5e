// What a heartbeat means. Nearly always nothing: the member's own item, which the heartbeat's one update returned, says
// all there is to say. Only an acknowledgement that somebody waits for, or a new subscription, concerns the group.

import { type Rejected, rejected } from '../errors.ts';
import { HEARTBEAT_INTERVAL_MS_CONVERGING, HEARTBEAT_INTERVAL_MS_MAX } from '../limits.ts';
import { type Assignment, isSubset } from './assignment.ts';
import type { EventContext } from './event.ts';
import type { MemberItem, Publication, Subscription } from './member.ts';
import { acknowledge, reconcile } from './ownership.ts';
import type { GroupState } from './state.ts';
import { sameSubscription } from './subscription.ts';
import { retarget } from './target.ts';

export interface Heartbeat {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly owned: Assignment;
  readonly subscription?: Subscription;
}

/**
 * `answer`: the member's item says it all. `coordinate`: the group must hear of it first.
 * A refused update still answers when the item shows that the heartbeat was merely late, or that the member is overdue
 * with what it has to give up: then its lease was not extended, and that is all.
 */
export type HeartbeatPlan =
  | { readonly kind: 'answer'; readonly publication: Publication }
  | { readonly kind: 'coordinate'; readonly member: MemberItem }
  | Rejected;

/** `member` is the item after the update, or the one that refused it. */
export function planHeartbeat(heartbeat: Heartbeat, member: MemberItem | undefined): HeartbeatPlan {
  const { memberId, memberEpoch } = heartbeat;
  if (member === undefined || member.fence === 'left' || member.status === 'away') {
    return notInGroup(memberId);
  }
  if (member.status === 'fenced') {
    return rejected(
      member.fence === 'replaced' ? 'FENCED_INSTANCE_ID' : 'FENCED_MEMBER_EPOCH',
      member.fence === 'replaced'
        ? `another process joined with the instance id of member ${memberId}; stop this one`
        : `the session of member ${memberId} timed out and its partitions went to others; join again`,
    );
  }
  const { published, joinEpoch } = member;
  if (memberEpoch < joinEpoch || memberEpoch > published.epoch) {
    return rejected(
      'FENCED_MEMBER_EPOCH',
      `epoch ${memberEpoch} is none of this life of member ${memberId} (${joinEpoch} to ${published.epoch}); join again`,
    );
  }
  const adopted =
    memberEpoch === published.epoch && isSubset(heartbeat.owned, published.assignment);
  const awaited = adopted && published.phase === 'unrevoked';
  return awaited || heartbeat.subscription !== undefined
    ? { kind: 'coordinate', member }
    : { kind: 'answer', publication: published };
}

export function notInGroup(memberId: string): Rejected {
  return rejected('UNKNOWN_MEMBER_ID', `member ${memberId} is not in the group; join it again`);
}

/** How long a member waits before its next heartbeat, milliseconds: longer when there is nothing to wait for. */
export function heartbeatIntervalMs(
  sessionTimeoutMs: number,
  { phase }: Pick<Publication, 'phase'>,
): number {
  const third = Math.floor(sessionTimeoutMs / 3);
  return Math.min(
    third,
    phase === 'stable' ? HEARTBEAT_INTERVAL_MS_MAX : HEARTBEAT_INTERVAL_MS_CONVERGING,
  );
}

/** The group hears that a member adopted an epoch. An unknown member, or an older epoch, changes nothing. */
export function acknowledgeEpoch(
  state: GroupState,
  { memberId, epoch, owned }: { memberId: string; epoch: number; owned: Assignment },
): GroupState {
  const member = state.members.get(memberId);
  if (member === undefined) return state;
  const next = acknowledge(member, { epoch, owned });
  if (next === member) return state;
  return reconcile({ ...state, members: new Map(state.members).set(memberId, next) });
}

/** The group hears of a new subscription. */
export function changeSubscription(
  state: GroupState,
  { memberId, subscription }: { memberId: string; subscription: Subscription },
  { topics }: EventContext,
): GroupState {
  const member = state.members.get(memberId);
  if (member === undefined || sameSubscription(member.subscription, subscription)) return state;
  const members = new Map(state.members).set(memberId, { ...member, subscription });
  return reconcile(retarget({ ...state, members }, topics));
}
