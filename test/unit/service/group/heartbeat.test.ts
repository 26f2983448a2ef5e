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

describe('heartbeat', () => {
  it('is one update, however large the group', async () => {
    const test = await ordersGroup(30);
    const consumers = await consumersOf(test, 10, {});
    await converge(consumers);
    test.log.wire.take();
    for (const consumer of consumers) await consumer.heartbeat();
    expect(test.log.wire.take()).toEqual({ heartbeatMember: 10 });
  });

  it('looks around about twice a session, whoever serves it', async () => {
    const test = await ordersGroup(30);
    const consumers = await consumersOf(test, 10, {});
    test.log.wire.take();
    for (let round = 0; round < 90; round += 1) {
      test.log.clock.timeMs += 5_000;
      for (const consumer of consumers) await consumer.heartbeat();
    }
    const { heartbeatMember, listMembers = 0 } = test.log.wire.take();
    expect(heartbeatMember).toBe(900);
    // 450 s are ten sessions; two members have the turn in each half of one, and ten processes look once to know whose.
    expect(listMembers).toBeGreaterThanOrEqual(20);
    expect(listMembers).toBeLessThanOrEqual(50);
  });

  it('looks around in time when nearly all members died at once', async () => {
    const test = await ordersGroup(30);
    const consumers = await consumersOf(test, 30, { sessionTimeoutMs: 6_000 });
    const [first, , third] = consumers;
    if (first === undefined || third === undefined) throw new Error('thirty consumers');
    const left = [first, third];
    await passSeconds(test, 6, consumers);
    // A session until the leases are out, and the slots until all that are left stand in for one that is dead.
    await passSeconds(test, 6 + 5 * 3, left);
    expect(left.flatMap(({ owned }) => owned)).toHaveLength(30);
  });

  it('monotonic-ownership: a heartbeat under way does not free what it does not list', async () => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    if (one === undefined) throw new Error('one');
    const late = one.beat({ owned: [], memberEpoch: one.epoch });
    await late;
    const two = new TestConsumer(test.another());
    await two.join(RANGE);
    const old = await one.beat({ owned: [] });
    expect(old).toMatchObject({ kind: 'member', phase: 'unrevoked' });
    await two.heartbeat();
    expect(two.owned).toEqual([]);
    await converge([one, two]);
    expect([one.owned, two.owned]).toEqual([['orders/0', 'orders/1'], ['orders/2']]);
  });

  it('fenced: an older pair of incarnation and number extends no lease', async () => {
    const test = await ordersGroup();
    const request = { groupId: 'billing', memberId: 'm1', topicNames: ['orders'] };
    const first = memberOf(await test.groups.join(request));
    await test.another().groups.join(request);
    const lease = async () =>
      (await test.stores.groups.readMember({ groupId: 'billing', memberId: 'm1' })).member
        ?.leaseExpiresAtMs;
    const before = await lease();
    test.log.clock.timeMs += 1_000;
    expect(
      await test.groups.heartbeat({
        groupId: 'billing',
        memberId: 'm1',
        memberEpoch: first.memberEpoch,
        owned: [],
        counter: first.counter + 1,
      }),
    ).toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
    expect(await lease()).toBe(before);
  });

  it('answers a repeated heartbeat without counting it', async () => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    const first = await one?.beat();
    if (one !== undefined) one.counter -= 1;
    expect(await one?.beat()).toEqual(first);
  });

  it('a member that does not give up in time loses its lease, and its partitions', async () => {
    const test = await ordersGroup();
    const timeouts = { sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 10_000, ...RANGE };
    const [one] = await consumersOf(test, 1, timeouts);
    const two = new TestConsumer(test.another());
    await two.join(timeouts);
    if (one === undefined) throw new Error('one');
    for (let second = 0; second < 20; second += 1) {
      test.log.clock.timeMs += 1_000;
      // Its handler hangs: it heartbeats by a timer, and goes on using everything.
      await one.beat();
      await two.heartbeat();
    }
    expect(two.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
    expect(await one.beat()).toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
    expect(await one.commit('orders/0', 0n)).toBe('FENCED_MEMBER_EPOCH');
  });

  it('notices added partitions without a restart', async () => {
    const test = await ordersGroup();
    const consumers = await consumersOf(test, 3);
    await test.log.services.topics.alter({ name: 'orders', partitionCount: 6 });
    await passSeconds(test, 46, consumers);
    await converge(consumers);
    expect(consumers.map(({ owned }) => owned)).toEqual([
      ['orders/0', 'orders/1'],
      ['orders/2', 'orders/3'],
      ['orders/4', 'orders/5'],
    ]);
  });

  it('notices new topics that match a regex', async () => {
    const test = await ordersGroup(1);
    const regex = { topicNames: [], topicRegex: 'orders.*' };
    const [one] = await consumersOf(test, 1, regex);
    await test.createTopic('orders-eu', 1);
    await test.createTopic('payments', 1);
    await passSeconds(test, 46, one === undefined ? [] : [one]);
    expect(one?.owned).toEqual(['orders-eu/0', 'orders/0']);
  });

  it('changes the subscription', async () => {
    const test = await ordersGroup(1);
    await test.createTopic('payments', 1);
    const [one] = await consumersOf(test, 1);
    await one?.heartbeat({ topicNames: ['payments'] });
    await converge(one === undefined ? [] : [one]);
    expect(one?.owned).toEqual(['payments/0']);
  });

  it('succeeds while the look around meets a storage that throttles', async () => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    test.log.clock.timeMs += 30_000;
    test.log.wire.fail('listMembers', ...Array.from({ length: 5 }, () => 'throttled' as const));
    expect(await one?.heartbeat()).toMatchObject({ kind: 'member' });
  });

  it.each([
    ['nobody', { memberId: 'nobody' }, 'UNKNOWN_MEMBER_ID'],
    ['a future epoch', { memberEpoch: 99 }, 'FENCED_MEMBER_EPOCH'],
    ['a bad subscription', { topicRegex: '(' }, 'INVALID_REGULAR_EXPRESSION'],
  ])('refuses %s', async (_, more, code) => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    expect(await one?.beat(more)).toMatchObject({ kind: 'rejected', code });
  });
});
