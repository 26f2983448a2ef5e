// Takes what was fetched to the handlers: one batch of a partition at a time, of several partitions at once if asked.
//
// Invariants: records of a partition are handled in order (with `concurrencyByKey`: records of a key); a record counts
// as handled only when its handler returned, or its failure was dealt with; of a partition that is paused, revoked,
// lost or moved, no further record is begun.

import { pause } from '../backoff.ts';
import { errorOf } from '../errors.ts';
import type { KafkaMessage } from '../types.ts';
import type { Committer } from './committer.ts';
import { type FailurePolicy, judgeFailure } from './failure-policy.ts';
import { runInLanes } from './lanes.ts';
import type { FetchedBatch, PartitionLease } from './lease.ts';
import {
  batchOf,
  type EachBatchHandler,
  type EachBatchPayload,
  type EachMessageHandler,
  offsetsOf,
  topicOffsetsOf,
} from './payloads.ts';

export type Handler =
  | { readonly kind: 'message'; readonly handle: EachMessageHandler }
  | { readonly kind: 'batch'; readonly handle: EachBatchHandler };

export interface RunnerConfig {
  readonly handler: Handler;
  readonly eachBatchAutoResolve: boolean;
  readonly partitionsConsumedConcurrently: number;
  readonly concurrencyByKey: number;
  readonly countsWhen: 'handled' | 'delivered';
  readonly failurePolicy: FailurePolicy;
}

export interface RunnerTools {
  readonly leases: () => Iterable<PartitionLease>;
  readonly committer: Committer;
  readonly isPaused: (lease: PartitionLease) => boolean;
  readonly pause: (lease: PartitionLease) => () => void;
  readonly putAside: (
    lease: PartitionLease,
    letter: { topic: string; messages: readonly KafkaMessage[]; error: Error; attempts: number },
  ) => Promise<void>;
  /** Runs a handler of these messages within a span, for those who trace. */
  readonly traced: (
    lease: PartitionLease,
    messages: readonly KafkaMessage[],
    work: () => Promise<void>,
  ) => Promise<void>;
  /** A queue has room again. */
  readonly drained: () => void;
  readonly failed: (error: Error) => void;
  readonly warn: (message: string) => void;
  readonly batchStarted: (batch: ReturnType<typeof batchOf>) => void;
  readonly batchEnded: (batch: ReturnType<typeof batchOf>, durationMs: number) => void;
}

/** One stay of a batch with its handlers. */
interface Stay {
  readonly lease: PartitionLease;
  readonly batch: FetchedBatch;
  readonly shouldStop: () => boolean;
  readonly isStale: () => boolean;
}

/** Pause before a batch of which the handler resolved nothing is given to it again. */
const NO_PROGRESS_PAUSE_MS = 100;

export class Runner {
  readonly #config: RunnerConfig;
  readonly #tools: RunnerTools;
  #isRunning = false;
  #workCount = 0;
  /** Where to look first, so that no partition starves. */
  #turn = 0;

  constructor(config: RunnerConfig, tools: RunnerTools) {
    this.#config = config;
    this.#tools = tools;
  }

  start(): void {
    this.#isRunning = true;
    this.pump();
  }

