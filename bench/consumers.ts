// Consumers beside each other: ours against the local home, kafkajs and @platformatic/kafka against a real Kafka, all on
// this machine, the same records of 1 KB, in turns of one run. Each server is a process of its own, and what counts is
// records per second of the consumer's processor time: the machine's noise is in the clock, not in that.
// `npm run bench:consumers` (needs Java and Maven for Kafka)

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Consumer as PlatformaticConsumer } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { Stratalog } from '../lib/index.ts';
import { newBroker } from '../test/support/kafka/broker.ts';
import { startHomeProcess } from './support/home-process.ts';
import { report } from './support/report.ts';

const RECORDS = 200_000;
const RECORDS_PER_SEND = 1_000;
const TURNS = 3;
const PARTITIONS = 3;
const TOPIC = 'bench';

const folder = await mkdtemp(join(tmpdir(), 'stratalog-bench-'));
const broker = await newBroker();
await broker.start();
const home = await startHomeProcess(join(folder, 'data'));
const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
const stratalog = new Stratalog({ endpoint: home.url });
const value = Buffer.alloc(1_000, 'x');

/** The same records into both logs. */
async function fill(): Promise<void> {
  for (const client of [kafka, stratalog]) {
    const topic = { topic: TOPIC, numPartitions: PARTITIONS };
    await client.admin().createTopics({ topics: [topic] });
    const producer = client.producer();
    await producer.connect();
    for (let sent = 0; sent < RECORDS; sent += RECORDS_PER_SEND) {
      const messages = Array.from({ length: RECORDS_PER_SEND }, () => ({ value }));
      await producer.send({ topic: TOPIC, messages });
    }
    await producer.disconnect();
  }
}

interface Counter {
  readonly done: Promise<void>;
  add(count: number): void;
}

function counter(): Counter {
  let seen = 0;
  let finish = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    done,
    add(count) {
      seen += count;
      if (seen >= RECORDS) finish();
    },
  };
}

let groups = 0;

/** What a run cost: seconds of this process's processor, and of the clock. */
async function timed(run: (groupId: string) => Promise<() => Promise<unknown>>): Promise<number> {
  groups += 1;
  const before = process.cpuUsage();
  const stop = await run(`group-${groups}`);
  const { user, system } = process.cpuUsage(before);
  await stop();
  return RECORDS / ((user + system) / 1e6);
}

type Client = typeof kafka | typeof stratalog;
type Handler = 'eachBatch' | 'eachMessage';

/** kafkajs and ours have one shape. */
async function consume(
  client: Client,
  groupId: string,
  handler: Handler,
): Promise<() => Promise<void>> {
  const counted = counter();
  const consumer = client.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  const each =
    handler === 'eachMessage'
      ? { eachMessage: () => Promise.resolve(counted.add(1)) }
      : {
          eachBatch: ({ batch }: { batch: { messages: readonly unknown[] } }) =>
            Promise.resolve(counted.add(batch.messages.length)),
        };
  await consumer.run(each);
  await counted.done;
  return () => consumer.disconnect();
}

async function consumeStream(groupId: string): Promise<() => Promise<void>> {
  const counted = counter();
  const consumer = new PlatformaticConsumer({
    groupId,
    clientId: 'bench',
    bootstrapBrokers: [broker.address],
  });
  const stream = await consumer.consume({ topics: [TOPIC], mode: 'earliest', autocommit: true });
  stream.on('data', () => counted.add(1));
  await counted.done;
  return async () => {
    await stream.close();
    await consumer.close();
  };
}

const CASES = {
  'stratalog eachBatch': (group: string) => consume(stratalog, group, 'eachBatch'),
  'kafkajs eachBatch': (group: string) => consume(kafka, group, 'eachBatch'),
  'stratalog eachMessage': (group: string) => consume(stratalog, group, 'eachMessage'),
  'kafkajs eachMessage': (group: string) => consume(kafka, group, 'eachMessage'),
  '@platformatic/kafka stream': consumeStream,
};

function median(numbers: readonly number[]): number {
  return [...numbers].sort((left, right) => left - right)[numbers.length >> 1] ?? Number.NaN;
}

try {
  await fill();
  const rates = new Map<string, number[]>(Object.keys(CASES).map((name) => [name, []]));
  for (let turn = 0; turn <= TURNS; turn += 1) {
    for (const [name, run] of Object.entries(CASES)) {
      const rate = await timed(run);
      // The first turn warms up.
      if (turn > 0) rates.get(name)?.push(rate);
    }
  }
  const rateOf = (name: string): number => median(rates.get(name) ?? []);
  const row = (handler: Handler) => ({
    handler,
    'k records per cpu second': Math.round(rateOf(`stratalog ${handler}`) / 1_000),
    '× kafkajs': Number((rateOf(`stratalog ${handler}`) / rateOf(`kafkajs ${handler}`)).toFixed(2)),
    '× @platformatic/kafka': Number(
      (rateOf(`stratalog ${handler}`) / rateOf('@platformatic/kafka stream')).toFixed(2),
    ),
  });
  report('consumers', [row('eachBatch'), row('eachMessage')]);
} finally {
  await home.close();
  await broker.remove();
  await rm(folder, { recursive: true, force: true });
}
