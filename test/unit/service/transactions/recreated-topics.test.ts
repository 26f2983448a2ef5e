// A transaction is staged for the topics that have the names now, through whichever process.

import { beforeEach, expect, it } from 'vitest';
import { GROUP_ID } from '../../../contract/group-values.ts';
import { readAll } from '../../../support/test-log.ts';
import {
  claimPartitions,
  createTransactionLog,
  TestProducer,
  type TransactionLog,
} from '../../../support/test-transactions.ts';

let log: TransactionLog;
let producer: TestProducer;

beforeEach(async () => {
  log = createTransactionLog();
  await log.services.topics.create({ name: 'accounts', partitionCount: 2 });
  // It knows the topic from now on, for as long as what a process knows of a topic lasts.
  producer = new TestProducer(log.another());
  await producer.init();
  await producer.stage('accounts', { 1: 'before' });
  await producer.end('committed');
});

async function recreate() {
  await log.services.topics.delete('accounts');
  const created = await log.services.topics.create({ name: 'accounts', partitionCount: 2 });
  if (created.kind !== 'created') throw new Error('not created');
  return created.topic;
}

const values = async (): Promise<string[]> =>
  (await readAll(log.another(), 'accounts')).map(([, value]) => value);

it('records go to the topic that was created again, at once (durable)', async () => {
  await recreate();
  log.wire.take();
  expect(await producer.stage('accounts', { 0: 'a' })).toBe('staged');
  // What this process took the topic for is read again, once.
  expect(log.wire.take()).toEqual({
    readTransaction: 2,
    getTopic: 1,
    putObject: 1,
    writeTransaction: 1,
  });
  await producer.end('committed');
  expect(await values()).toEqual(['a']);
});

it('records for a topic that is gone are refused before anything is put', async () => {
  await log.services.topics.delete('accounts');
  log.wire.take();
  expect(await producer.stage('accounts', { 0: 'a' })).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect(log.wire.take()).toEqual({ readTransaction: 1, getTopic: 1 });
});

it('what was staged before the topic was deleted can only be aborted (atomic-transaction)', async () => {
  await producer.stage('accounts', { 0: 'old' });
  await recreate();
  expect(await producer.end('committed', true)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect(await producer.end('aborted')).toBe('aborted');
  expect(await values()).toEqual([]);
});

it('offsets are those of the topic that was created again', async () => {
  const topic = await recreate();
  await claimPartitions(log.storage, topic, [0]);
  expect(await producer.stageOffset('accounts', 0, 7n)).toBe('staged');
  expect(await producer.end('committed')).toBe('committed');
  const { offsets } = await log.storage.offsets.readOffsets({ groupId: GROUP_ID });
  expect(offsets).toMatchObject([{ topicId: topic.topicId, committed: { offset: 7n } }]);
});

it('offsets of a topic that is gone are refused', async () => {
  await log.services.topics.delete('accounts');
  expect(await producer.stageOffset('accounts', 0, 7n)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
});
