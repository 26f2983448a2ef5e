// Keeps the queues of the leases filled. Knows when to ask and when to leave the log in peace: an idle consumer asks
// more and more rarely, since every request has a price.

import { StratalogError } from '../../errors.ts';
import { PARTITIONS_PER_FETCH_MAX } from '../../limits.ts';
import type { ApiClient } from '../api-client.ts';
import { backoffMs, isTransient, RETRY_DEFAULTS } from '../backoff.ts';
import { errorOf, type StratalogRequestError } from '../errors.ts';
import { type FetchLimits, isFetchable, type PlannedFetch, planFetches } from './fetch-plan.ts';
import { fetchBytes, fetchReferences, type PartitionAnswer } from './fetch-request.ts';
import type { PartitionLease } from './lease.ts';

export interface FetcherConfig extends FetchLimits {
  /** How long the log may wait for records before it answers with none (fetch.max.wait.ms). */
  readonly maxWaitMs: number;
  /** After answers without records: the pause before the next question grows up to this. */
  readonly idleBackoffMsMax: number;
  readonly minBytes: number;
}

export interface FetcherTools {
  readonly api: ApiClient;
  readonly leases: () => Iterable<PartitionLease>;
  readonly isPaused: (lease: PartitionLease) => boolean;
  /** There is something to handle. */
  readonly arrived: () => void;
  /** The offset is gone, or not there yet: puts the lease somewhere else. */
  readonly outOfRange: (lease: PartitionLease, error: StratalogRequestError) => Promise<void>;
  readonly failed: (error: Error) => void;
  readonly warn: (message: string) => void;
  readonly fetchStart: () => void;
  readonly fetched: (result: { numberOfBatches: number; duration: number }) => void;
}

const IDLE_BACKOFF_MS_MIN = 50;
/** After so many answers in a row without records, waiting at the log as well as here would only cost. */
const IDLE_ROUNDS_WAITED = 4;
const BLOCK_MS_MAX = 5_000;
/** Bytes that were flipped on their way are right the next time; those that lie there so never are. */
const CORRUPT_TRIES_MAX = 3;

function isCorrupt(error: unknown): boolean {
  return error instanceof StratalogError && error.code === 'CORRUPT_MESSAGE';
}

/** In a row, of the one that failed most. */
function failedFetchesOf(leases: readonly PartitionLease[]): number {
  return Math.max(...leases.map(({ failedFetches }) => failedFetches));
}

interface Asked {
  readonly lease: PartitionLease;
  readonly generation: number;
  readonly offset: number;
}

interface Waiting {
  readonly asked: readonly Asked[];
  readonly abort: AbortController;
}

export class Fetcher {
  readonly #config: FetcherConfig;
  readonly #tools: FetcherTools;
  readonly #busy = new Set<PartitionLease>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  #abort = new AbortController();
  #isRunning = false;
  #isWaiting = false;
  /** The request that waits at the log: what it asks, and how to end it. */
  #waiting: Waiting | undefined;
  #idleRounds = 0;

  constructor(config: FetcherConfig, tools: FetcherTools) {
    this.#config = config;
    this.#tools = tools;
  }

  start(): void {
    this.#isRunning = true;
    this.#abort = new AbortController();
    this.tick();
  }