  /** Begins nothing more; resolves when all handlers are done. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    const leases = [...this.#tools.leases()];
    for (const lease of leases) lease.interrupt();
    await Promise.all(leases.map(({ work }) => work));
  }

  /** Starts what can be started; called whenever records came, a handler is done, or a pause ended. */
  pump(): void {
    if (!this.#isRunning) return;
    const leases = [...this.#tools.leases()];
    for (let index = 0; index < leases.length; index += 1) {
      if (this.#workCount >= this.#config.partitionsConsumedConcurrently) return;
      const lease = leases[(this.#turn + index) % leases.length];
      if (lease === undefined || !this.#isStartable(lease)) continue;
      this.#begin(lease, lease.firstBatch as FetchedBatch);
    }
    this.#turn += 1;
  }

  #isStartable(lease: PartitionLease): boolean {
    return (
      lease.state === 'held' &&
      lease.work === undefined &&
      lease.firstBatch !== undefined &&
      !this.#tools.isPaused(lease)
    );
  }

  #begin(lease: PartitionLease, batch: FetchedBatch): void {
    const { generation } = lease;
    const isStale = (): boolean => lease.state === 'lost' || lease.generation !== generation;
    const stay: Stay = {
      lease,
      batch,
      isStale,
      shouldStop: () =>
        !this.#isRunning || isStale() || lease.state !== 'held' || this.#tools.isPaused(lease),
    };
    this.#workCount += 1;
    lease.work = this.#handle(stay).finally(() => {
      this.#workCount -= 1;
      lease.work = undefined;
      this.pump();
      this.#tools.drained();
    });
  }

  async #handle(stay: Stay): Promise<void> {
    const { lease, batch } = stay;
    const shown = batchOf(lease, batch.messages, batch.highWatermark);
    const startedAt = performance.now();
    this.#tools.batchStarted(shown);
    try {
      const { handler } = this.#config;
      if (handler.kind === 'batch') await this.#eachBatch(stay, handler.handle);
      else await this.#eachMessage(stay, handler.handle);
      await this.#tools.committer.commitIfDue();
    } catch (thrown) {
      if (!stay.isStale()) this.#tools.failed(errorOf(thrown));
    }
    this.#tools.batchEnded(shown, performance.now() - startedAt);
  }

  async #eachMessage(stay: Stay, handle: EachMessageHandler): Promise<void> {
    const { lease, batch, shouldStop } = stay;
    const { tracker } = lease;
    const handled = new Set<KafkaMessage>();
    for (const { offset } of batch.messages) tracker.begin(Number(offset));
    const options = {
      concurrency: this.#config.concurrencyByKey,
      keyOf: ({ key }: KafkaMessage) => key?.toString('latin1'),
      shouldStop,
    };
    try {
      await runInLanes(batch.messages, options, async (message) => {
        if (this.#config.countsWhen === 'delivered') {
          tracker.complete(Number(message.offset));
          await this.#tools.committer.commitIfDue();
        }
        const isDone = await this.#deliver(stay, message, handle);
        if (!isDone && this.#config.countsWhen === 'handled') return;
        handled.add(message);
        tracker.complete(Number(message.offset));
        await this.#tools.committer.commitIfDue();
      });
    } finally {
      if (!stay.isStale()) this.#settle(lease, batch, (message) => !handled.has(message));
    }
  }

  /** False: it was not handled, and will be delivered again when there is somebody to. */
  async #deliver(stay: Stay, message: KafkaMessage, handle: EachMessageHandler): Promise<boolean> {
    const { lease } = stay;
    for (let attempts = 1; ; attempts += 1) {
      try {
        const payload = {
          topic: lease.topic,
          partition: lease.partition,
          message,
          heartbeat: async () => undefined,
          pause: () => this.#tools.pause(lease),
        };
        await this.#tools.traced(lease, [message], () => handle(payload));
        return true;
      } catch (thrown) {
        const failure = { error: errorOf(thrown), attempts, messages: [message] };
        if (await this.#isDealtWith(stay, failure)) return true;
        if (stay.shouldStop()) return false;
      }
    }
  }

  async #eachBatch(stay: Stay, eachBatch: EachBatchHandler): Promise<void> {
    const { lease, batch } = stay;
    for (const { offset } of batch.messages) lease.tracker.begin(Number(offset));
    const isLeft = ({ offset }: KafkaMessage): boolean => Number(offset) >= lease.tracker.watermark;
    let left = batch.messages;
    for (let attempts = 1; left.length > 0 && !stay.shouldStop(); attempts += 1) {
      const { watermark } = lease.tracker;
      const error = await this.#tryBatch(stay, left, eachBatch);
      const hasProgress = lease.tracker.watermark > watermark;
      if (error === undefined) {
        // What it left is given to it again, though not in a hot loop.
        if (!hasProgress) await pause(NO_PROGRESS_PAUSE_MS, lease.interruption);
        break;
      }
      left = left.filter(isLeft);
      if (hasProgress) attempts = 1;
      if (await this.#isDealtWith(stay, { error, attempts, messages: left })) {
        resolveAll(lease, left);
        break;
      }
    }
    if (!stay.isStale()) this.#settle(lease, batch, isLeft);
  }

