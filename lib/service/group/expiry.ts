// What a schedule does for groups that nobody is left in: members whose lease ran out are evicted, and a group that has
// been empty, and not committed to, for the retention time goes with its offsets (Kafka's offsets.retention.minutes).
// One failing group doesn't keep the others waiting for the next run; each step may be done twice, or by two at once.

import { StratalogError } from '../../errors.ts';
import type { GroupState } from '../../group/state.ts';
import { GROUP_CALLS_PARALLEL_MAX } from '../../limits.ts';
import { mapInParallel } from '../parallel.ts';
import { deleteGroup } from './deletion.ts';
import { listGroups } from './description.ts';
import { allOffsets, openGroup } from './open.ts';
import { lookAround } from './round.ts';
import type { GroupPorts } from './tools.ts';

export interface GroupExpiry {
  /** Looked at. */
  readonly groupCount: number;
  readonly deletedGroupIds: readonly string[];
  /** Left to the next run, because the storage failed. */
  readonly failedGroupIds: readonly string[];
}

/** Looks at every group; `retentionMs` is how long offsets of an empty group are kept. */
export async function expireGroups(ports: GroupPorts, retentionMs: number): Promise<GroupExpiry> {
  const groupIds = (await listGroups(ports)).map(({ groupId }) => groupId);
  const outcomes = await mapInParallel(groupIds, GROUP_CALLS_PARALLEL_MAX, async (groupId) => {
    try {
      return await expireGroup(ports, groupId, retentionMs);
    } catch (failure) {
      if (failure instanceof StratalogError) return 'failed';
      throw failure;
    }
  });
  const having = (outcome: string) => groupIds.filter((_, index) => outcomes[index] === outcome);
  return {
    groupCount: groupIds.length,
    deletedGroupIds: having('deleted'),
    failedGroupIds: having('failed'),
  };
}

async function expireGroup(
  ports: GroupPorts,
  groupId: string,
  retentionMs: number,
): Promise<'kept' | 'deleted'> {
  const { state, storageNowMs } = await openGroup(ports, groupId);
  if (state.members.size > 0) await lookAround(ports, groupId);
  if (!isEmptySince(state, storageNowMs - retentionMs)) return 'kept';
  const offsets = await allOffsets(ports, groupId);
  const isFresh = offsets.some(
    ({ committed }) => (committed?.committedAtMs ?? 0) >= storageNowMs - retentionMs,
  );
  if (isFresh) return 'kept';
  const outcome = await deleteGroup(ports, groupId);
  return outcome.kind === 'deleted' ? 'deleted' : 'kept';
}

function isEmptySince({ members, emptySinceMs }: GroupState, momentMs: number): boolean {
  return members.size === 0 && emptySinceMs !== undefined && emptySinceMs < momentMs;
}
