import { beforeEach, describe, expect, it } from 'vitest';
import { RECORDS_PER_REQUEST_MAX } from '../../../../lib/limits.ts';
import type { ProduceRecord } from '../../../../lib/log/produce.ts';
import type { RecordResult } from '../../../../lib/service/append/produce.ts';
import { batchOf, createTestLog, readAll, type TestLog, text } from '../../../support/test-log.ts';

let log: TestLog;

beforeEach(async () => {
  log = createTestLog();
  await log.services.topics.create({ name: 'orders', partitionCount: 3 });
});

const record = (value: string, change: Partial<ProduceRecord> = {}): ProduceRecord => ({
  topicName: 'orders',
  key: null,
  value: text(value),
  headers: [],
  ...change,
});

const produce = (...records: ProduceRecord[]) =>
  log.services.produce.produce({ acks: 'stored', records });

const partitionOf = (result: RecordResult): number | string =>
  result.kind === 'rejected' ? result.code : result.partition;

describe('produce', () => {
  it('sends six records without key to three partitions in turn: 1,4 / 2,5 / 3,6', async () => {
    const results = await produce(...['1', '2', '3', '4', '5', '6'].map((value) => record(value)));
    const [first = 0] = results.map(partitionOf) as number[];
    const expected = [0, 1, 2, 0, 1, 2].map((turn) => (turn + first) % 3);
    expect(results.map(partitionOf)).toEqual(expected);
    expect((await readAll(log.services, 'orders', first)).map(([, value]) => value)).toEqual([
      '1',
      '4',
    ]);
  });

  it('starts each request at another partition, so that the load is even', async () => {
    const counts = [0, 0, 0];
    for (let index = 0; index < 300; index += 1) {
      const [result] = await produce(record('x'));
      if (result?.kind === 'produced')
        counts[result.partition] = (counts[result.partition] ?? 0) + 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(60);
  });

  it('keeps a key on its partition and its records in order (ordered)', async () => {
    const key = text('order-17');
    const results = await produce(
      record('a', { key }),
      record('b', { key: text('other') }),
      record('c', { key }),
    );
    const again = await produce(record('d', { key }));
    const partition = partitionOf(results[0] as RecordResult);
    expect(partitionOf(results[2] as RecordResult)).toBe(partition);
    expect(partitionOf(again[0] as RecordResult)).toBe(partition);
    const read = (await readAll(log.services, 'orders', Number(partition))).map(
      ([, value]) => value,
    );
    expect(read.filter((value) => value !== 'b')).toEqual(['a', 'c', 'd']);
  });

  it('answers each record for itself', async () => {
    const results = await produce(
      record('a', { partition: 1 }),
      record('b', { partition: 9 }),
      record('c', { topicName: 'missing' }),
      record('d', { partition: 1 }),
      record('e', { partition: 1, timestampMs: log.clock.timeMs + 7_200_000 }),
      record('x'.repeat(1_100_000), { partition: 1 }),
    );
    expect(results.map(partitionOf)).toEqual([
      1,
      'UNKNOWN_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
      1,
      'INVALID_TIMESTAMP',
      'MESSAGE_TOO_LARGE',
    ]);
    expect(await readAll(log.services, 'orders', 1)).toEqual([
      [0n, 'a'],
      [1n, 'd'],
    ]);
  });

  it('writes one object for all partitions of a request', async () => {
    await produce(record('warm'));
    log.wire.take();
    await produce(...[0, 1, 2].map((partition) => record('a', { partition })));
    expect(log.wire.take()).toEqual({ putObject: 1, appendToHead: 3 });
  });

  it('splits what is more than a batch may hold', async () => {
    const large = 'x'.repeat(400_000);
    const results = await produce(
      ...Array.from({ length: 6 }, () => record(large, { partition: 0 })),
    );
    expect(results.map((result) => result.kind === 'produced' && result.offset)).toEqual([
      0n,
      1n,
      2n,
      3n,
      4n,
      5n,
    ]);
    expect(await readAll(log.services, 'orders', 0)).toHaveLength(6);
  });

  it('keeps headers, nulls and timestamps', async () => {
    const headers = [
      { key: 'h', value: text('1') },
      { key: 'h', value: null },
    ];
    await produce(record('', { partition: 0, value: null, headers, timestampMs: 123 }));
    const [read] = await log.services.records.read({
      partitions: [{ topicName: 'orders', partition: 0, offset: 0n }],
      maxBytes: 1_000,
      minBytes: 0,
      maxWaitMs: 0,
      maxRecords: 1,
    });
    if (read?.kind !== 'records') throw new Error('not read');
    const [first] = read.records;
    expect(first).toMatchObject({ key: null, value: null, timestampMs: 123 });
    expect(
      first?.headers.map(({ key, value }) => [key, value && Buffer.from(value).toString()]),
    ).toEqual([
      ['h', '1'],
      ['h', null],
    ]);
  });

  it('refuses records without key on a compacted topic', async () => {
    await log.services.topics.create({ name: 'state', configs: { 'cleanup.policy': 'compact' } });
    const results = await produce(
      record('a', { topicName: 'state' }),
      record('b', { topicName: 'state', key: text('k') }),
    );
    expect(results.map(partitionOf)).toEqual(['INVALID_RECORD', 0]);
  });

  it('refuses more records than one request takes', async () => {
    const results = await produce(
      ...Array.from({ length: RECORDS_PER_REQUEST_MAX + 1 }, () => record('x')),
    );
    expect(new Set(results.map(partitionOf))).toEqual(new Set(['INVALID_REQUEST']));
  });
});

describe('produce with acks=0', () => {
  it('hands the records over, and appends them once however often they are delivered', async () => {
    const results = await log.services.produce.produce({
      acks: 'none',
      records: [record('a', { partition: 0 }), record('b', { partition: 9 })],
    });
    expect(results.map((result) => result.kind)).toEqual(['accepted', 'rejected']);
    expect(log.wire.take()).not.toHaveProperty('putObject');
    const [late] = log.late;
    if (late === undefined) throw new Error('nothing was handed over');
    await log.services.append.append(late);
    await log.another().append.append(late);
    expect(await readAll(log.services, 'orders', 0)).toEqual([[0n, 'a']]);
  });

  it('says at once what is wrong with a batch', async () => {
    const results = await log.services.produce.produceBatches({
      acks: 'none',
      partitions: [
        { topicName: 'orders', partition: 0, batches: batchOf(['a']) },
        { topicName: 'orders', partition: 1, batches: batchOf(['b']).subarray(0, 65) },
        { topicName: 'none', partition: 0, batches: batchOf(['c']) },
      ],
    });
    expect(
      results.map((result) => (result.kind === 'rejected' ? result.code : result.kind)),
    ).toEqual(['accepted', 'CORRUPT_MESSAGE', 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect(log.late.flatMap(({ partitions }) => partitions)).toHaveLength(1);
  });

  it('refuses more than an asynchronous invocation takes', async () => {
    const records = [0, 1].map((partition) => record('x'.repeat(600_000), { partition }));
    await expect(log.services.produce.produce({ acks: 'none', records })).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
    });
  });
});
