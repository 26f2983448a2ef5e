// A member joins, or joins again.
//
// Order: the member's item first, then the group, then what the group decided for it into its item, and only then the
// answer. So the group never knows a member without an item (a missing item means that the member is gone), and the
// joiner is told nothing that a fence of its item wouldn't return (`fenced`). Who dies in between leaves an item in no
// group, whose lease runs out.
// When joiners meet, the one who loses takes all who stand at the door in with its next try, so that many joins at once
// cost few writes of the group.

import { type Rejected, rejected } from '../../errors.ts';
import type { GroupEvent, Joiner } from '../../group/event.ts';
import { isExpired, type MemberItem, type MemberProfile } from '../../group/member.ts';
import {
  checkGroupId,
  checkMemberIds,
  type ProfileRequest,
  parseProfile,
} from '../../group/profile.ts';
import { findByInstance, type GroupMember, type GroupState } from '../../group/state.ts';
import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import { answerOf, type MemberAnswer } from './answer.ts';
import { changeGroup, tell } from './change.ts';
import { fence, raiseOwners } from './eviction.ts';
import { allMembers, type OpenGroup } from './open.ts';
import { ask, type GroupPorts } from './tools.ts';

export interface JoinRequest extends ProfileRequest {
  readonly groupId: string;
  /** Chosen by the joiner, so that it may repeat a join whose answer was lost; made here when absent. */
  readonly memberId?: string | undefined;
}

/** One join under way. */
interface Arrival {
  readonly groupId: string;
  readonly memberId: string;
  readonly profile: MemberProfile;
  /** The life it begins, once that is decided; `item`: its item is there. */
  life: { readonly joinEpoch: number; readonly rejoins: boolean; item: boolean } | undefined;
  /** The last life of this member id that is known to have ended. */
  formerJoinEpoch: number;
}

/**
 * Joins a group, which is made when there is none. Refused: as checkGroupId, parseProfile and joinGroup; a live member
 * with the same instance id: UNRELEASED_INSTANCE_ID.
 */
export async function joinGroup(
  ports: GroupPorts,
  request: JoinRequest,
): Promise<MemberAnswer | Rejected> {
  const refusal = checkGroupId(request.groupId) ?? checkMemberIds({ memberId: request.memberId });
  if (refusal !== undefined) return refusal;
  const parsed = parseProfile(request);
  if (parsed.kind === 'rejected') return parsed;
  const arrival: Arrival = {
    groupId: request.groupId,
    memberId: request.memberId ?? newMemberId(ports),
    profile: parsed.profile,
    life: undefined,
    formerJoinEpoch: 0,
  };
  const changed = await changeGroup(ports, {
    groupId: request.groupId,
    plan: (open, attempt) => planJoin(ports, arrival, { open, attempt }),
    prepare: ({ state }) => putItem(ports, arrival, state),
  });
  if (changed.kind === 'rejected') return changed;
  const { groupId, memberId } = arrival;
  const member = changed.state.members.get(memberId);
  const write =
    changed.told.get(memberId) ??
    (member === undefined ? undefined : (await tell(ports, groupId, [member])).get(memberId));
  if (write?.member === undefined || write.member.status !== 'live') {
    return rejected(
      'UNKNOWN_MEMBER_ID',
      `member ${memberId} was removed while it joined; join again`,
    );
  }
  if (write.member.joinEpoch !== arrival.life?.joinEpoch) {
    return rejected(
      'FENCED_MEMBER_EPOCH',
      `another process joined as member ${memberId} at the same time; that one stays`,
    );
  }
  return answerOf(write.member, write.member.published);
}

/** ULIDs, so that members sort as they came. */
function newMemberId(ports: GroupPorts): string {
  return ulidOf(ports.clock.nowMs(), ports.random.randomBytes(ULID_RANDOM_BYTES));
}

