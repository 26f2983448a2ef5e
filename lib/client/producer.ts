// Sends records. A request has a price here, so sends are gathered: those of `linger` milliseconds, of all topics and
// partitions, go as one request, at once when they fill `batchBytes`.
//
// In each partition one batch is under way at a time, so that order holds whatever is tried again; requests with other
// partitions run beside it, `maxInFlightRequests` at most. Batches are numbered, so that one which is tried again is
// stored once (`no-double-append`), unless the producer or its acks say that it needn't be.

import { ASYNC_REQUEST_BYTES_MAX } from '../limits.ts';
import type { CompressionKind } from '../record/batch.ts';
import type { ApiClient } from './api-client.ts';
import {
  acksOf,
  assertFunction,
  assertNumbers,
  assertRetry,
  nameOf,
  TIMER_MS,
} from './arguments.ts';
import { RETRY_DEFAULTS, type RetryOptions } from './backoff.ts';
import { StratalogClientError } from './errors.ts';
import type { Instrumentation, RequestPayload } from './instrumentation.ts';
import type { ClientLogger } from './logging.ts';
import { assertBatch, batchOf, compressionKind } from './messages.ts';
import { TopicMetadata, unknownPartition } from './metadata.ts';
import { Outstanding } from './outstanding.ts';
import {
  type PartitionPlan,
  planTopic,
  RECORD_BATCH_BYTES,
  splitRecords,
} from './partition-plan.ts';
import { type Partitioner, type PartitionerFactory, Partitioners } from './partitioners.ts';
import { deliver } from './produce-request.ts';
import { type PartitionRuns, ProduceQueue, type RunOutcome } from './producer-queue.ts';
import { ProducerSequences } from './producer-sequences.ts';
import { SendBuffer } from './send-buffer.ts';
import type { Telemetry } from './telemetry.ts';
import { type Transaction, TransactionSession, type TransactionTools } from './transaction.ts';
import {
  type Acks,
  type Compression,
  type PartitionMetadata,
  type ProducerBatch,
  type ProducerRecord,
  partitionKey,
  type RecordMetadata,
  type TopicMessages,
} from './types.ts';

export interface ProducerConfig {
  readonly createPartitioner?: PartitionerFactory;
  readonly retry?: RetryOptions;
  /**
   * Whether what is sent again after a lost answer is stored once (enable.idempotence); default true. What is sent with
   * acks=0 never is.
   */
  readonly idempotent?: boolean;
  /** Makes it a producer of transactions, and nothing else; one process at a time has an id. */
  readonly transactionalId?: string;
  /** Milliseconds that a transaction may stay open (transaction.timeout.ms); default 60 s. */
  readonly transactionTimeout?: number;
  /** Milliseconds for which a topic's number of partitions is believed; default 5 min (metadata.max.age.ms). */
  readonly metadataMaxAge?: number;
  /** Requests under way at most; default 5. Never two with the same partition. */
  readonly maxInFlightRequests?: number;
  /** Milliseconds that a send may wait for others to share its request (linger.ms); default 50. */
  readonly linger?: number;
  /** Bytes, before compression, at which a request goes without waiting (batch.size); default 1 MiB. */
  readonly batchBytes?: number;
  /** Bytes that may wait or be under way (buffer.memory); default 32 MiB. */
  readonly bufferBytes?: number;
  /** Milliseconds that a send waits for room in the buffer before it fails (max.block.ms); default 60 s. */
  readonly maxBlock?: number;
  /** For sends that don't say; default -1 (all) and none. */
  readonly acks?: Acks;
  readonly compression?: Compression;
  /** For kafkajs's programs: topics are never created by sending to them. */
  readonly allowAutoTopicCreation?: boolean;
  /** Nothing waits for company: `linger` is 0 unless given, and up to 20 requests are under way. */
  readonly lowLatency?: boolean;
}

export interface ProducerEventPayloads {
  'producer.connect': null;
  'producer.disconnect': null;
  'producer.network.request': RequestPayload;
  'producer.network.request_timeout': RequestPayload;
  /** Never comes. */
  'producer.network.request_queue_size': RequestPayload;
}

export const PRODUCER_EVENTS = {
  CONNECT: 'producer.connect',
  DISCONNECT: 'producer.disconnect',
  REQUEST: 'producer.network.request',
  REQUEST_TIMEOUT: 'producer.network.request_timeout',
  REQUEST_QUEUE_SIZE: 'producer.network.request_queue_size',
} as const;

