import { describe, expect, it } from 'vitest';
import { explainRefusedCommit, type OffsetItem } from '../../../lib/group/offset.ts';
import { memberItem } from './builders.ts';

const IDENTITY = { memberId: 'm1', memberEpoch: 7 };

function item(more: Partial<OffsetItem>): OffsetItem {
  return {
    topicId: 'id-orders',
    topicName: 'orders',
    partition: 0,
    ownerEpoch: 5,
    counter: 3,
    ...more,
  };
}

describe('explainRefusedCommit', () => {
  it('calls a late commit of the owner superseded, which is no error', () => {
    const stands = item({ ownerMemberId: 'm1' });
    expect(explainRefusedCommit(IDENTITY, stands, undefined)).toEqual({
      kind: 'superseded',
      offset: stands,
    });
  });

  it.each([
    ['somebody else owns it', item({ ownerMemberId: 'm2' }), memberItem(), 'STALE_MEMBER_EPOCH'],
    [
      'it claimed it again later',
      item({ ownerMemberId: 'm1', ownerEpoch: 9 }),
      memberItem(),
      'STALE_MEMBER_EPOCH',
    ],
    ['nobody claimed it', undefined, memberItem(), 'STALE_MEMBER_EPOCH'],
    ['the member is unknown', item({}), undefined, 'UNKNOWN_MEMBER_ID'],
    [
      'the member was evicted',
      item({}),
      memberItem({ status: 'fenced', fence: 'expired' }),
      'FENCED_MEMBER_EPOCH',
    ],
    [
      'the member was replaced',
      item({}),
      memberItem({ status: 'fenced', fence: 'replaced' }),
      'FENCED_INSTANCE_ID',
    ],
  ] as const)('one-owner: refuses when %s', (_, stands, member, code) => {
    expect(explainRefusedCommit(IDENTITY, stands, member)).toMatchObject({
      kind: 'rejected',
      code,
    });
  });
});
