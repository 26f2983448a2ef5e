import { describe, expect, it } from 'vitest';
import {
  consumersOf,
  converge,
  memberOf,
  ordersGroup,
  partsOf,
  passSeconds,
  TestConsumer,
} from '../../../support/test-groups.ts';

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
