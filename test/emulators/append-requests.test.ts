// What an append and a fetch cost over the AWS adapters, counted where the SDK sends; and two processes at once.

import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createServices, type Services } from '../../lib/service/services.ts';
import {
  type AwsStorage,
  type AwsStorageOptions,
  createAwsStorage,
} from '../../lib/storage/aws/aws-storage.ts';
import type { AppendJob, AppendReport } from '../support/emulators/append-worker.ts';
import {
  type AwsServer,
  clientsOf,
  createBucket,
  createTables,
  REGION,
  tableNames,
} from '../support/emulators/aws-server.ts';
import { startDynoxide } from '../support/emulators/dynoxide.ts';
import type { Server } from '../support/emulators/server.ts';
import { startVersitygw } from '../support/emulators/versitygw.ts';
import { appendTo, batchOf, readAll, SeededRandom } from '../support/test-log.ts';

const run = promisify(execFile);
const WORKER = fileURLToPath(new URL('../support/emulators/append-worker.ts', import.meta.url));

let dynamodb: Server;
let s3: AwsServer;
let options: AwsStorageOptions;
let storage: AwsStorage;
let services: Services;
let made = 0;

beforeAll(async () => {
  dynamodb = await startDynoxide();
  s3 = await startVersitygw();
  const clients = clientsOf({ dynamodb, s3 });
  const tables = tableNames('requests');
  await createTables(clients.dynamodb, tables);
  await createBucket(clients.s3, 'requests');
  clients.dynamodb.destroy();
  clients.s3.destroy();
  options = {
    bucket: 'requests',
    tables,
    region: REGION,
    endpoint: dynamodb.endpoint,
    s3Endpoint: s3.endpoint,
    credentials: s3.credentials,
  };
});

afterAll(async () => {
  storage.close();
  await dynamodb.stop();
  await s3.stop();
});

/** A topic of three partitions, known to the process, and nothing counted yet. */
async function createTopic(): Promise<string> {
  made += 1;
  const name = `topic-${made}`;
  await services.topics.create({ name, partitionCount: 3 });
  await services.append.append(appendTo(name, { 0: batchOf(['first']) }));
  storage.requests.reset();
  return name;
}

beforeEach(() => {
  storage?.close();
  storage = createAwsStorage(options);
  services = createServices({
    ...storage,
    clock: { nowMs: Date.now, sleep: async (delayMs) => await sleep(delayMs) },
    random: new SeededRandom(Date.now()),
    invoker: { appendLater: async () => undefined },
  });
});

/** Requests by operation since they were last asked for. */
function counted(): Record<string, number> {
  const counts = [...storage.requests.read()].map(([operation, { requests }]) => [
    operation,
    requests,
  ]);
  storage.requests.reset();
  return Object.fromEntries(counts);
}

async function fetchAt(topicName: string, offset: bigint) {
  const [result] = await services.read.fetch({
    deliver: 'bytes',
    partitions: [{ topicName, partition: 0, offset }],
    maxBytes: 1_000_000,
    minBytes: 0,
    maxWaitMs: 0,
  });
  return result;
}

describe('an append', () => {
  it('to three partitions is one put and three updates, with no read (bounded)', async () => {
    const topicName = await createTopic();
    const batches = { 0: batchOf(['a']), 1: batchOf(['b']), 2: batchOf(['c']) };
    const results = await services.append.append(appendTo(topicName, batches));
    expect(results.map(({ kind }) => kind)).toEqual(['appended', 'appended', 'appended']);
    expect(counted()).toEqual({ PutObject: 1, UpdateItem: 3 });
  });

  it('writes at most two units on average, rolling included (bounded)', async () => {
    const topicName = await createTopic();
    const appends = 320;
    for (let number = 0; number < appends; number += 1) {
      const fields = { producerId: 7n, producerEpoch: 0, baseSequence: number };
      const batch = batchOf([`value ${number}`], fields);
      const [result] = await services.append.append(appendTo(topicName, { 0: batch }));
      expect(result?.kind).toBe('appended');
    }
    const counts = storage.requests.read();
    const unitsOf = (operation: string) => counts.get(operation)?.capacityUnits ?? 0;
    expect(counts.get('PutItem')?.requests).toBeGreaterThanOrEqual(19);
    expect((unitsOf('UpdateItem') + unitsOf('PutItem')) / appends).toBeLessThanOrEqual(2);
    expect(counts.get('PutObject')?.requests).toBe(appends);
  });
});

describe('a fetch', () => {
  it('at the tail is one GetItem and one GET, and below it at most one Query more (bounded)', async () => {
    const topicName = await createTopic();
    for (let number = 0; number < 40; number += 1) {
      await services.append.append(appendTo(topicName, { 0: batchOf([`${number}`]) }));
    }
    // Another process, which has read nothing yet but knows the topic.
    const fresh = createServices({
      ...storage,
      clock: { nowMs: Date.now, sleep: async (delayMs) => await sleep(delayMs) },
      random: new SeededRandom(1),
      invoker: { appendLater: async () => undefined },
    });
    services = fresh;
    await services.topics.get(topicName);
    await fetchAt(topicName, 41n);
    storage.requests.reset();
    expect(await fetchAt(topicName, 40n)).toMatchObject({ kind: 'bytes', nextOffset: 41n });
    expect(counted()).toEqual({ GetItem: 1, GetObject: 1 });
    const below = await fetchAt(topicName, 3n);
    expect(below?.kind).toBe('bytes');
    const { GetObject: gets, ...rest } = counted();
    expect(rest).toEqual({ GetItem: 1, Query: 1 });
    expect(gets).toBeGreaterThan(0);
  });
});

describe('two processes', () => {
  it('append thousands to one partition at once without gap, overlap or loss (dense, durable)', async () => {
    const topicName = await createTopic();
    const jobs = ['one', 'two'].map(
      (name, index): AppendJob => ({
        name,
        seed: 100 + index,
        storage: options,
        topicName,
        appends: 1_000,
        concurrency: 8,
      }),
    );
    const outputs = await Promise.all(
      jobs.map(
        async (job) =>
          await run(process.execPath, [WORKER, JSON.stringify(job)], { maxBuffer: 2 ** 24 }),
      ),
    );
    const reports = outputs.map(({ stdout }) => JSON.parse(stdout) as AppendReport);
    const acknowledged = reports.flatMap((report) => Object.entries(report));
    expect(acknowledged.length).toBe(2_000);
    const values = await readAll(services, topicName);
    expect(values.map(([offset]) => offset)).toEqual(values.map((_, index) => BigInt(index)));
    const read = new Map(values.map(([offset, value]) => [value, offset.toString()]));
    expect(read.size).toBe(2_001);
    for (const [value, offset] of acknowledged)
      expect([value, read.get(value)]).toEqual([value, offset]);
  });
});
