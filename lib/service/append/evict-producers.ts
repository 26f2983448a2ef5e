// Moving the states of idle producers out of a head.
//
// Order, and why:
// 1. Put each state beside the index, where it gives way to a newer one (`no-double-append`: before a state is gone
//    from the head, it can be found outside).
// 2. Take those states out of the head, on the condition that each is still the one that was put, and raise
//    `evictions`, so that whoever has read outside before must read again.
// Dying between the two leaves states outside that nobody reads, because the head has them; the next eviction puts
// newer ones over them.
//
// Nothing depends on this being done now: an eviction that fails is left to the next append.

import { StratalogError } from '../../errors.ts';
import { EVICTION_ATTEMPTS_MAX } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import type { Head } from '../../log/partition.ts';
import { idleProducers } from '../../log/producer-states.ts';
import type { ProducerStateStore } from '../../ports/producer-state-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';

export interface EvictionPorts extends RetryPorts {
  readonly partitions: ProducerStateStore;
}

/** Moves the states of idle producers out of the head that stands. Never fails. */
export async function evictProducers(
  ports: EvictionPorts,
  partition: PartitionKey,
  head: Head,
): Promise<void> {
  try {
    let standing: Head | undefined = head;
    for (let attempt = 1; attempt <= EVICTION_ATTEMPTS_MAX; attempt += 1) {
      standing = await evictOnce(ports, partition, standing);
      if (standing === undefined) return;
    }
  } catch (error) {
    // The append is committed whatever became of this; the states stay in the head until the next one.
    if (!(error instanceof StratalogError)) throw error;
  }
}

/** Undefined when it is done; else the head that stands, in which a producer has come back meanwhile. */
async function evictOnce(
  ports: EvictionPorts,
  partition: PartitionKey,
  head: Head,
): Promise<Head | undefined> {
  const idle = idleProducers(head);
  if (idle.length === 0) return undefined;
  await Promise.all(
    idle.map((producer) =>
      withRetries(ports, () => ports.partitions.putProducer(partition, producer), {
        repeatable: true,
      }),
    ),
  );
  const outcome = await withRetries(ports, () => ports.partitions.removeProducers(partition, idle));
  return outcome.kind === 'removed' ? undefined : outcome.head;
}
