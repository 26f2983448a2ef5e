// What waits to be sent: runs of records, first come first served in each partition. Says what may go next; knows no
// time and sends nothing.
//
// Invariant (`ordered`): a partition that has a batch under way is locked, and nothing more is taken from it until the
// outcome of that batch is known, retries included. So records of a partition are stored in the order they were sent.

import type { CompressionKind } from '../record/batch.ts';
import type { NewRecord } from '../record/record.ts';
import { type Acks, partitionKey } from './types.ts';

/** Records of one send for one partition, or a part of them when they are too many for one request. */
export interface Run {
  readonly topic: string;
  readonly partition: number;
  readonly acks: Acks;
  readonly compression: CompressionKind;
  /** By the caller's clock, milliseconds. */
  readonly enqueuedAtMs: number;
  readonly records: readonly NewRecord[];
  /** At most what the records take before compression. */
  readonly sizeBytes: number;
  readonly settle: (outcome: RunOutcome) => void;
}

export type RunOutcome =
  | {
      readonly kind: 'sent';
      /** Undefined with acks=0. */
      readonly baseOffset: number | undefined;
      readonly logAppendTimeMs: number | undefined;
    }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Runs of one partition that go together, as one batch: they have one compression. */
export interface PartitionRuns {
  readonly topic: string;
  readonly partition: number;
  readonly runs: readonly Run[];
}

export class ProduceQueue {
  readonly #waiting = new Map<string, Run[]>();
  readonly #locked = new Set<string>();
  readonly #batchBytes: number;
  #readyBytes = 0;

  /** `batchBytes`: of the runs that go together from one partition, at most, unless one alone is larger. */
  constructor(batchBytes = Number.POSITIVE_INFINITY) {
    this.#batchBytes = batchBytes;
  }

  /** Bytes of runs that could be taken now. */
  get readyBytes(): number {
    return this.#readyBytes;
  }

  /** When the oldest run that could be taken now was pushed; undefined when there is none. */
  get readySinceMs(): number | undefined {
    let oldest: number | undefined;
    for (const [key, [first]] of this.#waiting) {
      if (first === undefined || this.#locked.has(key)) continue;
      oldest = Math.min(oldest ?? first.enqueuedAtMs, first.enqueuedAtMs);
    }
    return oldest;
  }

  push(run: Run): void {
    const key = partitionKey(run);
    const runs = this.#waiting.get(key) ?? [];
    runs.push(run);
    this.#waiting.set(key, runs);
    if (!this.#locked.has(key)) this.#readyBytes += run.sizeBytes;
  }

  /** Takes what fits one request (at least one run) of one acks, and locks its partitions. Empty when nothing may go. */
  take(bytesMaxOf: (acks: Acks) => number): readonly PartitionRuns[] {
    const taken: PartitionRuns[] = [];
    let bytes = 0;
    let acks: Acks | undefined;
    for (const [key, waiting] of this.#waiting) {
      const [first] = waiting;
      if (first === undefined || this.#locked.has(key)) continue;
      acks ??= first.acks;
      const room = { bytes: bytesMaxOf(acks) - bytes, mayExceed: bytes === 0 };
      const count = this.#countOfBatch(waiting, acks, room);
      if (count === 0) continue;
      this.#readyBytes -= sizeOf(waiting);
      const runs = waiting.splice(0, count);
      bytes += sizeOf(runs);
      if (waiting.length === 0) this.#waiting.delete(key);
      this.#locked.add(key);
      taken.push({ topic: first.topic, partition: first.partition, runs });
    }
    return taken;
  }

  /** How many runs at the front go together as one batch; `mayExceed`: the first one even when there is no room. */
  #countOfBatch(
    waiting: readonly Run[],
    acks: Acks,
    room: { readonly bytes: number; readonly mayExceed: boolean },
  ): number {
    const compression = waiting[0]?.compression;
    let bytes = 0;
    let count = 0;
    for (const run of waiting) {
      bytes += run.sizeBytes;
      const isFull = bytes > Math.min(room.bytes, count === 0 ? bytes : this.#batchBytes);
      const fits = !isFull || (count === 0 && room.mayExceed);
      if (run.acks !== acks || run.compression !== compression || !fits) break;
      count += 1;
    }
    return count;
  }

  /** The outcome of what was taken is known: what waits behind it may go. */
  unlock(place: { readonly topic: string; readonly partition: number }): void {
    const key = partitionKey(place);
    this.#locked.delete(key);
    this.#readyBytes += sizeOf(this.#waiting.get(key) ?? []);
  }
}

export function sizeOf(runs: readonly Run[]): number {
  return runs.reduce((bytes, run) => bytes + run.sizeBytes, 0);
}
