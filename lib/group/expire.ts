// The look around that a heartbeat takes now and then: what is left to do for the others. Everything in it may be left
// half done by whoever did it before, and is found again from the items.

import type { MemberLife } from './event.ts';
import { isExpired, type MemberItem, type Subscription } from './member.ts';
import type { GroupMember, GroupState } from './state.ts';
import { sameSubscription } from './subscription.ts';

export interface Round {
  /** Their lease ran out: fence them first. */
  readonly expired: readonly MemberItem[];
  /** In the group, and fenced already: their removal was begun. */
  readonly fenced: readonly MemberItem[];
  /** In the group without an item: nothing is left of them but their entry. */
  readonly gone: readonly MemberLife[];
  /** Their item lags behind what the group's says they are told. */
  readonly untold: readonly GroupMember[];
  /** Their item says another subscription than the group's. */
  readonly subscribed: readonly {
    readonly memberId: string;
    readonly subscription: Subscription;
  }[];
  /** Fenced long ago and in no group: nothing needs them any more. */
  readonly forgotten: readonly MemberItem[];
}

/**
 * What is to be done. `state` must have been read before `items`: then a member that it knows had its item already,
 * and a missing item means that the member is gone.
 */
export function planRound(
  state: GroupState,
  items: readonly MemberItem[],
  storageNowMs: number,
): Round {
  const byId = new Map(items.map((item) => [item.memberId, item]));
  const inGroup = (item: MemberItem): boolean =>
    state.members.get(item.memberId)?.joinEpoch === item.joinEpoch;
  const members = [...state.members.values()];
  return {
    expired: items.filter((item) => isExpired(item, storageNowMs)),
    fenced: items.filter((item) => item.status === 'fenced' && inGroup(item)),
    gone: members
      .filter(({ memberId }) => !byId.has(memberId))
      .map(({ memberId, joinEpoch }) => ({ memberId, joinEpoch })),
    untold: members.filter((member) => isUntold(member, byId.get(member.memberId))),
    subscribed: members.flatMap(({ memberId, joinEpoch, subscription }) => {
      const item = byId.get(memberId);
      if (item?.status !== 'live' || item.joinEpoch !== joinEpoch) return [];
      if (sameSubscription(item.subscription, subscription)) return [];
      return [{ memberId, subscription: item.subscription }];
    }),
    forgotten: items.filter(
      (item) =>
        item.status === 'fenced' &&
        !inGroup(item) &&
        item.leaseExpiresAtMs + item.sessionTimeoutMs < storageNowMs,
    ),
  };
}

/** Is the group's word newer than the member's own item? */
export function isUntold(member: GroupMember, item: MemberItem | undefined): boolean {
  return (
    item !== undefined &&
    item.status !== 'fenced' &&
    item.joinEpoch === member.joinEpoch &&
    item.published.epoch < member.published.epoch
  );
}
