// One produce request: a batch for each of its partitions, delivered together and tried again, only those that failed,
// until each has an outcome.

import { encodeFrames } from '../record/frames.ts';
import type { ApiClient } from './api-client.ts';
import { backoffMs, isTransient, pause, type RetryOptions } from './backoff.ts';
import { Delivery } from './delivery.ts';
import { isKafkaError, StratalogClientError, StratalogRequestError } from './errors.ts';
import type { PartitionRuns } from './producer-queue.ts';
import type { ProducerSequences } from './producer-sequences.ts';
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

const OFFSET_UNKNOWN = { baseOffset: undefined, logAppendTimeMs: undefined };

export interface ProduceTools {
  readonly api: ApiClient;
  readonly retry: Required<RetryOptions>;
  /** Left out for a producer that isn't idempotent. */
  readonly sequences: ProducerSequences | undefined;
  /** The log doesn't know a partition: what is believed of its topic is wrong. */
  readonly forgetTopic: (topic: string) => void;
  /** Called once for each partition, when all its runs are settled. */
  readonly done: (place: TopicPartition) => void;
}

/** Sends the partitions as one request; those that fail for the moment again, after a pause, while tries are left. */
export async function deliver(
  partitions: readonly PartitionRuns[],
  tools: ProduceTools,
): Promise<void> {
  let left = partitions.map((partition) => new Delivery(partition, tools.sequences));
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
  delivery.note(error);
  if (!mayPass(error) && !delivery.renumber(error)) {
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
  { api, sequences }: ProduceTools,
): Promise<ReadonlyMap<Delivery, unknown>> {
  const acks = deliveries[0]?.acks ?? -1;
  try {
    if (acks !== 0) await sequences?.open();
    const answer = await post(deliveries, acks, api);
    if (acks !== 0) return settle(deliveries, answer);
    for (const delivery of deliveries) delivery.succeed(OFFSET_UNKNOWN);
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
      const { base_offset: baseOffset, timestamp } = success;
      delivery.succeed({ baseOffset, logAppendTimeMs: timeOf(timestamp) });
    } else if (failure !== undefined) {
      const status = Math.trunc(failure.error_code / 100);
      const error = new StratalogRequestError(failure, { status });
      if (delivery.isStored(error)) delivery.succeed(OFFSET_UNKNOWN);
      else failed.set(delivery, error);
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
