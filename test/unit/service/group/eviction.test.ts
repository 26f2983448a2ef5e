import { describe, expect, it } from 'vitest';
import {
  consumersOf,
  converge,
  memberOf,
  ordersGroup,
  passSeconds,
  RANGE,
  TestConsumer,
} from '../../../support/test-groups.ts';

describe('eviction', () => {
  /** Two consumers, of which the second stops, and its session is over. */
  async function withZombie() {
    const test = await ordersGroup();
    const [one, zombie] = await consumersOf(test, 2);
    if (one === undefined || zombie === undefined) throw new Error('two');
    await zombie.commit('orders/2', 0n);
    await passSeconds(test, 44, [one]);
    return { test, one, zombie };
  }

  it('moves partitions after the session timeout, not before', async () => {
    const { test, one } = await withZombie();
    expect(one.owned).toEqual(['orders/0', 'orders/1']);
    await passSeconds(test, 46, [one]);
    expect(one.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
  });

  it('fenced: a zombie that wakes after its lease can neither heartbeat, nor claim, nor commit', async () => {
    const { test, one, zombie } = await withZombie();
    await passSeconds(test, 46, [one]);
    expect(await zombie.commit('orders/2', 0n)).toBe('FENCED_MEMBER_EPOCH');
    expect(
      await test.offsets.claim({
        groupId: 'billing',
        memberId: zombie.memberId,
        memberEpoch: zombie.epoch,
        partitions: [{ topicName: 'orders', partition: 2 }],
      }),
    ).toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
    expect(await zombie.beat()).toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
    expect(await one.commit('orders/2', 0n)).toBe('committed');
  });

  it('fenced: the first heartbeat after the lease still saves a member that nobody has evicted', async () => {
    const { test, zombie } = await withZombie();
    test.log.clock.timeMs += 46_000;
    expect(await zombie.heartbeat()).toMatchObject({ kind: 'member' });
    await test.another().groups.lookAround('billing');
    expect(await zombie.heartbeat()).toMatchObject({ kind: 'member' });
  });

  it('monotonic-ownership: a heartbeat between look and fence wins', async () => {
    const { test, zombie } = await withZombie();
    test.log.clock.timeMs += 46_000;
    test.log.wire.meanwhile('fenceMember', () => zombie.heartbeat());
    await test.another().groups.lookAround('billing');
    expect(await zombie.commit('orders/2', 0n)).toBe('committed');
  });

  it.each(['fenceMember', 'raiseOffsetOwner', 'writeGroup', 'publishAssignment'])(
    'monotonic-ownership: whoever dies at %s, the next one finishes, and the zombie stays out',
    async (method) => {
      const { test, one, zombie } = await withZombie();
      await passSeconds(test, 2, [one]);
      test.log.wire.fail(method, ...Array.from({ length: 5 }, () => 'before' as const));
      await test
        .another()
        .groups.lookAround('billing')
        .catch(() => undefined);
      test.log.wire.fail(method);
      await passSeconds(test, 50, [one]);
      expect(one.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
      expect(await zombie.commit('orders/2', 0n)).toBe('FENCED_MEMBER_EPOCH');
    },
  );

  it('one-owner: a claim that was under way during the eviction does not take effect after it', async () => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    const two = new TestConsumer(test.another());
    if (one === undefined) throw new Error('one');
    await two.join(RANGE);
    await one.heartbeat();
    await one.heartbeat();
    // The second is told orders/2, which nobody ever claimed, and sleeps between the look at its own item and the claim.
    const answer = memberOf(await two.beat());
    const topicId = answer.assignment[0]?.topicId ?? '';
    const partition = { topicId, partition: 2 };
    await test.stores.offsets.deleteOffset({ groupId: 'billing', partition, epoch: 99 });
    test.log.wire.meanwhile('claimFirst', async () => {
      test.log.clock.timeMs += 30_000;
      await one.beat();
      test.log.clock.timeMs += 16_000;
      await test.another().groups.lookAround('billing');
    });
    await two.adopt(answer);
    expect(two.owned).toEqual([]);
    await converge([one]);
    expect(one.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
  });

  it('clock skew: processes whose clocks are 5 s off evict nobody, and nobody is evicted later for it', async () => {
    const test = await ordersGroup();
    const timeouts = { sessionTimeoutMs: 3_000, ...RANGE };
    const one = new TestConsumer(test.another({ clockSkewMs: -5_000 }));
    const two = new TestConsumer(test.another({ clockSkewMs: 5_000 }));
    await one.join({ memberId: 'm1', ...timeouts });
    await two.join({ memberId: 'm2', ...timeouts });
    await passSeconds(test, 30, [one, two]);
    expect([one.owned, two.owned]).toEqual([['orders/0', 'orders/1'], ['orders/2']]);
    await passSeconds(test, 6, [two]);
    expect(two.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
  });
});
