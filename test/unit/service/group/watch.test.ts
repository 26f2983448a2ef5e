import { describe, expect, it } from 'vitest';
import { watchGroups } from '../../../../lib/service/group/watch.ts';
import { createTestGroups, TestConsumer, type TestGroups } from '../../../support/test-groups.ts';
import { appendTo, batchOf, SeededRandom } from '../../../support/test-log.ts';

const NO_LIMIT = { untilMs: Number.POSITIVE_INFINITY };
const DAY_MS = 86_400_000;

async function ordersWith(count: number): Promise<TestGroups> {
  const test = createTestGroups();
  await test.createTopic('orders', 1);
  for (let index = 0; index < count; index += 1) {
    const batch = batchOf(['v'], { timestampMs: test.log.clock.timeMs });
    await test.log.services.append.append(appendTo('orders', { 0: batch }));
    test.log.clock.timeMs += 1_000;
  }
  return test;
}

function watch(test: TestGroups, limit = NO_LIMIT) {
  const { clock } = test.log;
  const world = { clock, random: new SeededRandom(7), access: undefined };
  const ports = { ...test.log.storage, ...test.stores, ...world };
  return watchGroups(ports, limit);
}

async function committed(test: TestGroups, groupId: string, offset: bigint): Promise<void> {
  const offsets = [{ topicName: 'orders', partition: 0, offset }];
  const outcome = await test.offsets.commit({ groupId, offsets });
  expect(outcome.kind).not.toBe('rejected');
}

describe('watchGroups', () => {
  it('says how far the group that is furthest behind is, in records and in time', async () => {
    const test = await ordersWith(10);
    await committed(test, 'far', 2n);
    await committed(test, 'near', 9n);
    expect(await watch(test)).toEqual({
      groupCount: 2,
      deletedGroupIds: [],
      lagRecords: 8,
      lagSeconds: 8,
      worst: { groupId: 'far', topicName: 'orders', partition: 0 },
      failures: [],
    });
  });

  it('says nothing of groups that have read everything', async () => {
    const test = await ordersWith(3);
    await committed(test, 'done', 3n);
    expect(await watch(test)).toEqual({
      groupCount: 1,
      deletedGroupIds: [],
      lagRecords: 0,
      lagSeconds: 0,
      failures: [],
    });
  });

  it('evicts the last member when nobody is left to notice, and lets go what is long over', async () => {
    const test = await ordersWith(1);
    const consumer = new TestConsumer(test);
    await consumer.join();
    test.log.clock.timeMs += 46_000;
    expect(await watch(test)).toMatchObject({ groupCount: 1, deletedGroupIds: [] });
    expect(await test.groups.describe('billing')).toMatchObject({ phase: 'empty' });
    test.log.clock.timeMs += 8 * DAY_MS;
    expect(await watch(test)).toMatchObject({ groupCount: 0, deletedGroupIds: ['billing'] });
  });

  it('leaves what fails, and what it has no time for, to the next run', async () => {
    const test = await ordersWith(2);
    await committed(test, 'billing', 0n);
    test.log.wire.fail('readOffsets', ...Array.from({ length: 5 }, () => 'throttled' as const));
    expect(await watch(test)).toMatchObject({
      lagRecords: 0,
      failures: [{ groupId: 'billing' }],
    });
    expect(await watch(test, { untilMs: 0 })).toMatchObject({ groupCount: 1, lagRecords: 0 });
    expect(await watch(test)).toMatchObject({ lagRecords: 2, failures: [] });
  });
});
