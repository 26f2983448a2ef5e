import { describe, expect, it } from 'vitest';
import type { MemberAnswer } from '../../../../lib/service/group/answer.ts';
import {
  converge,
  createTestGroups,
  partsOf,
  TestConsumer,
  type TestGroups,
} from '../../../support/test-groups.ts';

const ASSIGNOR = { assignor: 'range' };

/** Consumers of processes of their own, joined one by one and settled. */
async function consumersOf(
  test: TestGroups,
  count: number,
  more: Parameters<TestConsumer['join']>[0] = ASSIGNOR,
): Promise<TestConsumer[]> {
  const consumers: TestConsumer[] = [];
  for (let index = 0; index < count; index += 1) {
    const consumer = new TestConsumer(test.another());
    // Member ids are made of the time, so that they sort as members came.
    test.log.clock.timeMs += 1;
    await consumer.join(more);
    consumers.push(consumer);
    await converge(consumers);
  }
  return consumers;
}

async function ordersGroup(partitionCount = 3): Promise<TestGroups> {
  const test = createTestGroups();
  await test.createTopic('orders', partitionCount);
  return test;
}

/** Time passes while these heartbeat, every second. */
async function passSeconds(
  test: TestGroups,
  seconds: number,
  beating: readonly TestConsumer[] = [],
): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    test.log.clock.timeMs += 1_000;
    for (const consumer of beating) await consumer.heartbeat();
  }
}

function memberOf(answer: Awaited<ReturnType<TestConsumer['join']>>): MemberAnswer {
  if (answer.kind === 'rejected') throw new Error(answer.message);
  return answer;
}