  /** Nothing is asked or delivered any more when this resolves. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#abort.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(this.#underWay);
  }

  /** Looks whether there is something to ask; called whenever leases, queues or pauses change. */
  tick(): void {
    if (!this.#isRunning) return;
    this.#endOutdatedWait();
    const plans = planFetches(
      {
        leases: this.#tools.leases(),
        busy: this.#busy,
        isWaiting: this.#isWaiting,
        isPaused: this.#tools.isPaused,
        nowMs: performance.now(),
      },
      this.#config,
    );
    for (const plan of plans) {
      if (plan.wait) this.#isWaiting = true;
      for (const lease of plan.leases) this.#busy.add(lease);
      const run = this.#run(plan).finally(() => this.#underWay.delete(run));
      this.#underWay.add(run);
    }
  }

  /**
   * What waits for records at a place that a seek has left would keep the consumer from reading where it is now, and
   * what it doesn't ask for (just assigned, or resumed) would wait until it ends.
   */
  #endOutdatedWait(): void {
    if (this.#waiting === undefined) return;
    const { asked, abort } = this.#waiting;
    const isMoved = asked.some(({ lease, generation }) => lease.generation !== generation);
    if (isMoved || this.#isLeftOut(asked)) abort.abort();
  }

  /** Others have nothing to get without waiting either, and could have been asked for beside these. */
  #isLeftOut(asked: readonly Asked[]): boolean {
    if (asked.length >= PARTITIONS_PER_FETCH_MAX) return false;
    const state = { busy: this.#busy, isPaused: this.#tools.isPaused, nowMs: performance.now() };
    return [...this.#tools.leases()].some(
      (lease) => lease.isDrained && isFetchable(lease, state, this.#config),
    );
  }

  async #run(plan: PlannedFetch): Promise<void> {
    let count = 0;
    const asked = plan.leases.map((lease) => ({
      lease,
      generation: lease.generation,
      offset: lease.fetchOffset,
    }));
    const abort = new AbortController();
    if (plan.wait) this.#waiting = { asked, abort };
    try {
      count = await this.#fetch(plan, asked, AbortSignal.any([this.#abort.signal, abort.signal]));
    } catch (error) {
      if (!abort.signal.aborted) this.#handle(error, plan);
    }
    for (const lease of plan.leases) this.#busy.delete(lease);
    if (count > 0) this.#tools.arrived();
    if (plan.wait) {
      this.#waiting = undefined;
      this.#finishWaiting(abort.signal.aborted ? 'outdated' : count);
    }
    this.tick();
  }

  /** How many records came. */
  async #fetch(plan: PlannedFetch, asked: readonly Asked[], signal: AbortSignal): Promise<number> {
    const startedAt = performance.now();
    this.#tools.fetchStart();
    const request = {
      partitions: asked.map(({ lease, offset }) => ({
        topic: lease.topic,
        topicId: lease.topicId,
        partition: lease.partition,
        offset,
      })),
      maxBytes: plan.maxBytes,
      maxBytesPerPartition: plan.maxBytesPerPartition,
      minBytes: plan.wait ? this.#config.minBytes : 0,
      maxWaitMs: plan.wait ? this.#waitMs() : 0,
    };
    const fetch = plan.deliver === 'bytes' ? fetchBytes : fetchReferences;
    const answers = await fetch(this.#tools.api, request, signal);
    let count = 0;
    let batches = 0;
    for (const { lease, generation } of asked) {
      const answer = answers.get(lease.key);
      if (lease.generation !== generation || lease.state === 'lost') continue;
      if (answer === undefined) continue;
      count += this.#apply(lease, answer);
      batches += 1;
    }
    this.#tools.fetched({ numberOfBatches: batches, duration: performance.now() - startedAt });
    return count;
  }

  #apply(lease: PartitionLease, answer: PartitionAnswer): number {
    if (answer.kind === 'records') {
      lease.push(answer);
      return answer.messages.length;
    }
    const { error } = answer;
    if (error.type === 'OFFSET_OUT_OF_RANGE') {
      lease.blockedUntilMs = Number.POSITIVE_INFINITY;
      this.#tools.outOfRange(lease, error).then(
        () => this.tick(),
        (failure) => this.#block([lease], failure),
      );
    } else if (error.retriable) {
      this.#block([lease], error);
    } else {
      this.#tools.failed(error);
    }
    return 0;
  }

  #handle(error: unknown, plan: PlannedFetch): void {
    if (!this.#isRunning) return;
    const tries = failedFetchesOf(plan.leases);
    if (isTransient(error) || (isCorrupt(error) && tries < CORRUPT_TRIES_MAX))
      this.#block(plan.leases, error);
    else this.#tools.failed(errorOf(error));
  }

  /** Leaves these alone for a while. */
  #block(leases: readonly PartitionLease[], error: unknown): void {
    for (const lease of leases) lease.failedFetches += 1;
    const pace = { ...RETRY_DEFAULTS, maxRetryTime: BLOCK_MS_MAX };
    const delayMs = backoffMs(failedFetchesOf(leases), pace, Math.random(), error);
    const names = leases.map(({ key }) => key).join(', ');
    this.#tools.warn(
      `fetching ${names} failed, next try in ${delayMs} ms: ${errorOf(error).message}`,
    );
    for (const lease of leases) lease.blockedUntilMs = performance.now() + delayMs - 1;
    this.#after(delayMs, () => this.tick());
  }

  #waitMs(): number {
    const { idleBackoffMsMax, maxWaitMs } = this.#config;
    return idleBackoffMsMax > 0 && this.#idleRounds >= IDLE_ROUNDS_WAITED ? 0 : maxWaitMs;
  }

  /** The next waiting request may go: at once if there was something, else after a pause that grows. */
  #finishWaiting(count: number | 'outdated'): void {
    this.#idleRounds = count === 'outdated' || count > 0 ? 0 : this.#idleRounds + 1;
    const growing = IDLE_BACKOFF_MS_MIN * 2 ** Math.min(this.#idleRounds - 1, 20);
    const delayMs = this.#idleRounds === 0 ? 0 : Math.min(growing, this.#config.idleBackoffMsMax);
    if (delayMs === 0) {
      this.#isWaiting = false;
      return;
    }
    this.#after(delayMs, () => {
      this.#isWaiting = false;
      this.tick();
    });
  }

  #after(delayMs: number, action: () => void): void {
    if (!this.#isRunning) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }
}
