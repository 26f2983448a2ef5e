// What a consumer costs while there is nothing to read, by counted requests and list prices (us-east-1, late 2026).

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'vitest';
import { type Consumer, type ConsumerConfig, Stratalog } from '../../lib/index.ts';
import { startLocalHome } from '../../lib/local/home.ts';
import { createTopic, keepingLogger, waitUntil } from '../support/client.ts';

const MEASURED_MS = 10_000;
/** The pauses between questions grow to two seconds after some eight of them; members hear of each other every five. */
const QUESTIONS_UNTIL_IDLE = 8;
const SETTLE_MS = 5_000;
const MINUTES_PER_MONTH = 30 * 24 * 60;

const DOLLARS_PER_MILLION = { httpApi: 1, lambda: 0.2, writeUnit: 0.625, readUnit: 0.125 };
/** A call that finds nothing takes some 15 ms: of 1 GB for a fetch, of 256 MB for a heartbeat, as in the stack. */
const DOLLARS_PER_GB_SECOND = 0.000_013_333_4;
const GB_SECONDS = { fetch: 0.015 * 1, heartbeat: 0.015 * 0.25 };

interface Counts {
  fetches: number;
  heartbeats: number;
  others: number;
}

/** Requests a minute of `size` idle consumers, together. */
async function measure(
  size: number,
  partitionCount: number,
  config: Partial<ConsumerConfig> = {},
): Promise<Counts> {
  const counts: Counts = { fetches: 0, heartbeats: 0, others: 0 };
  const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  const client = new Stratalog({ endpoint: home.url, logger: keepingLogger() });
  const topic = await createTopic(client, 'idle', partitionCount);
  const consumers: Consumer[] = [];
  let questions: number[] = [];
  for (let index = 0; index < size; index += 1) {
    const consumer = client.consumer({ groupId: 'idle', ...config });
    consumer.on(consumer.events.REQUEST, ({ payload: { path } }) => {
      questions[index] = (questions[index] ?? 0) + Number(path === '/fetch');
      if (path === '/fetch') counts.fetches += 1;
      else if (path.endsWith('/heartbeat')) counts.heartbeats += 1;
      else counts.others += 1;
    });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ eachMessage: async () => undefined });
    consumers.push(consumer);
  }
  const owned = () => consumers.flatMap((one) => one.assignment()[0]?.partitions ?? []).length;
  await waitUntil(() => owned() === partitionCount);
  questions = [];
  const enough = config.lowLatency === true ? 1 : QUESTIONS_UNTIL_IDLE;
  await waitUntil(() => consumers.every((_, index) => (questions[index] ?? 0) >= enough));
  await sleep(SETTLE_MS);
  Object.assign(counts, { fetches: 0, heartbeats: 0, others: 0 });
  const startedAt = performance.now();
  await sleep(MEASURED_MS);
  await waitUntil(() => counts.fetches > 0);
  const measured = { ...counts };
  const measuredMs = performance.now() - startedAt;
  await Promise.all(consumers.map((consumer) => consumer.disconnect()));
  await home.close();
  const perMinute = 60_000 / measuredMs;
  return {
    fetches: measured.fetches * perMinute,
    heartbeats: measured.heartbeats * perMinute,
    others: measured.others * perMinute,
  };
}

/** A fetch reads one head a partition, a heartbeat writes one unit. */
function dollarsPerMonth(counts: Counts, partitionsPerFetch: number): number {
  const requests = counts.fetches + counts.heartbeats + counts.others;
  const { httpApi, lambda, writeUnit, readUnit } = DOLLARS_PER_MILLION;
  const perMinute =
    (requests * (httpApi + lambda) +
      counts.heartbeats * writeUnit +
      counts.fetches * partitionsPerFetch * readUnit) /
      1_000_000 +
    (counts.fetches * GB_SECONDS.fetch + counts.heartbeats * GB_SECONDS.heartbeat) *
      DOLLARS_PER_GB_SECOND;
  return perMinute * MINUTES_PER_MONTH;
}

describe.concurrent('while there is nothing to read', () => {
  it('a consumer of 20 partitions asks 30 times a minute, for all at once: under $7 a month', async ({
    expect,
  }) => {
    const counts = await measure(1, 20);
    expect(counts.fetches).toBeLessThanOrEqual(36);
    expect(counts.heartbeats).toBeLessThanOrEqual(18);
    expect(counts.others).toBe(0);
    expect(dollarsPerMonth(counts, 20)).toBeLessThan(7);
  });

  it('a consumer that wants to be fast waits at the log: a dozen questions a minute', async ({
    expect,
  }) => {
    const counts = await measure(1, 3, { lowLatency: true });
    expect(counts.fetches).toBeLessThanOrEqual(18);
    expect(counts.fetches).toBeGreaterThan(0);
  });

  it('a group of 30 costs as 30 consumers: under $100 a month', async ({ expect }) => {
    const counts = await measure(30, 30);
    expect(counts.fetches).toBeLessThanOrEqual(36 * 30);
    expect(counts.heartbeats).toBeLessThanOrEqual(18 * 30);
    expect(dollarsPerMonth(counts, 1)).toBeLessThan(100);
  });
});
