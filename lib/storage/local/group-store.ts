// Groups and members in SQLite. The clauses are those that the port names. The storage's clock is this machine's, which
// all processes that share the directory have in common, so there is no margin to keep.

import { assert } from '../../assert.ts';
import { decodeGroup, encodeGroup } from '../../group/codec.ts';
import {
  INCARNATION_STEP,
  type MemberItem,
  type MemberProfile,
  type Publication,
} from '../../group/member.ts';
import type { GroupState } from '../../group/state.ts';
import { GROUPS_PER_LIST_PAGE_MAX, LOCAL_ROWS_PER_PAGE_MAX } from '../../limits.ts';
import type {
  GroupListing,
  GroupStore,
  HeartbeatRequest,
  MemberKey,
  MemberWrite,
} from '../../ports/group-store.ts';
import type { Database } from './database.ts';
import { checkItemBytes } from './heads.ts';
import { deleteMember, putMember, readMember, readMembers } from './members.ts';
import { type Row, readNumber, readOneOf, readText } from './rows.ts';

const SELECT = 'SELECT state FROM groups WHERE group_id = ?';
const SELECT_AFTER = `SELECT group_id, status, members FROM groups
  WHERE group_id > ? AND status <> 'deleted' ORDER BY group_id LIMIT ?`;
const REPLACE = 'INSERT OR REPLACE INTO groups VALUES (?, ?, ?, ?, ?)';
const STATUSES = ['active', 'deleting', 'deleted'] as const;

type PublishAssignment = Parameters<GroupStore['publishAssignment']>[0];
type LeaveMember = Parameters<GroupStore['leaveMember']>[0];

/** The group's item; for `read` and `write` of the same database. */
export function readGroup(database: Database, groupId: string): GroupState | undefined {
  const row = database.statement(SELECT).get(groupId);
  return row === undefined ? undefined : decodeGroup(readText(row, 'state'));
}

/** `nowMs` is the storage's clock, milliseconds since 1970; it must not go back. */
export function createGroupStore(database: Database, nowMs: () => number): GroupStore {
  return { ...groupItems(database, nowMs), ...memberItems(database, nowMs) };
}

type GroupItems = Pick<GroupStore, 'readGroup' | 'writeGroup' | 'listGroups'>;

function groupItems(database: Database, nowMs: () => number): GroupItems {
  return {
    readGroup: (groupId) =>
      database.read(() => ({ group: readGroup(database, groupId), storageNowMs: nowMs() })),

    writeGroup: (group) =>
      database.write(() => {
        const stands = readGroup(database, group.groupId);
        const unchanged = (stands?.version ?? 0) === group.version - 1;
        if (!unchanged) return { kind: 'refused', group: stands, storageNowMs: nowMs() };
        putGroup(database, group);
        return { kind: 'written', storageNowMs: nowMs() };
      }),

    async listGroups({ after = '', limit }) {
      assert(limit >= 1, 'a page holds a group');
      assert(
        limit <= GROUPS_PER_LIST_PAGE_MAX,
        `a page holds at most ${GROUPS_PER_LIST_PAGE_MAX} groups`,
      );
      const rows = await database.read(() => database.statement(SELECT_AFTER).all(after, limit));
      const groups = rows.map(decodeListing);
      const last = groups.length < limit ? undefined : groups.at(-1)?.groupId;
      return last === undefined ? { groups } : { groups, next: last };
    },
  };
}

