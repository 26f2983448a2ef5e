// A partition that this consumer reads, for as long as it may: where it stands, what was fetched and not yet handled,
// and what of it is handled. A partition that is lost and comes back gets a new lease.

import type { KafkaMessage } from '../types.ts';
import { partitionKey } from '../types.ts';
import type { AssignedPartition } from './assignment.ts';
import { OffsetTracker } from './offset-tracker.ts';

/** Messages of one fetch that wait for their handler. */
export interface FetchedBatch {
  messages: KafkaMessage[];
  readonly sizeBytes: number;
  readonly highWatermark: number;
}

export interface FetchResult {
  readonly messages: KafkaMessage[];
  readonly sizeBytes: number;
  readonly highWatermark: number;
  readonly nextOffset: number;
}

/**
 * `held`: read on. `revoking`: finish what is begun, then give it up. `lost`: it is somebody else's; nothing done from
 * now on counts.
 */
export type LeaseState = 'held' | 'revoking' | 'lost';

export class PartitionLease implements AssignedPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly key: string;
  state: LeaseState = 'held';
  tracker: OffsetTracker;
  /** Where the next fetch begins. */
  fetchOffset: number;
  highWatermark: number;
  /** The last fetch found the end: there is nothing to get without waiting. */
  isDrained = false;
  /** The log couldn't say or give something: not fetched before this time (performance.now()). */
  blockedUntilMs = 0;
  /** Fetches in a row that failed. */
  failedFetches = 0;
  /** Bytes of the last fetch. */
  lastFetchBytes = 0;
  /** What the group has as committed; undefined: nothing. */
  committed: number | undefined;
  /** Of the last commit: each has a larger number, so that a late one never moves an offset back. */
  commitCounter: number;
  readonly #startOffset: number | undefined;
  #countAtCommit = 0;
  /** Raised by every seek: what was fetched or begun before it counts for nothing. */
  generation = 0;
  /** The handler that is under way. */
  work: Promise<void> | undefined;
  #queue: FetchedBatch[] = [];
  #queuedBytes = 0;
  #interruption = new AbortController();

  constructor(
    place: AssignedPartition,
    start: {
      readonly offset: number;
      readonly committed: number | undefined;
      readonly counter: number;
      /** It begins at the end, as far as that reached just now: a place that is lost unless it is committed. */
      readonly isAtEnd?: boolean;
    },
  ) {
    this.topic = place.topic;
    this.topicId = place.topicId;
    this.partition = place.partition;
    this.key = partitionKey(place);
    this.tracker = new OffsetTracker(start.offset);
    this.#startOffset = start.isAtEnd === true ? undefined : start.offset;
    this.fetchOffset = start.offset;
    this.highWatermark = start.offset;
    this.committed = start.committed;
    this.commitCounter = start.counter;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get firstBatch(): FetchedBatch | undefined {
    return this.#queue[0];
  }

  /** Aborted when what waits on this lease has to look around: revoked, lost, moved or paused. */
  get interruption(): AbortSignal {
    return this.#interruption.signal;
  }

  /** There is something to commit. */
  get isDirty(): boolean {
    return this.tracker.watermark !== (this.committed ?? this.#startOffset);
  }

  /** Records handled since `countFromHere`. */
  get uncommittedCount(): number {
    return this.tracker.handledCount - this.#countAtCommit;
  }

  countFromHere(): void {
    this.#countAtCommit = this.tracker.handledCount;
  }

  /** Takes in what a fetch from `fetchOffset` brought. */
  push({ messages, sizeBytes, highWatermark, nextOffset }: FetchResult): void {
    this.failedFetches = 0;
    this.highWatermark = highWatermark;
    this.fetchOffset = nextOffset;
    this.isDrained = nextOffset >= highWatermark;
    this.lastFetchBytes = sizeBytes;
    if (messages.length === 0) return;
    this.#queue.push({ messages, sizeBytes, highWatermark });
    this.#queuedBytes += sizeBytes;
  }

  /** All messages of the first batch are handled. */
  dropFirstBatch(): void {
    const batch = this.#queue.shift();
    this.#queuedBytes -= batch?.sizeBytes ?? 0;
  }

  /** Goes on elsewhere. */
  seek(offset: number): void {
    this.generation += 1;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.tracker = new OffsetTracker(offset);
    this.#countAtCommit = 0;
    this.fetchOffset = offset;
    this.isDrained = false;
    this.blockedUntilMs = 0;
    this.interrupt();
  }

  interrupt(): void {
    this.#interruption.abort();
    this.#interruption = new AbortController();
  }

  setState(state: LeaseState): void {
    this.state = state;
    this.interrupt();
  }
}
