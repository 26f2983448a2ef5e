import { describe, expect, it } from 'vitest';
import { INCARNATION_STEP, type MemberItem } from '../../../../lib/group/member.ts';
import type { OffsetItem } from '../../../../lib/group/offset.ts';
import { newGroup } from '../../../../lib/group/state.ts';
import {
  decodeGroupItem,
  decodeGroupListing,
  encodeGroupItem,
} from '../../../../lib/storage/aws/items-group.ts';
import { decodeMember, encodeMember } from '../../../../lib/storage/aws/items-member.ts';
import { decodeOffset, encodeOffset } from '../../../../lib/storage/aws/items-offset.ts';

const MEMBER: MemberItem = {
  groupId: 'billing',
  memberId: 'member#1',
  subscription: { topicNames: ['orders', 'payments'], topicRegex: 'audit-.*' },
  instanceId: 'instance-1',
  clientId: 'client-1',
  assignor: 'range',
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 300_000,
  status: 'fenced',
  fence: 'expired',
  joinEpoch: 3,
  counter: INCARNATION_STEP + 7,
  leaseExpiresAtMs: 1_800_000_000_000,
  revokeByMs: 1_800_000_000_001,
  published: {
    epoch: 5,
    phase: 'unrevoked',
    assignment: [{ topicId: 'id', topicName: 'orders', partitions: [0, 1, 2, 7] }],
  },
};
const OFFSET: OffsetItem = {
  topicId: 'a-_9',
  partition: 12,
  topicName: 'orders',
  ownerEpoch: 5,
  ownerMemberId: 'member#1',
  counter: 3,
  committed: { offset: 2n ** 62n, metadata: 'so far', committedAtMs: 1_800_000_000_000 },
};

describe('encodeGroupItem', () => {
  it('keeps beside the state what conditions and lists look at', () => {
    const group = { ...newGroup('billing'), version: 4 };
    const { state, ...attributes } = encodeGroupItem(group);
    expect(attributes).toEqual({
      group: { S: 'billing' },
      sk: { S: 'GROUP' },
      version: { N: '4' },
      status: { S: 'active' },
      members: { N: '0' },
    });
    expect(decodeGroupItem({ state: state ?? { NULL: true } })).toEqual(group);
  });
});

describe('decodeGroupListing', () => {
  it('needs no state, and refuses a status that it does not know', () => {
    const { state, ...item } = encodeGroupItem({ ...newGroup('billing'), status: 'deleting' });
    expect(state?.S).toBeDefined();
    expect(decodeGroupListing(item)).toEqual({
      groupId: 'billing',
      status: 'deleting',
      memberCount: 0,
    });
    expect(() => decodeGroupListing({ ...item, status: { S: 'paused' } })).toThrow('paused');
  });
});

describe('encodeMember', () => {
  it('writes one attribute a field', () => {
    expect(encodeMember(MEMBER)).toEqual({
      group: { S: 'billing' },
      sk: { S: 'MEMBER#member#1' },
      status: { S: 'fenced' },
      fence: { S: 'expired' },
      joinEpoch: { N: '3' },
      counter: { N: '4294967303' },
      lease: { N: '1800000000000' },
      revokeBy: { N: '1800000000001' },
      topics: { S: 'orders,payments' },
      regex: { S: 'audit-.*' },
      instance: { S: 'instance-1' },
      client: { S: 'client-1' },
      assignor: { S: 'range' },
      session: { N: '45000' },
      rebalance: { N: '300000' },
      epoch: { N: '5' },
      phase: { S: 'unrevoked' },
      assigned: { S: 'id:orders:0-2,7' },
    });
  });
});

describe('decodeMember', () => {
  it('reads back every field, optional ones too', () => {
    expect(decodeMember(encodeMember(MEMBER))).toEqual(MEMBER);
    const bare: MemberItem = {
      groupId: 'billing',
      memberId: 'm',
      subscription: { topicNames: [] },
      sessionTimeoutMs: 1,
      rebalanceTimeoutMs: 1,
      status: 'live',
      joinEpoch: 1,
      counter: 0,
      leaseExpiresAtMs: 1,
      published: { epoch: 1, phase: 'stable', assignment: [] },
    };
    expect(decodeMember(encodeMember(bare))).toEqual(bare);
  });

  it('refuses words that it does not know, and other items', () => {
    const item = encodeMember(MEMBER);
    for (const name of ['status', 'fence', 'phase', 'assignor']) {
      expect(() => decodeMember({ ...item, [name]: { S: 'odd' } })).toThrow('odd');
    }
    expect(() => decodeMember({ ...item, sk: { S: 'GROUP' } })).toThrow("a member's key");
  });
});

describe('encodeOffset', () => {
  it('writes one attribute a field', () => {
    expect(encodeOffset('billing', OFFSET)).toEqual({
      group: { S: 'billing' },
      sk: { S: 'OFFSET#a-_9#12' },
      topic: { S: 'orders' },
      ownerEpoch: { N: '5' },
      owner: { S: 'member#1' },
      counter: { N: '3' },
      offset: { N: '4611686018427387904' },
      metadata: { S: 'so far' },
      committedAt: { N: '1800000000000' },
    });
  });
});

describe('decodeOffset', () => {
  it('reads back every field, optional ones too', () => {
    expect(decodeOffset(encodeOffset('billing', OFFSET))).toEqual(OFFSET);
    const { committed, ownerMemberId, ...bare } = OFFSET;
    expect([committed?.offset, ownerMemberId]).toEqual([2n ** 62n, 'member#1']);
    expect(decodeOffset(encodeOffset('billing', bare))).toEqual(bare);
  });

  it('refuses other items', () => {
    const item = { ...encodeOffset('billing', OFFSET), sk: { S: 'OFFSET#a' } };
    expect(() => decodeOffset(item)).toThrow("an offset's key");
  });
});
