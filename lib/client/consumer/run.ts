// One run of a consumer, from its join to its leave: puts membership, ownership, fetcher, runner and committer together.
// What outlives it (subscriptions, pauses, places that were sought) is the consumer's. The next run begins where the
// group has come to: what was handled here and never committed counts for nothing there.

import { type ApiClient, pathOf } from '../api-client.ts';
import { errorOf, isKafkaError, type StratalogRequestError } from '../errors.ts';
import type { Instrumentation } from '../instrumentation.ts';
import type { ClientLogger } from '../logging.ts';
import { endOf } from '../offsets.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Message, TopicPartitionOffsetAndMetadata, TopicPartitions } from '../types.ts';
import { type CommitPolicy, commitPolicy } from './commit-policy.ts';
import { Committer } from './committer.ts';
import {
  type Assignor,
  type ConsumerConfig,
  type ConsumerEventPayloads,
  type ConsumerRunConfig,
  failurePolicyOf,
  fetcherConfig,
  handlerOf,
  processOf,
  type Subscriptions,
} from './consumer-config.ts';
import { deadLetterOf } from './failure-policy.ts';
import { Fetcher } from './fetcher.ts';
import type { PartitionLease } from './lease.ts';
import { type Identity, Membership, type WantedTopics } from './membership.ts';
import { Ownership } from './ownership.ts';
import type { Pauses } from './pauses.ts';
import { topicOffsetsOf } from './payloads.ts';
import { Runner } from './runner.ts';

export interface ConsumerBase {
  readonly api: ApiClient;
  readonly instrumentation: Instrumentation<ConsumerEventPayloads>;
  readonly logger: ClientLogger;
  /** Undefined: nobody traces. */
  readonly telemetry: Telemetry | undefined;
  /** Told when a run begins and when it has ended. */
  readonly runs: (isRunning: boolean) => void;
  /** Sends dead letters. */
  readonly send: (topic: string, messages: readonly Message[]) => Promise<void>;
}

/** What a run has of its consumer. */
export interface ConsumerRunTools {
  readonly config: ConsumerConfig;
  readonly base: ConsumerBase;
  readonly assignor: Assignor;
  readonly subscriptions: Subscriptions;
  readonly pauses: Pauses;
  /** Places sought before their partitions were owned. */
  readonly seeks: Map<string, number>;
  readonly pause: (topics: readonly TopicPartitions[]) => void;
  readonly resume: (topics: readonly TopicPartitions[]) => void;
  /** It can't go on. */
  readonly failed: (error: Error) => void;
  readonly warn: (message: string) => void;
}

const SESSION_TIMEOUT_MS = 45_000;
const REBALANCE_TIMEOUT_MS = 300_000;

export class ConsumerRun {
  readonly ownership: Ownership;
  readonly #tools: ConsumerRunTools;
  readonly #policy: CommitPolicy;
  readonly #committer: Committer;
  readonly #runner: Runner;
  readonly #fetcher: Fetcher;
  readonly #membership: Membership;
  #timer: NodeJS.Timeout | undefined;
  #hasLooked = false;

  constructor(tools: ConsumerRunTools, config: ConsumerRunConfig) {
    this.#tools = tools;
    this.#policy = commitPolicy(config);
    this.ownership = this.#makeOwnership();
    this.#committer = this.#makeCommitter();
    this.#runner = this.#makeRunner(config);
    this.#fetcher = this.#makeFetcher();
    this.#membership = this.#makeMembership();
  }

  /** Undefined while it is in no group. */
  get identity(): Identity | undefined {
    return this.#membership.identity;
  }

  /** Joins, and begins to read. Errors: what the group refuses for good; that it was stopped meanwhile. */
  async start(wanted: WantedTopics): Promise<void> {
    await this.#membership.start(wanted);
    const { enabled, intervalMs } = this.#policy;
    if (enabled && intervalMs !== null) {
      const commit = (): void => void this.#commitHandled(this.ownership.leases());
      this.#timer = setInterval(commit, Math.max(intervalMs, 1));
    }
    this.#fetcher.start();
    this.#runner.start();
  }

