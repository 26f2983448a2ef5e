// A member says goodbye: for good, or, a static one, for a while, so that its next process finds its partitions again.
//
// Order (`fenced`, `one-owner`): the member's item first, from then on nothing is told to it and late heartbeats of it are
// refused; then the owners of all that it held are raised, so that a commit of it that is still under way is refused as
// one of an evicted member is; then the group, which gives its partitions to others; then what is left of the item goes.
// Who dies in between leaves a fenced item in the group, and the next look around goes on with the owners.

import { type Rejected, rejected } from '../../errors.ts';
import type { MemberItem } from '../../group/member.ts';
import { changeGroup } from './change.ts';
import { raiseOwners } from './eviction.ts';
import { ask, type GroupPorts } from './tools.ts';

export interface LeaveRequest {
  readonly groupId: string;
  readonly memberId: string;
  /** Static members only: the session goes on without heartbeats, and whoever joins with the instance id takes over. */
  readonly temporarily?: boolean | undefined;
  /** When given, a leave of a former life, or older than a heartbeat that counted, is refused. */
  readonly memberEpoch?: number | undefined;
  readonly counter?: number | undefined;
}

/** Refused: UNKNOWN_MEMBER_ID (it may have left before), FENCED_MEMBER_EPOCH. */
export async function leaveGroup(
  ports: GroupPorts,
  request: LeaveRequest,
): Promise<{ readonly kind: 'left' } | Rejected> {
  const { groupId, memberId, memberEpoch, counter } = request;
  const temporarily = request.temporarily ?? false;
  const { member, kind } = await ask(ports, () =>
    ports.groups.leaveMember({
      groupId,
      memberId,
      temporarily,
      ...(memberEpoch === undefined ? {} : { memberEpoch }),
      ...(counter === undefined ? {} : { counter }),
    }),
  );
  if (kind === 'refused' && !hasLeft(member, temporarily)) {
    return member === undefined || member.status === 'fenced'
      ? rejected('UNKNOWN_MEMBER_ID', `member ${memberId} is not in group ${groupId}`)
      : rejected(
          'FENCED_MEMBER_EPOCH',
          `another process runs as member ${memberId}, or it sent a later heartbeat; it stays`,
        );
  }
  if (member === undefined || temporarily) return { kind: 'left' };
  await removeLife(ports, member);
  return { kind: 'left' };
}

function hasLeft(member: MemberItem | undefined, temporarily: boolean): boolean {
  return temporarily ? member?.status === 'away' : member?.fence === 'left';
}

async function removeLife(ports: GroupPorts, life: MemberItem): Promise<void> {
  const { groupId, memberId, joinEpoch } = life;
  await changeGroup(ports, {
    groupId,
    plan: async ({ state }) => {
      const member = state.members.get(memberId);
      if (member?.joinEpoch !== joinEpoch) return [];
      await raiseOwners(ports, state, { member, item: life });
      return [{ kind: 'leave', lives: [{ memberId, joinEpoch }] }];
    },
  });
  await ask(ports, () => ports.groups.deleteMember({ groupId, memberId, joinEpoch }));
}
