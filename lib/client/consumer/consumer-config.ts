// What a consumer can be told, by kafkajs's names where kafkajs has one.

import {
  assertFunction,
  assertNumbers,
  assertObject,
  assertOneOf,
  assertRetry,
  invalid,
  listOf,
  nameOf,
  TIMER_MS,
  takenBy,
} from '../arguments.ts';
import type { RetryOptions } from '../backoff.ts';
import type { RequestPayload } from '../instrumentation.ts';
import type { Transport } from '../transport.ts';
import type { TopicOffsets } from '../types.ts';
import type { CommitConfig } from './commit-policy.ts';
import type { StoreOffsets } from './committer.ts';
import type { FailurePolicy } from './failure-policy.ts';
import type { FetcherConfig } from './fetcher.ts';
import type { WantedTopics } from './membership.ts';
import type { Batch, EachBatchHandler, EachMessageHandler } from './payloads.ts';
import type { Handler } from './runner.ts';
import type { FetchOffsets } from './start-positions.ts';

export type Assignor = 'uniform' | 'range' | 'roundrobin';

/** For `partitionAssigners`. */
export const PartitionAssigners = {
  uniform: 'uniform',
  range: 'range',
  roundRobin: 'roundrobin',
} as const;

/** What kafkajs's consumers take and this one has no use for: its programs compile, and nothing happens. */
interface KafkajsConsumerConfig {
  readonly metadataMaxAge?: number;
  readonly allowAutoTopicCreation?: boolean;
  readonly maxInFlightRequests?: number;
  /** There is nothing uncommitted in the log to read. */
  readonly readUncommitted?: boolean;
  readonly rackId?: string;
}

export interface ConsumerConfig extends KafkajsConsumerConfig {
  readonly groupId: string;
  /** How the group shares partitions out: uniform (default, fewest moves), range or roundrobin. */
  readonly assignor?: Assignor;
  /** kafkajs's name for it: the first counts. Functions can't be given, since the log assigns. */
  readonly partitionAssigners?: readonly Assignor[];
  /** A name that outlives the process (group.instance.id): a restart within the session moves nothing. */
  readonly groupInstanceId?: string;
  /** Milliseconds without heartbeat after which the group gives its partitions to others; default 45 s. */
  readonly sessionTimeout?: number;
  /** Milliseconds a member may take to give a partition up; default 5 min. */
  readonly rebalanceTimeout?: number;
  /** Milliseconds; default: what the group asks for. */
  readonly heartbeatInterval?: number;
  readonly maxBytesPerPartition?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  /** Milliseconds the log may wait for records before it answers with none; default 200. */
  readonly maxWaitTimeInMs?: number;
  /** Milliseconds between two questions, at most, while there is nothing to read; default 2 s. */
  readonly idleBackoff?: number;
  /** Waits at the log instead of asking now and then: faster, and dearer while idle. */
  readonly lowLatency?: boolean;
  /** Read far backlogs straight from where the bytes lie; default: where that is cheaper, so not on this machine. */
  readonly fetchByReference?: boolean;
  readonly retry?: RetryOptions & {
    /** Asked when the consumer can't go on: true lets it begin again where the group has come to. Default: it stops. */
    readonly restartOnFailure?: (error: Error) => Promise<boolean>;
  };
  readonly failurePolicy?: FailurePolicy;
  /** Offsets kept by the program itself, with its data: where to begin … */
  readonly fetchOffsets?: FetchOffsets;
  /** … and what to do instead of committing to the group. */
  readonly storeOffsets?: StoreOffsets;
}

export interface ConsumerSubscribeTopics {
  readonly topics: readonly (string | RegExp)[];
  /** Where nothing is committed: at the beginning, or (default) at the end. */
  readonly fromBeginning?: boolean;
}

export interface ConsumerSubscribeTopic {
  readonly topic: string | RegExp;
  readonly fromBeginning?: boolean;
}

export interface ConsumerRunConfig extends CommitConfig {
  readonly eachMessage?: EachMessageHandler;
  readonly eachBatch?: EachBatchHandler;
  /** A batch whose handler returned is handled; default true. */
  readonly eachBatchAutoResolve?: boolean;
  readonly partitionsConsumedConcurrently?: number;
  /** Messages of one partition under way at once, those with the same key in their order; default 1. */
  readonly concurrencyByKey?: number;
}