  /** Finishes what is begun, commits it and leaves the group. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const idle = this.#runner.stop();
    await this.#fetcher.stop();
    await idle;
    await this.#commitHandled(this.ownership.leases());
    await this.#membership.stop();
    this.ownership.lose();
  }

  /** Commits these offsets, in the order of the calls. */
  commit(offsets: readonly TopicPartitionOffsetAndMetadata[]): Promise<void> {
    return this.#committer.commit(offsets);
  }

  /** Other leases, pauses or positions: there may be something to fetch or to handle. */
  changed(): void {
    this.#fetcher.tick();
    this.#runner.pump();
  }

  #makeOwnership(): Ownership {
    const { config, base, subscriptions, seeks, warn } = this.#tools;
    return new Ownership({
      api: base.api,
      groupId: config.groupId,
      identity: () => this.identity,
      hurry: (delayMs) => this.#membership.hurry(delayMs),
      commitLast: (leases) => this.#commitHandled(leases),
      fetchOffsets: config.fetchOffsets,
      fallback: (topic) => subscriptions.fallback(topic),
      takeSeek: (key) => {
        const offset = seeks.get(key);
        seeks.delete(key);
        return offset;
      },
      changed: () => this.changed(),
      rebalancing: () => base.instrumentation.emit('consumer.rebalancing', this.#member()),
      settled: (duration) => {
        this.#emitJoin(duration);
        void this.#lookForMissing();
      },
      warn,
    });
  }

