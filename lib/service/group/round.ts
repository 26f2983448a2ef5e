// The look around: now and then a heartbeat also sees to the others. It evicts those whose lease ran out, finishes what
// somebody began and died over, tells what was left untold, and notices added partitions and topics.
//
// The turns go round: time is cut into slots of half a session timeout, and in each slot two members of the group have
// the turn, so that however large a group is it is looked after about twice a session, and a dead member's turn is no
// gap. Who the members are a process knows from the last look around; one that doesn't know takes a look. When nearly
// all members died at once, most turns are dead ones': so in every slot in which a process saw no look around, four
// times as many members of its stand in for whoever has the turn. They read that one's item, and look around
// themselves when it is dead.
//
// Order: the group is read before its members' items: every member that the group knows had its item by then, so a
// missing item means that it is gone.

import { StratalogError } from '../../errors.ts';
import type { GroupEvent, MemberLife } from '../../group/event.ts';
import { planRound, type Round } from '../../group/expire.ts';
import { isExpired, type MemberItem } from '../../group/member.ts';
import type { GroupState } from '../../group/state.ts';
import { GROUP_CALLS_PARALLEL_MAX, GROUP_ROSTERS_MAX } from '../../limits.ts';
import { mapInParallel } from '../parallel.ts';
import { changeGroup, tell } from './change.ts';
import { fence, raiseOwners } from './eviction.ts';
import { allMembers, openGroup } from './open.ts';
import { ask, askAll, type GroupPorts } from './tools.ts';

/** What a process remembers of the groups that it serves. */
export interface GroupDuty {
  readonly rosters: Map<string, Roster>;
}

interface Roster {
  readonly memberIds: readonly string[];
  /** By the storage's clock. */
  readonly lookedAtMs: number;
}

/** By how much more members stand in for the one whose turn it is, each slot. */
const WIDER_PER_SLOT = 4;

export function createGroupDuty(): GroupDuty {
  return { rosters: new Map() };
}

/**
 * Looks around when it is this member's turn. The member's own item when it was told something by that.
 * A storage that fails now leaves the work to the next in turn: the heartbeat itself has succeeded.
 */
export async function lookAroundWhenDue(
  ports: GroupPorts,
  duty: GroupDuty,
  turn: { readonly member: MemberItem; readonly nowMs: number },
): Promise<MemberItem | undefined> {
  const { groupId, memberId } = turn.member;
  const roster = duty.rosters.get(groupId);
  const due = dueNow(roster, turn);
  if (due.kind === 'nothing') return undefined;
  const lookedAtMs = turn.nowMs;
  remember(duty, groupId, { memberIds: roster?.memberIds ?? [], lookedAtMs });
  try {
    if (due.kind === 'stand-in' && (await isAlive(ports, groupId, due.memberId))) return undefined;
    const { state, told } = await lookAround(ports, groupId);
    remember(duty, groupId, { memberIds: [...state.members.keys()].sort(), lookedAtMs });
    return told.get(memberId);
  } catch (failure) {
    if (failure instanceof StratalogError && failure.retriable) return undefined;
    throw failure;
  }
}

/** `stand-in`: for the member that has the turn. */
type Due =
  | { readonly kind: 'nothing' | 'look' }
  | { readonly kind: 'stand-in'; readonly memberId: string };

function dueNow(
  roster: Roster | undefined,
  { member, nowMs }: { readonly member: MemberItem; readonly nowMs: number },
): Due {
  if (roster === undefined) return { kind: 'look' };
  const slotOf = (timeMs: number): number => Math.floor(timeMs / (member.sessionTimeoutMs / 2));
  const slot = slotOf(nowMs);
  const slotsSince = slot - slotOf(roster.lookedAtMs);
  if (slotsSince <= 0) return { kind: 'nothing' };
  const { memberIds } = roster;
  const place = memberIds.indexOf(member.memberId);
  if (place < 0) return { kind: 'look' };
  const count = memberIds.length;
  const width = WIDER_PER_SLOT ** (slotsSince - 1);
  for (const turn of [slot % count, (slot + Math.floor(count / 2)) % count]) {
    const behind = (place - turn + count) % count;
    const memberId = memberIds[turn];
    if (behind === 0) return { kind: 'look' };
    if (behind < width && memberId !== undefined) return { kind: 'stand-in', memberId };
  }
  return { kind: 'nothing' };
}

