// The consumer: what kafkajs's methods do, and what outlives a run: subscriptions, pauses, places that were sought, and
// whether it begins again when it can't go on. A run itself is in run.ts.

import { setTimeout as sleep } from 'node:timers/promises';
import { describeGroup, fetchGroupOffsets, type GroupDescription } from '../admin-groups.ts';
import { invalid, listOf, offsetOf, placeOf, takenBy } from '../arguments.ts';
import { errorOf, StratalogClientError } from '../errors.ts';
import type { Instrumentation } from '../instrumentation.ts';
import type { ClientLogger } from '../logging.ts';
import { endNamed, endOf } from '../offsets.ts';
import type { GroupMetadata } from '../transaction.ts';
import type {
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionOffsetAndMetadata,
  TopicPartitions,
} from '../types.ts';
import { partitionKey } from '../types.ts';
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
  Subscriptions,
} from './consumer-config.ts';
import { Pauses, type PauseTopic } from './pauses.ts';
import type { EachBatchPayload } from './payloads.ts';
import { PullChannel } from './pull.ts';
import { type ConsumerBase, ConsumerRun } from './run.ts';

/** Before a consumer that failed begins again, so that it doesn't in a hot loop. */
const RESTART_PAUSE_MS = 300;

export class Consumer implements AsyncIterable<EachBatchPayload> {
  readonly events = CONSUMER_EVENTS;
  readonly on: Instrumentation<ConsumerEventPayloads>['on'];
  readonly #config: ConsumerConfig;
  readonly #base: ConsumerBase;
  readonly #assignor: Assignor;
  readonly #subscriptions = new Subscriptions();
  readonly #pauses = new Pauses();
  readonly #seeks = new Map<string, number>();
  #run: ConsumerRun | undefined;
  #stopping: Promise<void> | undefined;
  /** Of the loop over it, while there is one. */
  #channel: PullChannel | undefined;
  /** As it runs, or will again after a failure, until it is told to stop. */
  #wanted: ConsumerRunConfig | undefined;
  #isCrashing = false;

  constructor(config: ConsumerConfig, base: ConsumerBase) {
    assertConsumerConfig(config);
    this.#config = config;
    this.#base = base;
    this.#assignor = assignorOf(config);
    this.on = base.instrumentation.on.bind(base.instrumentation);
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
    if (this.#run !== undefined) throw invalid('subscribe() before run()');
    takenBy('subscribe()', subscription);
    const topics = 'topics' in subscription ? subscription.topics : [subscription.topic];
    for (const topic of listOf('topics', topics))
      this.#subscriptions.add(topic, subscription.fromBeginning ?? false);
  }

  /**
   * Joins the group and begins to read; resolves when it is a member. Errors: what the group refuses for good; that it
   * was stopped before it was a member.
   */
  run(config: ConsumerRunConfig = {}): Promise<void> {
    return this.#begin(config);
  }

  /**
   * Batches, one after the other: a batch counts as handled when the loop asks for the next. Leaving the loop stops the
   * consumer.
   */
  async *pull(config: ConsumerRunConfig = {}): AsyncGenerator<EachBatchPayload, void, undefined> {
    const channel = new PullChannel(() => void this.stop());
    await this.#begin({ ...config, eachBatch: (payload) => channel.offer(payload) }, channel);
    try {
      yield* channel.batches();
    } finally {
      await this.stop();
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<EachBatchPayload, void, undefined> {
    return this.pull();
  }

  /** Finishes what is begun, commits it and leaves the group. */
  stop(): Promise<void> {
    this.#wanted = undefined;
    return this.#halt();
  }

  /** Commits these offsets (of the next record to read), in the order of the calls. */
  async commitOffsets(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    if (this.#run === undefined) {
      throw new StratalogClientError('not-connected', 'run() the consumer before it commits');
    }
    await this.#run.commit(offsets);
  }

  /** Goes on at this offset: -2 (or `earliest`) is the beginning, -1 (or `latest`) the end. */
  seek(to: TopicPartitionOffset): void {
    const { topic, partition, offset } = takenBy('seek()', to);
    const place = placeOf({ topic, partition });
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
    const lease = this.#run?.ownership.find(place);
    if (lease === undefined) this.#seeks.set(partitionKey(place), number);
    else lease.seek(number);
    this.#run?.changed();
  }

  pause(topics: readonly PauseTopic[]): void {
    this.#pauses.pause(topics);
    for (const lease of this.#run?.ownership.leases() ?? []) {
      if (this.#pauses.isPaused(lease)) lease.interrupt();
    }
  }

  resume(topics: readonly PauseTopic[]): void {
    this.#pauses.resume(topics);
    this.#run?.changed();
  }

  logger(): ClientLogger {
    return this.#base.logger;
  }

  describeGroup(): Promise<GroupDescription> {
    return describeGroup(this.#base.api, this.#config.groupId);
  }

  /** Of what it owns, what is paused. */
  paused(): TopicPartitions[] {
    return this.#pauses.list(this.#run?.ownership.leases() ?? []);
  }

  /** What it owns now. */
  assignment(): TopicPartitions[] {
    return this.#run?.ownership.assignment() ?? [];
  }

  /** The offset that the group has committed of a partition; undefined: none. */
  async committedOffset(place: TopicPartition): Promise<number | undefined> {
    const { topic, partition } = placeOf(takenBy('committedOffset()', place));
    const topics = await fetchGroupOffsets(this.#base.api, this.#config.groupId);
    const committed = topics.find((one) => one.topic === topic)?.partitions;
    const found = committed?.find((one) => one.partition === partition);
    return found === undefined ? undefined : Number(found.offset);
  }

  /** Who this member is, for offsets that a transaction commits (KIP-447); undefined while it is in no group. */
  groupMetadata(): GroupMetadata | undefined {
    const identity = this.#run?.identity;
    if (identity === undefined) return undefined;
    const { memberId, epoch } = identity;
    return { groupId: this.#config.groupId, memberId, memberEpoch: epoch };
  }

  async #begin(config: ConsumerRunConfig, channel?: PullChannel): Promise<void> {
    // A loop that was just left, or a stop that nobody awaited.
    if (this.#stopping !== undefined) await this.#stopping;
    if (this.#run !== undefined) throw invalid('the consumer runs already');
    assertRunConfig(config);
    const { wanted } = this.#subscriptions;
    const run = new ConsumerRun(
      {
        config: this.#config,
        base: this.#base,
        assignor: this.#assignor,
        subscriptions: this.#subscriptions,
        pauses: this.#pauses,
        seeks: this.#seeks,
        pause: (topics) => this.pause(topics),
        resume: (topics) => this.resume(topics),
        failed: (error) => this.#crash(error),
        warn: (message) => this.#warn(message),
      },
      config,
    );
    this.#run = run;
    this.#base.runs(true);
    this.#wanted = config;
    this.#channel = channel;
    try {
      await run.start(wanted);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #halt(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#run === undefined) return;
    await this.#run.stop();
    this.#run = undefined;
    this.#base.runs(false);
    this.#channel?.close();
    this.#channel = undefined;
    this.#base.instrumentation.emit('consumer.stop', null);
  }

  #crash(error: Error): void {
    if (this.#run === undefined || this.#stopping !== undefined || this.#isCrashing) return;
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
    if (this.#wanted !== undefined && this.#run === undefined) void this.#beginAgain(this.#wanted);
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
      await this.#begin(config);
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
