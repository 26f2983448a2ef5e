// States of idempotent producers on their way out of a partition's head and back. One method is one storage request;
// reads are strongly consistent. Failures as in partition-store.

import type { PartitionKey } from '../log/keys.ts';
import type { Head, ProducerState } from '../log/partition.ts';
import type { KnownProducer } from '../log/producer-states.ts';

export interface ProducerStateStore {
  /**
   * A state that was put outside the head: undefined when there is none, or when it was put PRODUCER_EXPIRATION_MS ago
   * by the storage's clock. It may be an old one: what counts is the head's, where it has one.
   */
  readProducer(partition: PartitionKey, producerId: bigint): Promise<ProducerState | undefined>;

  /**
   * Puts a state outside the head, for PRODUCER_EXPIRATION_MS from now on, on the condition that none is there with a
   * larger last offset: one that slept can't put an old state over a newer one ✗. `newer`: there is, nothing changed.
   */
  putProducer(partition: PartitionKey, producer: KnownProducer): Promise<'put' | 'newer'>;

  /**
   * Takes states out of the head and raises `evictions` by 1, all or none, on the condition that each producer's last
   * offset is still the one given: no later batch is forgotten ✗. 1 to PRODUCERS_PER_EVICTION_MAX producers.
   * `changed`: nothing was done; `head` is what stands (undefined: there is no such head).
   */
  removeProducers(
    partition: PartitionKey,
    producers: readonly Pick<KnownProducer, 'producerId' | 'lastOffset'>[],
  ): Promise<
    | { readonly kind: 'removed'; readonly head: Head }
    | { readonly kind: 'changed'; readonly head: Head | undefined }
  >;
}
