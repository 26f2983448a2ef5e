import { describe, expect, it } from 'vitest';
import { committedOffsets, consuming } from '../../../support/group-offsets.ts';
import {
  converge,
  createTestGroups,
  TestConsumer,
  type TestGroups,
} from '../../../support/test-groups.ts';
import { appendTo, batchOf } from '../../../support/test-log.ts';

describe('commit', () => {
  it('is one plain write; the end of the log is read only beyond what was seen', async () => {
    const { test, one } = await consuming();
    await one.commit('orders/0', 10n);
    test.log.wire.take();
    await one.commit('orders/0', 9n);
    expect(test.log.wire.take()).toEqual({ commitOffset: 1 });
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 9n });
  });

  it('fenced: a commit with an old epoch changes nothing', async () => {
    const { test, one } = await consuming();
    await one.commit('orders/0', 3n);
    const request = { groupId: 'billing', memberId: one.memberId, topicNames: ['orders'] };
    const again = await test.another().groups.join(request);
    if (again.kind === 'rejected') throw new Error(again.message);
    const old = one.epoch;
    await one.adopt(again);
    one.positions.clear();
    await one.adopt(again);
    expect(await one.commit('orders/0', 5n, { memberEpoch: old })).toBe('STALE_MEMBER_EPOCH');
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 3n });
  });

  it('one-owner: a commit of the last owner after the next one claimed changes nothing', async () => {
    const { test, one } = await consuming();
    const two = new TestConsumer(test.another());
    await two.join({ assignor: 'range' });
    await converge([one, two]);
    expect(await one.commit('orders/1', 5n)).toBe('STALE_MEMBER_EPOCH');
    expect(await committedOffsets(test)).toEqual({});
  });

  it('fenced: a commit that arrives after its member has left changes nothing', async () => {
    const { test, one } = await consuming();
    await one.commit('orders/0', 4n);
    await one.leave();
    expect(await one.commit('orders/0', 2n)).toBe('UNKNOWN_MEMBER_ID');
    expect(await one.commit('orders/0', 9n)).toBe('UNKNOWN_MEMBER_ID');
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 4n });
  });

  it('fenced: a late commit never moves an offset back', async () => {
    const { test, one } = await consuming();
    await one.commit('orders/0', 3n, { counter: 1 });
    await one.commit('orders/0', 8n, { counter: 2 });
    expect(await one.commit('orders/0', 3n, { counter: 1 })).toBe('superseded');
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 8n });
  });

  it('a late commit across a change of owner does not move an offset back either', async () => {
    const { test, one } = await consuming();
    await one.commit('orders/0', 3n, { counter: 1 });
    await one.commit('orders/0', 8n, { counter: 2 });
    await one.leave();
    const two = new TestConsumer(test.another());
    await two.join();
    expect(await two.commit('orders/0', 3n, { counter: 2 })).toBe('superseded');
    expect(await two.commit('orders/0', 9n)).toBe('committed');
  });

  it('takes a commit without a number as the last one', async () => {
    const { test, one } = await consuming();
    const commit = (offset: bigint) =>
      test.offsets.commit({
        groupId: 'billing',
        member: { memberId: one.memberId, memberEpoch: one.epoch },
        offsets: [{ topicName: 'orders', partition: 0, offset, metadata: 'note' }],
      });
    await commit(5n);
    expect(await commit(4n)).toEqual({
      kind: 'done',
      results: [{ kind: 'committed', topicName: 'orders', partition: 0, superseded: false }],
    });
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 4n });
  });

  it('refuses offset by offset what can not be committed', async () => {
    const { test, one } = await consuming();
    const at = { partition: 0, offset: 1n };
    const outcome = await test.offsets.commit({
      groupId: 'billing',
      member: { memberId: one.memberId, memberEpoch: one.epoch },
      offsets: [
        { topicName: 'nothing', ...at },
        { topicName: 'orders', partition: 7, offset: 1n },
        { topicName: 'orders', partition: 0, offset: 11n },
        { topicName: 'orders', partition: 0, offset: -1n },
        { topicName: 'orders', ...at, metadata: 'x'.repeat(4_097) },
        { topicName: 'orders', partition: 1, offset: 10n },
      ],
    });
    if (outcome.kind === 'rejected') throw new Error(outcome.message);
    expect(outcome.results.map((result) => ('code' in result ? result.code : result.kind))).toEqual(
      [
        'UNKNOWN_TOPIC_OR_PARTITION',
        'UNKNOWN_PARTITION',
        'OFFSET_OUT_OF_RANGE',
        'OFFSET_OUT_OF_RANGE',
        'OFFSET_METADATA_TOO_LARGE',
        'committed',
      ],
    );
  });

  it.each(['before', 'after', 'throttled'] as const)(
    'commits once when the request meets a fault (%s)',
    async (fault) => {
      const { test, one } = await consuming();
      test.log.wire.fail('commitOffset', fault);
      expect(['committed', 'superseded']).toContain(await one.commit('orders/0', 5n));
      expect(await committedOffsets(test)).toEqual({ 'orders/0': 5n });
    },
  );

  it('is retried and then refused as retriable while the storage throttles', async () => {
    const { test, one } = await consuming();
    test.log.wire.fail('commitOffset', ...Array.from({ length: 9 }, () => 'throttled' as const));
    await expect(one.commit('orders/0', 5n)).rejects.toMatchObject({ code: 'THROTTLED' });
    expect(await committedOffsets(test)).toEqual({});
  });

  it('refuses more offsets than a request takes, and a bad name', async () => {
    const { test } = await consuming(0);
    const offsets = Array.from({ length: 1_001 }, (_, partition) => ({
      topicName: 'orders',
      partition,
      offset: 0n,
    }));
    expect(await test.offsets.commit({ groupId: 'billing', offsets })).toMatchObject({
      code: 'INVALID_REQUEST',
    });
    expect(await test.offsets.commit({ groupId: '', offsets: [] })).toMatchObject({
      code: 'INVALID_GROUP_ID',
    });
  });
});

