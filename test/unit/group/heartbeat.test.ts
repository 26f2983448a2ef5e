import { describe, expect, it } from 'vitest';
import { heartbeatIntervalMs, planHeartbeat } from '../../../lib/group/heartbeat.ts';
import { assignment, memberItem } from './builders.ts';

const PUBLISHED = {
  epoch: 7,
  phase: 'unrevoked',
  assignment: assignment({ orders: [0] }),
} as const;

describe('planHeartbeat', () => {
  const heartbeat = { memberId: 'm1', memberEpoch: 7, owned: assignment({ orders: [0] }) };

  it('answers with what the item says when nothing is awaited', () => {
    const published = { ...PUBLISHED, phase: 'stable' as const };
    expect(planHeartbeat(heartbeat, memberItem({ published }))).toEqual({
      kind: 'answer',
      publication: published,
    });
  });

  it('tells the group when the awaited epoch was adopted', () => {
    expect(planHeartbeat(heartbeat, memberItem({ published: PUBLISHED })).kind).toBe('coordinate');
  });

  it('tells the group of a subscription', () => {
    const published = { ...PUBLISHED, phase: 'stable' as const };
    expect(
      planHeartbeat(
        { ...heartbeat, subscription: { topicNames: ['payments'] } },
        memberItem({ published }),
      ).kind,
    ).toBe('coordinate');
  });

  it.each([
    ['an older epoch', { memberEpoch: 6 }],
    ['more partitions in use than it was told', { owned: assignment({ orders: [0, 1] }) }],
  ])('monotonic-ownership: answers, and tells the group nothing, with %s', (_, more) => {
    expect(planHeartbeat({ ...heartbeat, ...more }, memberItem({ published: PUBLISHED }))).toEqual({
      kind: 'answer',
      publication: PUBLISHED,
    });
  });

  it.each([
    ['no item', undefined, 'UNKNOWN_MEMBER_ID'],
    ['a member that left', memberItem({ status: 'fenced', fence: 'left' }), 'UNKNOWN_MEMBER_ID'],
    ['a member that is away', memberItem({ status: 'away' }), 'UNKNOWN_MEMBER_ID'],
    [
      'an evicted member',
      memberItem({ status: 'fenced', fence: 'expired' }),
      'FENCED_MEMBER_EPOCH',
    ],
    [
      'a replaced member',
      memberItem({ status: 'fenced', fence: 'replaced' }),
      'FENCED_INSTANCE_ID',
    ],
    ['an epoch of a former life', memberItem({ joinEpoch: 8 }), 'FENCED_MEMBER_EPOCH'],
    ['an epoch that never was', memberItem(), 'FENCED_MEMBER_EPOCH'],
  ] as const)('fenced: refuses %s', (_, member, code) => {
    expect(planHeartbeat(heartbeat, member)).toMatchObject({ kind: 'rejected', code });
  });
});

describe('heartbeatIntervalMs', () => {
  it('is a third of the session timeout within 5 s, and 0.5 s while the group converges', () => {
    expect(heartbeatIntervalMs(45_000, { phase: 'stable' })).toBe(5_000);
    expect(heartbeatIntervalMs(3_000, { phase: 'stable' })).toBe(1_000);
    expect(heartbeatIntervalMs(45_000, { phase: 'unreleased' })).toBe(500);
    expect(heartbeatIntervalMs(1_000, { phase: 'unrevoked' })).toBe(333);
  });
});
