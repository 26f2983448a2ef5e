// What is found of a group, made ready for a change; and the end of a group, which anybody may have to finish.
//
// Order of the end: the group is marked `deleting` (from then on nobody joins, nothing is committed: both are
// conditional on the version), then its offsets go, each only if nobody later owns it, then what is left of its members,
// and at last the mark becomes `deleted`, which keeps the epoch. `fenced`: a zombie of a deleted group holds an epoch
// that the group made anew under this name has passed, so it can't claim. Whoever meets `deleting` finishes it first.

import { type Rejected, rejected, StratalogError } from '../../errors.ts';
import { type GroupState, newGroup } from '../../group/state.ts';
import { GROUP_ATTEMPTS_MAX } from '../../limits.ts';
import { allPages, ask, askAll, type GroupPorts } from './tools.ts';

/** A group that may be changed: active, perhaps new (version 0) or risen again, at the epoch that it once had. */
export interface OpenGroup {
  readonly state: GroupState;
  /** Its item is there and active. */
  readonly exists: boolean;
  readonly storageNowMs: number;
}

/** Reads a group, and finishes its deletion when one was begun. */
export async function openGroup(ports: GroupPorts, groupId: string): Promise<OpenGroup> {
  let view = await ask(ports, () => ports.groups.readGroup(groupId));
  for (let attempt = 1; view.group?.status === 'deleting'; attempt += 1) {
    if (attempt > GROUP_ATTEMPTS_MAX) throw busyGroup(groupId);
    await finishDeletion(ports, view.group);
    view = await ask(ports, () => ports.groups.readGroup(groupId));
  }
  const { group, storageNowMs } = view;
  if (group?.status === 'active') return { state: group, exists: true, storageNowMs };
  const { version, epoch } = group ?? newGroup(groupId);
  return { state: { ...newGroup(groupId), version, epoch }, exists: false, storageNowMs };
}

/** Goes on from `deleting` to `deleted`. */
export async function finishDeletion(ports: GroupPorts, group: GroupState): Promise<void> {
  const { groupId, epoch, version } = group;
  const offsets = await allOffsets(ports, groupId);
  await askAll(ports, offsets, (partition) =>
    ports.offsets.deleteOffset({ groupId, partition, epoch }),
  );
  const members = await allMembers(ports, groupId);
  await askAll(
    ports,
    members.filter(({ status }) => status === 'fenced'),
    ({ memberId, joinEpoch }) => ports.groups.deleteMember({ groupId, memberId, joinEpoch }),
  );
  // Refused: somebody else finished it.
  await ask(ports, () =>
    ports.groups.writeGroup({
      ...newGroup(groupId),
      status: 'deleted',
      version: version + 1,
      epoch,
    }),
  );
}

/** All offsets of a group. */
export function allOffsets(ports: GroupPorts, groupId: string) {
  return allPages(async (after) => {
    const request = { groupId, ...(after === undefined ? {} : { after }) };
    const { offsets, next } = await ask(ports, () => ports.offsets.readOffsets(request));
    return { items: offsets, ...(next === undefined ? {} : { next }) };
  });
}

/** All member items of a group. */
export function allMembers(ports: GroupPorts, groupId: string) {
  return allPages(async (after) => {
    const request = { groupId, ...(after === undefined ? {} : { after }) };
    const { members, next } = await ask(ports, () => ports.groups.listMembers(request));
    return { items: members, ...(next === undefined ? {} : { next }) };
  });
}

export function noSuchGroup(groupId: string): Rejected {
  return rejected('GROUP_ID_NOT_FOUND', `there is no group ${groupId}`);
}

export function busyGroup(groupId: string): StratalogError {
  return new StratalogError(
    'COORDINATOR_NOT_AVAILABLE',
    `group ${groupId} is being changed by many at once; try again`,
  );
}
