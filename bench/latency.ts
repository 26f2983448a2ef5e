// Latency as it would be on AWS: a local home in memory whose storage is as slow as S3 and DynamoDB, from one seed. A
// client produces at linger 0 and at the default, a consumer reads: acknowledgements, and produce → eachMessage. Ends with
// an error where a bound is broken.
// `npm run bench:latency`

import { setTimeout as delay } from 'node:timers/promises';
import { Stratalog } from '../lib/index.ts';
import { type LateRequest, startLateHome } from '../test/support/late-home.ts';
import { report } from './support/report.ts';

const RECORDS = 300;
const PAUSE_MS = 20;
/** So many that one record in twenty waits for the one before it in its partition. */
const PARTITIONS = 48;
const SEED = Number(process.env.STRATALOG_SEED ?? 1);

function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
}

/** What storing takes: the PUT and then the update of a head, of each append. */
function storingMs(requests: readonly LateRequest[]): readonly number[] {
  const puts = new Map(
    requests
      .filter(({ method }) => method === 'putObject')
      .map(({ objectId, tookMs }) => [objectId, tookMs]),
  );
  return requests
    .filter(({ method }) => method === 'appendToHead')
    .map(({ objectId, tookMs }) => tookMs + (puts.get(objectId) ?? 0));
}

const home = await startLateHome(SEED);

/** What the client may add to what storing takes, at linger 0. */
const CLIENT_MS_MAX = 5;
const END_TO_END_MS_MAX = 150;

interface Row extends Record<string, string | number> {
  'PUT + update p50 ms': number;
  'ack p50 ms': number;
  'to eachMessage p50 ms': number;
}

function bound(what: string, measuredMs: number, limitMs: number): void {
  const isKept = measuredMs <= limitMs;
  console.log(`${isKept ? 'kept' : 'BROKEN'}: ${what} ${measuredMs} ms, at most ${limitMs} ms`);
  if (!isKept) process.exitCode = 1;
}

/** One producer and one consumer; a record every PAUSE_MS. */
async function measure(
  name: string,
  config: { readonly linger?: number; readonly lowLatency?: boolean },
): Promise<Row> {
  const stratalog = new Stratalog({ endpoint: home.url });
  const topic = `latency-${name.replaceAll(/\W/g, '-')}`;
  await stratalog.admin().createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
  const arrivals: number[] = [];
  const { lowLatency = false } = config;
  const consumer = stratalog.consumer({ groupId: `group-${topic}`, lowLatency });
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
  home.take();
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
  const requests = home.take();
  await producer.disconnect();
  await consumer.disconnect();
  const countOf = (kind: LateRequest['kind']): number =>
    requests.filter((request) => request.kind === kind).length;
  return {
    producer: name,
    'PUT + update p50 ms': percentile(storingMs(requests), 0.5),
    'ack p50 ms': percentile(acknowledged, 0.5),
    'ack p99 ms': percentile(acknowledged, 0.99),
    'to eachMessage p50 ms': percentile(arrivals, 0.5),
    'to eachMessage p99 ms': percentile(arrivals, 0.99),
    PUTs: countOf('PUT'),
    GETs: countOf('GET'),
    'DynamoDB requests': countOf('DynamoDB'),
  };
}

const noLinger = await measure('linger 0', { linger: 0 });
const lowLatency = await measure('lowLatency', { lowLatency: true });
report('latency', [noLinger, lowLatency, await measure('default (linger 50 ms)', {})]);
const storedMs = noLinger['PUT + update p50 ms'];
bound('acknowledged at linger 0, p50', noLinger['ack p50 ms'], storedMs + CLIENT_MS_MAX);
bound('to eachMessage at lowLatency, p50', lowLatency['to eachMessage p50 ms'], END_TO_END_MS_MAX);
await home.close();
