// Rows of the table `members`: a member of a group as its own item holds it.

import { decodeAssignment, encodeAssignment } from '../../group/codec.ts';
import { ASSIGNOR_NAMES, type MemberItem, type MemberProfile } from '../../group/member.ts';
import { LOCAL_ROWS_PER_PAGE_MAX } from '../../limits.ts';
import type { MemberKey } from '../../ports/group-store.ts';
import type { Database } from './database.ts';
import { checkItemBytes } from './heads.ts';
import {
  type Row,
  readNumber,
  readOneOf,
  readOptionalNumber,
  readOptionalText,
  readText,
} from './rows.ts';

const SELECT = 'SELECT * FROM members WHERE group_id = ? AND member_id = ?';
const SELECT_AFTER = `SELECT * FROM members WHERE group_id = ? AND member_id > ?
  ORDER BY member_id LIMIT ${LOCAL_ROWS_PER_PAGE_MAX}`;
const REPLACE = `INSERT OR REPLACE INTO members VALUES
  (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const DELETE = 'DELETE FROM members WHERE group_id = ? AND member_id = ?';

const STATUSES = ['live', 'away', 'fenced'] as const;
const REASONS = ['left', 'expired', 'replaced'] as const;
const PHASES = ['stable', 'unrevoked', 'unreleased'] as const;

export function readMember(database: Database, key: MemberKey): MemberItem | undefined {
  const row = database.statement(SELECT).get(key.groupId, key.memberId);
  return row === undefined ? undefined : decode(row);
}

/** Members behind `after`, by id: as many as a page holds. */
export function readMembers(database: Database, groupId: string, after: string): MemberItem[] {
  return database.statement(SELECT_AFTER).all(groupId, after).map(decode);
}

/** Puts a member in place of what is there of its key. */
export function putMember(database: Database, member: MemberItem): void {
  const { subscription, published } = member;
  const topics = subscription.topicNames.join(',');
  const assigned = encodeAssignment(published.assignment);
  checkItemBytes(topics.length + assigned.length);
  database
    .statement(REPLACE)
    .run(
      member.groupId,
      member.memberId,
      member.status,
      member.fence ?? null,
      member.joinEpoch,
      member.counter,
      member.leaseExpiresAtMs,
      member.revokeByMs ?? null,
      topics,
      subscription.topicRegex ?? null,
      member.instanceId ?? null,
      member.clientId ?? null,
      member.assignor ?? null,
      member.sessionTimeoutMs,
      member.rebalanceTimeoutMs,
      published.epoch,
      published.phase,
      assigned,
      subscription.principal ?? null,
    );
}

export function deleteMember(database: Database, key: MemberKey): void {
  database.statement(DELETE).run(key.groupId, key.memberId);
}

function decode(row: Row): MemberItem {
  const revokeByMs = readOptionalNumber(row, 'revoke_by');
  return {
    groupId: readText(row, 'group_id'),
    memberId: readText(row, 'member_id'),
    status: readOneOf(row, 'status', STATUSES),
    ...(row.fence === null ? {} : { fence: readOneOf(row, 'fence', REASONS) }),
    joinEpoch: readNumber(row, 'join_epoch'),
    counter: readNumber(row, 'counter'),
    leaseExpiresAtMs: readNumber(row, 'lease'),
    ...(revokeByMs === undefined ? {} : { revokeByMs }),
    ...decodeProfile(row),
    published: {
      epoch: readNumber(row, 'epoch'),
      phase: readOneOf(row, 'phase', PHASES),
      assignment: decodeAssignment(readText(row, 'assigned')),
    },
  };
}

function decodeProfile(row: Row): MemberProfile {
  const topics = readText(row, 'topics');
  const topicRegex = readOptionalText(row, 'regex');
  const principal = readOptionalText(row, 'principal');
  const instanceId = readOptionalText(row, 'instance');
  const clientId = readOptionalText(row, 'client');
  return {
    subscription: {
      // No topic's name holds a comma.
      topicNames: topics === '' ? [] : topics.split(','),
      ...(topicRegex === undefined ? {} : { topicRegex }),
      ...(principal === undefined ? {} : { principal }),
    },
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(row.assignor === null ? {} : { assignor: readOneOf(row, 'assignor', ASSIGNOR_NAMES) }),
    sessionTimeoutMs: readNumber(row, 'session'),
    rebalanceTimeoutMs: readNumber(row, 'rebalance'),
  };
}
