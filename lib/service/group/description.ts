// What is shown of groups: who is in them, who has what, and who is idle.

import type { Rejected } from '../../errors.ts';
import type { Assignment } from '../../group/assignment.ts';
import {
  type AssignorName,
  isExpired,
  type MemberItem,
  type MemberPhase,
} from '../../group/member.ts';
import { type GroupMember, type GroupPhase, groupPhase } from '../../group/state.ts';
import { GROUPS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type { GroupListing } from '../../ports/group-store.ts';
import { allMembers, noSuchGroup } from './open.ts';
import { allPages, ask, type GroupPorts } from './tools.ts';

export interface MemberDescription {
  readonly memberId: string;
  readonly instanceId?: string;
  readonly clientId?: string;
  readonly topicNames: readonly string[];
  readonly topicRegex?: string;
  readonly memberEpoch: number;
  readonly phase: MemberPhase;
  /** What it was told to use. */
  readonly assignment: Assignment;
  /** What it is to have when everybody has given up what they must. */
  readonly target: Assignment;
  /** There are not enough partitions for it. */
  readonly idle: boolean;
  /** It left for a while, or its lease ran out and nobody has noticed yet. */
  readonly absent: boolean;
  readonly sessionTimeoutMs?: number;
  /** By the storage's clock, milliseconds since 1970. */
  readonly leaseExpiresAtMs?: number;
}

export interface GroupDescription {
  readonly kind: 'group';
  readonly groupId: string;
  readonly phase: GroupPhase;
  readonly assignor: AssignorName;
  readonly epoch: number;
  readonly assignmentEpoch: number;
  readonly members: readonly MemberDescription[];
}

/** Refused: GROUP_ID_NOT_FOUND. */
export async function describeGroup(
  ports: GroupPorts,
  groupId: string,
): Promise<GroupDescription | Rejected> {
  const { group, storageNowMs } = await ask(ports, () => ports.groups.readGroup(groupId));
  if (group?.status !== 'active') return noSuchGroup(groupId);
  const items = new Map(
    (await allMembers(ports, groupId)).map((item) => [item.memberId, item] as const),
  );
  const { assignor, epoch, assignmentEpoch } = group;
  return {
    kind: 'group',
    groupId,
    phase: groupPhase(group),
    assignor,
    epoch,
    assignmentEpoch,
    members: [...group.members.values()].map((member) =>
      describeMember(member, items.get(member.memberId), storageNowMs),
    ),
  };
}

function describeMember(
  member: GroupMember,
  item: MemberItem | undefined,
  storageNowMs: number,
): MemberDescription {
  const { memberId, instanceId, subscription, published, target } = member;
  return {
    memberId,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(item?.clientId === undefined ? {} : { clientId: item.clientId }),
    ...subscription,
    memberEpoch: published.epoch,
    phase: published.phase,
    assignment: published.assignment,
    target,
    idle: target.length === 0,
    absent: item?.status !== 'live' || isExpired(item, storageNowMs),
    ...(item === undefined
      ? {}
      : { sessionTimeoutMs: item.sessionTimeoutMs, leaseExpiresAtMs: item.leaseExpiresAtMs }),
  };
}

/** All groups that aren't deleted, by name. */
export async function listGroups(ports: GroupPorts): Promise<readonly GroupListing[]> {
  const listings = await allPages(async (after) => {
    const request = { limit: GROUPS_PER_LIST_PAGE_MAX, ...(after === undefined ? {} : { after }) };
    const { groups, next } = await ask(ports, () => ports.groups.listGroups(request));
    return { items: groups, ...(next === undefined ? {} : { next }) };
  });
  return listings.toSorted((left, right) => (left.groupId < right.groupId ? -1 : 1));
}
