// The consumer: puts membership, ownership, fetcher, runner and committer together under kafkajs's methods.

import { setTimeout as sleep } from 'node:timers/promises';
import { describeGroup, fetchGroupOffsets, type GroupDescription } from '../admin-groups.ts';
import type { ApiClient } from '../api-client.ts';
import { invalid, listOf, offsetOf } from '../arguments.ts';
import { errorOf, StratalogClientError, type StratalogRequestError } from '../errors.ts';
import type { Instrumentation } from '../instrumentation.ts';
import type { ClientLogger } from '../logging.ts';
import { endNamed, endOf } from '../offsets.ts';
import type { Telemetry } from '../telemetry.ts';
import type { GroupMetadata } from '../transaction.ts';
import type {
  Message,
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionOffsetAndMetadata,
  TopicPartitions,
} from '../types.ts';
import { partitionKey } from '../types.ts';
import { commitPolicy } from './commit-policy.ts';
import { Committer } from './committer.ts';
import {
  type Assignor,
  assertConsumerConfig,
  assertRunConfig,
  assignorOf,
  CONSUMER_EVENTS,
  type ConsumerConfig,
  type ConsumerEventPayloads,
  type ConsumerRunConfig,
  type ConsumerSubscribeTopic,
  type ConsumerSubscribeTopics,
  failurePolicyOf,
  fetcherConfig,
  processOf,
  Subscriptions,
} from './consumer-config.ts';
import { deadLetterOf } from './failure-policy.ts';
import { Fetcher } from './fetcher.ts';
import type { PartitionLease } from './lease.ts';
import { type Identity, Membership } from './membership.ts';
import { Ownership } from './ownership.ts';
import { Pauses, type PauseTopic } from './pauses.ts';
import { type EachBatchPayload, topicOffsetsOf } from './payloads.ts';
import { PullChannel } from './pull.ts';
import { type Handler, Runner } from './runner.ts';

export interface ConsumerBase {
  readonly api: ApiClient;
  readonly instrumentation: Instrumentation<ConsumerEventPayloads>;
  readonly logger: ClientLogger;
  /** Undefined: nobody traces. */
  readonly telemetry: Telemetry | undefined;
  /** Sends dead letters. */
  readonly send: (topic: string, messages: readonly Message[]) => Promise<void>;
}

const SESSION_TIMEOUT_MS = 45_000;
const REBALANCE_TIMEOUT_MS = 300_000;
/** Before a consumer that failed begins again, so that it doesn't in a hot loop. */
const RESTART_PAUSE_MS = 300;

/** What exists while the consumer runs. */
interface Running {
  readonly fetcher: Fetcher;
  readonly runner: Runner;
  readonly committer: Committer;
  readonly membership: Membership;
  readonly timer: NodeJS.Timeout | undefined;
  readonly commitsByItself: boolean;
}

export class Consumer implements AsyncIterable<EachBatchPayload> {
  readonly events = CONSUMER_EVENTS;
  readonly on: Instrumentation<ConsumerEventPayloads>['on'];
  readonly #config: ConsumerConfig;
  readonly #base: ConsumerBase;
  readonly #subscriptions = new Subscriptions();
  readonly #pauses = new Pauses();
  readonly #seeks = new Map<string, number>();
  readonly #ownership: Ownership;
  #running: Running | undefined;
  #stopping: Promise<void> | undefined;
  #channel: PullChannel | undefined;
  /** As it runs, or will again after a failure, until it is told to stop. */
  #wanted: ConsumerRunConfig | undefined;
  #isCrashing = false;
  readonly #assignor: Assignor;

