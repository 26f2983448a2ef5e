// The append handler over the aws adapters beside a bare loop of one PutObject and one UpdateItem of the same sizes,
// against the same emulators at the same concurrency, in turns of one run. `npm run bench:append`
// The emulators bound the absolute numbers, so the ratio is what counts; requests and write units are counted.

import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { encodeBatch } from '../lib/record/record.ts';
import { createServices } from '../lib/service/services.ts';
import { createAwsStorage } from '../lib/storage/aws/aws-storage.ts';
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

const TURNS = 8;
const REQUESTS_PER_TURN = 160;
const CONCURRENCY = 8;
const BATCH_BYTES = 16 * 1_024;
const BUCKET = 'bench';

const dynamodb = await startDynoxide();
const s3 = await startVersitygw();
const names = tableNames('bench');
const bare = clientsOf({ dynamodb, s3 });
await createTables(bare.dynamodb, names);
await createBucket(bare.s3, BUCKET);

const storage = createAwsStorage({
  bucket: BUCKET,
  tables: names,
  region: REGION,
  endpoint: dynamodb.endpoint,
  s3Endpoint: s3.endpoint,
  credentials: s3.credentials,
});
const services = createServices({
  ...storage,
  clock: { nowMs: () => Date.now(), sleep: (ms) => new Promise((done) => setTimeout(done, ms)) },
  random: { randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
  invoker: { appendLater: () => Promise.resolve() },
});

const value = Buffer.alloc(BATCH_BYTES - 100, 'x');
const batch = encodeBatch({ records: [{ timestamp: Date.now(), value }] });

async function appendOnce(): Promise<void> {
  const [result] = await services.append.append({
    partitions: [{ topicName: 'bench', partition: 0, batches: batch }],
  });
  if (result?.kind !== 'appended') throw new Error(`not appended: ${result?.message}`);
}

let puts = 0;

/** What an append is at the least: the object, then a list of sixteen entries that grows and starts again. */
async function bareOnce(): Promise<void> {
  puts += 1;
  const fresh = puts % 16 === 1;
  await bare.s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: `bare/${(puts & 0xff).toString(16)}/${puts}`,
      Body: batch,
      IfNoneMatch: '*',
      Metadata: { nonce: 'sixteen-letters.' },
    }),
  );
  const entry = { L: [{ B: new Uint8Array(36) }] };
  await bare.dynamodb.send(
    new UpdateItemCommand({
      TableName: names.heads,
      Key: { pk: { S: 'bare' } },
      UpdateExpression: fresh
        ? 'SET tail = :entry ADD #next :one'
        : 'SET tail = list_append(tail, :entry) ADD #next :one',
      ExpressionAttributeNames: { '#next': 'next' },
      ExpressionAttributeValues: { ':entry': entry, ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
      ReturnConsumedCapacity: 'TOTAL',
    }),
  );
}

/** Seconds that a turn of requests takes. */
async function turn(once: () => Promise<void>, concurrency: number): Promise<number> {
  const started = performance.now();
  let left = REQUESTS_PER_TURN;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await once();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (performance.now() - started) / 1_000;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Turns of both, each first as often as the other, so that neither always has the warmer machine. */
async function compare(concurrency: number): Promise<Record<string, string | number>> {
  await turn(bareOnce, 1);
  await turn(appendOnce, 1);
  storage.requests.reset();
  const ratios: number[] = [];
  for (let index = 0; index < TURNS; index += 1) {
    const seconds = { ours: 0, bare: 0 };
    const order = index % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
    for (const side of order) {
      seconds[side] = await turn(side === 'ours' ? appendOnce : bareOnce, concurrency);
    }
    ratios.push(seconds.bare / seconds.ours);
  }
  return { concurrency, 'rate against bare loop': Number(median(ratios).toFixed(2)), ...costs() };
}

/** Requests and write units of one append, rolling included. */
function costs(): Record<string, number> {
  const appends = TURNS * REQUESTS_PER_TURN;
  const operations = [...storage.requests.read()];
  const units = operations.reduce((sum, [, count]) => sum + count.capacityUnits, 0);
  const each = operations.map(([name, { requests }]) => [
    `${name} per append`,
    Number((requests / appends).toFixed(3)),
  ]);
  return {
    ...Object.fromEntries(each),
    'write units per append': Number((units / appends).toFixed(2)),
  };
}

try {
  await services.topics.create({ name: 'bench' });
  report('append', [await compare(1), await compare(CONCURRENCY)]);
} finally {
  storage.close();
  bare.dynamodb.destroy();
  bare.s3.destroy();
  await Promise.all([dynamodb.stop(), s3.stop()]);
}
