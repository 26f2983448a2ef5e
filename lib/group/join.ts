// Members come in: for the first time, again under the same id, or in the place of a static member that is gone.

import { type Rejected, rejected } from '../errors.ts';
import { MEMBERS_PER_GROUP_MAX, PARTITIONS_PER_GROUP_MAX } from '../limits.ts';
import { NO_PARTITIONS } from './assignment.ts';
import type { EventContext, Joiner } from './event.ts';
import { reconcile } from './ownership.ts';
import { tooLarge } from './size.ts';
import { findByInstance, type GroupMember, type GroupState } from './state.ts';
import { retarget } from './target.ts';

/**
 * Every joiner is told something at a new epoch, even if it is that it has nothing yet. The first one asks, the others
 * wait at the door: where they can't all come in, only it does. Refused: GROUP_MAX_SIZE_REACHED, UNRELEASED_INSTANCE_ID
 * (another member has the instance id), POLICY_VIOLATION (more partitions than a group may have).
 */
export function joinGroup(
  state: GroupState,
  joiners: readonly Joiner[],
  context: EventContext,
): GroupState | Rejected {
  const together = enterAll(state, joiners, context);
  const isRefused = 'kind' in together || tooLarge(together) !== undefined;
  return isRefused && joiners.length > 1 ? enterAll(state, joiners.slice(0, 1), context) : together;
}

function enterAll(
  state: GroupState,
  joiners: readonly Joiner[],
  { topics }: EventContext,
): GroupState | Rejected {
  const members = new Map(state.members);
  for (const joiner of joiners) {
    const predecessor = members.get(joiner.replaces ?? joiner.memberId);
    if (joiner.replaces !== undefined) members.delete(joiner.replaces);
    const refusal = refusalOf({ ...state, members }, joiner);
    if (refusal !== undefined) return refusal;
    members.set(joiner.memberId, enter(joiner, predecessor));
  }
  // Nobody is told an epoch below the one at which its life began.
  const epoch = Math.max(state.epoch, ...joiners.map(({ joinEpoch }) => joinEpoch - 1));
  const { emptySinceMs: _, ...rest } = state;
  const next = retarget({ ...rest, members, epoch }, topics);
  const partitionCount = next.topics.reduce((count, topic) => count + topic.partitionCount, 0);
  if (partitionCount > PARTITIONS_PER_GROUP_MAX) {
    return rejected(
      'POLICY_VIOLATION',
      `a group reads at most ${PARTITIONS_PER_GROUP_MAX} partitions, not ${partitionCount}; use several groups`,
    );
  }
  return reconcile(next, new Set(joiners.map(({ memberId }) => memberId)));
}

function refusalOf(state: GroupState, { memberId, profile }: Joiner): Rejected | undefined {
  const { instanceId } = profile;
  const namesake = instanceId === undefined ? undefined : findByInstance(state, instanceId);
  if (namesake !== undefined && namesake.memberId !== memberId) {
    return rejected(
      'UNRELEASED_INSTANCE_ID',
      `instance id ${instanceId} belongs to member ${namesake.memberId} until it leaves or its session times out`,
    );
  }
  if (!state.members.has(memberId) && state.members.size >= MEMBERS_PER_GROUP_MAX) {
    return rejected(
      'GROUP_MAX_SIZE_REACHED',
      `group ${state.groupId} has ${MEMBERS_PER_GROUP_MAX} members, which is the limit`,
    );
  }
  return undefined;
}

/**
 * The same member id again: what it was told stays held until the new process acknowledges. In the place of another:
 * it takes over the target; what the other held is free, since it was fenced.
 */
function enter(
  { memberId, joinEpoch, profile, replaces }: Joiner,
  predecessor: GroupMember | undefined,
): GroupMember {
  const { subscription, instanceId, assignor, rebalanceTimeoutMs } = profile;
  const stays = replaces === undefined ? predecessor : undefined;
  return {
    memberId,
    joinEpoch,
    subscription,
    rebalanceTimeoutMs,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(assignor === undefined ? {} : { assignor }),
    target: predecessor?.target ?? NO_PARTITIONS,
    published: stays?.published ?? { epoch: 0, phase: 'stable', assignment: NO_PARTITIONS },
    revoking: stays?.revoking ?? NO_PARTITIONS,
  };
}