function memberItems(database: Database, nowMs: () => number): Omit<GroupStore, keyof GroupItems> {
  /** Puts what `change` makes of a member that is there; undefined refuses. */
  const changeMember = (
    key: MemberKey,
    change: (member: MemberItem, storageNowMs: number) => MemberItem | undefined,
  ): Promise<MemberWrite> =>
    database.write(() => {
      const storageNowMs = nowMs();
      const member = readMember(database, key);
      const next = member === undefined ? undefined : change(member, storageNowMs);
      if (next === undefined) return { kind: 'refused', member, storageNowMs };
      putMember(database, next);
      return { kind: 'written', member: next, storageNowMs };
    });

  return {
    createMember: ({ profile, joinEpoch, publishedEpoch, ...key }) =>
      database.write(() => {
        const storageNowMs = nowMs();
        const stands = readMember(database, key);
        const isFormer = stands?.status === 'fenced' && stands.joinEpoch < joinEpoch;
        const free = stands === undefined || isFormer;
        if (!free) return { kind: 'refused', member: stands, storageNowMs };
        const published = { epoch: publishedEpoch, phase: 'stable', assignment: [] } as const;
        const counter = INCARNATION_STEP;
        const life = { ...key, joinEpoch, counter, published };
        const member = living(life, profile, storageNowMs);
        putMember(database, member);
        return { kind: 'written', member, storageNowMs };
      }),

    rejoinMember: ({ profile, joinEpoch, ...key }) =>
      changeMember(key, (member, storageNowMs) => {
        const laterLife = member.joinEpoch < joinEpoch;
        if (member.status === 'fenced' || !laterLife) return undefined;
        const { published, revokeByMs } = member;
        const counter = member.counter + INCARNATION_STEP;
        const life = { ...key, joinEpoch, counter, published };
        const next = living(life, profile, storageNowMs);
        return revokeByMs === undefined ? next : { ...next, revokeByMs };
      }),

    heartbeatMember: (request) =>
      changeMember(request, (member, storageNowMs) =>
        mayHeartbeat(member, request, storageNowMs)
          ? {
              ...member,
              counter: request.counter ?? member.counter,
              subscription: request.subscription ?? member.subscription,
              leaseExpiresAtMs: storageNowMs + member.sessionTimeoutMs,
            }
          : undefined,
      ),

    readMember: (key) =>
      database.read(() => ({ member: readMember(database, key), storageNowMs: nowMs() })),

    async listMembers({ groupId, after = '' }) {
      const members = await database.read(() => readMembers(database, groupId, after));
      const storageNowMs = nowMs();
      const last = members.length < LOCAL_ROWS_PER_PAGE_MAX ? undefined : members.at(-1)?.memberId;
      return last === undefined ? { members, storageNowMs } : { members, next: last, storageNowMs };
    },

    publishAssignment: (request) =>
      changeMember(request, (member, storageNowMs) => published(member, request, storageNowMs)),

    fenceMember: ({ reason, seen, ...key }) =>
      changeMember(key, (member) => {
        const sameLease = member.leaseExpiresAtMs === seen.leaseExpiresAtMs;
        const sameStatus = member.status === seen.status;
        if (member.status === 'fenced' || !sameLease || !sameStatus) return undefined;
        return { ...member, status: 'fenced', fence: reason };
      }),

    leaveMember: (request) => changeMember(request, (member) => left(member, request)),

    deleteMember: ({ joinEpoch, ...key }) =>
      database.write(() => {
        const member = readMember(database, key);
        const sameLife = member?.joinEpoch === joinEpoch;
        if (member?.status !== 'fenced' || !sameLife) return 'refused';
        deleteMember(database, key);
        return 'deleted';
      }),
  };
}

function living(
  life: MemberKey & {
    readonly joinEpoch: number;
    readonly counter: number;
    readonly published: Publication;
  },
  profile: MemberProfile,
  storageNowMs: number,
): MemberItem {
  const leaseExpiresAtMs = storageNowMs + profile.sessionTimeoutMs;
  return { ...life, ...profile, status: 'live', leaseExpiresAtMs };
}

function mayHeartbeat(
  member: MemberItem,
  { memberEpoch, counter }: HeartbeatRequest,
  storageNowMs: number,
): boolean {
  const thisLife = member.joinEpoch <= memberEpoch;
  const newer = counter === undefined || member.counter < counter;
  const notOverdue = member.revokeByMs === undefined || member.revokeByMs >= storageNowMs;
  return member.status === 'live' && thisLife && newer && notOverdue;
}

function published(
  member: MemberItem,
  { joinEpoch, publication, revokeTimeoutMs }: PublishAssignment,
  storageNowMs: number,
): MemberItem | undefined {
  const sameLife = member.joinEpoch === joinEpoch;
  const upward = member.published.epoch < publication.epoch;
  if (member.status === 'fenced' || !sameLife || !upward) return undefined;
  const { revokeByMs, ...rest } = member;
  const next = { ...rest, published: publication };
  if (revokeTimeoutMs === undefined) return next;
  return { ...next, revokeByMs: revokeByMs ?? storageNowMs + revokeTimeoutMs };
}

function left(
  member: MemberItem,
  { temporarily, memberEpoch, counter }: LeaveMember,
): MemberItem | undefined {
  const thisLife = memberEpoch === undefined || member.joinEpoch <= memberEpoch;
  const newer = counter === undefined || member.counter < counter;
  if (member.status === 'fenced' || !thisLife || !newer) return undefined;
  const counted = { ...member, counter: counter ?? member.counter };
  return temporarily
    ? { ...counted, status: 'away' }
    : { ...counted, status: 'fenced', fence: 'left' };
}

function putGroup(database: Database, group: GroupState): void {
  const state = encodeGroup(group);
  checkItemBytes(state.length);
  const { groupId, version, status, members } = group;
  database.statement(REPLACE).run(groupId, version, status, members.size, state);
}

function decodeListing(row: Row): GroupListing {
  return {
    groupId: readText(row, 'group_id'),
    status: readOneOf(row, 'status', STATUSES),
    memberCount: readNumber(row, 'members'),
  };
}