async function planJoin(
  ports: GroupPorts,
  arrival: Arrival,
  { open, attempt }: { readonly open: OpenGroup; readonly attempt: number },
): Promise<readonly GroupEvent[] | Rejected> {
  const { groupId, memberId, profile } = arrival;
  const { state } = open;
  const entry = state.members.get(memberId);
  if (entry !== undefined && entry.joinEpoch === arrival.life?.joinEpoch) return [];
  const events: GroupEvent[] = [];
  if (entry !== undefined && arrival.life === undefined) {
    const { member: item } = await ask(ports, () => ports.groups.readMember({ groupId, memberId }));
    if (item !== undefined && item.status !== 'fenced') {
      const joinEpoch = Math.max(state.epoch, item.joinEpoch) + 1;
      arrival.life = { joinEpoch, rejoins: true, item: false };
    } else {
      await raiseOwners(ports, state, { member: entry, item });
      events.push({ kind: 'expire', lives: [entry] });
    }
  }
  const joinEpoch = Math.max(state.epoch, arrival.formerJoinEpoch) + 1;
  arrival.life ??= { joinEpoch, rejoins: false, item: false };
  const joiner = { memberId, joinEpoch: arrival.life.joinEpoch, profile };
  const forerunner = await releaseInstance(ports, arrival, open);
  if (forerunner?.kind === 'rejected') return forerunner;
  const replaces = forerunner === undefined ? {} : { replaces: forerunner.memberId };
  const others = attempt === 1 ? [] : await atTheDoor(ports, arrival, open);
  events.push({ kind: 'join', joiners: [{ ...joiner, ...replaces }, ...others] });
  return events;
}

/** The member that had the instance id: gone or away for good, or the join is refused. */
async function releaseInstance(
  ports: GroupPorts,
  { groupId, memberId, profile }: Arrival,
  { state, storageNowMs }: OpenGroup,
): Promise<{ readonly kind: 'released'; readonly memberId: string } | Rejected | undefined> {
  const { instanceId } = profile;
  const member = instanceId === undefined ? undefined : findByInstance(state, instanceId);
  if (member === undefined || member.memberId === memberId) return undefined;
  const { member: item } = await ask(ports, () =>
    ports.groups.readMember({ groupId, memberId: member.memberId }),
  );
  const ended = item === undefined ? 'gone' : await endLife(ports, item, storageNowMs);
  if (ended === undefined) {
    return rejected(
      'UNRELEASED_INSTANCE_ID',
      `instance id ${instanceId} belongs to member ${member.memberId} until it leaves or its session times out`,
    );
  }
  await raiseOwners(ports, state, { member, item: ended === 'gone' ? undefined : ended });
  return { kind: 'released', memberId: member.memberId };
}

/** The fenced item, or undefined when the life goes on. */
async function endLife(
  ports: GroupPorts,
  item: MemberItem,
  storageNowMs: number,
): Promise<MemberItem | undefined> {
  if (item.status === 'fenced') return item;
  if (item.status === 'live' && !isExpired(item, storageNowMs)) return undefined;
  return fence(ports, item, 'replaced');
}

/** Others whose items wait for a group: what they asked for is in them. Static ones come by themselves. */
async function atTheDoor(
  ports: GroupPorts,
  { groupId, memberId }: Arrival,
  { state, storageNowMs }: OpenGroup,
): Promise<readonly Joiner[]> {
  const items = await allMembers(ports, groupId);
  return items
    .filter(
      (item) =>
        item.memberId !== memberId &&
        item.status === 'live' &&
        item.instanceId === undefined &&
        !isExpired(item, storageNowMs) &&
        isNew(state.members.get(item.memberId), item),
    )
    .map((item) => ({ memberId: item.memberId, joinEpoch: item.joinEpoch, profile: item }));
}

function isNew(entry: GroupMember | undefined, item: MemberItem): boolean {
  return entry === undefined || entry.joinEpoch < item.joinEpoch;
}

/**
 * `again`: there is an item of this member id, perhaps of an earlier try whose answer was lost: then a new life begins
 * all the same, since nobody can tell that from another process.
 */
async function putItem(
  ports: GroupPorts,
  arrival: Arrival,
  { epoch }: GroupState,
): Promise<'ready' | 'again'> {
  const { life, groupId, memberId, profile } = arrival;
  if (life === undefined || life.item) return 'ready';
  const { joinEpoch } = life;
  const request = { groupId, memberId, profile, joinEpoch };
  const write = await ask(ports, () =>
    life.rejoins
      ? ports.groups.rejoinMember(request)
      : ports.groups.createMember({ ...request, publishedEpoch: epoch }),
  );
  if (write.kind === 'written') {
    life.item = true;
    return 'ready';
  }
  const { member: stands } = write;
  arrival.formerJoinEpoch = stands?.joinEpoch ?? 0;
  arrival.life =
    stands === undefined || stands.status === 'fenced'
      ? undefined
      : { joinEpoch: Math.max(epoch, stands.joinEpoch) + 1, rejoins: true, item: false };
  return 'again';
}
