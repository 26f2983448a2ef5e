import { describe, expect, it } from 'vitest';
import type { ResetRequest } from '../../../../lib/service/group/offset-reset.ts';
import { committedOffsets, consuming, START_MS } from '../../../support/group-offsets.ts';
import { TestConsumer, type TestGroups } from '../../../support/test-groups.ts';

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
