// The group services as the ways in see them: one function a verb. Made once a process, since it remembers who looks
// after which group.

import type { Rejected } from '../../errors.ts';
import { OFFSETS_RETENTION_MS } from '../../limits.ts';
import type { GroupListing } from '../../ports/group-store.ts';
import type { MemberAnswer } from './answer.ts';
import { deleteGroup } from './deletion.ts';
import { describeGroup, type GroupDescription, listGroups } from './description.ts';
import { expireGroups, type GroupExpiry } from './expiry.ts';
import { type HeartbeatRequest, heartbeat } from './heartbeat.ts';
import { type JoinRequest, joinGroup } from './join.ts';
import { type LeaveRequest, leaveGroup } from './leave.ts';
import { createGroupDuty, lookAround } from './round.ts';
import type { GroupPorts } from './tools.ts';

export interface GroupService {
  join(request: JoinRequest): Promise<MemberAnswer | Rejected>;
  heartbeat(request: HeartbeatRequest): Promise<MemberAnswer | Rejected>;
  leave(request: LeaveRequest): Promise<{ readonly kind: 'left' } | Rejected>;
  list(): Promise<readonly GroupListing[]>;
  describe(groupId: string): Promise<GroupDescription | Rejected>;
  /** Only without members; its offsets go too. */
  delete(groupId: string): Promise<{ readonly kind: 'deleted' } | Rejected>;
  /** Evicts and tells whoever is due, for a group in which nobody is left to notice. */
  lookAround(groupId: string): Promise<void>;
  /** The same for every group; one that was empty for so long goes, with its offsets. */
  expire(options?: { readonly retentionMs: number }): Promise<GroupExpiry>;
}

export function createGroupService(ports: GroupPorts): GroupService {
  const duty = createGroupDuty();
  return {
    join: (request) => joinGroup(ports, request),
    heartbeat: (request) => heartbeat(ports, duty, request),
    leave: (request) => leaveGroup(ports, request),
    list: () => listGroups(ports),
    describe: (groupId) => describeGroup(ports, groupId),
    delete: (groupId) => deleteGroup(ports, groupId),
    async lookAround(groupId) {
      await lookAround(ports, groupId);
    },
    expire: (options) => expireGroups(ports, options?.retentionMs ?? OFFSETS_RETENTION_MS),
  };
}
