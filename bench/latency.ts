// Latency as it would be on AWS: the local home in memory, every storage request delayed as S3 and DynamoDB would
// (PUT p50 30, p99 90 ms; GET p50 15, p99 45; DynamoDB p50 5, p99 15), from one seed. A client produces at linger 0 and
// at the default, a consumer reads: acknowledgements, and produce → eachMessage. `npm run bench:latency`

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { createApp } from '../lib/api/app.ts';
import { allRoutes } from '../lib/api/routes/all.ts';
import { Stratalog } from '../lib/index.ts';
import { noAclServices } from '../lib/service/access/acls.ts';
import { createInspectServices } from '../lib/service/background/inspect-services.ts';
import { createGroupServices } from '../lib/service/group/group-services.ts';
import { createServices } from '../lib/service/services.ts';
import { createTransactionServices } from '../lib/service/transactions/transaction-services.ts';
import { createLocalStorage } from '../lib/storage/local/local-storage.ts';
import { report } from './support/report.ts';

const RECORDS = 300;
const PAUSE_MS = 20;
/** So many that a record seldom waits for the one before it in its partition. */
const PARTITIONS = 12;
const SEED = Number(process.env.STRATALOG_SEED ?? 1);

/** 32 bits a call, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seeded(SEED);

/** Log-normal with this median and 99th percentile. */
function latencyMs(median: number, p99: number): number {
  const normal = Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  return median * Math.exp((Math.log(p99 / median) / 2.326) * normal);
}

const requests = { PUT: 0, GET: 0, DynamoDB: 0 };

/** What timers made of it: the PUTs and head updates of one measurement. */
const tookMs = { put: [] as number[], update: [] as number[] };

function kindOf(method: string): keyof typeof requests | undefined {
  if (method === 'putObject') return 'PUT';
  if (method === 'getRange') return 'GET';
  return method === 'referenceRange' ? undefined : 'DynamoDB';
}

/** Median and 99th percentile, milliseconds. */
const LATENCIES: Readonly<Record<keyof typeof requests, readonly [number, number]>> = {
  PUT: [30, 90],
  GET: [15, 45],
  DynamoDB: [5, 15],
};

type Method = (...parameters: never[]) => unknown;

/** The same port, every request of it as late as the service behind it would be: half of it on the way there. */
function late<Port extends object>(port: Port): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      const kind = typeof name === 'string' ? kindOf(name) : undefined;
      if (typeof method !== 'function' || kind === undefined) return method;
      return async (...parameters: never[]) => {
        requests[kind] += 1;
        const ms = latencyMs(...LATENCIES[kind]);
        const startedMs = performance.now();
        await delay(ms / 2);
        const answer = await (method as Method).apply(target, parameters);
        await delay(ms / 2);
        if (name === 'putObject') tookMs.put.push(performance.now() - startedMs);
        if (name === 'appendToHead') tookMs.update.push(performance.now() - startedMs);
        return answer;
      };
    },
  });
}

function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
}

const local = createLocalStorage({ directory: ':memory:', baseUrl: () => 'http://127.0.0.1' });
const ports = {
  ...local,
  topics: late(local.topics),
  partitions: late(local.partitions),
  objects: late(local.objects),
  groups: late(local.groups),
  offsets: late(local.offsets),
  clock: { nowMs: () => Date.now(), sleep: (ms: number) => delay(ms) },
  random: { randomBytes: (count: number) => randomBytes(count) },
  invoker: { appendLater: () => Promise.resolve() },
};
const app = createApp(allRoutes, {
  ...createServices(ports),
  ...createGroupServices(ports),
  ...createTransactionServices(ports),
  ...createInspectServices(ports),
  ...noAclServices(),
});
const server = await new Promise<{ readonly url: string; close(): void }>((resolve) => {
  const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
    resolve({ url: `http://127.0.0.1:${port}`, close: () => started.close() }),
  );
});

/** One producer and one consumer; a record every PAUSE_MS. */
async function measure(
  name: string,
  config: { readonly linger?: number; readonly lowLatency?: boolean },
): Promise<Record<string, string | number>> {
  const stratalog = new Stratalog({ endpoint: server.url });
  const topic = `latency-${name.replaceAll(/\W/g, '-')}`;
  await stratalog.admin().createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
  const arrivals: number[] = [];
  const consumer = stratalog.consumer({ groupId: `group-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      arrivals.push(performance.now() - Number(message.value));
      return Promise.resolve();
    },
  });
  const producer = stratalog.producer(config);
  await producer.connect();
  await producer.send({ topic, messages: [{ value: String(performance.now()) }] });
  while (arrivals.length === 0) await delay(20);
  arrivals.length = 0;
  Object.assign(requests, { PUT: 0, GET: 0, DynamoDB: 0 });
  Object.assign(tookMs, { put: [], update: [] });
  const acknowledged: number[] = [];
  const sends: Promise<void>[] = [];
  for (let index = 0; index < RECORDS; index += 1) {
    const sentMs = performance.now();
    const messages = [{ key: String(index), value: String(sentMs) }];
    const sent = producer.send({ topic, messages });
    sends.push(sent.then(() => void acknowledged.push(performance.now() - sentMs)));
    await delay(PAUSE_MS);
  }
  await Promise.all(sends);
  while (arrivals.length < RECORDS) await delay(20);
  await producer.disconnect();
  await consumer.disconnect();
  return {
    producer: name,
    'PUT + update p50 ms': percentile(tookMs.put, 0.5) + percentile(tookMs.update, 0.5),
    'ack p50 ms': percentile(acknowledged, 0.5),
    'ack p99 ms': percentile(acknowledged, 0.99),
    'to eachMessage p50 ms': percentile(arrivals, 0.5),
    'to eachMessage p99 ms': percentile(arrivals, 0.99),
    PUTs: requests.PUT,
    GETs: requests.GET,
    'DynamoDB requests': requests.DynamoDB,
  };
}

report('latency', [
  await measure('linger 0', { linger: 0 }),
  await measure('lowLatency', { lowLatency: true }),
  await measure('default (linger 50 ms)', {}),
]);
server.close();
await local.close();