export const CONSUMER_EVENTS = {
  HEARTBEAT: 'consumer.heartbeat',
  COMMIT_OFFSETS: 'consumer.commit_offsets',
  GROUP_JOIN: 'consumer.group_join',
  FETCH_START: 'consumer.fetch_start',
  FETCH: 'consumer.fetch',
  START_BATCH_PROCESS: 'consumer.start_batch_process',
  END_BATCH_PROCESS: 'consumer.end_batch_process',
  CONNECT: 'consumer.connect',
  DISCONNECT: 'consumer.disconnect',
  STOP: 'consumer.stop',
  CRASH: 'consumer.crash',
  REBALANCING: 'consumer.rebalancing',
  RECEIVED_UNSUBSCRIBED_TOPICS: 'consumer.received_unsubscribed_topics',
  REQUEST: 'consumer.network.request',
  REQUEST_TIMEOUT: 'consumer.network.request_timeout',
  REQUEST_QUEUE_SIZE: 'consumer.network.request_queue_size',
} as const;

interface Membership {
  readonly groupId: string;
  readonly memberId: string;
}

/** What the events say of a batch. */
export function processOf(batch: Batch): BatchProcess {
  return {
    topic: batch.topic,
    partition: batch.partition,
    highWatermark: batch.highWatermark,
    offsetLag: batch.offsetLag(),
    offsetLagLow: batch.offsetLagLow(),
    batchSize: batch.messages.length,
    firstOffset: batch.firstOffset(),
    lastOffset: batch.lastOffset(),
  };
}

/** As in kafkajs, `retry` is also how often a handler is tried; what the policy itself says goes before it. */
export function failurePolicyOf({ retry, failurePolicy }: ConsumerConfig): FailurePolicy {
  return { ...failurePolicy, retry: { ...retry, ...failurePolicy?.retry } };
}

/** Errors: without a group, or with a setting that makes no sense. What the log bounds it refuses itself. */
export function assertConsumerConfig(config: ConsumerConfig): void {
  if (typeof config.groupId !== 'string') throw invalid('a consumer has a groupId');
  assertFunction('fetchOffsets', config.fetchOffsets);
  assertFunction('storeOffsets', config.storeOffsets);
  assertFunction('restartOnFailure', config.retry?.restartOnFailure);
  assertFailurePolicy(config.failurePolicy ?? {});
  assertNumbers(config, {
    sessionTimeout: TIMER_MS,
    rebalanceTimeout: TIMER_MS,
    heartbeatInterval: TIMER_MS,
    maxWaitTimeInMs: TIMER_MS,
    idleBackoff: TIMER_MS,
    minBytes: { min: 0 },
    maxBytes: { min: 1 },
    maxBytesPerPartition: { min: 1 },
  });
}

function assertFailurePolicy(policy: FailurePolicy): void {
  assertObject('failurePolicy', policy);
  assertRetry(policy.retry);
  assertOneOf('afterRetries', policy.afterRetries, ['stop', 'skip', 'dead-letter']);
  const { deadLetterTopic = 'default' } = policy;
  if (typeof deadLetterTopic !== 'function') nameOf('deadLetterTopic', deadLetterTopic);
}

/** Errors: nothing would be handled, or not as it says. */
export function assertRunConfig(config: ConsumerRunConfig): void {
  takenBy('run()', config);
  assertNumbers(config, {
    partitionsConsumedConcurrently: { min: 1 },
    concurrencyByKey: { min: 1 },
    autoCommitInterval: TIMER_MS,
    autoCommitThreshold: { min: 1 },
  });
  assertOneOf('autoCommitWhen', config.autoCommitWhen, ['handled', 'delivered']);
  for (const name of ['eachMessage', 'eachBatch'] as const) {
    const handler = config[name];
    if (handler !== undefined && typeof handler !== 'function') {
      throw invalid(`${name} is a function`);
    }
  }
}

/** Errors: there is none. */
export function handlerOf({ eachMessage, eachBatch }: ConsumerRunConfig): Handler {
  if (eachBatch !== undefined) return { kind: 'batch', handle: eachBatch };
  if (eachMessage !== undefined) return { kind: 'message', handle: eachMessage };
  throw invalid('run() takes eachMessage or eachBatch');
}

export function assignorOf({ assignor, partitionAssigners = [] }: ConsumerConfig): Assignor {
  const [first = 'uniform'] =
    assignor === undefined ? listOf('partitionAssigners', partitionAssigners) : [assignor];
  if (typeof first === 'function') {
    const message = 'the log assigns partitions: take uniform, range or roundrobin, not a function';
    throw invalid(message);
  }
  assertOneOf('assignor', first, Object.values(PartitionAssigners));
  return first;
}