  /** The failure, or undefined. */
  async #tryBatch(
    stay: Stay,
    messages: KafkaMessage[],
    eachBatch: EachBatchHandler,
  ): Promise<Error | undefined> {
    try {
      const payload = this.#payload(stay, messages);
      await this.#tools.traced(stay.lease, messages, () => eachBatch(payload));
    } catch (thrown) {
      return errorOf(thrown);
    }
    if (this.#config.eachBatchAutoResolve && !stay.isStale()) resolveAll(stay.lease, messages);
    return undefined;
  }

  #payload(stay: Stay, messages: KafkaMessage[]): EachBatchPayload {
    const { lease, batch } = stay;
    const { committer } = this.#tools;
    if (this.#config.countsWhen === 'delivered') {
      lease.tracker.completeThrough(Number(messages.at(-1)?.offset));
    }
    return {
      batch: batchOf(lease, messages, batch.highWatermark),
      resolveOffset: (offset) => {
        if (!stay.isStale()) lease.tracker.completeThrough(Number(offset));
      },
      heartbeat: async () => undefined,
      pause: () => this.#tools.pause(lease),
      commitOffsetsIfNecessary: async (offsets) => {
        if (offsets === undefined) await committer.commitIfDue();
        else await committer.commit(offsetsOf(offsets.topics));
      },
      uncommittedOffsets: () => {
        const { topic, partition, tracker, isDirty } = lease;
        const offsets = isDirty ? [{ topic, partition, offset: String(tracker.watermark) }] : [];
        return { topics: topicOffsetsOf(offsets) };
      },
      isRunning: () => this.#isRunning && lease.state === 'held',
      isStale: stay.isStale,
    };
  }

  /** Waits if there is to be another try; throws if the consumer is to stop. */
  async #isDealtWith(
    stay: Stay,
    failure: { error: Error; attempts: number; messages: readonly KafkaMessage[] },
  ): Promise<boolean> {
    if (stay.shouldStop() || failure.messages.length === 0) return false;
    const { lease } = stay;
    const { error, attempts, messages } = failure;
    const verdict = judgeFailure(this.#config.failurePolicy, {
      topic: lease.topic,
      attempts,
      chance: Math.random(),
    });
    const what = `handling ${lease.key} at offset ${messages[0]?.offset} failed (try ${attempts})`;
    switch (verdict.kind) {
      case 'again':
        await pause(verdict.waitMs, lease.interruption);
        return false;
      case 'stop':
        throw new Error(`${what}: ${error.message}`, { cause: error });
      case 'skip':
        this.#tools.warn(`${what}; skipped ${messages.length}: ${error.message}`);
        return true;
      case 'dead-letter':
        await this.#tools.putAside(lease, {
          topic: verdict.deadLetterTopic,
          messages,
          error,
          attempts,
        });
        this.#tools.warn(
          `${what}; put ${messages.length} into ${verdict.deadLetterTopic}: ${error.message}`,
        );
        return true;
    }
  }

  /** What is left of a batch stays at the head of the queue. */
  #settle(
    lease: PartitionLease,
    batch: FetchedBatch,
    isLeft: (message: KafkaMessage) => boolean,
  ): void {
    lease.tracker.abandon();
    batch.messages = batch.messages.filter(isLeft);
    if (batch.messages.length === 0 && lease.firstBatch === batch) lease.dropFirstBatch();
  }
}

function resolveAll(lease: PartitionLease, messages: readonly KafkaMessage[]): void {
  const last = messages.at(-1);
  if (last !== undefined) lease.tracker.completeThrough(Number(last.offset));
}