  constructor(config: ConsumerConfig, base: ConsumerBase) {
    this.#config = config;
    this.#base = base;
    assertConsumerConfig(config);
    this.#assignor = assignorOf(config);
    this.on = base.instrumentation.on.bind(base.instrumentation);
    this.#ownership = new Ownership({
      api: base.api,
      groupId: config.groupId,
      identity: () => this.#running?.membership.identity,
      hurry: (delayMs) => this.#running?.membership.hurry(delayMs),
      commitLast: (leases) => this.#commitLast(leases),
      fetchOffsets: config.fetchOffsets,
      fallback: (topic) => this.#subscriptions.fallback(topic),
      takeSeek: (key) => {
        const offset = this.#seeks.get(key);
        this.#seeks.delete(key);
        return offset;
      },
      changed: () => this.#changed(),
      rebalancing: () => base.instrumentation.emit('consumer.rebalancing', this.#identity()),
      settled: (duration) => this.#emitJoin(duration),
      warn: (message) => this.#warn(message),
    });
  }

  /** Costs no request: there is no connection to hold. */
  async connect(): Promise<void> {
    this.#base.instrumentation.emit('consumer.connect', null);
  }

  async disconnect(): Promise<void> {
    await this.stop();
    this.#base.instrumentation.emit('consumer.disconnect', null);
  }

  async subscribe(subscription: ConsumerSubscribeTopics | ConsumerSubscribeTopic): Promise<void> {
    if (this.#running !== undefined) throw invalid('subscribe() before run()');
    const topics = 'topics' in subscription ? subscription.topics : [subscription.topic];
    for (const topic of listOf('topics', topics))
      this.#subscriptions.add(topic, subscription.fromBeginning ?? false);
  }

  /** Joins the group and begins to read; resolves when it is a member. */
  async run(config: ConsumerRunConfig = {}): Promise<void> {
    if (this.#running !== undefined) throw invalid('the consumer runs already');
    assertRunConfig(config);
    const wanted = this.#subscriptions.wanted;
    const running = this.#assemble(config);
    this.#running = running;
    this.#wanted = config;
    try {
      await running.membership.start(wanted);
    } catch (error) {
      await this.stop();
      throw error;
    }
    running.fetcher.start();
    running.runner.start();
  }

  /**
   * Batches, one after the other: a batch counts as handled when the loop asks for the next. Leaving the loop stops the
   * consumer.
   */
  async *pull(config: ConsumerRunConfig = {}): AsyncGenerator<EachBatchPayload, void, undefined> {
    const channel = new PullChannel(() => void this.stop());
    this.#channel = channel;
    await this.run({ ...config, eachBatch: (payload) => channel.offer(payload) });
    yield* channel.batches();
    await this.stop();
  }

  [Symbol.asyncIterator](): AsyncGenerator<EachBatchPayload, void, undefined> {
    return this.pull();
  }

  /** Finishes what is begun, commits it and leaves the group. */
  stop(): Promise<void> {
    this.#wanted = undefined;
    return this.#halt();
  }

  #halt(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** Commits these offsets (of the next record to read), in the order of the calls. */
  async commitOffsets(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    if (this.#running === undefined) {
      throw new StratalogClientError('not-connected', 'run() the consumer before it commits');
    }
    await this.#running.committer.commit(offsets);
  }

  /** Goes on at this offset: -2 (or `earliest`) is the beginning, -1 (or `latest`) the end. */
  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const place = { topic, partition };
    const end = endNamed(offset);
    if (end !== undefined) {
      void endOf(this.#base.api, place, end).then(
        (found) => this.seek({ ...place, offset: String(found) }),
        (error) => this.#crash(errorOf(error)),
      );
      return;
    }
    const number = offsetOf(offset);
    if (number < 0) throw invalid(`"${offset}" is no offset`);
    const lease = this.#ownership.find(place);
    if (lease === undefined) this.#seeks.set(partitionKey(place), number);
    else lease.seek(number);
    this.#changed();
  }

  pause(topics: readonly PauseTopic[]): void {
    this.#pauses.pause(topics);
    for (const lease of this.#ownership.leases()) {
      if (this.#pauses.isPaused(lease)) lease.interrupt();
    }
  }

  resume(topics: readonly PauseTopic[]): void {
    this.#pauses.resume(topics);
    this.#changed();
  }

  logger(): ClientLogger {
    return this.#base.logger;
  }

  describeGroup(): Promise<GroupDescription> {
    return describeGroup(this.#base.api, this.#config.groupId);
  }

  /** Of what it owns, what is paused. */
  paused(): TopicPartitions[] {
    return this.#pauses.list(this.#ownership.leases());
  }

  /** What it owns now. */
  assignment(): TopicPartitions[] {
    const owned = Map.groupBy(this.#ownership.leases(), ({ topic }) => topic);
    return [...owned].map(([topic, leases]) => ({
      topic,
      partitions: leases.map(({ partition }) => partition).sort((left, right) => left - right),
    }));
  }

  /** The offset that the group has committed of a partition; undefined: none. */
  async committedOffset({ topic, partition }: TopicPartition): Promise<number | undefined> {
    const topics = await fetchGroupOffsets(this.#base.api, this.#config.groupId);
    const committed = topics.find((one) => one.topic === topic)?.partitions;
    const found = committed?.find((one) => one.partition === partition);
    return found === undefined ? undefined : Number(found.offset);
  }

  /** Who this member is, for offsets that a transaction commits (KIP-447); undefined while it is in no group. */
  groupMetadata(): GroupMetadata | undefined {
    const identity = this.#running?.membership.identity;
    if (identity === undefined) return undefined;
    const { memberId, epoch } = identity;
    return { groupId: this.#config.groupId, memberId, memberEpoch: epoch };
  }

  #assemble(config: ConsumerRunConfig): Running {
    const policy = commitPolicy(config);
    const leases = (): Iterable<PartitionLease> => this.#ownership.leases();
    const committer = new Committer({
      warn: (message) => this.#warn(message),
      api: this.#base.api,
      groupId: this.#config.groupId,
      policy,
      storeOffsets: this.#storeOffsets(),
      identity: () => this.#running?.membership.identity,
      leases,
      committed: (offsets) => {
        const identity = this.#identity();
        this.#base.instrumentation.emit('consumer.commit_offsets', {
          ...identity,
          topics: topicOffsetsOf(offsets),
        });
      },
    });
    const timer =
      policy.enabled && policy.intervalMs !== null
        ? setInterval(() => void this.#commitLast(leases()), Math.max(policy.intervalMs, 1))
        : undefined;
    return {
      committer,
      timer,
      commitsByItself: policy.enabled,
      runner: this.#runner(config, committer, policy.countsWhen),
      fetcher: this.#fetcher(),
      membership: this.#membership(),
    };
  }

  /** With offsets of its own the program stores them itself, here or in its handlers. */
  #storeOffsets(): ConsumerConfig['storeOffsets'] {
    const { storeOffsets, fetchOffsets } = this.#config;
    return storeOffsets ?? (fetchOffsets === undefined ? undefined : async () => undefined);
  }

  #runner(
    config: ConsumerRunConfig,
    committer: Committer,
    countsWhen: 'handled' | 'delivered',
  ): Runner {
    const { instrumentation, send, telemetry } = this.#base;
    return new Runner({
      handler: handlerOf(config),
      eachBatchAutoResolve: config.eachBatchAutoResolve ?? true,
      partitionsConsumedConcurrently: config.partitionsConsumedConcurrently ?? 1,
      concurrencyByKey: config.concurrencyByKey ?? 1,
      countsWhen,
      failurePolicy: failurePolicyOf(this.#config),
      leases: () => this.#ownership.leases(),
      committer,
      isPaused: (lease) => this.#pauses.isPaused(lease),
      pause: (lease) => {
        const topics = [{ topic: lease.topic, partitions: [lease.partition] }];
        this.pause(topics);
        return () => this.resume(topics);
      },
      putAside: (lease, { topic, messages, error, attempts }) => {
        const { groupId } = this.#config;
        const place = { topic: lease.topic, partition: lease.partition, groupId };
        const letters = messages.map((message) => ({ ...place, message, error, attempts }));
        return send(topic, letters.map(deadLetterOf));
      },
      traced:
        telemetry &&
        ((lease, messages, work) => {
          const { topic, partition } = lease;
          const { groupId } = this.#config;
          return telemetry.process({ topic, partition, groupId, messages }, work);
        }),
      drained: () => this.#running?.fetcher.tick(),
      failed: (error) => this.#crash(error),
      warn: (message) => this.#warn(message),
      batchStarted: (batch) =>
        instrumentation.emit('consumer.start_batch_process', processOf(batch)),
      batchEnded: (batch, duration) =>
        instrumentation.emit('consumer.end_batch_process', { ...processOf(batch), duration }),
    });
  }

  #fetcher(): Fetcher {
    const { api, instrumentation } = this.#base;
    return new Fetcher(fetcherConfig(this.#config, api.transport), {
      api,
      leases: () => this.#ownership.leases(),
      isPaused: (lease) => this.#pauses.isPaused(lease),
      arrived: () => this.#running?.runner.pump(),
      outOfRange: (lease, error) => this.#comeBack(lease, error),
      failed: (error) => this.#crash(error),
      warn: (message) => this.#warn(message),
      fetchStart: () => instrumentation.emit('consumer.fetch_start', { nodeId: 0 }),
      fetched: (result) => instrumentation.emit('consumer.fetch', { ...result, nodeId: 0 }),
    });
  }

  #membership(): Membership {
    const { groupId, groupInstanceId, heartbeatInterval } = this.#config;
    const config = {
      groupId,
      assignor: this.#assignor,
      sessionTimeoutMs: this.#config.sessionTimeout ?? SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: this.#config.rebalanceTimeout ?? REBALANCE_TIMEOUT_MS,
      ...(groupInstanceId === undefined ? {} : { instanceId: groupInstanceId }),
      ...(heartbeatInterval === undefined ? {} : { heartbeatIntervalMs: heartbeatInterval }),
    };
    return new Membership(this.#base.api, config, {
      owned: () => this.#ownership.leases(),
      assigned: (target) => this.#ownership.assigned(target),
      fenced: (error) => {
        this.#warn(`out of the group, joining again: ${error.message}`);
        this.#base.instrumentation.emit('consumer.rebalancing', this.#identity());
        this.#ownership.lose();
      },
      heartbeat: () => this.#base.instrumentation.emit('consumer.heartbeat', this.#identity()),
      waiting: (error) => this.#warn(`can't join yet, trying on: ${error.message}`),
      failed: (error) => this.#crash(error),
    });
  }

  #emitJoin(duration: number): void {
    const owned = this.assignment().map(({ topic, partitions }) => [topic, partitions] as const);
    this.#base.instrumentation.emit('consumer.group_join', {
      ...this.#identity(),
      duration,
      isLeader: false,
      leaderId: '',
      groupProtocol: this.#assignor,
      memberAssignment: Object.fromEntries(owned),
    });
  }

  #identity(): { groupId: string; memberId: string; groupGenerationId: number } {
    const identity: Identity | undefined = this.#running?.membership.identity;
    return {
      groupId: this.#config.groupId,
      memberId: identity?.memberId ?? '',
      groupGenerationId: identity?.epoch ?? -1,
    };
  }

  /** Other leases, pauses or positions: there may be something to fetch or to handle. */
  #changed(): void {
    this.#running?.fetcher.tick();
    this.#running?.runner.pump();
  }

  /** Commits what is handled; a refusal is no drama, since whoever reads next begins at the last commit. */
  async #commitLast(leases: Iterable<PartitionLease>): Promise<void> {
    if (this.#running?.commitsByItself !== true) return;
    try {
      await this.#running.committer.commitHandled(leases);
    } catch (error) {
      this.#warn(`committing failed: ${errorOf(error).message}`);
    }
  }

  /** The offset is not in the log any more: on to where a new group would begin. */
  async #comeBack(lease: PartitionLease, error: StratalogRequestError): Promise<void> {
    const end = this.#subscriptions.fallback(lease.topic);
    const offset = await endOf(this.#base.api, lease, end);
    this.#warn(`${lease.key}: ${error.message}; reading on from the ${end} offset, ${offset}`);
    lease.seek(offset);
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    clearInterval(running.timer);
    const idle = running.runner.stop();
    await running.fetcher.stop();
    await idle;
    await this.#commitLast(this.#ownership.leases());
    await running.membership.stop();
    this.#running = undefined;
    this.#ownership.lose();
    this.#channel?.close();
    this.#base.instrumentation.emit('consumer.stop', null);
  }

  #crash(error: Error): void {
    if (this.#running === undefined || this.#stopping !== undefined || this.#isCrashing) return;
    this.#isCrashing = true;
    void this.#stopFor(error).finally(() => {
      this.#isCrashing = false;
    });
  }

  /** It can't go on. Said aloud, since a consumer that stops silently is found out too late. */
  async #stopFor(error: Error): Promise<void> {
    const { groupId } = this.#config;
    const restart = await this.#mayRestart(error);
    const what = restart ? 'begins again' : 'stops';
    this.#base.logger.error(`[stratalog] consumer of group ${groupId} ${what}: ${error.message}`);
    this.#base.instrumentation.emit('consumer.crash', { error, groupId, restart });
    this.#channel?.close(error);
    if (!restart) return this.stop();
    await this.#halt();
    await sleep(RESTART_PAUSE_MS);
    if (this.#wanted !== undefined) void this.#beginAgain(this.#wanted);
  }

  /** A loop over the consumer ends with the error. */
  async #mayRestart(error: Error): Promise<boolean> {
    const { restartOnFailure } = this.#config.retry ?? {};
    if (restartOnFailure === undefined || this.#channel !== undefined) return false;
    try {
      return await restartOnFailure(error);
    } catch (thrown) {
      this.#warn(`restartOnFailure failed: ${errorOf(thrown).message}`);
      return false;
    }
  }

  async #beginAgain(config: ConsumerRunConfig): Promise<void> {
    try {
      await this.run(config);
    } catch (thrown) {
      const error = errorOf(thrown);
      const { groupId } = this.#config;
      this.#base.logger.error(`[stratalog] consumer of group ${groupId} stops: ${error.message}`);
      this.#base.instrumentation.emit('consumer.crash', { error, groupId, restart: false });
    }
  }

  #warn(message: string): void {
    this.#base.logger.warn(`[stratalog] group ${this.#config.groupId}: ${message}`);
  }
}

function handlerOf({ eachMessage, eachBatch }: ConsumerRunConfig): Handler {
  if (eachBatch !== undefined) return { kind: 'batch', handle: eachBatch };
  if (eachMessage !== undefined) return { kind: 'message', handle: eachMessage };
  throw invalid('run() takes eachMessage or eachBatch');
}
