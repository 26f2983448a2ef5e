// Values that the group suites share, and what is true of moments that a storage writes.

import { expect } from 'vitest';
import type { Assignment } from '../../lib/group/assignment.ts';
import type { MemberProfile, Publication } from '../../lib/group/member.ts';
import { type GroupState, newGroup } from '../../lib/group/state.ts';
import type { GroupStore, MemberKey, MemberWrite } from '../../lib/ports/group-store.ts';
import type { OffsetStore } from '../../lib/ports/offset-store.ts';
import { TOPIC_ID } from './contract-values.ts';

/** Stores over the same items, in which nothing is stored. */
export interface GroupHarness {
  readonly groups: GroupStore;
  readonly offsets: OffsetStore;
  /** Resolves when that much time is over by the storage's clock: surely, by every bound that the adapter gives. */
  passTime(durationMs: number): Promise<void>;
}

export type MakeGroupStores = () => Promise<GroupHarness>;

export const GROUP_ID = 'billing';
export const MEMBER: MemberKey = { groupId: GROUP_ID, memberId: 'member-1' };
export const OTHER_MEMBER: MemberKey = { groupId: GROUP_ID, memberId: 'member-2' };

/** Topics' names with their partitions, as an assignment. */
export const ASSIGNMENT: Assignment = [
  { topicId: TOPIC_ID, topicName: 'orders', partitions: [0, 1, 2, 7] },
];

export const PROFILE: MemberProfile = {
  subscription: {
    topicNames: ['orders', 'payments'],
    topicRegex: 'audit-.*',
    principal: 'User:alice',
  },
  instanceId: 'instance-1',
  clientId: 'client-1',
  assignor: 'range',
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 300_000,
};

export const BARE_PROFILE: MemberProfile = {
  subscription: { topicNames: [] },
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
};

/** How far a moment that a storage writes may lie beyond the storage's now: its clock's grain and a slow answer. */
const MOMENT_SLACK_MS = 30_000;

/** The moment is `delayMs` after the storage's now, surely not earlier and not much later. */
export function expectMoment(
  actualMs: number | undefined,
  storageNowMs: number,
  delayMs: number,
): void {
  expect(actualMs).toBeGreaterThanOrEqual(storageNowMs + delayMs);
  expect(actualMs).toBeLessThanOrEqual(storageNowMs + delayMs + MOMENT_SLACK_MS);
}

/** A group with a member that still has partitions to give up. */
export function groupState(more: Partial<GroupState> = {}): GroupState {
  return {
    ...newGroup(GROUP_ID),
    version: 1,
    epoch: 7,
    assignmentEpoch: 6,
    assignor: 'range',
    topics: [{ name: 'orders', topicId: TOPIC_ID, partitionCount: 8 }],
    members: new Map([
      [
        'member-1',
        {
          memberId: 'member-1',
          instanceId: 'instance-1',
          joinEpoch: 3,
          subscription: PROFILE.subscription,
          assignor: 'range',
          rebalanceTimeoutMs: 300_000,
          target: ASSIGNMENT,
          published: { epoch: 7, phase: 'unrevoked', assignment: [] },
          revoking: ASSIGNMENT,
        },
      ],
    ]),
    ...more,
  };
}

/** A member that lives since epoch 3 and was told nothing since. */
export async function createMember(
  groups: GroupStore,
  key: MemberKey = MEMBER,
  profile: MemberProfile = PROFILE,
): Promise<MemberWrite> {
  return await groups.createMember({ ...key, profile, joinEpoch: 3, publishedEpoch: 3 });
}

export function publication(epoch: number, phase: Publication['phase'] = 'stable'): Publication {
  return { epoch, phase, assignment: ASSIGNMENT };
}