async function isAlive(ports: GroupPorts, groupId: string, memberId: string): Promise<boolean> {
  const { member, storageNowMs } = await ask(ports, () =>
    ports.groups.readMember({ groupId, memberId }),
  );
  return member?.status === 'live' && !isExpired(member, storageNowMs);
}

function remember(duty: GroupDuty, groupId: string, roster: Roster): void {
  if (duty.rosters.size >= GROUP_ROSTERS_MAX) duty.rosters.clear();
  duty.rosters.set(groupId, roster);
}

/** One look around, whoever asks for it. `told`: the items of those who were told something. */
export async function lookAround(
  ports: GroupPorts,
  groupId: string,
): Promise<{ readonly state: GroupState; readonly told: ReadonlyMap<string, MemberItem> }> {
  const open = await openGroup(ports, groupId);
  const items = await allMembers(ports, groupId);
  const round = planRound(open.state, items, open.storageNowMs);
  const fenced = await fenceExpired(ports, round);
  const late = await tell(ports, groupId, round.untold);
  const changed = await changeGroup(
    ports,
    {
      groupId,
      plan: ({ state }) => planEvents(ports, { state, seen: open.state, round, fenced }),
      leavesOut: true,
    },
    open,
  );
  await askAll(ports, round.forgotten, ({ memberId, joinEpoch }) =>
    ports.groups.deleteMember({ groupId, memberId, joinEpoch }),
  );
  const writes = changed.kind === 'rejected' ? late : new Map([...late, ...changed.told]);
  return {
    state: changed.kind === 'rejected' ? open.state : changed.state,
    told: new Map(
      [...writes].flatMap(([memberId, { member }]) =>
        member === undefined ? [] : [[memberId, member] as const],
      ),
    ),
  };
}

/** Those that are fenced now, whether just so or before. */
async function fenceExpired(ports: GroupPorts, round: Round): Promise<readonly MemberItem[]> {
  const fenced = await mapInParallel(round.expired, GROUP_CALLS_PARALLEL_MAX, (item) =>
    fence(ports, item, 'expired'),
  );
  return [...round.fenced, ...fenced.filter((item) => item !== undefined)];
}

/** Whatever the round found that is still so in this state. The owners are raised before the group hears of it. */
async function planEvents(
  ports: GroupPorts,
  look: {
    readonly state: GroupState;
    /** The state that was read before the members' items were. */
    readonly seen: GroupState;
    readonly round: Round;
    readonly fenced: readonly MemberItem[];
  },
): Promise<readonly GroupEvent[]> {
  const { state, seen, round, fenced } = look;
  const found = [...fenced, ...round.gone].filter(
    ({ memberId, joinEpoch }) => state.members.get(memberId)?.joinEpoch === joinEpoch,
  );
  const lives = state.version === seen.version ? found : await stillOver(ports, seen, found);
  for (const { memberId } of lives) {
    const member = state.members.get(memberId);
    const item = fenced.find((one) => one.memberId === memberId);
    if (member !== undefined) await raiseOwners(ports, state, { member, item });
  }
  const events: GroupEvent[] = round.subscribed.map((one) => ({ kind: 'subscribe', ...one }));
  if (lives.length > 0) events.push({ kind: 'expire', lives });
  if (state.members.size > lives.length) events.push({ kind: 'refresh' });
  return events;
}

/**
 * Those whose item still says that they are over, or is gone: in a later state that is looked up again. A fenced item
 * that was forgotten keeps nobody from beginning the same life once more, with a request that came very late.
 */
async function stillOver(
  ports: GroupPorts,
  { groupId }: GroupState,
  lives: readonly MemberLife[],
): Promise<readonly MemberLife[]> {
  const items = await askAll(ports, lives, ({ memberId }) =>
    ports.groups.readMember({ groupId, memberId }),
  );
  return lives.filter((_, index) => (items[index]?.member?.status ?? 'fenced') === 'fenced');
}
