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

describe('leave', () => {
  it('gives the partitions to the others at once', async () => {
    const test = await ordersGroup();
    const [one, two] = await consumersOf(test, 2);
    if (one === undefined || two === undefined) throw new Error('two');
    expect(await two.leave({ memberEpoch: two.epoch, counter: two.counter + 1 })).toEqual({
      kind: 'left',
    });
    await one.heartbeat();
    expect(one.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
    expect(await two.beat()).toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
  });

  it('fenced: a late leave of an older process does not remove the newer one', async () => {
    const test = await ordersGroup();
    const request = { groupId: 'billing', memberId: 'm1', topicNames: ['orders'] };
    const first = memberOf(await test.groups.join(request));
    await test.another().groups.join(request);
    expect(
      await test.groups.leave({
        groupId: 'billing',
        memberId: 'm1',
        memberEpoch: first.memberEpoch,
        counter: first.counter + 1,
      }),
    ).toMatchObject({ code: 'FENCED_MEMBER_EPOCH' });
    expect(await test.groups.describe('billing')).toMatchObject({ members: [{ memberId: 'm1' }] });
  });

  it('is finished by another member when the leaver dies over it', async () => {
    const test = await ordersGroup();
    const [one, two] = await consumersOf(test, 2);
    if (one === undefined || two === undefined) throw new Error('two');
    test.log.wire.fail('writeGroup', ...Array.from({ length: 5 }, () => 'before' as const));
    await expect(two.leave()).rejects.toThrow();
    await passSeconds(test, 46, [one]);
    expect(one.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
  });

  it('refuses a stranger', async () => {
    const test = await ordersGroup();
    expect(await test.groups.leave({ groupId: 'billing', memberId: 'nobody' })).toMatchObject({
      code: 'UNKNOWN_MEMBER_ID',
    });
  });
});

describe('static members', () => {
  async function staticGroup() {
    const test = await ordersGroup();
    const one = new TestConsumer(test.another());
    const two = new TestConsumer(test.another());
    await one.join({ instanceId: 'i1', ...RANGE });
    await two.join({ instanceId: 'i2', ...RANGE });
    await converge([one, two]);
    return { test, one, two };
  }

  it('a restart within the session timeout moves nothing', async () => {
    const { test, one, two } = await staticGroup();
    const before = two.epoch;
    expect(await one.leave({ temporarily: true })).toEqual({ kind: 'left' });
    await passSeconds(test, 10, [two]);
    const again = new TestConsumer(test.another());
    await again.join({ instanceId: 'i1', ...RANGE });
    expect(again.owned).toEqual(['orders/0', 'orders/1']);
    await two.heartbeat();
    expect([two.owned, two.epoch]).toEqual([['orders/2'], before]);
  });

  it('fenced: the process that was replaced can do nothing any more', async () => {
    const { test, one } = await staticGroup();
    await one.leave({ temporarily: true });
    await new TestConsumer(test.another()).join({ instanceId: 'i1', ...RANGE });
    expect(await one.commit('orders/0', 0n)).toBe('FENCED_INSTANCE_ID');
    expect(await one.beat()).toMatchObject({ code: 'FENCED_INSTANCE_ID' });
  });

  it('two members with one instance id: the second is refused until the first is gone', async () => {
    const { test, one, two } = await staticGroup();
    const other = new TestConsumer(test.another());
    expect(await other.join({ instanceId: 'i1' })).toMatchObject({
      code: 'UNRELEASED_INSTANCE_ID',
    });
    expect(await one.heartbeat()).toMatchObject({ kind: 'member' });
    test.log.clock.timeMs += 30_000;
    await two.heartbeat();
    test.log.clock.timeMs += 15_001;
    expect(await other.join({ instanceId: 'i1', ...RANGE })).toMatchObject({ kind: 'member' });
    expect(other.owned).toEqual(['orders/0', 'orders/1']);
  });

  it('one that stays away loses its partitions when its session is over', async () => {
    const { test, one, two } = await staticGroup();
    await one.leave({ temporarily: true });
    await passSeconds(test, 92, [two]);
    expect(two.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
  });
});
