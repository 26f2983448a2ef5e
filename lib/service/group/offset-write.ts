// Writing offsets of a group without members: what a consumer without membership commits, and what a reset sets.
//
// Order (`one-owner`): the group's item is read, and made when there is none; then the offsets are written on the
// condition that its version is still that one. Every join changes the version, so nobody can own what is written, and
// what is written has the group's epoch, so nobody older can write after it.

import type { Rejected } from '../../errors.ts';
import { GROUP_ATTEMPTS_MAX, OFFSETS_PER_TRANSACTION_MAX } from '../../limits.ts';
import type { NamedPartition } from '../../ports/offset-store.ts';
import { pause } from '../retry.ts';
import { requireEmpty } from './deletion.ts';
import { busyGroup, openGroup } from './open.ts';
import { ask, type GroupPorts } from './tools.ts';

export interface OffsetToWrite {
  readonly partition: NamedPartition;
  readonly offset: bigint;
  readonly metadata: string;
}

/** Writes OFFSETS_PER_TRANSACTION_MAX at a time, each time all or none. Refused: NON_EMPTY_GROUP. */
export async function writeWhileEmpty(
  ports: GroupPorts,
  groupId: string,
  offsets: readonly OffsetToWrite[],
): Promise<Rejected | undefined> {
  for (let start = 0; start < offsets.length; start += OFFSETS_PER_TRANSACTION_MAX) {
    const piece = offsets.slice(start, start + OFFSETS_PER_TRANSACTION_MAX);
    const refusal = await writePiece(ports, groupId, piece);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function writePiece(
  ports: GroupPorts,
  groupId: string,
  offsets: readonly OffsetToWrite[],
): Promise<Rejected | undefined> {
  for (let attempt = 1; attempt <= GROUP_ATTEMPTS_MAX; attempt += 1) {
    const { state, exists, storageNowMs } = await openGroup(ports, groupId);
    const empty = await requireEmpty(ports, state);
    if ('kind' in empty) return empty;
    const ready = exists
      ? empty
      : { ...empty, version: empty.version + 1, emptySinceMs: storageNowMs };
    const made =
      exists || (await ask(ports, () => ports.groups.writeGroup(ready))).kind === 'written';
    const { version: groupVersion, epoch } = ready;
    const request = { groupId, groupVersion, epoch, offsets };
    const outcome = made
      ? await ask(ports, () => ports.offsets.commitWhileEmpty(request))
      : 'group-changed';
    if (outcome === 'committed') return undefined;
    await pause(ports, attempt);
  }
  throw busyGroup(groupId);
}
