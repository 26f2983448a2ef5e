import { describe, expect, it } from 'vitest';
import type { PartitionLag } from '../../../../lib/service/group/offset-lag.ts';
import type { ResetRequest } from '../../../../lib/service/group/offset-reset.ts';
import {
  converge,
  createTestGroups,
  TestConsumer,
  type TestGroups,
} from '../../../support/test-groups.ts';
import { appendTo, batchOf, ManualClock } from '../../../support/test-log.ts';

/** When the manual clock starts. */
const START_MS = new ManualClock().timeMs;

/** A topic with some records in each of its two partitions, and a consumer of all of it. */
async function consuming(recordCount = 10): Promise<{ test: TestGroups; one: TestConsumer }> {
  const test = createTestGroups();
  await test.createTopic('orders', 2);
  for (let record = 0; record < recordCount; record += 1)
    await produce(test, START_MS + 1_000 * record);
  const one = new TestConsumer(test.another());
  await one.join({ assignor: 'range' });
  return { test, one };
}

/** One record in each partition. */
async function produce(test: TestGroups, timestampMs: number): Promise<void> {
  const batch = batchOf(['value'], { timestampMs });
  await test.log.services.append.append(appendTo('orders', { 0: batch, 1: batch }));
}

async function committedOffsets(test: TestGroups): Promise<Record<string, bigint>> {
  const fetched = await test.offsets.fetch('billing');
  if (fetched.kind === 'rejected') throw new Error(fetched.message);
  return Object.fromEntries(
    fetched.offsets.map(({ topicName, partition, offset }) => [
      `${topicName}/${partition}`,
      offset,
    ]),
  );
}

async function lagsOf(test: TestGroups): Promise<readonly PartitionLag[]> {
  const outcome = await test.offsets.lags('billing');
  if (outcome.kind === 'rejected') throw new Error(outcome.message);
  return outcome.lags;
}

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

describe('lags', () => {
  it('shows records and seconds behind, by partition and reader', async () => {
    const { test, one } = await consuming(0);
    const startMs = test.log.clock.timeMs;
    for (const age of [60, 30, 10]) await produce(test, startMs - age * 1_000);
    await one.commit('orders/0', 1n);
    await one.commit('orders/1', 3n);
    const lags = await lagsOf(test);
    expect(
      lags.map(({ partition, memberId, currentOffset, logEndOffset, lag, lagSeconds }) => [
        partition,
        memberId === one.memberId,
        currentOffset,
        logEndOffset,
        lag,
        Math.round(lagSeconds),
      ]),
    ).toEqual([
      [0, true, 1n, 3n, 2n, 30],
      [1, true, 3n, 3n, 0n, 0],
    ]);
  });

  it('shows partitions that were never committed, and those whose records left the head', async () => {
    const { test } = await consuming(0);
    const startMs = test.log.clock.timeMs;
    for (let record = 0; record < 40; record += 1) await produce(test, startMs - 100_000 + record);
    const [first] = await lagsOf(test);
    expect(first).toMatchObject({ currentOffset: undefined, lag: 40n });
    expect(Math.round(first?.lagSeconds ?? 0)).toBe(100);
  });

  it('leaves out topics that are gone, and knows no group that never was', async () => {
    const { test } = await consuming();
    await test.log.services.topics.delete('orders');
    expect(await lagsOf(test)).toEqual([]);
    expect(await test.offsets.lags('nothing')).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
    expect(await test.offsets.fetch('nothing')).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' });
  });
});

