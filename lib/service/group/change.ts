// How a group is changed, by whoever notices that it must: read, decide with the pure state machine, write on the
// condition that the version is unchanged, then tell the members. Any heartbeat may do it; there is no coordinator.
//
// Order, and what each step is for:
// - The group's item first, then the members' items: a member is told only what the group has decided, and what was
//   decided and not told is told by whoever looks around next (`monotonic-ownership`: what is told was free, or the
//   member's own, in a state that nobody has changed since it was read).
// - A member is answered only with what its own item holds: so the epoch that a fence returns bounds what it can know.

import type { Rejected } from '../../errors.ts';
import { encodeGroup } from '../../group/codec.ts';
import type { GroupEvent } from '../../group/event.ts';
import type { Subscription } from '../../group/member.ts';
import { type GroupMember, type GroupState, subscriptionsOf } from '../../group/state.ts';
import { transition } from '../../group/transition.ts';
import { GROUP_ATTEMPTS_MAX } from '../../limits.ts';
import type { MemberWrite } from '../../ports/group-store.ts';
import { pause } from '../retry.ts';
import { raiseFormerOwners } from './eviction.ts';
import { busyGroup, type OpenGroup, openGroup } from './open.ts';
import { topicsOf } from './subscribed-topics.ts';
import { ask, askAll, type GroupPorts } from './tools.ts';

export interface GroupChange {
  readonly groupId: string;
  /** What happened, given the state that it meets: worked out anew whenever another change came first. */
  readonly plan: (open: OpenGroup, attempt: number) => Promise<readonly GroupEvent[] | Rejected>;
  /** What is refused is left out of the change. Else it is refused as a whole. */
  readonly leavesOut?: boolean;
  /** What must be there before the group says so. `again`: the plan doesn't hold any more. */
  readonly prepare?: (open: OpenGroup) => Promise<'ready' | 'again'>;
}

export interface GroupChanged {
  readonly kind: 'settled';
  readonly state: GroupState;
  /** By member id: the items of those who were told something by this change. */
  readonly told: ReadonlyMap<string, MemberWrite>;
}

/** Changes a group. `seen` saves the first read. Fails with COORDINATOR_NOT_AVAILABLE when others always come first. */
export async function changeGroup(
  ports: GroupPorts,
  change: GroupChange,
  seen?: OpenGroup,
): Promise<GroupChanged | Rejected> {
  const { groupId } = change;
  let open = seen ?? (await openGroup(ports, groupId));
  for (let attempt = 1; attempt <= GROUP_ATTEMPTS_MAX; attempt += 1) {
    const next = await decide(ports, change, { open, attempt });
    if ('kind' in next) return next;
    if (next === open.state) return { kind: 'settled', state: next, told: new Map() };
    if ((await change.prepare?.(open)) === 'again') {
      open = await openGroup(ports, groupId);
      continue;
    }
    await raiseFormerOwners(ports, open.state, next);
    const written = { ...next, version: open.state.version + 1 };
    const outcome = await ask(ports, () => ports.groups.writeGroup(written));
    if (outcome.kind === 'written' || isSame(outcome.group, written)) {
      const news = newsSince(written, open.state.epoch);
      return { kind: 'settled', state: written, told: await tell(ports, groupId, news) };
    }
    // After the pause what the refusal said is old; a read is cheaper than another write in vain.
    await pause(ports, attempt);
    open = await openGroup(ports, groupId);
  }
  throw busyGroup(groupId);
}

/** Tells members what the group has decided for them; whoever is gone or knows more already is left alone. */
export async function tell(
  ports: GroupPorts,
  groupId: string,
  members: readonly GroupMember[],
): Promise<ReadonlyMap<string, MemberWrite>> {
  const writes = await askAll(ports, members, (member) =>
    ports.groups.publishAssignment({
      groupId,
      memberId: member.memberId,
      joinEpoch: member.joinEpoch,
      publication: member.published,
      ...(member.published.phase === 'unrevoked'
        ? { revokeTimeoutMs: member.rebalanceTimeoutMs }
        : {}),
    }),
  );
  return new Map(
    members.flatMap(({ memberId }, index) => {
      const write = writes[index];
      return write === undefined ? [] : [[memberId, write] as const];
    }),
  );
}

async function decide(
  ports: GroupPorts,
  change: GroupChange,
  { open, attempt }: { readonly open: OpenGroup; readonly attempt: number },
): Promise<GroupState | Rejected> {
  const events = await change.plan(open, attempt);
  if ('kind' in events) return events;
  const retargets = events.some(({ kind }) => kind !== 'acknowledge');
  const topics = retargets
    ? await topicsOf(ports, [...subscriptionsOf(open.state), ...events.flatMap(subscriptionsIn)])
    : open.state.topics;
  let state = open.state;
  for (const event of events) {
    const outcome = transition(state, event, { topics, nowMs: open.storageNowMs });
    if (outcome.kind === 'rejected' && change.leavesOut !== true) return outcome;
    if (outcome.kind === 'changed') state = outcome.state;
  }
  return state;
}

function subscriptionsIn(event: GroupEvent): readonly Subscription[] {
  if (event.kind === 'join') return event.joiners.map(({ profile }) => profile.subscription);
  return event.kind === 'subscribe' ? [event.subscription] : [];
}

/** An earlier try of this very write, whose answer was lost. */
function isSame(stands: GroupState | undefined, written: GroupState): boolean {
  return stands !== undefined && encodeGroup(stands) === encodeGroup(written);
}

function newsSince(state: GroupState, epoch: number): readonly GroupMember[] {
  return [...state.members.values()].filter(({ published }) => published.epoch > epoch);
}