describe('commit without membership', () => {
  const commit = (test: TestGroups, offset: bigint) =>
    test.offsets.commit({
      groupId: 'billing',
      offsets: [{ topicName: 'orders', partition: 0, offset }],
    });

  it('makes the group, and the next member resumes there', async () => {
    const test = createTestGroups();
    await test.createTopic('orders', 1);
    await test.log.services.append.append(appendTo('orders', { 0: batchOf(['a', 'b']) }));
    expect(await commit(test, 2n)).toMatchObject({ results: [{ kind: 'committed' }] });
    expect(await test.groups.describe('billing')).toMatchObject({ phase: 'empty' });
    const one = new TestConsumer(test.another());
    await one.join();
    expect(one.positions.get('orders/0')?.offset).toBe(2n);
  });

  it('one-owner: refuses while the group has members', async () => {
    const { test, one } = await consuming();
    expect(await commit(test, 2n)).toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
    await one.leave();
    expect(await commit(test, 2n)).toMatchObject({ results: [{ kind: 'committed' }] });
  });

  it('one-owner: a join between reading the group and committing wins', async () => {
    const { test, one } = await consuming();
    await one.leave();
    const two = new TestConsumer(test.another());
    test.log.wire.meanwhile('commitWhileEmpty', () => two.join());
    expect(await commit(test, 2n)).toMatchObject({ code: 'UNKNOWN_MEMBER_ID' });
    expect(await committedOffsets(test)).toEqual({});
  });

  it('fenced: what a member of before commits after it is refused', async () => {
    const { test, one } = await consuming();
    await one.leave();
    await commit(test, 2n);
    expect(await one.commit('orders/0', 9n)).toBe('UNKNOWN_MEMBER_ID');
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 2n });
  });
});

describe('a partition that stands twice in one request', () => {
  it('is refused, by a commit as by a reset', async () => {
    const { test, one } = await consuming();
    await one.leave();
    const twice = { topicName: 'orders', partition: 0, offset: 1n };
    expect(
      await test.offsets.commit({ groupId: 'billing', offsets: [twice, twice] }),
    ).toMatchObject({
      code: 'INVALID_REQUEST',
    });
    const topics = [{ topicName: 'orders', partitions: [0, 0] }];
    const reset = {
      groupId: 'billing',
      target: { kind: 'latest' },
      topics,
      dryRun: false,
    } as const;
    expect(await test.offsets.reset(reset)).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});
