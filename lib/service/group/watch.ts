// What a schedule does for all groups: what nobody in them is left to do (expiry), and how far each is behind, so that
// a group whose consumers stand still is seen by somebody else.

import { GROUP_CALLS_PARALLEL_MAX, OFFSETS_RETENTION_MS } from '../../limits.ts';
import { mapInParallel } from '../parallel.ts';
import { listGroups } from './description.ts';
import { expireGroups } from './expiry.ts';
import { groupLags } from './offset-lag.ts';
import type { GroupPorts } from './tools.ts';

export interface GroupWatch {
  readonly groupCount: number;
  readonly deletedGroupIds: readonly string[];
  /** Records that the group furthest behind has not read in its worst partition. */
  readonly lagRecords: number;
  /** How old the first of them is, in seconds; the largest of all groups and partitions. */
  readonly lagSeconds: number;
  /** Whose `lagSeconds` that is. */
  readonly worst?: {
    readonly groupId: string;
    readonly topicName: string;
    readonly partition: number;
  };
  /** Left to the next run, because the storage failed. */
  readonly failures: readonly { readonly groupId: string; readonly message: string }[];
}

type Behind = Pick<GroupWatch, 'lagRecords' | 'lagSeconds' | 'worst'>;

const NOT_BEHIND: Behind = { lagRecords: 0, lagSeconds: 0 };

/** `untilMs`: when it must come to its end, milliseconds since 1970; groups that are left then are the next run's. */
export async function watchGroups(
  ports: GroupPorts,
  { untilMs }: { readonly untilMs: number },
): Promise<GroupWatch> {
  const expiry = await expireGroups(ports, OFFSETS_RETENTION_MS);
  const failures = expiry.failedGroupIds.map((groupId) => ({
    groupId,
    message: 'it could not be looked at',
  }));
  const groupIds = (await listGroups(ports)).map(({ groupId }) => groupId);
  const behind = await mapInParallel(groupIds, GROUP_CALLS_PARALLEL_MAX, async (groupId) => {
    if (ports.clock.nowMs() >= untilMs) return NOT_BEHIND;
    try {
      return await lagOf(ports, groupId);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      failures.push({ groupId, message });
      return NOT_BEHIND;
    }
  });
  return {
    groupCount: groupIds.length,
    deletedGroupIds: expiry.deletedGroupIds,
    ...behind.reduce(worse, NOT_BEHIND),
    failures,
  };
}

async function lagOf(ports: GroupPorts, groupId: string): Promise<Behind> {
  const found = await groupLags(ports, groupId);
  if (found.kind === 'rejected') return NOT_BEHIND;
  return found.lags
    .filter(({ lag }) => lag > 0n)
    .map(({ topicName, partition, lag, lagSeconds }) => ({
      lagRecords: Number(lag),
      lagSeconds,
      worst: { groupId, topicName, partition },
    }))
    .reduce(worse, NOT_BEHIND);
}

function worse(left: Behind, right: Behind): Behind {
  const later = right.worst !== undefined && right.lagSeconds >= left.lagSeconds ? right : left;
  return { ...later, lagRecords: Math.max(left.lagRecords, right.lagRecords) };
}
