// Consume, transform, produce, exactly once: ours against the local home, kafkajs against a real Kafka, all on this
// machine, the same records of 1 KB, in turns of one run. Each batch that the consumer hands out is one transaction:
// what is made of its records, and the offset behind it. Records per second of the clock, and their ratio.
// `npm run bench:exactly-once` (needs Java and Maven for Kafka)

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { runExactlyOnce, Stratalog } from '../lib/index.ts';
import { newBroker } from '../test/support/kafka/broker.ts';
import { startHomeProcess } from './support/home-process.ts';
import { median } from './support/interleave.ts';
import { report } from './support/report.ts';

const TURNS = 3;
const PARTITIONS = 3;
const [INPUT, OUTPUT] = ['input', 'output'];
/** `batchBytes` is what a consumer is handed at once, and so the size of a transaction. */
const LOADS = {
  large: { records: 10_000, recordsPerSend: 500, batchBytes: 1_048_576 },
  small: { records: 2_000, recordsPerSend: 10, batchBytes: 16_384 },
} as const;

type BatchSize = keyof typeof LOADS;

interface Message {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

const folder = await mkdtemp(join(tmpdir(), 'stratalog-bench-'));
const broker = await newBroker();
await broker.start();
const home = await startHomeProcess(join(folder, 'data'));
const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
const stratalog = new Stratalog({ endpoint: home.url });
let runs = 0;

/** Both are asked to do the same: the value turned around. */
const transformed = (messages: readonly Message[]) =>
  messages.map(({ key, value }) => ({ key, value: Buffer.from(value ?? '').reverse() }));

/** The same records into both logs; a topic for the large and one for the small batches, sent in such. */
async function fill(size: BatchSize): Promise<void> {
  for (const client of [kafka, stratalog]) {
    const topics = [INPUT, OUTPUT].map((name) => ({
      topic: `${name}-${size}`,
      numPartitions: PARTITIONS,
    }));
    await client.admin().createTopics({ topics });
    const producer = client.producer({ lowLatency: true });
    await producer.connect();
    const { records, recordsPerSend } = LOADS[size];
    for (let sent = 0; sent < records; sent += recordsPerSend) {
      const partition = (sent / recordsPerSend) % PARTITIONS;
      const value = Buffer.alloc(1_000, 'x');
      const messages = Array.from({ length: recordsPerSend }, () => ({ partition, value }));
      await producer.send({ topic: `${INPUT}-${size}`, messages });
    }
    await producer.disconnect();
  }
}

interface Run {
  readonly seconds: number;
  readonly transactions: number;
}

/** From the first batch to the last, so that joining a group doesn't count. */
class Stopwatch {
  readonly done: Promise<void>;
  #finish = (): void => undefined;
  #startedAt: number | undefined;
  readonly #records: number;
  #seen = 0;
  #transactions = 0;

  constructor(records: number) {
    this.#records = records;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  begin(): void {
    this.#startedAt ??= performance.now();
  }

  committed(recordCount: number): void {
    this.#transactions += 1;
    this.#seen += recordCount;
    if (this.#seen >= this.#records) this.#finish();
  }

  async run(): Promise<Run> {
    await this.done;
    const seconds = (performance.now() - (this.#startedAt ?? 0)) / 1_000;
    return { seconds, transactions: this.#transactions };
  }
}

async function runStratalog(size: BatchSize): Promise<Run> {
  runs += 1;
  const consumer = stratalog.consumer({
    groupId: `group-${runs}`,
    maxBytesPerPartition: LOADS[size].batchBytes,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: `${INPUT}-${size}`, fromBeginning: true });
  const producer = stratalog.producer({ transactionalId: `id-${runs}` });
  await producer.connect();
  const watch = new Stopwatch(LOADS[size].records);
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) =>
    watch.committed(payload.batchSize),
  );
  await runExactlyOnce({
    consumer,
    producer,
    handle: async ({ messages }, transaction) => {
      watch.begin();
      await transaction.send({ topic: `${OUTPUT}-${size}`, messages: transformed(messages) });
    },
  });
  const run = await watch.run();
  await consumer.disconnect();
  await producer.disconnect();
  return run;
}

/** As kafkajs's documentation says. */
async function runKafkaJs(size: BatchSize): Promise<Run> {
  runs += 1;
  const groupId = `group-${runs}`;
  const consumer = kafka.consumer({ groupId, maxBytesPerPartition: LOADS[size].batchBytes });
  await consumer.connect();
  await consumer.subscribe({ topic: `${INPUT}-${size}`, fromBeginning: true });
  const producer = kafka.producer({
    transactionalId: `id-${runs}`,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  const watch = new Stopwatch(LOADS[size].records);
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset }) => {
      watch.begin();
      const transaction = await producer.transaction();
      const messages = transformed(batch.messages);
      await transaction.send({ topic: `${OUTPUT}-${size}`, messages });
      const offset = String(Number(batch.lastOffset()) + 1);
      const partitions = [{ partition: batch.partition, offset }];
      const topics = [{ topic: batch.topic, partitions }];
      await transaction.sendOffsets({ consumerGroupId: groupId, topics });
      await transaction.commit();
      resolveOffset(batch.lastOffset());
      watch.committed(messages.length);
    },
  });
  const run = await watch.run();
  await consumer.disconnect();
  await producer.disconnect();
  return run;
}

async function compare(size: BatchSize): Promise<Record<string, string | number>> {
  await fill(size);
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let turn = 0; turn <= TURNS; turn += 1) {
    const [one, other] = [await runStratalog(size), await runKafkaJs(size)];
    console.log(
      `${size} batches, turn ${turn}: ${one.seconds.toFixed(2)} s, kafkajs ${other.seconds.toFixed(2)} s`,
    );
    // The first turn warms up.
    if (turn === 0) continue;
    ours.push(one);
    theirs.push(other);
  }
  const secondsOf = (all: readonly Run[]): number => median(all.map(({ seconds }) => seconds));
  const rateOf = (all: readonly Run[]): number => LOADS[size].records / secondsOf(all);
  const transactionsOf = (all: readonly Run[]): number =>
    median(all.map(({ transactions }) => transactions));
  return {
    batches: size,
    'records/s': Math.round(rateOf(ours)),
    transactions: transactionsOf(ours),
    'ms a transaction': Math.round((10_000 * secondsOf(ours)) / transactionsOf(ours)) / 10,
    'kafkajs records/s': Math.round(rateOf(theirs)),
    'kafkajs transactions': transactionsOf(theirs),
    'kafkajs ms a transaction':
      Math.round((10_000 * secondsOf(theirs)) / transactionsOf(theirs)) / 10,
    '× kafkajs': Number((rateOf(ours) / rateOf(theirs)).toFixed(2)),
  };
}

try {
  report('exactly-once', [await compare('large'), await compare('small')]);
} finally {
  await home.close();
  await broker.remove();
  await rm(folder, { recursive: true, force: true });
}
