import { beforeEach, describe, expect, it } from 'vitest';
import { HEADS_PER_TRANSACTION_MAX, PARTITIONS_PER_TOPIC_MAX } from '../../../../lib/limits.ts';
import {
  appendTo,
  batchOf,
  createTestLog,
  readAll,
  type TestLog,
} from '../../../support/test-log.ts';

let log: TestLog;

beforeEach(() => {
  log = createTestLog();
});

const create = (name: string, change: Record<string, unknown> = {}) =>
  log.services.topics.create({ name, ...change });

describe('create', () => {
  it.each([
    ['', 'INVALID_TOPIC_EXCEPTION'],
    ['.', 'INVALID_TOPIC_EXCEPTION'],
    ['a/b', 'INVALID_TOPIC_EXCEPTION'],
    ['ü', 'INVALID_TOPIC_EXCEPTION'],
    ['x'.repeat(250), 'INVALID_TOPIC_EXCEPTION'],
  ])('refuses the name "%s" as Kafka does', async (name, code) => {
    expect(await create(name)).toMatchObject({ kind: 'rejected', code });
  });

  it('refuses a name that differs from another only by dots and underscores, as Kafka does', async () => {
    await create('orders.paid_v1');
    log.wire.take();
    expect(await create('orders_paid.v1')).toMatchObject({
      code: 'INVALID_TOPIC_EXCEPTION',
      message: expect.stringContaining('"orders.paid_v1"'),
    });
    expect(log.wire.take()).toEqual({ getTopic: 1, listTopics: 1 });
    expect(await create('orders-paid-v1')).toMatchObject({ kind: 'created' });
    expect(await create('orders.paid')).toMatchObject({ kind: 'created' });
    await log.services.topics.delete('orders.paid_v1');
    expect(await create('orders_paid.v1')).toMatchObject({ kind: 'created' });
  });

  it.each([
    [{ partitionCount: 0 }, 'INVALID_PARTITIONS'],
    [{ partitionCount: 1.5 }, 'INVALID_PARTITIONS'],
    [{ partitionCount: 100_000 }, 'INVALID_PARTITIONS'],
    [{ replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
    [{ configs: { 'retention.ms': 'x' } }, 'INVALID_CONFIG'],
  ])('refuses %o and stores nothing', async (change, code) => {
    expect(await create('t', change)).toMatchObject({ kind: 'rejected', code });
    expect(log.wire.take()).toEqual({});
  });

  it('takes a replication factor and min.insync.replicas without effect', async () => {
    const configs = { 'min.insync.replicas': '2' };
    expect(await create('t', { replicationFactor: 3, configs })).toMatchObject({ kind: 'created' });
  });

  it('puts the heads before the topic, in as few transactions as hold them', async () => {
    const count = PARTITIONS_PER_TOPIC_MAX;
    await create('wide', { partitionCount: count });
    const transactions = Math.ceil(count / HEADS_PER_TRANSACTION_MAX);
    expect(log.wire.take()).toEqual({
      getTopic: 1,
      readFloor: transactions,
      createHeads: transactions,
      createTopic: 1,
    });
  });

  it('refuses a name that is taken, also when two ask at once', async () => {
    const outcomes = await Promise.all([
      create('t', { partitionCount: 2 }),
      log.another().topics.create({ name: 't', partitionCount: 4 }),
    ]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['created', 'rejected']);
    expect(await create('t')).toMatchObject({ code: 'TOPIC_ALREADY_EXISTS' });
    const partitions = await log.services.topics.partitions('t');
    if (partitions.kind !== 'found') throw new Error('no topic');
    expect(partitions.partitions).toHaveLength(partitions.topic.partitionCount);
  });

  it('checks only, when asked to', async () => {
    expect(await create('t', { validateOnly: true })).toMatchObject({ kind: 'created' });
    expect(await log.services.topics.list()).toEqual([]);
  });

  it('recognises its own topic when the answer was lost', async () => {
    log.wire.fail('createTopic', 'after');
    expect(await create('t')).toMatchObject({ kind: 'created' });
  });
});

describe('alter', () => {
  it('adds partitions with a warning about keys, and never takes any', async () => {
    await create('t', { partitionCount: 3 });
    expect(await log.services.topics.alter({ name: 't', partitionCount: 6 })).toMatchObject({
      kind: 'altered',
      warnings: [expect.stringMatching(/keys go to other partitions/)],
    });
    expect(await log.services.topics.alter({ name: 't', partitionCount: 5 })).toMatchObject({
      code: 'INVALID_PARTITIONS',
    });
    const [result] = await log.services.append.append(appendTo('t', { 5: batchOf(['a']) }));
    expect(result?.kind).toBe('appended');
  });

  it('lets a process with stale metadata write to a partition that was added', async () => {
    await create('t', { partitionCount: 1 });
    const stale = log.another();
    await stale.append.append(appendTo('t', { 0: batchOf(['a']) }));
    await log.services.topics.alter({ name: 't', partitionCount: 2 });
    const [result] = await stale.append.append(appendTo('t', { 1: batchOf(['b']) }));
    expect(result?.kind).toBe('appended');
  });

  it('keeps both of two changes at once', async () => {
    await create('t');
    await Promise.all([
      log.services.topics.alter({ name: 't', configs: [{ name: 'retention.ms', value: '1' }] }),
      log.another().topics.alter({ name: 't', partitionCount: 4 }),
    ]);
    expect(await log.services.topics.get('t')).toMatchObject({
      topic: { partitionCount: 4, configs: { 'retention.ms': '1' } },
    });
  });

  it('uses the heads that a dead process has left', async () => {
    await create('t', { partitionCount: 1 });
    log.wire.fail('updateTopic', 'before');
    const change = { name: 't', partitionCount: 3 };
    await expect(log.services.topics.alter(change)).rejects.toThrow();
    expect(await log.services.topics.alter(change)).toMatchObject({ kind: 'altered' });
    expect(await readAll(log.services, 't', 2)).toEqual([]);
  });
});

describe('ensure', () => {
  it('creates, leaves and brings up to date', async () => {
    const ensure = (change: Record<string, unknown>) =>
      log.services.topics.ensure({ name: 't', partitionCount: 2, ...change });
    expect(await ensure({})).toMatchObject({ kind: 'created' });
    expect(await ensure({})).toMatchObject({ kind: 'unchanged' });
    expect(await ensure({ partitionCount: 4 })).toMatchObject({ kind: 'updated' });
    expect(await ensure({ partitionCount: 1 })).toMatchObject({ code: 'INVALID_PARTITIONS' });
  });
});

describe('delete', () => {
  it('frees the name and refuses every later append', async () => {
    await create('t', { partitionCount: 60 });
    expect(await log.services.topics.delete('t')).toEqual({ kind: 'deleted' });
    expect(await log.services.topics.delete('t')).toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
    });
    expect(await log.services.topics.list()).toEqual([]);
  });

  it.each(['updateTopic', 'deleteHeads', 'releaseTopic'])(
    'is finished by the next try when %s failed',
    async (method) => {
      await create('t', { partitionCount: 60 });
      log.wire.fail(method, ...Array<'before'>(5).fill('before'));
      await expect(log.services.topics.delete('t')).rejects.toThrow();
      log.wire.fail(method);
      expect(await log.services.topics.delete('t')).toEqual({ kind: 'deleted' });
      expect(await create('t')).toMatchObject({ kind: 'created' });
    },
  );

  it('tells who creates it meanwhile that it is on its way out', async () => {
    await create('t');
    log.wire.fail('releaseTopic', ...Array<'before'>(5).fill('before'));
    await expect(log.services.topics.delete('t')).rejects.toThrow();
    expect(await create('t')).toMatchObject({
      code: 'TOPIC_ALREADY_EXISTS',
      message: expect.stringMatching(/marked for deletion/),
    });
  });
});

describe('deleteRecords', () => {
  beforeEach(async () => {
    await create('t');
    await log.services.append.append(appendTo('t', { 0: batchOf(['a', 'b', 'c']) }));
  });
  const deleteRecords = (offset: bigint | 'latest', partition = 0) =>
    log.services.topics.deleteRecords({ topicName: 't', partition, offset });

  it('moves the start of the log, only upward', async () => {
    expect(await deleteRecords(2n)).toEqual({ kind: 'deleted', logStartOffset: 2n });
    expect(await deleteRecords(1n)).toEqual({ kind: 'deleted', logStartOffset: 2n });
    expect(await readAll(log.services, 't')).toEqual([[2n, 'c']]);
    expect(await deleteRecords('latest')).toEqual({ kind: 'deleted', logStartOffset: 3n });
    expect(await readAll(log.services, 't')).toEqual([]);
  });

  it('refuses what is not in the log', async () => {
    expect(await deleteRecords(4n)).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    expect(await deleteRecords(0n, 1)).toMatchObject({ code: 'UNKNOWN_PARTITION' });
  });
});
