import { describe, expect, it } from 'vitest';
import {
  consumersOf,
  ordersGroup,
  partsOf,
  RANGE,
  TestConsumer,
} from '../../../support/test-groups.ts';

describe('describe and list', () => {
  it('shows who has what, and who is idle', async () => {
    const test = await ordersGroup();
    const consumers = await consumersOf(test, 5);
    const description = await test.groups.describe('billing');
    if (description.kind === 'rejected') throw new Error(description.message);
    expect(description).toMatchObject({ phase: 'stable', assignor: 'range' });
    expect(description.members.map(({ idle, assignment }) => [idle, partsOf(assignment)])).toEqual([
      [false, { orders: [0] }],
      [false, { orders: [1] }],
      [false, { orders: [2] }],
      [true, {}],
      [true, {}],
    ]);
    expect(consumers.map(({ owned }) => owned.length)).toEqual([1, 1, 1, 0, 0]);
    expect(await test.groups.list()).toEqual([
      { groupId: 'billing', status: 'active', memberCount: 5 },
    ]);
  });

  it('knows nothing of a group that never was', async () => {
    const test = await ordersGroup();
    expect(await test.groups.describe('nothing')).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
    expect(await test.groups.list()).toEqual([]);
  });
});

describe('delete', () => {
  it('refuses while there are members, and looks first whether they live', async () => {
    const test = await ordersGroup();
    await consumersOf(test, 1);
    expect(await test.groups.delete('billing')).toMatchObject({ code: 'NON_EMPTY_GROUP' });
    test.log.clock.timeMs += 46_000;
    expect(await test.groups.delete('billing')).toEqual({ kind: 'deleted' });
    expect(await test.groups.delete('billing')).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
    expect(await test.groups.list()).toEqual([]);
  });

  it('fenced: leaves the epoch behind, so that a zombie of its past cannot claim', async () => {
    const test = await ordersGroup();
    const [zombie] = await consumersOf(test, 1);
    if (zombie === undefined) throw new Error('one');
    await zombie.commit('orders/0', 0n);
    test.log.clock.timeMs += 46_000;
    await test.groups.delete('billing');
    const fresh = new TestConsumer(test.another());
    await fresh.join(RANGE);
    expect(fresh.epoch).toBeGreaterThan(zombie.epoch);
    expect(fresh.positions.get('orders/0')).toEqual({ offset: 0n, counter: 0 });
    expect(await zombie.commit('orders/0', 0n)).toBe('UNKNOWN_MEMBER_ID');
    await zombie.adopt({
      kind: 'member',
      memberId: zombie.memberId,
      memberEpoch: zombie.epoch,
      counter: 0,
      heartbeatIntervalMs: 0,
      phase: 'stable',
      assignment: [],
    });
    expect(await fresh.commit('orders/0', 0n)).toBe('committed');
  });

  it.each(['deleteOffset', 'writeGroup'])(
    'is finished by whoever joins next when the deleter dies at %s',
    async (method) => {
      const test = await ordersGroup();
      const [one] = await consumersOf(test, 1);
      await one?.commit('orders/0', 0n);
      await one?.leave();
      const die = Array.from({ length: 15 }, () => 'before' as const);
      test.log.wire.fail(method, ...(method === 'writeGroup' ? [undefined, ...die] : die));
      await expect(test.groups.delete('billing')).rejects.toThrow();
      test.log.wire.fail(method);
      const next = new TestConsumer(test.another());
      await next.join();
      expect(next.positions.get('orders/0')).toEqual({ offset: 0n, counter: 0 });
    },
  );
});

describe('expire', () => {
  const DAY_MS = 86_400_000;

  it('evicts the last member when nobody is left to notice, and keeps what it committed', async () => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    await one?.commit('orders/0', 0n);
    test.log.clock.timeMs += 46_000;
    expect(await test.groups.expire()).toEqual({
      groupCount: 1,
      deletedGroupIds: [],
      failedGroupIds: [],
    });
    expect(await test.groups.describe('billing')).toMatchObject({ phase: 'empty', members: [] });
    expect(await test.offsets.fetch('billing')).toMatchObject({ offsets: [{ offset: 0n }] });
  });

  it('removes a group a week after it was left and last committed to, not before', async () => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    await one?.leave();
    test.log.clock.timeMs += 5 * DAY_MS;
    const offsets = [{ topicName: 'orders', partition: 0, offset: 0n }];
    await test.offsets.commit({ groupId: 'billing', offsets });
    test.log.clock.timeMs += 3 * DAY_MS;
    expect((await test.groups.expire()).deletedGroupIds).toEqual([]);
    test.log.clock.timeMs += 5 * DAY_MS;
    expect((await test.groups.expire()).deletedGroupIds).toEqual(['billing']);
    expect(await test.groups.expire()).toMatchObject({ groupCount: 0 });
  });

  it('leaves a group whose storage fails to the next run', async () => {
    const test = await ordersGroup();
    await consumersOf(test, 1);
    test.log.wire.fail('readGroup', ...Array.from({ length: 5 }, () => 'throttled' as const));
    expect(await test.groups.expire()).toMatchObject({ failedGroupIds: ['billing'] });
  });
});