describe('join', () => {
  it('gives the first member everything, in one read and three writes', async () => {
    const test = await ordersGroup();
    test.log.wire.take();
    const answer = memberOf(await test.groups.join({ groupId: 'billing', topicNames: ['orders'] }));
    expect(test.log.wire.take()).toEqual({
      readGroup: 1,
      getTopic: 1,
      createMember: 1,
      writeGroup: 1,
      publishAssignment: 1,
    });
    expect(answer).toMatchObject({ phase: 'stable', memberEpoch: 1, heartbeatIntervalMs: 5_000 });
    expect(partsOf(answer.assignment)).toEqual({ orders: [0, 1, 2] });
  });

  it('scenario: one, two and three consumers of three partitions, then the second crashes', async () => {
    const test = await ordersGroup();
    const [one, two, three] = await consumersOf(test, 3);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three');
    expect([one.owned, two.owned, three.owned]).toEqual([['orders/0'], ['orders/1'], ['orders/2']]);
    await passSeconds(test, 90, [one, three]);
    await converge([one, three]);
    expect([one.owned, three.owned]).toEqual([['orders/0', 'orders/1'], ['orders/2']]);
  });

  it('one-owner: two joins at the same instant from different processes end in disjoint assignments', async () => {
    const test = await ordersGroup();
    const consumers = Array.from({ length: 8 }, () => new TestConsumer(test.another()));
    await Promise.all(consumers.map((consumer) => consumer.join()));
    await converge(consumers);
    expect(consumers.flatMap(({ owned }) => owned).sort()).toEqual([
      'orders/0',
      'orders/1',
      'orders/2',
    ]);
  });

  it('takes everybody in who stands at the door: thirty joins at once cost few writes of the group', async () => {
    const test = await ordersGroup(30);
    const consumers = Array.from({ length: 30 }, () => new TestConsumer(test.another()));
    test.log.wire.take();
    await Promise.all(consumers.map((consumer) => consumer.join()));
    expect(test.log.wire.take().writeGroup).toBeLessThan(70);
    await converge(consumers);
    expect(consumers.map(({ owned }) => owned.length)).toEqual(consumers.map(() => 1));
  });

  it('may be repeated by a joiner that chose its id and lost the answer', async () => {
    const test = await ordersGroup();
    const request = { groupId: 'billing', memberId: 'm1', topicNames: ['orders'] };
    const first = memberOf(await test.groups.join(request));
    const second = memberOf(await test.another().groups.join(request));
    expect(second.memberEpoch).toBeGreaterThan(first.memberEpoch);
    expect(second.counter).toBeGreaterThan(first.counter);
    expect(second.assignment).toEqual(first.assignment);
    const description = await test.groups.describe('billing');
    expect(description).toMatchObject({ kind: 'group', members: [{ memberId: 'm1' }] });
  });

  it('fenced: of two processes that join with one member id at the same instant, one stays', async () => {
    const test = await ordersGroup();
    const request = { groupId: 'billing', memberId: 'm1', topicNames: ['orders'] };
    const answers = await Promise.all([
      test.another().groups.join(request),
      test.another().groups.join(request),
    ]);
    const heard = await Promise.all(
      answers.map((answer) =>
        answer.kind === 'rejected'
          ? answer
          : test.groups.heartbeat({ ...answer, groupId: 'billing', owned: [] }),
      ),
    );
    expect(heard.filter(({ kind }) => kind === 'member')).toHaveLength(1);
    expect(heard.filter(({ kind }) => kind === 'rejected')).toMatchObject([
      { code: 'FENCED_MEMBER_EPOCH' },
    ]);
  });

  it.each(['createMember', 'writeGroup', 'publishAssignment'])(
    'succeeds when the answer of %s is lost, and joins once',
    async (method) => {
      const test = await ordersGroup();
      test.log.wire.fail(method, 'after');
      const answer = memberOf(
        await test.groups.join({ groupId: 'billing', topicNames: ['orders'] }),
      );
      expect(partsOf(answer.assignment)).toEqual({ orders: [0, 1, 2] });
      expect(await test.groups.describe('billing')).toMatchObject({
        phase: 'stable',
        members: [{ memberId: answer.memberId }],
      });
    },
  );

  it.each([
    [{ groupId: '' }, 'INVALID_GROUP_ID'],
    [{ groupId: 'x'.repeat(300) }, 'INVALID_GROUP_ID'],
    [{ sessionTimeoutMs: 999 }, 'INVALID_SESSION_TIMEOUT'],
    [{ sessionTimeoutMs: 1_800_001 }, 'INVALID_SESSION_TIMEOUT'],
    [{ rebalanceTimeoutMs: 0 }, 'INVALID_REQUEST'],
    [{ assignor: 'sticky' }, 'UNSUPPORTED_ASSIGNOR'],
    [{ topicRegex: '(' }, 'INVALID_REGULAR_EXPRESSION'],
    [{ topicNames: [] }, 'INVALID_REQUEST'],
    [{ memberId: '' }, 'INVALID_REQUEST'],
    [{ instanceId: 'x'.repeat(256) }, 'INVALID_REQUEST'],
  ])('refuses %j with %s and stores nothing', async (more, code) => {
    const test = await ordersGroup();
    test.log.wire.take();
    expect(
      await test.groups.join({ groupId: 'billing', topicNames: ['orders'], ...more }),
    ).toMatchObject({ kind: 'rejected', code });
    expect(test.log.wire.take()).toEqual({});
  });
});

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

  it('monotonic-ownership: a heartbeat under way does not free what it does not list', async () => {
    const test = await ordersGroup();
    const [one] = await consumersOf(test, 1);
    if (one === undefined) throw new Error('one');
    const late = one.beat({ owned: [], memberEpoch: one.epoch });
    await late;
    const two = new TestConsumer(test.another());
    await two.join(ASSIGNOR);
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
    const timeouts = { sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 10_000, ...ASSIGNOR };
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
    await two.join(ASSIGNOR);
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
    const timeouts = { sessionTimeoutMs: 3_000, ...ASSIGNOR };
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
    await one.join({ instanceId: 'i1', ...ASSIGNOR });
    await two.join({ instanceId: 'i2', ...ASSIGNOR });
    await converge([one, two]);
    return { test, one, two };
  }

  it('a restart within the session timeout moves nothing', async () => {
    const { test, one, two } = await staticGroup();
    const before = two.epoch;
    expect(await one.leave({ temporarily: true })).toEqual({ kind: 'left' });
    await passSeconds(test, 10, [two]);
    const again = new TestConsumer(test.another());
    await again.join({ instanceId: 'i1', ...ASSIGNOR });
    expect(again.owned).toEqual(['orders/0', 'orders/1']);
    await two.heartbeat();
    expect([two.owned, two.epoch]).toEqual([['orders/2'], before]);
  });

  it('fenced: the process that was replaced can do nothing any more', async () => {
    const { test, one } = await staticGroup();
    await one.leave({ temporarily: true });
    await new TestConsumer(test.another()).join({ instanceId: 'i1', ...ASSIGNOR });
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
    expect(await other.join({ instanceId: 'i1', ...ASSIGNOR })).toMatchObject({ kind: 'member' });
    expect(other.owned).toEqual(['orders/0', 'orders/1']);
  });

  it('one that stays away loses its partitions when its session is over', async () => {
    const { test, one, two } = await staticGroup();
    await one.leave({ temporarily: true });
    await passSeconds(test, 92, [two]);
    expect(two.owned).toEqual(['orders/0', 'orders/1', 'orders/2']);
  });
});

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
    await fresh.join(ASSIGNOR);
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
