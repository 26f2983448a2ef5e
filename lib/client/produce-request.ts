// One produce request: the batches of its partitions, delivered together and tried again, only those that failed, until
// each has an outcome. Splits a batch that a topic finds too large.

import { encodeFrames } from '../record/frames.ts';
import { encodeBatch } from '../record/record.ts';
import type { ApiClient } from './api-client.ts';
import { backoffMs, isTransient, pause, type RetryOptions } from './backoff.ts';
import { isKafkaError, StratalogClientError, StratalogRequestError } from './errors.ts';
import { recordSizeBytes } from './messages.ts';
import type { PartitionRuns, Run } from './producer-queue.ts';
import { type Acks, partitionKey, type TopicPartition } from './types.ts';

interface ProduceAnswer {
  readonly successes?: readonly {
    readonly topic_name: string;
    readonly partition_id: number;
    readonly base_offset: number;
    readonly timestamp?: string | number;
  }[];
  readonly failures?: readonly {
    readonly topic_name: string;
    readonly partition_id: number;
    readonly error_code: number;
    readonly message: string;
    readonly kafka_error_code: number;
    readonly kafka_error: string;
    readonly retriable: boolean;
  }[];
}

export interface ProduceTools {
  readonly api: ApiClient;
  readonly retry: Required<RetryOptions>;
  /** Bytes of one record batch before compression. */
  readonly batchBytes: number;
  /** The log doesn't know a partition: what is believed of its topic is wrong. */
  readonly forgetTopic: (topic: string) => void;
  /** Called once for each partition, when all its runs are settled. */
  readonly done: (place: TopicPartition) => void;
}

/** Encodes runs as batches of at most `batchBytes` (a larger record has one of its own); one compression a batch. */
export function encodeRuns(runs: readonly Run[], batchBytes: number): Uint8Array {
  const batches: Uint8Array[] = [];
  let records: Run['records'][number][] = [];
  let sizeBytes = 0;
  let compression = runs[0]?.compression ?? 'none';
  const close = (): void => {
    if (records.length > 0) batches.push(encodeBatch({ records, compression }));
    records = [];
    sizeBytes = 0;
  };
  for (const run of runs) {
    if (run.compression !== compression) close();
    compression = run.compression;
    for (const record of run.records) {
      const size = recordSizeBytes(record);
      if (sizeBytes + size > batchBytes) close();
      records.push(record);
      sizeBytes += size;
    }
  }
  close();
  return batches.length === 1 && batches[0] !== undefined ? batches[0] : Buffer.concat(batches);
}

/** A partition's share of a request: the runs that go now, and those that go after them. */
class Delivery {
  readonly topic: string;
  readonly partition: number;
  #runs: readonly Run[];
  #later: readonly Run[] = [];
  #batchBytes: number;

  constructor({ topic, partition, runs }: PartitionRuns, batchBytes: number) {
    this.topic = topic;
    this.partition = partition;
    this.#runs = runs;
    this.#batchBytes = batchBytes;
  }

  get isDone(): boolean {
    return this.#runs.length === 0;
  }

  get acks(): Acks {
    return this.#runs[0]?.acks ?? -1;
  }