  #makeCommitter(): Committer {
    const { config, base, warn } = this.#tools;
    const { storeOffsets, fetchOffsets } = config;
    return new Committer({
      warn,
      api: base.api,
      groupId: config.groupId,
      policy: this.#policy,
      // With offsets of its own the program stores them itself, here or in its handlers.
      storeOffsets:
        storeOffsets ?? (fetchOffsets === undefined ? undefined : async () => undefined),
      identity: () => this.identity,
      leases: () => this.ownership.leases(),
      committed: (offsets) =>
        base.instrumentation.emit('consumer.commit_offsets', {
          ...this.#member(),
          topics: topicOffsetsOf(offsets),
        }),
    });
  }

  #makeRunner(run: ConsumerRunConfig): Runner {
    const { config, base, pauses, pause, resume, failed, warn } = this.#tools;
    const { instrumentation, send, telemetry } = base;
    const { groupId } = config;
    return new Runner({
      handler: handlerOf(run),
      eachBatchAutoResolve: run.eachBatchAutoResolve ?? true,
      partitionsConsumedConcurrently: run.partitionsConsumedConcurrently ?? 1,
      concurrencyByKey: run.concurrencyByKey ?? 1,
      countsWhen: this.#policy.countsWhen,
      failurePolicy: failurePolicyOf(config),
      leases: () => this.ownership.leases(),
      committer: this.#committer,
      isPaused: (lease) => pauses.isPaused(lease),
      pause: (lease) => {
        const topics = [{ topic: lease.topic, partitions: [lease.partition] }];
        pause(topics);
        return () => resume(topics);
      },
      putAside: ({ topic, partition }, { topic: letters, messages, error, attempts }) => {
        const place = { topic, partition, groupId, error, attempts };
        return send(
          letters,
          messages.map((message) => deadLetterOf({ ...place, message })),
        );
      },
      traced:
        telemetry &&
        (({ topic, partition }, messages, work) =>
          telemetry.process({ topic, partition, groupId, messages }, work)),
      drained: () => this.#fetcher.tick(),
      failed,
      warn,
      batchStarted: (batch) =>
        instrumentation.emit('consumer.start_batch_process', processOf(batch)),
      batchEnded: (batch, duration) =>
        instrumentation.emit('consumer.end_batch_process', { ...processOf(batch), duration }),
    });
  }

  #makeFetcher(): Fetcher {
    const { config, base, pauses, failed, warn } = this.#tools;
    const { api, instrumentation } = base;
    return new Fetcher(fetcherConfig(config, api.transport), {
      api,
      leases: () => this.ownership.leases(),
      isPaused: (lease) => pauses.isPaused(lease),
      arrived: () => this.#runner.pump(),
      outOfRange: (lease, error) => this.#comeBack(lease, error),
      failed,
      warn,
      fetchStart: () => instrumentation.emit('consumer.fetch_start', { nodeId: 0 }),
      fetched: (result) => instrumentation.emit('consumer.fetch', { ...result, nodeId: 0 }),
    });
  }

  #makeMembership(): Membership {
    const { config, base, assignor, failed, warn } = this.#tools;
    const { groupId, groupInstanceId, heartbeatInterval } = config;
    const membership = {
      groupId,
      assignor,
      sessionTimeoutMs: config.sessionTimeout ?? SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: config.rebalanceTimeout ?? REBALANCE_TIMEOUT_MS,
      ...(groupInstanceId === undefined ? {} : { instanceId: groupInstanceId }),
      ...(heartbeatInterval === undefined ? {} : { heartbeatIntervalMs: heartbeatInterval }),
    };
    return new Membership(base.api, membership, {
      owned: () => this.ownership.leases(),
      assigned: (target) => this.ownership.assigned(target),
      fenced: (error) => {
        warn(`out of the group, joining again: ${error.message}`);
        base.instrumentation.emit('consumer.rebalancing', this.#member());
        this.ownership.lose();
      },
      heartbeat: () => base.instrumentation.emit('consumer.heartbeat', this.#member()),
      waiting: (error) => warn(`can't join yet, trying on: ${error.message}`),
      failed,
    });
  }

  #emitJoin(duration: number): void {
    const owned = this.ownership.assignment();
    this.#tools.base.instrumentation.emit('consumer.group_join', {
      ...this.#member(),
      duration,
      isLeader: false,
      leaderId: '',
      groupProtocol: this.#tools.assignor,
      memberAssignment: Object.fromEntries(
        owned.map(({ topic, partitions }) => [topic, partitions]),
      ),
    });
  }

  /** A name that is mistyped would be waited for without a word. Once a run, and only for what it was not assigned. */
  async #lookForMissing(): Promise<void> {
    if (this.#hasLooked) return;
    this.#hasLooked = true;
    const { base, subscriptions, warn } = this.#tools;
    const assigned = new Set(this.ownership.assignment().map(({ topic }) => topic));
    for (const topic of subscriptions.wanted.names.filter((name) => !assigned.has(name))) {
      const call = { method: 'GET', path: pathOf('topics', topic), retries: 0 } as const;
      await base.api.json(call).catch((error) => {
        if (!isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return;
        warn(`there is no topic "${topic}"; it is read as soon as there is`);
      });
    }
  }

  /** As events tell of it. */
  #member(): { groupId: string; memberId: string; groupGenerationId: number } {
    return {
      groupId: this.#tools.config.groupId,
      memberId: this.identity?.memberId ?? '',
      groupGenerationId: this.identity?.epoch ?? -1,
    };
  }

  /** Commits what is handled; a refusal is no drama, since whoever reads next begins at the last commit. */
  async #commitHandled(leases: Iterable<PartitionLease>): Promise<void> {
    if (!this.#policy.enabled) return;
    try {
      await this.#committer.commitHandled(leases);
    } catch (error) {
      this.#tools.warn(`committing failed: ${errorOf(error).message}`);
    }
  }

  /** The offset is not in the log any more: on to where a new group would begin. */
  async #comeBack(lease: PartitionLease, error: StratalogRequestError): Promise<void> {
    const { base, subscriptions, warn } = this.#tools;
    const end = subscriptions.fallback(lease.topic);
    const offset = await endOf(base.api, lease, end);
    warn(`${lease.key}: ${error.message}; reading on from the ${end} offset, ${offset}`);
    lease.seek(offset);
  }
}
