import { describe, expect, it } from 'vitest';
import { consuming } from '../../../support/group-offsets.ts';
import { converge, createTestGroups, TestConsumer } from '../../../support/test-groups.ts';

describe('claim', () => {
  it('is one read, and one update for each partition that was claimed before', async () => {
    const { test, one } = await consuming();
    await one.leave();
    const two = new TestConsumer(test.another());
    test.log.wire.take();
    await two.join();
    const { readMember, claimPartition, claimFirst } = test.log.wire.take();
    expect({ readMember, claimPartition, claimFirst }).toEqual({
      readMember: 1,
      claimPartition: 2,
      claimFirst: undefined,
    });
  });

  it('returns the committed offset, its metadata and the counter, which a claim never resets', async () => {
    const { test, one } = await consuming();
    await one.commit('orders/0', 4n);
    await one.commit('orders/0', 7n);
    await one.leave();
    const two = new TestConsumer(test.another());
    await two.join();
    expect(two.positions.get('orders/0')).toEqual({ offset: 7n, counter: 2 });
    expect(two.positions.get('orders/1')).toEqual({ offset: 0n, counter: 0 });
  });

  it('succeeds when the answer of the first claim of all is lost', async () => {
    const test = createTestGroups();
    await test.createTopic('orders', 1);
    test.log.wire.fail('claimFirst', 'after');
    const one = new TestConsumer(test.another());
    await one.join();
    expect(one.owned).toEqual(['orders/0']);
  });

  it('one-owner: refuses what the member was not told, one by one', async () => {
    const { test, one } = await consuming();
    const two = new TestConsumer(test.another());
    await two.join({ assignor: 'range' });
    await converge([one, two]);
    const claimed = await test.offsets.claim({
      groupId: 'billing',
      memberId: two.memberId,
      memberEpoch: two.epoch,
      partitions: [0, 1, 9].map((partition) => ({ topicName: 'orders', partition })),
    });
    if (claimed.kind === 'rejected') throw new Error(claimed.message);
    expect(
      claimed.results.map((result) => (result.kind === 'rejected' ? result.code : 'claimed')),
    ).toEqual(['STALE_MEMBER_EPOCH', 'claimed', 'STALE_MEMBER_EPOCH']);
  });

  it('fenced: refuses an epoch that is not the one the member was told last', async () => {
    const { test, one } = await consuming();
    const old = one.epoch;
    const two = new TestConsumer(test.another());
    await two.join({ assignor: 'range' });
    await converge([one, two]);
    for (const [memberEpoch, code] of [
      [old, 'STALE_MEMBER_EPOCH'],
      [99, 'FENCED_MEMBER_EPOCH'],
    ] as const) {
      expect(
        await test.offsets.claim({
          groupId: 'billing',
          memberId: one.memberId,
          memberEpoch,
          partitions: [{ topicName: 'orders', partition: 0 }],
        }),
      ).toMatchObject({ code });
    }
  });

  it('one-owner: a slow claim of the last owner does not take a partition from the next', async () => {
    const { test, one } = await consuming();
    const [item] = (await test.stores.offsets.readOffsets({ groupId: 'billing' })).offsets;
    const partition = { topicId: item?.topicId ?? '', topicName: 'orders', partition: 1 };
    const claim = { groupId: 'billing', memberId: one.memberId, epoch: one.epoch, partition };
    const two = new TestConsumer(test.another());
    await two.join({ assignor: 'range' });
    await converge([one, two]);
    expect(two.owned).toEqual(['orders/1']);
    // The first had read its own item long before; only now its update arrives.
    expect(await test.stores.offsets.claimPartition(claim)).toMatchObject({ kind: 'refused' });
    expect(await two.commit('orders/1', 1n)).toBe('committed');
  });
});
