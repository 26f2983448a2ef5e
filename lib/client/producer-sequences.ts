// What makes a producer idempotent: its id, and for each partition an epoch and the sequence number of the next batch.
// A batch that is sent again carries the same numbers, so the log appends it once.
//
// Epochs count up by partition: after a batch of which nobody knows whether it was stored, or may yet be, the next
// epoch shuts it out. Numbers are those of Kafka (KIP-98): sequences count records and wrap at 2^31, epochs are 16 bits.

import type { ApiClient } from './api-client.ts';
import { partitionKey, type TopicPartition } from './types.ts';

const SEQUENCE_COUNT = 2 ** 31;
const EPOCH_MAX = 32_767;

/** What a batch carries in its header. */
export interface BatchSequence {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

interface InitializedProducer {
  readonly producer_id: number;
  readonly producer_epoch: number;
}

export class ProducerSequences {
  readonly #api: ApiClient;
  /** For partitions that nothing was sent to yet. */
  #producer: { readonly producerId: bigint; readonly producerEpoch: number } | undefined;
  readonly #next = new Map<string, BatchSequence>();
  #opening: Promise<void> | undefined;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** Asks for a producer id unless there is one. Errors are those of a request; it may be tried again. */
  async open(): Promise<void> {
    if (this.#producer !== undefined) return;
    this.#opening ??= this.#initialize().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  /** The numbers of the partition's next batch; the same until `advance` says that it is stored. */
  next(place: TopicPartition): BatchSequence {
    const known = this.#next.get(partitionKey(place));
    if (known !== undefined) return known;
    if (this.#producer === undefined) throw new Error('the producer has no id yet');
    const first = { ...this.#producer, baseSequence: 0 };
    this.#next.set(partitionKey(place), first);
    return first;
  }

  /** The next batch is stored. */
  advance(place: TopicPartition, recordCount: number): void {
    const stored = this.next(place);
    const baseSequence = (stored.baseSequence + recordCount) % SEQUENCE_COUNT;
    this.#next.set(partitionKey(place), { ...stored, baseSequence });
  }

  /** Begins anew in the partition; whatever of it is still under way is shut out once the next batch is stored. */
  restart(place: TopicPartition): void {
    const known = this.#next.get(partitionKey(place));
    if (known === undefined) return;
    if (known.producerEpoch >= EPOCH_MAX) {
      this.abandon(place);
      return;
    }
    const producerEpoch = known.producerEpoch + 1;
    this.#next.set(partitionKey(place), { ...known, producerEpoch, baseSequence: 0 });
  }

  /** The partition goes on under another producer id, which `open` asks for. */
  abandon(place: TopicPartition): void {
    this.#next.delete(partitionKey(place));
    this.#producer = undefined;
  }

  async #initialize(): Promise<void> {
    const answer = await this.#api.json<InitializedProducer>({
      method: 'POST',
      path: '/producers',
      json: {},
      retries: 0,
    });
    this.#producer = {
      producerId: BigInt(answer.producer_id),
      producerEpoch: answer.producer_epoch,
    };
  }
}