const LINGER_MS = 50;
const BATCH_BYTES = 1_048_576;
const BUFFER_BYTES = 32 * 1_048_576;
const MAX_BLOCK_MS = 60_000;
const METADATA_MAX_AGE_MS = 300_000;

const NUMBERS = {
  linger: TIMER_MS,
  maxBlock: TIMER_MS,
  batchBytes: { min: 0 },
  bufferBytes: { min: 0 },
  maxInFlightRequests: { min: 1 },
  metadataMaxAge: { min: 0 },
  transactionTimeout: TIMER_MS,
};

function assertProducerConfig(config: ProducerConfig): void {
  assertNumbers(config, NUMBERS);
  assertRetry(config.retry);
  acksOf(config.acks ?? -1);
  compressionKind(config.compression ?? 'none');
  assertFunction('createPartitioner', config.createPartitioner);
  if (config.transactionalId !== undefined) nameOf('transactionalId', config.transactionalId);
}

export class Producer {
  readonly events = PRODUCER_EVENTS;
  readonly on: Instrumentation<ProducerEventPayloads>['on'];
  readonly #config: ProducerConfig;
  readonly #api: ApiClient;
  readonly #retry: Required<RetryOptions>;
  readonly #instrumentation: Instrumentation<ProducerEventPayloads>;
  readonly #logger: ClientLogger;
  readonly #telemetry: Telemetry | undefined;
  readonly #metadata: TopicMetadata;
  readonly #partitioner: Partitioner;
  readonly #queue = new ProduceQueue(RECORD_BATCH_BYTES);
  readonly #sequences: ProducerSequences | undefined;
  readonly #transactions: TransactionSession | undefined;
  readonly #buffer: SendBuffer;
  readonly #lingerMs: number;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #outstanding = new Outstanding();
  /** Calls off the dispatch that is to come. */
  #callOff: (() => void) | undefined;
  /** Sends enter the queue in the order of their calls: each waits for the one before to be in. */
  #admitted: Promise<unknown> = Promise.resolve();
  #isConnected = false;

