// A group that reads a topic, for tests of what it commits.

import type { PartitionLag } from '../../lib/service/group/offset-lag.ts';
import { createTestGroups, TestConsumer, type TestGroups } from './test-groups.ts';
import { appendTo, batchOf, ManualClock } from './test-log.ts';

/** When the manual clock starts. */
export const START_MS = new ManualClock().timeMs;

/** A topic with some records in each of its two partitions, and a consumer of all of it. */
export async function consuming(
  recordCount = 10,
): Promise<{ test: TestGroups; one: TestConsumer }> {
  const test = createTestGroups();
  await test.createTopic('orders', 2);
  for (let record = 0; record < recordCount; record += 1)
    await produce(test, START_MS + 1_000 * record);
  const one = new TestConsumer(test.another());
  await one.join({ assignor: 'range' });
  return { test, one };
}

/** One record in each partition. */
export async function produce(test: TestGroups, timestampMs: number): Promise<void> {
  const batch = batchOf(['value'], { timestampMs });
  await test.log.services.append.append(appendTo('orders', { 0: batch, 1: batch }));
}

export async function committedOffsets(test: TestGroups): Promise<Record<string, bigint>> {
  const fetched = await test.offsets.fetch('billing');
  if (fetched.kind === 'rejected') throw new Error(fetched.message);
  return Object.fromEntries(
    fetched.offsets.map(({ topicName, partition, offset }) => [
      `${topicName}/${partition}`,
      offset,
    ]),
  );
}

export async function lagsOf(test: TestGroups): Promise<readonly PartitionLag[]> {
  const outcome = await test.offsets.lags('billing');
  if (outcome.kind === 'rejected') throw new Error(outcome.message);
  return outcome.lags;
}
