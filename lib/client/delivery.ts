// A partition's share of a produce request: the batch that goes now, and what goes after it. A batch that is tried again
// is the same batch, with the same sequence numbers, until it is stored, refused, or broken into smaller ones.

import { encodeBatch } from '../record/record.ts';
import { isKafkaError, StratalogConnectionError, StratalogRequestError } from './errors.ts';
import type { PartitionRuns, Run } from './producer-queue.ts';
import type { ProducerSequences } from './producer-sequences.ts';
import type { Acks, TopicPartition } from './types.ts';

/** A run's records from `from` up to `to`, not included. */
interface Piece {
  readonly run: Run;
  readonly from: number;
  readonly to: number;
}

interface Stored {
  readonly baseOffset: number | undefined;
  readonly logAppendTimeMs: number | undefined;
}

export class Delivery implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** The batch that goes now. */
  #batch: readonly Piece[];
  #later: readonly Piece[] = [];
  readonly #sequences: ProducerSequences | undefined;
  /** Where runs begin of which the first pieces are stored. */
  readonly #begun = new Map<Run, Stored>();
  /** Whether a try of this batch has an outcome that nobody knows. */
  #mayBeStored = false;

  /** Runs of one compression and one acks, that fit one batch. With acks=0 nothing is numbered. */
  constructor({ topic, partition, runs }: PartitionRuns, sequences: ProducerSequences | undefined) {
    this.topic = topic;
    this.partition = partition;
    this.#batch = runs.map((run) => ({ run, from: 0, to: run.records.length }));
    this.#sequences = this.acks === 0 ? undefined : sequences;
  }

  get isDone(): boolean {
    return this.#batch.length === 0;
  }

  get acks(): Acks {
    return this.#batch[0]?.run.acks ?? -1;
  }

  encode(): Uint8Array {
    return encodeBatch({
      records: this.#batch.flatMap(({ run, from, to }) => run.records.slice(from, to)),
      compression: this.#batch[0]?.run.compression ?? 'none',
      ...this.#sequences?.next(this),
    });
  }

  /** The offset is unknown where a duplicate lies too far back for the log to find it. */
  succeed({ baseOffset, logAppendTimeMs }: Stored): void {
    this.#sequences?.advance(this, countOf(this.#batch));
    let next = baseOffset;
    for (const { run, from, to } of this.#batch) {
      const start = this.#begun.get(run) ?? { baseOffset: next, logAppendTimeMs };
      this.#begun.set(run, start);
      if (to === run.records.length) run.settle({ kind: 'sent', ...start });
      if (next !== undefined) next += to - from;
    }
    this.#proceed();
  }

  /** What of these runs is stored already stays; the rest of them isn't tried. */
  fail(error: unknown): void {
    if (this.#mayBeStored) this.#sequences?.restart(this);
    const failed = new Set(this.#batch.map(({ run }) => run));
    for (const run of failed) run.settle({ kind: 'failed', error });
    this.#later = this.#later.filter(({ run }) => !failed.has(run));
    this.#proceed();
  }

  /** The log has this batch: an earlier try was stored though its answer was lost. */
  isStored(error: unknown): boolean {
    return this.#sequences !== undefined && isKafkaError(error, 'DUPLICATE_SEQUENCE_NUMBER');
  }

  /** Remembers what a failed try may have done. */
  note(error: unknown): void {
    this.#mayBeStored ||= hasUnknownOutcome(error);
  }

  /**
   * The log doesn't know the sequence that this batch follows (the topic is a new one, or the producer was silent for
   * longer than the log remembers): begins a new one, if the batch is surely not there. Whether it may go again.
   */
  renumber(error: unknown): boolean {
    const isLost = isKafkaError(error, 'UNKNOWN_PRODUCER_ID', 'OUT_OF_ORDER_SEQUENCE_NUMBER');
    if (this.#sequences === undefined || !isLost) return false;
    if (this.#mayBeStored) return false;
    this.#sequences.restart(this);
    return true;
  }

  /** Refused for good. One send's fault must not fail its neighbours: they are tried apart, in order. */
  refuse(error: unknown): void {
    if (this.#sequences !== undefined && isAboutSequence(error)) {
      this.#refuseSequence(error);
    } else if (this.#batch.length > 1) {
      const half = Math.ceil(this.#batch.length / 2);
      this.#later = [...this.#batch.slice(half), ...this.#later];
      this.#batch = this.#batch.slice(0, half);
    } else if (isKafkaError(error, 'MESSAGE_TOO_LARGE') && countOf(this.#batch) > 1) {
      this.#halve();
    } else {
      this.fail(error);
    }
  }

  /** Somebody has fenced this producer, or its place in the sequence is lost: what comes next begins anew. */
  #refuseSequence(error: unknown): void {
    if (isKafkaError(error, 'INVALID_PRODUCER_EPOCH')) this.#sequences?.abandon(this);
    else this.#sequences?.restart(this);
    this.#mayBeStored = false;
    this.fail(error);
  }

  /** Makes two batches of one that is a single piece; the pieces behind it will be as large. */
  #halve(): void {
    const [piece, ...rest] = this.#batch.flatMap(({ run, from, to }) => {
      const middle = from + Math.ceil((to - from) / 2);
      return [
        { run, from, to: middle },
        { run, from: middle, to },
      ];
    });
    this.#batch = piece === undefined ? [] : [piece];
    this.#later = [...rest, ...this.#later];
  }

  #proceed(): void {
    this.#mayBeStored = false;
    this.#batch = this.#later;
    this.#later = [];
  }
}

function countOf(pieces: readonly Piece[]): number {
  return pieces.reduce((count, { from, to }) => count + to - from, 0);
}

function isAboutSequence(error: unknown): boolean {
  return isKafkaError(
    error,
    'INVALID_PRODUCER_EPOCH',
    'UNKNOWN_PRODUCER_ID',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
  );
}

/** All but what surely never arrived, or was refused: the answer may be what is lost. */
function hasUnknownOutcome(error: unknown): boolean {
  if (error instanceof StratalogConnectionError) return error.reason !== 'refused';
  return !(error instanceof StratalogRequestError && error.status < 500);
}