describe('reset', () => {
  /** Ten records a second apart in each partition; 4 and 6 committed; nobody in the group. */
  async function stopped() {
    const { test, one } = await consuming();
    await one.commit('orders/0', 4n);
    await one.commit('orders/1', 6n);
    await one.leave();
    test.log.clock.timeMs = START_MS + 60_000;
    return test;
  }

  async function reset(
    test: TestGroups,
    more: Omit<ResetRequest, 'groupId' | 'dryRun'> & { dryRun?: boolean },
  ) {
    const outcome = await test.offsets.reset({ groupId: 'billing', dryRun: false, ...more });
    if (outcome.kind === 'rejected') throw new Error(outcome.message);
    return {
      applied: outcome.applied,
      results: outcome.results.map((result) =>
        result.kind === 'rejected' ? result.code : [result.partition, result.before, result.offset],
      ),
    };
  }

  it.each([
    ['earliest', { kind: 'earliest' }, 0n, 0n],
    ['latest', { kind: 'latest' }, 10n, 10n],
    ['an offset', { kind: 'offset', offset: 5n }, 5n, 5n],
    ['a time', { kind: 'timestamp', timestampMs: START_MS + 2_500 }, 3n, 3n],
    ['a time after all records', { kind: 'timestamp', timestampMs: START_MS + 99_000 }, 10n, 10n],
    ['a duration', { kind: 'duration', durationMs: 52_000 }, 8n, 8n],
    ['a shift back', { kind: 'shift', by: -5n }, 0n, 1n],
    ['a shift on', { kind: 'shift', by: 5n }, 9n, 10n],
  ] as const)('to %s', async (_, target, first, second) => {
    const test = await stopped();
    const results = [
      [0, 4n, first],
      [1, 6n, second],
    ];
    expect(await reset(test, { target, dryRun: true })).toEqual({ applied: false, results });
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 4n, 'orders/1': 6n });
    expect(await reset(test, { target })).toEqual({ applied: true, results });
    expect(await committedOffsets(test)).toEqual({ 'orders/0': first, 'orders/1': second });
  });

  it('earliest is where the log starts now, and never latest', async () => {
    const test = await stopped();
    await test.log.services.topics.deleteRecords({
      topicName: 'orders',
      partition: 0,
      offset: 3n,
    });
    expect((await reset(test, { target: { kind: 'earliest' } })).results).toEqual([
      [0, 4n, 3n],
      [1, 6n, 0n],
    ]);
  });

  it('sets only the partitions named, also such that were never committed', async () => {
    const test = await stopped();
    await test.createTopic('payments', 2);
    expect(
      await reset(test, {
        target: { kind: 'latest' },
        topics: [{ topicName: 'orders', partitions: [1] }, { topicName: 'payments' }],
      }),
    ).toEqual({
      applied: true,
      results: [
        [1, 6n, 10n],
        [0, undefined, 0n],
        [1, undefined, 0n],
      ],
    });
    expect(await committedOffsets(test)).toMatchObject({ 'orders/0': 4n, 'orders/1': 10n });
  });

  it('sets partitions that were added a moment ago', async () => {
    const test = await stopped();
    await test.log.another().topics.alter({ name: 'orders', partitionCount: 4 });
    const { results } = await reset(test, {
      target: { kind: 'latest' },
      topics: [{ topicName: 'orders' }],
    });
    expect(results).toEqual([
      [0, 4n, 10n],
      [1, 6n, 10n],
      [2, undefined, 0n],
      [3, undefined, 0n],
    ]);
  });

  it('knows nothing of a topic of the same name that was deleted', async () => {
    const test = await stopped();
    const { topics } = test.log.another();
    await topics.delete('orders');
    await topics.create({ name: 'orders', partitionCount: 2 });
    expect(await committedOffsets(test)).toEqual({});
    const { results } = await reset(test, {
      target: { kind: 'shift', by: 1n },
      topics: [{ topicName: 'orders' }],
    });
    expect(results).toEqual([
      [0, undefined, 0n],
      [1, undefined, 0n],
    ]);
  });

  it('sets none when one can not be set', async () => {
    const test = await stopped();
    expect(await reset(test, { target: { kind: 'offset', offset: 11n } })).toEqual({
      applied: false,
      results: ['OFFSET_OUT_OF_RANGE', 'OFFSET_OUT_OF_RANGE'],
    });
    expect(
      await reset(test, {
        target: { kind: 'latest' },
        topics: [{ topicName: 'orders', partitions: [0, 5] }, { topicName: 'nothing' }],
      }),
    ).toEqual({
      applied: false,
      results: [[0, 4n, 10n], 'UNKNOWN_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION'],
    });
    expect(await committedOffsets(test)).toEqual({ 'orders/0': 4n, 'orders/1': 6n });
  });

  it('refuses while there are members, and shows a dry run all the same', async () => {
    const { test } = await consuming();
    const request = { groupId: 'billing', target: { kind: 'earliest' } } as const;
    const topics = [{ topicName: 'orders' }];
    expect(await test.offsets.reset({ ...request, topics, dryRun: false })).toMatchObject({
      code: 'NON_EMPTY_GROUP',
    });
    expect(await test.offsets.reset({ ...request, topics, dryRun: true })).toMatchObject({
      applied: false,
      results: [{ offset: 0n }, { offset: 0n }],
    });
  });

  it('fenced: the members of before can not undo it, and the next one starts there', async () => {
    const { test, one } = await consuming();
    await one.commit('orders/0', 4n);
    await one.leave();
    await reset(test, { target: { kind: 'offset', offset: 2n } });
    expect(await one.commit('orders/0', 9n)).toBe('UNKNOWN_MEMBER_ID');
    const two = new TestConsumer(test.another());
    await two.join();
    expect(two.positions.get('orders/0')).toEqual({ offset: 2n, counter: 2 });
  });

  it.each([
    [{ kind: 'offset', offset: -1n }, 'INVALID_REQUEST'],
    [{ kind: 'duration', durationMs: -1 }, 'INVALID_REQUEST'],
    [{ kind: 'duration', durationMs: Number.NaN }, 'INVALID_REQUEST'],
  ] as const)('refuses %o', async (target, code) => {
    const test = await stopped();
    expect(await test.offsets.reset({ groupId: 'billing', target, dryRun: true })).toMatchObject({
      code,
    });
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
