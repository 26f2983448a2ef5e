// A warm function's own share of an invocation: the whole, less the time in which a request to S3 or DynamoDB is under
// way. The bundles that are deployed, given the events that API Gateway sends, over emulators. `npm run bench:handler`

import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleFunctions } from '../infra/bundle-functions.ts';
import { required } from '../lib/assert.ts';
import { encodeFrames } from '../lib/record/frames.ts';
import { encodeBatch } from '../lib/record/record.ts';
import {
  clientsOf,
  createBucket,
  createTables,
  REGION,
  tableNames,
} from '../test/support/emulators/aws-server.ts';
import { startDynoxide } from '../test/support/emulators/dynoxide.ts';
import { startVersitygw } from '../test/support/emulators/versitygw.ts';
import { report } from './support/report.ts';

const PARTITIONS = 16;
const BATCH_BYTES = [1_024, 16 * 1_024, 64 * 1_024];
const WARM_UP = 30;
const INVOCATIONS = 200;
const PAUSE_MS = 2;
const RAW = 'application/vnd.apache.kafka.record-batch';
const TOPIC = 'bench';

type Handler = (event: object) => Promise<{ readonly statusCode: number; readonly body: string }>;

/** How long at least one request to the storage was under way, since it was last asked. */
class WaitingTime {
  #open = 0;
  #sinceMs = 0;
  #totalMs = 0;

  constructor() {
    channel('http.client.request.start').subscribe(() => {
      if (this.#open === 0) this.#sinceMs = performance.now();
      this.#open += 1;
    });
    channel('http.client.response.finish').subscribe(() => {
      this.#open -= 1;
      if (this.#open === 0) this.#totalMs += performance.now() - this.#sinceMs;
    });
  }

  take(): number {
    const totalMs = this.#totalMs;
    this.#totalMs = 0;
    return totalMs;
  }
}

/** As API Gateway's HTTP API sends it. */
function eventOf(request: {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}): object {
  const { method, path, headers, body } = request;
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'log.example', ...headers },
    requestContext: { stage: '$default', http: { method, path, sourceIp: '127.0.0.1' } },
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  };
}

async function measure(handler: Handler, event: object): Promise<Record<string, number>> {
  const own: number[] = [];
  const whole: number[] = [];
  for (let number = 0; number < WARM_UP + INVOCATIONS; number += 1) {
    waiting.take();
    const startedMs = performance.now();
    const answer = await handler(event);
    const tookMs = performance.now() - startedMs;
    const waitedMs = waiting.take();
    if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}: ${answer.body}`);
    await sleep(PAUSE_MS);
    if (number < WARM_UP) continue;
    own.push(tookMs - waitedMs);
    whole.push(tookMs);
  }
  const percentile = (values: number[], part: number) =>
    Number(
      required(
        values.toSorted((a, b) => a - b)[Math.floor(values.length * part)],
        'a value',
      ).toFixed(2),
    );
  return {
    'own ms, p50': percentile(own, 0.5),
    'own ms, p99': percentile(own, 0.99),
    'whole ms, p50': percentile(whole, 0.5),
  };
}

const everyPartition = Array.from({ length: PARTITIONS }, (_, partition) => partition);

function produceEvent(batches: Uint8Array): object {
  const frames = everyPartition.map((partition) => ({ topicName: TOPIC, partition, batches }));
  const headers = { 'content-type': RAW };
  return eventOf({ method: 'POST', path: '/records', headers, body: encodeFrames(frames) });
}

function fetchEvent(maxBytes: number): object {
  const partitions = everyPartition.map((partition_id) => ({
    topic_name: TOPIC,
    partition_id,
    offset: 0,
    max_bytes: maxBytes,
  }));
  const headers = { 'content-type': 'application/json', accept: RAW };
  const body = Buffer.from(JSON.stringify({ max_bytes: maxBytes * PARTITIONS, partitions }));
  return eventOf({ method: 'POST', path: '/fetch', headers, body });
}

const dynamodb = await startDynoxide();
const s3 = await startVersitygw();
const tables = tableNames('bench');
const clients = clientsOf({ dynamodb, s3 });
await createTables(clients.dynamodb, tables);
await createBucket(clients.s3, 'bench');
await bundleFunctions();
Object.assign(process.env, {
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
  AWS_ENDPOINT_URL_S3: s3.endpoint,
  AWS_LAMBDA_FUNCTION_NAME: 'bench',
  STRATALOG_BUCKET: 'bench',
  ...Object.fromEntries(
    Object.entries(tables).map(([name, table]) => [`STRATALOG_TABLE_${name.toUpperCase()}`, table]),
  ),
});
const bundled = async (name: string): Promise<Handler> =>
  (await import(new URL(`../infra/bundles/${name}/index.mjs`, import.meta.url).href)).handler;
const [topics, produce, fetch] = [
  await bundled('topics'),
  await bundled('produce'),
  await bundled('fetch'),
];
const waiting = new WaitingTime();
const created = await topics(
  eventOf({
    method: 'PUT',
    path: `/topics/${TOPIC}`,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ partitions_count: PARTITIONS })),
  }),
);
if (created.statusCode !== 201) throw new Error(created.body);
const rows: Record<string, number | string>[] = [];
for (const batchBytes of BATCH_BYTES) {
  const value = Buffer.alloc(batchBytes - 100, 'x');
  const batch = encodeBatch({ records: [{ timestamp: Date.now(), value }] });
  const shape = `${PARTITIONS} × ${batchBytes / 1_024} KiB`;
  rows.push({ function: `produce ${shape}`, ...(await measure(produce, produceEvent(batch))) });
  rows.push({ function: `fetch ${shape}`, ...(await measure(fetch, fetchEvent(batchBytes))) });
}
report('handler', rows);
await dynamodb.stop();
await s3.stop();
process.exit(0);
