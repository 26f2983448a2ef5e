// Found by the simulation: the request that begins a member's life was given up, sent again, and came once more after that
// life had been ended. The life began a second time under the same epoch, so that whoever was still about to remove the
// ended one removed the new one, and its partitions went to another member while it used them.

import { describe, expect, it } from 'vitest';
import { createTestGroups, TestConsumer, type TestGroups } from '../support/test-groups.ts';

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

  it('stays when that life began again after all, because its end was forgotten, for whoever saw it ended', async () => {
    const test = createTestGroups();
    await test.createTopic('orders', 1);
    const consumer = new TestConsumer(test.another());
    await consumer.join({ memberId: KEY.memberId, sessionTimeoutMs: 10_000 });
    const entry = await entryOf(test);
    if (entry === undefined) throw new Error('it has joined');
    const looker = test.another();
    test.log.clock.timeMs += 11_000;
    test.log.wire.meanwhile('writeGroup', async () => {
      // Others end the life, and forget it; then the request that began it comes once more, and is let in.
      await test.another().groups.lookAround('billing');
      test.log.clock.timeMs += 30_000;
      await test.another().groups.lookAround('billing');
      expect((await test.items.groups.readMember(KEY)).member).toBeUndefined();
      const { group } = await test.items.groups.readGroup('billing');
      if (group === undefined) throw new Error('there is a group');
      const { joinEpoch } = entry;
      await test.items.groups.createMember({ ...FIRST, joinEpoch, publishedEpoch: group.epoch });
      const members = new Map(group.members).set(KEY.memberId, entry);
      await test.items.groups.writeGroup({ ...group, members, version: group.version + 1 });
    });
    await looker.groups.lookAround('billing');
    expect(await entryOf(test)).toMatchObject({ joinEpoch: entry.joinEpoch });
  });
});

async function entryOf({ items }: TestGroups) {
  return (await items.groups.readGroup('billing')).group?.members.get(KEY.memberId);
}