  constructor(
    config: ProducerConfig,
    base: {
      readonly api: ApiClient;
      readonly retry: RetryOptions;
      readonly instrumentation: Instrumentation<ProducerEventPayloads>;
      readonly logger: ClientLogger;
      readonly telemetry: Telemetry | undefined;
      readonly findMember: TransactionTools['findMember'];
    },
  ) {
    assertProducerConfig(config);
    this.#config = config;
    this.#api = base.api;
    this.#retry = { ...RETRY_DEFAULTS, ...base.retry, ...config.retry };
    this.#instrumentation = base.instrumentation;
    this.#logger = base.logger;
    this.#telemetry = base.telemetry;
    this.on = base.instrumentation.on.bind(base.instrumentation);
    this.#metadata = new TopicMetadata(base.api, config.metadataMaxAge ?? METADATA_MAX_AGE_MS);
    this.#partitioner = (config.createPartitioner ?? Partitioners.DefaultPartitioner)();
    assertFunction('what createPartitioner returns', this.#partitioner);
    this.#buffer = new SendBuffer(config.bufferBytes ?? BUFFER_BYTES);
    this.#sequences = config.idempotent === false ? undefined : new ProducerSequences(base.api);
    this.#transactions = this.#sessionOf(config, base);
    this.#lingerMs = config.linger ?? (config.lowLatency === true ? 0 : LINGER_MS);
  }

  /** Costs no request: there is no connection to hold. */
  async connect(): Promise<void> {
    this.#isConnected = true;
    this.#instrumentation.emit('producer.connect', null);
  }

  /** Sends what waits, and resolves when all of it has an outcome. */
  async disconnect(): Promise<void> {
    this.#isConnected = false;
    await this.flush();
    this.#instrumentation.emit('producer.disconnect', null);
  }

  isIdempotent(): boolean {
    return this.#sequences !== undefined || this.#transactions !== undefined;
  }

  logger(): ClientLogger {
    return this.#logger;
  }

  /** Begins a transaction; there is one at a time. Errors: there is no transactionalId. */
  async transaction(): Promise<Transaction> {
    this.#assertConnected();
    if (this.#transactions !== undefined) return await this.#transactions.begin();
    const message = 'transactions need a producer with a transactionalId';
    throw new StratalogClientError('invalid-argument', message);
  }

  send(record: ProducerRecord): Promise<RecordMetadata[]> {
    return this.#send(() => batchOf(record));
  }

  /** Resolves when every record is stored (acks=0: handed over), with one entry a partition. */
  sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]> {
    return this.#send(() => batch);
  }

  /** A few thousand sends a second pass through here: no promise more than it takes. */
  async #send(batchNow: () => ProducerBatch): Promise<RecordMetadata[]> {
    const batch = batchNow();
    assertBatch(batch);
    if (this.#telemetry === undefined) return Promise.all((await this.#submit(batch)).sent);
    return await this.#telemetry.send(batch, async (traced) =>
      Promise.all((await this.#submit(traced)).sent),
    );
  }

  /** What it resolves to wraps the outcomes: a send is in the queue before they are there. */
  #submit({ topicMessages = [], ...options }: ProducerBatch): Promise<Submitted> {
    this.#assertConnected();
    if (this.#transactions !== undefined) {
      const message =
        'a producer with a transactionalId sends in transactions: await transaction()';
      throw new StratalogClientError('invalid-argument', message);
    }
    const terms = {
      acks: acksOf(options.acks ?? this.#config.acks ?? -1),
      compression: compressionKind(options.compression ?? this.#config.compression ?? 'none'),
    };
    if (this.#config.idempotent === true && terms.acks === 0) {
      const message =
        'an idempotent producer needs an answer: use acks -1 or 1, or idempotent: false';
      throw new StratalogClientError('invalid-argument', message);
    }
    const deadlineMs = performance.now() + (this.#config.maxBlock ?? MAX_BLOCK_MS);
    const asked = this.#ask(topicMessages);
    const admission = this.#admitted.then(() => this.#admit(asked, terms, deadlineMs));
    this.#admitted = admission.catch(() => undefined);
    return admission;
  }

  #assertConnected(): void {
    if (this.#isConnected) return;
    throw new StratalogClientError('not-connected', 'connect() the producer before it sends');
  }

  #sessionOf(
    config: ProducerConfig,
    { api, findMember }: Pick<TransactionTools, 'api' | 'findMember'>,
  ): TransactionSession | undefined {
    const { transactionalId, transactionTimeout, compression = 'none' } = config;
    if (transactionalId === undefined) return undefined;
    return new TransactionSession({
      api,
      findMember,
      transactionalId,
      timeoutMs: transactionTimeout,
      compression: compressionKind(compression),
      plan: (topicMessages) => this.#plan(this.#ask(topicMessages)),
    });
  }

  /** Sends what waits without lingering; resolves when everything sent before has an outcome. */
  async flush(): Promise<void> {
    await this.#admitted;
    const isOut = this.#outstanding.mark();
    while (isOut()) {
      this.#dispatch();
      await Promise.race(this.#inFlight);
    }
  }

  /** Puts the messages in the queue. */
  async #admit(
    asked: readonly AskedTopic[],
    terms: SendTerms,
    deadlineMs: number,
  ): Promise<Submitted> {
    const plans = await this.#plan(asked);
    const sizeBytes = plans.reduce((bytes, plan) => bytes + plan.sizeBytes, 0);
    await this.#makeRoom(sizeBytes, deadlineMs);
    const sent = plans.map((plan) => this.#enqueue(plan, terms));
    this.#schedule();
    return { sent };
  }

  /**
   * Asked when a send is called, not when its turn comes: who waits behind a question that fails has the same answer, and
   * doesn't ask once more.
   */
  #ask(topicMessages: NonNullable<ProducerBatch['topicMessages']>): readonly AskedTopic[] {
    return topicMessages.map(({ topic, messages }) => {
      const known = this.#metadata.partitions(topic);
      known.catch(() => undefined);
      return { topic, messages, known };
    });
  }

  async #plan(asked: readonly AskedTopic[]): Promise<PartitionPlan[]> {
    const nowMs = Date.now();
    const plans: PartitionPlan[] = [];
    for (const { topic, messages, known } of asked) {
      const partitions = await known;
      const planned = planTopic({ topic, messages, partitions, nowMs }, this.#partitioner);
      await this.#assertPartitions(planned, partitions.length);
      plans.push(...planned);
    }
    return plans;
  }

  /** A partition that isn't known may have been added: asks before it says no. */
  async #assertPartitions(plans: readonly PartitionPlan[], count: number): Promise<void> {
    const isBeyond = (known: number) => plans.find(({ partition }) => partition >= known);
    const unknown = isBeyond(count);
    if (unknown === undefined) return;
    this.#metadata.forget(unknown.topic);
    const { length } = await this.#metadata.partitions(unknown.topic);
    const missing = isBeyond(length);
    if (missing !== undefined) throw unknownPartition(missing, length);
  }

  /** Waits until the buffer has room; what waits in it goes out meanwhile, without lingering. */
  async #makeRoom(sizeBytes: number, deadlineMs: number): Promise<void> {
    const leftMs = Math.max(0, Math.round(deadlineMs - performance.now()));
    const waited = this.#buffer.reserve(sizeBytes, leftMs);
    if (waited === undefined) return;
    this.#dispatch();
    await waited;
  }

  #enqueue(plan: PartitionPlan, terms: SendTerms): Promise<RecordMetadata> {
    const { topic, partition } = plan;
    const shared = { topic, partition, ...terms, enqueuedAtMs: performance.now() };
    const bytesMax = Math.min(RECORD_BATCH_BYTES, this.#requestBytes(terms.acks));
    const outcomes = splitRecords(plan.records, bytesMax).map(
      (part) =>
        new Promise<RunOutcome>((resolve) => {
          const hasOutcome = this.#outstanding.begin();
          const settle = (outcome: RunOutcome): void => {
            hasOutcome();
            this.#buffer.release(part.sizeBytes);
            resolve(outcome);
          };
          this.#queue.push({ ...shared, ...part, settle });
        }),
    );
    return Promise.all(outcomes).then((all) => metadataOf({ topic, partition }, all));
  }

  #requestBytes(acks: Acks): number {
    const bytes = this.#config.batchBytes ?? BATCH_BYTES;
    // What is handed over before it is stored must fit an asynchronous invocation, as base64, headers included.
    return acks === 0 ? Math.min(bytes, ASYNC_REQUEST_BYTES_MAX * 0.7) : bytes;
  }

