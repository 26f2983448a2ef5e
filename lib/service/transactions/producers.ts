// Producer ids: what makes a producer idempotent. A process takes some at a time from the one counter, and hands them
// out; an id is never handed out twice (`no-double-append`), and ids that a process leaves over are nobody's.

import { PRODUCER_IDS_PER_BLOCK } from '../../limits.ts';
import type { ProducerStore } from '../../ports/producer-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';

export interface ProducerPorts extends RetryPorts {
  readonly producers: ProducerStore;
}

export interface InitializedProducer {
  readonly kind: 'initialized';
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface ProducerService {
  /** An id that nobody has, at epoch 0. Throws StratalogError when the storage can't be asked. */
  initProducer(): Promise<InitializedProducer>;
}

export function createProducerService(ports: ProducerPorts): ProducerService {
  let next = 0n;
  let end = 0n;
  /** The block that is being fetched: who comes meanwhile waits for it too. */
  let fetching: Promise<void> | undefined;

  const fetchBlock = async (): Promise<void> => {
    const take = () => ports.producers.allocateProducerIds(PRODUCER_IDS_PER_BLOCK);
    next = await withRetries(ports, take, { repeatable: true });
    end = next + BigInt(PRODUCER_IDS_PER_BLOCK);
  };

  return {
    async initProducer() {
      while (next === end) {
        fetching ??= fetchBlock().finally(() => {
          fetching = undefined;
        });
        await fetching;
      }
      const producerId = next;
      next += 1n;
      return { kind: 'initialized', producerId, producerEpoch: 0 };
    },
  };
}
