// Takes what was fetched to the handlers: one batch of a partition at a time, of several partitions at once if asked.
//
// Invariants: records of a partition are handled in order (with `concurrencyByKey`: records of a key); a record counts
// as handled only when its handler returned, or its failure was dealt with; of a partition that is paused, revoked,
// lost or moved, no further record is begun.

import { errorOf } from '../errors.ts';
import { handleBatch } from './each-batch.ts';
import { handleMessages } from './each-message.ts';
import type { FetchedBatch, PartitionLease } from './lease.ts';
import { batchOf, type EachBatchHandler, type EachMessageHandler } from './payloads.ts';
import type { Stay, StayTools } from './stay.ts';

export type Handler =
  | { readonly kind: 'message'; readonly handle: EachMessageHandler }
  | { readonly kind: 'batch'; readonly handle: EachBatchHandler };

export interface RunnerTools extends StayTools {
  readonly handler: Handler;
  readonly eachBatchAutoResolve: boolean;
  readonly partitionsConsumedConcurrently: number;
  readonly concurrencyByKey: number;
  readonly leases: () => Iterable<PartitionLease>;
  readonly isPaused: (lease: PartitionLease) => boolean;
  /** A queue has room again. */
  readonly drained: () => void;
  readonly failed: (error: Error) => void;
  readonly batchStarted: (batch: ReturnType<typeof batchOf>) => void;
  readonly batchEnded: (batch: ReturnType<typeof batchOf>, durationMs: number) => void;
}

const SLOW_STOP_MS = 10_000;

export class Runner {
  readonly #tools: RunnerTools;
  #isRunning = false;
  /** What handlers are doing, also those of partitions that were lost meanwhile. */
  readonly #works = new Map<PartitionLease, Promise<void>>();
  /** Where to look first, so that no partition starves. */
  #turn = 0;

  constructor(tools: RunnerTools) {
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
    const names = [...this.#works.keys()].map(({ key }) => key).join(', ');
    const warning = setTimeout(() => {
      this.#tools.warn(
        `stopping waits for the handlers of ${names}; one that awaits stop() or disconnect() itself would never end`,
      );
    }, SLOW_STOP_MS);
    await Promise.all(this.#works.values());
    clearTimeout(warning);
  }

  /** Starts what can be started; called whenever records came, a handler is done, or a pause ended. */
  pump(): void {
    if (!this.#isRunning) return;
    const leases = [...this.#tools.leases()];
    for (let index = 0; index < leases.length; index += 1) {
      if (this.#works.size >= this.#tools.partitionsConsumedConcurrently) return;
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
    const work = this.#handle(stay).finally(() => {
      this.#works.delete(lease);
      lease.work = undefined;
      this.pump();
      this.#tools.drained();
    });
    this.#works.set(lease, work);
    lease.work = work;
  }

  async #handle(stay: Stay): Promise<void> {
    const { lease, batch } = stay;
    // A handler that stops the consumer at once must be among those that are waited for.
    await Promise.resolve();
    if (stay.shouldStop()) return;
    const shown = batchOf(lease, batch.messages, batch.highWatermark);
    const startedAt = performance.now();
    this.#tools.batchStarted(shown);
    try {
      await this.#run(stay);
      await this.#tools.committer.commitInPassing();
    } catch (thrown) {
      if (!stay.isStale()) this.#tools.failed(errorOf(thrown));
    }
    this.#tools.batchEnded(shown, performance.now() - startedAt);
  }

  #run(stay: Stay): Promise<void> {
    const tools = this.#tools;
    const { handler } = tools;
    return handler.kind === 'message'
      ? handleMessages(stay, handler.handle, tools)
      : handleBatch(stay, handler.handle, { ...tools, isRunning: () => this.#isRunning });
  }
}
