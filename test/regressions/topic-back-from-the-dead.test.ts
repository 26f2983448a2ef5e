// A request that creates a topic, or heads of its partitions, may be slow on its way: its sender asks again, the topic is
// created, and deleted. Then the first request arrived, found no topic of the name and no heads, and put them: heads
// without a topic, into which a process with stale metadata appended records that it acknowledged and nobody could read,
// or a topic without heads, which nobody could write to. A deleted topic leaves a tombstone before its heads go, and what
// creates topics and heads is put on the condition that there is none. Invariant: `durable`.

import { describe, expect, it } from 'vitest';
import type { Topic } from '../../lib/log/topic.ts';
import { appendTo, batchOf, createTestLog } from '../support/test-log.ts';

async function createdAndDeleted() {
  const log = createTestLog();
  const created = await log.services.topics.create({ name: 'orders', partitionCount: 2 });
  if (created.kind === 'rejected') throw new Error(created.message);
  const stale = log.another();
  await stale.append.append(appendTo('orders', { 0: batchOf(['a']) }));
  expect(await log.services.topics.delete('orders')).toEqual({ kind: 'deleted' });
  return { log, stale, topic: created.topic };
}

describe('a topic that was deleted', () => {
  it('gets no heads from a request that comes late, and takes no record', async () => {
    const { log, stale, topic } = await createdAndDeleted();
    const { partitions } = log.storage;
    const request = {
      topicId: topic.topicId,
      partitions: [0, 1],
      floor: await partitions.readFloor(),
    };
    expect(await partitions.createHeads(request)).toBe('dead');
    const [result] = await stale.append.append(appendTo('orders', { 0: batchOf(['b']) }));
    expect(result).toMatchObject({ kind: 'rejected', code: 'UNKNOWN_TOPIC_OR_PARTITION' });
  });

  it('does not come back by a request that comes late', async () => {
    const { log, topic } = await createdAndDeleted();
    expect(await log.storage.topics.createTopic(topic)).toBe('dead');
    expect(await log.services.topics.list()).toEqual([]);
    expect(await log.services.topics.create({ name: 'orders' })).toMatchObject({ kind: 'created' });
  });

  it('takes the heads with it that somebody had put for partitions that it never got', async () => {
    const log = createTestLog();
    const created = await log.services.topics.create({ name: 'orders', partitionCount: 2 });
    if (created.kind === 'rejected') throw new Error(created.message);
    const { topicId } = created.topic;
    const { partitions } = log.storage;
    await partitions.createHeads({
      topicId,
      partitions: [2, 3],
      floor: await partitions.readFloor(),
    });
    await log.services.topics.delete('orders');
    const keys = [0, 1, 2, 3].map((partition) => ({ topicId, partition }));
    expect(await partitions.readHeads(keys)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is not given up when the answer that says so comes late: a rival’s name, then free again', async () => {
    const log = createTestLog();
    const { topics } = log.storage;
    const rival = await log.services.topics.create({ name: 'orders' });
    if (rival.kind === 'rejected') throw new Error(rival.message);
    const lost: Topic = { ...rival.topic, topicId: 'lost-topic' };
    const tombstone = { topicId: lost.topicId, name: 'orders', partitionCount: 1, deletedAtMs: 1 };
    // Whoever lost the name gives up; a put of its own that is still under way finds the tombstone.
    expect(await topics.createTopic(lost)).toBe('exists');
    expect(await topics.buryTopic(tombstone)).toBe('buried');
    await log.services.topics.delete('orders');
    expect(await topics.createTopic(lost)).toBe('dead');
  });
});
