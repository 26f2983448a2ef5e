// Groups without members can be deleted; how, stands in group-open, because whoever meets one goes on with it.

import { type Rejected, rejected } from '../../errors.ts';
import type { GroupState } from '../../group/state.ts';
import { GROUP_ATTEMPTS_MAX } from '../../limits.ts';
import { pause } from '../retry.ts';
import { busyGroup, finishDeletion, noSuchGroup, openGroup } from './open.ts';
import { lookAround } from './round.ts';
import { ask, type GroupPorts } from './tools.ts';

/**
 * A group's state when it has no members. When it seems to have some they are looked after first: nobody may have been
 * left to notice that they died. Refused: NON_EMPTY_GROUP.
 */
export async function requireEmpty(
  ports: GroupPorts,
  state: GroupState,
): Promise<GroupState | Rejected> {
  if (state.members.size === 0) return state;
  const looked = await lookAround(ports, state.groupId);
  if (looked.state.members.size === 0) return looked.state;
  return rejected(
    'NON_EMPTY_GROUP',
    `group ${state.groupId} has ${looked.state.members.size} members; stop them first`,
  );
}

/** Removes a group and its offsets. Refused: GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP. */
export async function deleteGroup(
  ports: GroupPorts,
  groupId: string,
): Promise<{ readonly kind: 'deleted' } | Rejected> {
  const { group } = await ask(ports, () => ports.groups.readGroup(groupId));
  if (group === undefined || group.status === 'deleted') return noSuchGroup(groupId);
  for (let attempt = 1; attempt <= GROUP_ATTEMPTS_MAX; attempt += 1) {
    // Finishes a deletion that was begun; then there is nothing left of the group but its epoch.
    const { state, exists } = await openGroup(ports, groupId);
    if (!exists) return { kind: 'deleted' };
    const empty = await requireEmpty(ports, state);
    if ('kind' in empty) return empty;
    const deleting = { ...empty, status: 'deleting', version: empty.version + 1 } as const;
    const outcome = await ask(ports, () => ports.groups.writeGroup(deleting));
    if (outcome.kind === 'written') {
      await finishDeletion(ports, deleting);
      return { kind: 'deleted' };
    }
    await pause(ports, attempt);
  }
  throw busyGroup(groupId);
}
