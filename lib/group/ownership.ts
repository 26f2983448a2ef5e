// Who may be told what, so that no partition is ever in two hands.
//
// `monotonic-ownership`: a partition is free only when the member it was last told to has acknowledged a later epoch
// that lacks it, or is gone from the group (it left, or was fenced first). A heartbeat that was under way and doesn't
// list the partition says nothing: it speaks of an older epoch.
//
// Members know topics by name. So a partition of a topic that was deleted and created again waits, even for the very
// member that has it, until its namesake was given up: told at once, the member would hear no difference, and read the
// new topic from where it was in the old one.

import {
  type Assignment,
  filterAssignment,
  isSubset,
  NO_PARTITIONS,
  sameAssignment,
  subtract,
} from './assignment.ts';
import type { MemberPhase } from './member.ts';
import { type GroupMember, type GroupState, heldBy } from './state.ts';

/**
 * Tells everybody as much of its target as is free or its own, and what to give up. Whoever hears something new, or is
 * in `tellAnyway`, is told at a new epoch; when nobody is, the state comes back as it was.
 */
export function reconcile(
  state: GroupState,
  tellAnyway: ReadonlySet<string> = new Set(),
): GroupState {
  const holders = holdersOf(state);
  const epoch = state.epoch + 1;
  const members = new Map<string, GroupMember>();
  for (const member of state.members.values()) {
    const next = tell(member, holders, epoch);
    const hearsNews = isNews(member, next) || tellAnyway.has(member.memberId);
    members.set(member.memberId, hearsNews ? next : member);
  }
  const anybody = [...members.values()].some(({ published }) => published.epoch === epoch);
  return anybody ? { ...state, epoch, members } : state;
}

/**
 * The member says that it adopted `epoch` and uses `owned`. It counts when that is the last it was told and nothing
 * else is in use; then what it gave up is free.
 */
export function acknowledge(
  member: GroupMember,
  { epoch, owned }: { readonly epoch: number; readonly owned: Assignment },
): GroupMember {
  const adopted = epoch === member.published.epoch && isSubset(owned, member.published.assignment);
  return adopted && member.revoking.length > 0 ? { ...member, revoking: NO_PARTITIONS } : member;
}

interface Holder {
  readonly memberId: string;
  readonly topicId: string;
}

/** By name and partition: who may be using it, of whichever topic of that name. */
function holdersOf(state: GroupState): ReadonlyMap<string, Holder> {
  const holders = new Map<string, Holder>();
  for (const { memberId, published, revoking } of state.members.values()) {
    // What is being given up comes last: it is what a namesake waits for.
    for (const { topicId, topicName, partitions } of [...published.assignment, ...revoking]) {
      for (const partition of partitions) {
        holders.set(placeText(topicName, partition), { memberId, topicId });
      }
    }
  }
  return holders;
}

function placeText(topicName: string, partition: number): string {
  return `${topicName}/${partition}`;
}

function tell(
  member: GroupMember,
  holders: ReadonlyMap<string, Holder>,
  epoch: number,
): GroupMember {
  const assignment = filterAssignment(member.target, ({ topicId, partition }, topicName) => {
    const holder = holders.get(placeText(topicName, partition));
    return (
      holder === undefined || (holder.memberId === member.memberId && holder.topicId === topicId)
    );
  });
  const revoking = subtract(heldBy(member), assignment);
  const phase = phaseOf({ assignment, revoking, target: member.target });
  return { ...member, published: { epoch, phase, assignment }, revoking };
}

function phaseOf(member: {
  readonly assignment: Assignment;
  readonly revoking: Assignment;
  readonly target: Assignment;
}): MemberPhase {
  if (member.revoking.length > 0) return 'unrevoked';
  return sameAssignment(member.assignment, member.target) ? 'stable' : 'unreleased';
}

function isNews(before: GroupMember, after: GroupMember): boolean {
  return (
    before.published.phase !== after.published.phase ||
    !sameAssignment(before.published.assignment, after.published.assignment) ||
    !sameAssignment(before.revoking, after.revoking)
  );
}