interface BatchProcess {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: string;
  readonly offsetLag: string;
  readonly offsetLagLow: string;
  readonly batchSize: number;
  readonly firstOffset: string | null;
  readonly lastOffset: string;
}

export interface ConsumerEventPayloads {
  'consumer.heartbeat': Membership & { readonly groupGenerationId: number };
  'consumer.commit_offsets': Membership & {
    readonly groupGenerationId: number;
    readonly topics: readonly TopicOffsets[];
  };
  'consumer.group_join': Membership & {
    readonly duration: number;
    readonly isLeader: false;
    readonly leaderId: string;
    readonly groupProtocol: string;
    readonly memberAssignment: Readonly<Record<string, readonly number[]>>;
  };
  'consumer.fetch_start': { readonly nodeId: number };
  'consumer.fetch': {
    readonly numberOfBatches: number;
    readonly duration: number;
    readonly nodeId: number;
  };
  'consumer.start_batch_process': BatchProcess;
  'consumer.end_batch_process': BatchProcess & { readonly duration: number };
  'consumer.connect': null;
  'consumer.disconnect': null;
  'consumer.stop': null;
  'consumer.crash': { readonly error: Error; readonly groupId: string; readonly restart: boolean };
  'consumer.rebalancing': Membership;
  'consumer.network.request': RequestPayload;
  'consumer.network.request_timeout': RequestPayload;
  /** Never come: the log assigns nothing that was not asked for, and there are no queues of requests. */
  'consumer.received_unsubscribed_topics': Membership;
  'consumer.network.request_queue_size': RequestPayload;
}

const MIB = 1_048_576;
/** API Gateway meters requests by 512 KiB; beyond that a range read from S3 is cheaper. */
const REFERENCE_FROM_BYTES = 512 * 1024;

export function fetcherConfig(config: ConsumerConfig, transport: Transport): FetcherConfig {
  const isFast = config.lowLatency === true;
  const isCheaper = transport.isLocal !== true;
  const byReference = (config.fetchByReference ?? isCheaper) && transport.get !== undefined;
  return {
    maxBytesPerPartition: config.maxBytesPerPartition ?? MIB,
    maxBytes: config.maxBytes ?? 4 * MIB,
    minBytes: config.minBytes ?? 1,
    maxWaitMs: config.maxWaitTimeInMs ?? (isFast ? 5_000 : 200),
    idleBackoffMsMax: config.idleBackoff ?? (isFast ? 0 : 2_000),
    referenceFromBytes: byReference ? REFERENCE_FROM_BYTES : undefined,
  };
}

/** What was subscribed, call after call. */
export class Subscriptions {
  readonly #names = new Map<string, boolean>();
  readonly #patterns: { readonly pattern: RegExp; readonly fromBeginning: boolean }[] = [];

  /** Flags that change what a pattern means are refused: the log, which matches, has none. */
  add(topic: string | RegExp, fromBeginning: boolean): void {
    if (typeof topic === 'string') {
      this.#names.set(topic, fromBeginning);
      return;
    }
    if (!(topic instanceof RegExp)) throw invalid('a topic is its name or a RegExp');
    const flags = topic.flags.replaceAll(/[gyduv]/g, '');
    if (flags !== '') {
      const message = `a subscription takes no flag "${flags}": write ${topic} without it, as [Aa] for example`;
      throw invalid(message);
    }
    // Flags such as g would make it remember where it was.
    this.#patterns.push({ pattern: new RegExp(topic.source), fromBeginning });
  }

  get wanted(): WantedTopics {
    if (this.#names.size === 0 && this.#patterns.length === 0) {
      throw invalid('subscribe() to a topic before run()');
    }
    const names = [...this.#names.keys()];
    if (this.#patterns.length === 0) return { names };
    // The group matches whole names; a RegExp matches anywhere unless it says ^ and $.
    const wholes = this.#patterns.map(({ pattern }) => `.*(?:${pattern.source}).*`);
    return { names, regex: wholes.join('|') };
  }

  fallback(topic: string): 'earliest' | 'latest' {
    const fromBeginning =
      this.#names.get(topic) ??
      this.#patterns.find(({ pattern }) => pattern.test(topic))?.fromBeginning ??
      false;
    return fromBeginning ? 'earliest' : 'latest';
  }
}
