// The background jobs over the AWS adapters: segments in parts, log compaction, retention, garbage, against dynoxide and
// versitygw.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeBatch } from '../../lib/record/record.ts';
import { type Background, createBackground } from '../../lib/service/background/background.ts';
import { createServices, type Services } from '../../lib/service/services.ts';
import { type AwsStorage, createAwsStorage } from '../../lib/storage/aws/aws-storage.ts';
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
import { appendTo, batchOf, readAll, SeededRandom, text } from '../support/test-log.ts';

const BUCKET = 'background';
/** DynamoDB's Date header has whole seconds. */
const GRACE_MS = 2_000;
const NO_LIMIT = { untilMs: Number.MAX_SAFE_INTEGER };

let dynamodb: Server;
let s3: AwsServer;
let storage: AwsStorage;
let services: Services;
let background: Background;

beforeAll(async () => {
  dynamodb = await startDynoxide();
  s3 = await startVersitygw();
  const clients = clientsOf({ dynamodb, s3 });
  const tables = tableNames(BUCKET);
  await createTables(clients.dynamodb, tables);
  await createBucket(clients.s3, BUCKET);
  clients.dynamodb.destroy();
  clients.s3.destroy();
  storage = createAwsStorage({
    bucket: BUCKET,
    tables,
    region: REGION,
    endpoint: dynamodb.endpoint,
    s3Endpoint: s3.endpoint,
    credentials: s3.credentials,
  });
  const ports = {
    ...storage,
    clock: { nowMs: Date.now, sleep: async (delayMs: number) => await sleep(delayMs) },
    random: new SeededRandom(5),
    invoker: { appendLater: () => Promise.resolve() },
  };
  services = createServices(ports);
  background = createBackground(ports, { graceMs: GRACE_MS });
});

afterAll(async () => {
  storage.close();
  await dynamodb.stop();
  await s3.stop();
});

const create = async (name: string, configs: Readonly<Record<string, string>>) => {
  // A segment of what is there, at once.
  const wanted = { name, configs: { 'segment.ms': '1', ...configs } };
  const created = await services.topics.create(wanted);
  if (created.kind === 'rejected') throw new Error(created.message);
};
const append = async (topic: string, batch: Uint8Array) => {
  const [result] = await services.append.append(appendTo(topic, { 0: batch }));
  expect(result).toMatchObject({ kind: 'appended' });
};
const keys = async (prefix: string) =>
  (await storage.upkeep.listObjects({ prefix, limit: 1_000 })).objects.map(({ key }) => key);
const merge = async () => {
  await sleep(5);
  return await background.segments.mergeAll(NO_LIMIT);
};

describe('background jobs over AWS’s protocols', () => {
  it('make segments, compact, retain, and leave nothing that nobody names', async () => {
    await create('large', {});
    for (let number = 0; number < 20; number += 1) {
      await append(
        'large',
        batchOf([`${number}/`.padEnd(600_000, 'x')], { timestampMs: Date.now() }),
      );
    }
    await create('state', { 'cleanup.policy': 'compact' });
    for (let number = 0; number < 20; number += 1) {
      const record = {
        timestamp: Date.now(),
        key: text(`k${number % 3}`),
        value: text(`${number}`),
      };
      await append('state', encodeBatch({ records: [record], compression: 'zstd' }));
    }
    await create('short', { 'retention.ms': '1' });
    for (let number = 0; number < 20; number += 1) await append('short', batchOf(['old']));
    const before = await readAll(services, 'large');
    expect(before.length).toBe(20);

    expect(await merge()).toMatchObject({ segments: 3, failures: [], damaged: [] });
    expect(await readAll(services, 'large')).toEqual(before);
    expect(await background.compaction.compactAll(NO_LIMIT)).toMatchObject({
      partitions: 1,
      failures: [],
      damaged: [],
    });
    expect((await readAll(services, 'state')).map(([, value]) => value)).toEqual([
      '17',
      '18',
      '19',
    ]);
    expect(await background.retention.applyAll(NO_LIMIT)).toMatchObject({
      raised: 1,
      segments: 1,
      failures: [],
    });
    expect(await readAll(services, 'short')).toEqual([]);

    expect((await keys('wal/')).length).toBe(60);
    for (let round = 0; round < 3; round += 1) {
      await sleep(GRACE_MS + 1_100);
      await background.garbage.collect(NO_LIMIT);
    }
    expect(await keys('wal/')).toEqual([]);
    expect((await keys('log/')).length).toBe(6);
    expect(await readAll(services, 'large')).toEqual(before);

    for (const topic of ['large', 'state', 'short']) await services.topics.delete(topic);
    await sleep(GRACE_MS + 1_100);
    expect(await background.garbage.collect(NO_LIMIT)).toMatchObject({ topics: 3 });
    expect(await keys('')).toEqual([]);
  });
});