  encode(): Uint8Array {
    return encodeRuns(this.#runs, this.#batchBytes);
  }

  succeed(baseOffset: number | undefined, logAppendTimeMs: number | undefined): void {
    let next = baseOffset;
    for (const run of this.#runs) {
      run.settle({ kind: 'sent', baseOffset: next, logAppendTimeMs });
      if (next !== undefined) next += run.records.length;
    }
    this.#proceed();
  }

  fail(error: unknown): void {
    for (const run of this.#runs) run.settle({ kind: 'failed', error });
    this.#proceed();
  }

  /** Refused for good. One send's fault must not fail its neighbours: they are tried apart, in order. */
  refuse(error: unknown): void {
    const half = Math.ceil(this.#runs.length / 2);
    if (this.#runs.length > 1) {
      this.#later = [...this.#runs.slice(half), ...this.#later];
      this.#runs = this.#runs.slice(0, half);
    } else if (isKafkaError(error, 'MESSAGE_TOO_LARGE') && this.#batchBytes > this.#largest()) {
      this.#batchBytes /= 2;
    } else {
      this.fail(error);
    }
  }

  #proceed(): void {
    this.#runs = this.#later;
    this.#later = [];
  }

  #largest(): number {
    const sizes = this.#runs.flatMap(({ records }) => records.map(recordSizeBytes));
    return sizes.reduce((largest, size) => Math.max(largest, size), 0);
  }
}

/** Sends the partitions as one request; those that fail for the moment again, after a pause, while tries are left. */
export async function deliver(
  partitions: readonly PartitionRuns[],
  tools: ProduceTools,
): Promise<void> {
  let left = partitions.map((partition) => new Delivery(partition, tools.batchBytes));
  for (let tries = 1; left.length > 0; ) {
    const failures = await attempt(left, tools);
    const waits = [...failures].map(([delivery, error]) => judge(delivery, error, tries, tools));
    const waitMs = Math.max(0, ...waits);
    for (const delivery of left) if (delivery.isDone) tools.done(delivery);
    left = left.filter((delivery) => !delivery.isDone);
    if (waitMs === 0) continue;
    tries += 1;
    await pause(waitMs);
  }
}

/** Says how long to wait before the delivery is tried again as it is; 0: it failed, or goes on in another shape. */
function judge(delivery: Delivery, error: unknown, tries: number, tools: ProduceTools): number {
  if (!mayPass(error)) {
    delivery.refuse(error);
    return 0;
  }
  if (tries > tools.retry.retries) {
    delivery.fail(error);
    return 0;
  }
  if (isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) tools.forgetTopic(delivery.topic);
  return backoffMs(tries, tools.retry, Math.random(), error);
}

function mayPass(error: unknown): boolean {
  return isTransient(error) || (error instanceof StratalogRequestError && error.retriable);
}

/** Sends once and settles what succeeded; the rest comes back with its error. */
async function attempt(
  deliveries: readonly Delivery[],
  { api }: ProduceTools,
): Promise<ReadonlyMap<Delivery, unknown>> {
  const acks = deliveries[0]?.acks ?? -1;
  try {
    const answer = await post(deliveries, acks, api);
    if (acks !== 0) return settle(deliveries, answer);
    for (const delivery of deliveries) delivery.succeed(undefined, undefined);
    return new Map();
  } catch (error) {
    // When nothing at all was stored the answer is an error, and still says what is wrong with each.
    if (error instanceof StratalogRequestError && Array.isArray(error.body.failures)) {
      return settle(deliveries, error.body as ProduceAnswer);
    }
    return new Map(deliveries.map((delivery) => [delivery, error]));
  }
}

function post(
  deliveries: readonly Delivery[],
  acks: Acks,
  api: ApiClient,
): Promise<ProduceAnswer | undefined> {
  return api.json<ProduceAnswer | undefined>({
    method: 'POST',
    path: '/records',
    query: { acks: acks === -1 ? 'all' : acks },
    raw: encodeFrames(
      deliveries.map((delivery) => ({
        topicName: delivery.topic,
        partition: delivery.partition,
        batches: delivery.encode(),
      })),
    ),
    retries: 0,
  });
}

function settle(
  deliveries: readonly Delivery[],
  answer: ProduceAnswer | undefined,
): ReadonlyMap<Delivery, unknown> {
  const keyOf = (one: { topic_name: string; partition_id: number }): string =>
    partitionKey({ topic: one.topic_name, partition: one.partition_id });
  const successes = new Map(answer?.successes?.map((success) => [keyOf(success), success]));
  const failures = new Map(answer?.failures?.map((failure) => [keyOf(failure), failure]));
  const failed = new Map<Delivery, unknown>();
  for (const delivery of deliveries) {
    const key = partitionKey(delivery);
    const success = successes.get(key);
    const failure = failures.get(key);
    if (success !== undefined) {
      delivery.succeed(success.base_offset, timeOf(success.timestamp));
    } else if (failure !== undefined) {
      const status = Math.trunc(failure.error_code / 100);
      failed.set(delivery, new StratalogRequestError(failure, { status }));
    } else {
      const message = `the log's answer says nothing of ${key}`;
      failed.set(delivery, new StratalogClientError('unreadable', message));
    }
  }
  return failed;
}

function timeOf(timestamp: string | number | undefined): number | undefined {
  return timestamp === undefined ? undefined : new Date(timestamp).getTime();
}
