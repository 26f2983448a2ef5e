// Found by the simulation: the request that begins a member's life was given up, sent again, and came once more after that
// life had been ended. The life began a second time under the same epoch, so that whoever was still about to remove the
// ended one removed the new one, and its partitions went to another member while it used them.

import { describe, expect, it } from 'vitest';
import { createTestGroups, TestConsumer } from '../support/test-groups.ts';

const PROFILE = {
  subscription: { topicNames: ['orders'] },
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
};
const KEY = { groupId: 'billing', memberId: 'member-1' };
const FIRST = { ...KEY, profile: PROFILE, joinEpoch: 1, publishedEpoch: 0 };

describe('fenced: a member whose life was ended', () => {
  it('does not begin the same life again when the request for it comes late', async () => {
    const { items } = createTestGroups();
    await items.groups.createMember(FIRST);
    await items.groups.leaveMember({ ...KEY, temporarily: false });
    const late = await items.groups.createMember(FIRST);
    expect(late).toMatchObject({ kind: 'refused', member: { status: 'fenced', joinEpoch: 1 } });
  });

  it('joins with a later life, even if no group ever heard of the ended one', async () => {
    const test = createTestGroups();
    await test.createTopic('orders', 1);
    await test.items.groups.createMember(FIRST);
    await test.items.groups.leaveMember({ ...KEY, temporarily: false });
    const consumer = new TestConsumer(test.another());
    expect(await consumer.join({ memberId: KEY.memberId })).toMatchObject({ kind: 'member' });
    expect(consumer.owned).toEqual(['orders/0']);
    const { member } = await test.items.groups.readMember(KEY);
    expect(member).toMatchObject({ status: 'live', joinEpoch: 2 });
  });
});
