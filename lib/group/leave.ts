// Members go: they said goodbye, or they were fenced after their lease ran out. What they held is free for the others.

import type { EventContext, MemberLife } from './event.ts';
import { reconcile } from './ownership.ts';
import type { GroupState } from './state.ts';
import { retarget } from './target.ts';

/** Lives that the group doesn't know (any more) change nothing: a later life of the same member id stays. */
export function removeMembers(
  state: GroupState,
  lives: readonly MemberLife[],
  { topics, nowMs }: EventContext,
): GroupState {
  const gone = lives.filter(
    ({ memberId, joinEpoch }) => state.members.get(memberId)?.joinEpoch === joinEpoch,
  );
  if (gone.length === 0) return state;
  const members = new Map(state.members);
  for (const { memberId } of gone) members.delete(memberId);
  const empty = members.size === 0 ? { emptySinceMs: nowMs } : {};
  return reconcile(retarget({ ...state, members, ...empty }, topics));
}
