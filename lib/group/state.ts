// A group as its item holds it: who is in it, what the assignor wants each to have, and what each was last told.
//
// Invariants (checked by `groupProblems` in tests):
// - `one-owner`, `monotonic-ownership`: what members hold (told, or not yet given up) is disjoint, by topics' names.
// - told ⊆ target: nobody is told a partition that the assignor wants elsewhere.
// - no told epoch is larger than the group's epoch; the epoch only rises, and outlives the group's deletion.

import { type Assignment, unionOf } from './assignment.ts';
import type { AssignorName, Publication, Subscription } from './member.ts';

/** A topic that somebody in the group subscribes to. */
export interface GroupTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitionCount: number;
  /** Principals that may not describe it: their regexes don't match it. Known while targets are computed, not stored. */
  readonly hiddenFrom?: ReadonlySet<string>;
}

export interface GroupMember {
  readonly memberId: string;
  readonly instanceId?: string;
  /** The life of the member id that this entry speaks of; see MemberItem. */
  readonly joinEpoch: number;
  readonly subscription: Subscription;
  readonly assignor?: AssignorName;
  readonly rebalanceTimeoutMs: number;
  /** What the assignor wants it to have. */
  readonly target: Assignment;
  /** What it was last told; its own item may lag behind, never be ahead. */
  readonly published: Publication;
  /** Told earlier and not acknowledged yet as given up: it may still use these. Disjoint from `published`. */
  readonly revoking: Assignment;
}

/**
 * `active`: members may join. `deleting`: its offsets are being removed; whoever meets it finishes that first.
 * `deleted`: only the epoch is left, so that a zombie of its past can't claim.
 */
export type GroupStatus = 'active' | 'deleting' | 'deleted';

/** The item `GROUP`. */
export interface GroupState {
  readonly groupId: string;
  readonly status: GroupStatus;
  /** Raised by one by every write, which is conditional on it. */
  readonly version: number;
  /** Raised whenever anybody is told anything. */
  readonly epoch: number;
  /** The epoch at which the targets were last computed. */
  readonly assignmentEpoch: number;
  readonly assignor: AssignorName;
  /** By member id. */
  readonly members: ReadonlyMap<string, GroupMember>;
  /** What the targets were computed from, sorted by name. */
  readonly topics: readonly GroupTopic[];
  /** Since when it has no members, by the storage's clock: its offsets expire by this. */
  readonly emptySinceMs?: number;
}

/** What a group is before its item exists: version 0 is never stored. */
export function newGroup(groupId: string): GroupState {
  return {
    groupId,
    status: 'active',
    version: 0,
    epoch: 0,
    assignmentEpoch: 0,
    assignor: 'uniform',
    members: new Map(),
    topics: [],
  };
}

/** All that a member may be using: told now, or told before and not given up. */
export function heldBy(member: GroupMember): Assignment {
  return unionOf(member.published.assignment, member.revoking);
}

export function findByInstance(state: GroupState, instanceId: string): GroupMember | undefined {
  for (const member of state.members.values()) {
    if (member.instanceId === instanceId) return member;
  }
  return undefined;
}

/** What everybody together wants to read. */
export function subscriptionsOf(state: GroupState): readonly Subscription[] {
  return [...state.members.values()].map((member) => member.subscription);
}

/** How a group is shown. `reconciling`: somebody still has partitions to give up or to get. */
export type GroupPhase = 'empty' | 'stable' | 'reconciling' | 'dead';

export function groupPhase(state: GroupState): GroupPhase {
  if (state.status !== 'active') return 'dead';
  if (state.members.size === 0) return 'empty';
  const settled = [...state.members.values()].every(
    ({ published }) => published.phase === 'stable',
  );
  return settled ? 'stable' : 'reconciling';
}

/** Which of the invariants above are broken; empty when none is. */
export function groupProblems(state: GroupState): readonly string[] {
  const problems: string[] = [];
  const holders = new Map<string, string>();
  for (const member of state.members.values()) {
    for (const { topicName, partitions } of heldBy(member)) {
      for (const partition of partitions) {
        const text = `${topicName}/${partition}`;
        const other = holders.get(text);
        if (other !== undefined)
          problems.push(`${text} is held by ${other} and ${member.memberId}`);
        holders.set(text, member.memberId);
      }
    }
    if (member.published.epoch > state.epoch) {
      problems.push(`${member.memberId} was told an epoch beyond the group's`);
    }
  }
  return problems;
}