  /** Sends now if there is enough, or else when the oldest record has lingered. */
  #schedule(): void {
    const { readyBytes, readySinceMs } = this.#queue;
    if (readySinceMs === undefined) return;
    if (readyBytes >= (this.#config.batchBytes ?? BATCH_BYTES)) {
      this.#dispatch();
    } else if (this.#callOff === undefined) {
      const lingeredMs = performance.now() - readySinceMs;
      this.#callOff = after(this.#lingerMs - lingeredMs, () => this.#dispatch());
    }
  }

  /** Sends what may go now. */
  #dispatch(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    const requestsMax = this.#config.maxInFlightRequests ?? (this.#config.lowLatency ? 20 : 5);
    while (this.#inFlight.size < requestsMax) {
      const partitions = this.#queue.take((acks) => this.#requestBytes(acks));
      if (partitions.length === 0) return;
      const delivery = this.#deliver(partitions).finally(() => {
        this.#inFlight.delete(delivery);
        this.#schedule();
      });
      this.#inFlight.add(delivery);
    }
  }

  #deliver(partitions: readonly PartitionRuns[]): Promise<void> {
    return deliver(partitions, {
      api: this.#api,
      retry: this.#retry,
      sequences: this.#sequences,
      forgetTopic: (topic) => this.#metadata.forget(topic),
      done: (place) => {
        this.#queue.unlock(place);
        this.#schedule();
      },
    });
  }
}

/** Acts later, and says how to call it off. Without a delay it is when this turn's other sends are in, not a timer's 1 ms. */
function after(delayMs: number, act: () => void): () => void {
  if (delayMs <= 0) {
    const immediate = setImmediate(act);
    return () => clearImmediate(immediate);
  }
  const timer = setTimeout(act, delayMs);
  return () => clearTimeout(timer);
}

interface Submitted {
  readonly sent: readonly Promise<RecordMetadata>[];
}

interface AskedTopic extends TopicMessages {
  readonly known: Promise<readonly PartitionMetadata[]>;
}

/** What a send says of all its records. */
interface SendTerms {
  readonly acks: Acks;
  readonly compression: CompressionKind;
}

/** Errors: that of the first part that failed. */
function metadataOf(
  place: { readonly topic: string; readonly partition: number },
  outcomes: readonly RunOutcome[],
): RecordMetadata {
  for (const outcome of outcomes) if (outcome.kind === 'failed') throw outcome.error;
  const [first] = outcomes;
  if (first?.kind !== 'sent') throw new Error(`nothing was sent to ${partitionKey(place)}`);
  return {
    topicName: place.topic,
    partition: place.partition,
    errorCode: 0,
    logAppendTime: String(first.logAppendTimeMs ?? -1),
    ...(first.baseOffset === undefined ? {} : { baseOffset: String(first.baseOffset) }),
  };
}
