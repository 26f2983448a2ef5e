// Consume, transform, produce, exactly once from end to end: what a handler sends for a batch, and the offset behind that
// batch, become visible together or never. Whoever dies, is fenced or loses the partition on the way leaves nothing
// behind, and the batch is handled again by its next owner.

import { isTransient, pause } from './backoff.ts';
import type { Consumer } from './consumer/consumer.ts';
import type { Batch } from './consumer/payloads.ts';
import { StratalogClientError } from './errors.ts';
import type { Producer } from './producer.ts';
import type { GroupMetadata, Transaction } from './transaction.ts';
import { partitionKey } from './types.ts';

const COMMIT_PAUSE_MS = 500;

export interface ExactlyOnce {
  /** Subscribed and not running yet. */
  readonly consumer: Consumer;
  /** Connected, with a transactionalId that no other running process has. */
  readonly producer: Producer;
  /** Sends what it makes of a batch in the transaction, and nowhere else. What it throws undoes the transaction. */
  handle(batch: Batch, transaction: Transaction): Promise<void>;
}

/** Runs the consumer, a batch at a time. Its failure policy says what becomes of batches that fail. */
export async function runExactlyOnce({ consumer, producer, handle }: ExactlyOnce): Promise<void> {
  /** Partitions of which a batch failed: its commit may have taken effect though its answer said otherwise, or nothing. */
  const unsure = new Set<string>();
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 1,
    eachBatch: async ({ batch, resolveOffset, isRunning }) => {
      const key = partitionKey(batch);
      if (unsure.has(key)) {
        const committed = (await consumer.committedOffset(batch)) ?? 0;
        unsure.delete(key);
        // What is committed is handled; the rest comes again.
        if (committed > Number(batch.firstOffset())) return resolveOffset(String(committed - 1));
      }
      const member = memberOf(consumer);
      const transaction = await producer.transaction();
      try {
        await handle(batch, transaction);
        await transaction.sendOffsets(offsetsBehind(batch, member));
        await commitForSure(transaction, isRunning);
      } catch (error) {
        unsure.add(key);
        // What can't be aborted now is aborted by whatever begins the next transaction.
        await transaction.abort().catch(() => undefined);
        throw error;
      }
      resolveOffset(batch.lastOffset());
    },
  });
}

function memberOf(consumer: Consumer): GroupMetadata {
  const member = consumer.groupMetadata();
  if (member !== undefined) return member;
  throw new StratalogClientError('partition-lost', 'the consumer is in no group just now');
}

function offsetsBehind(batch: Batch, groupMetadata: GroupMetadata) {
  const { topic, partition } = batch;
  const offset = String(Number(batch.lastOffset()) + 1);
  const topics = [{ topic, partitions: [{ partition, offset }] }];
  return { consumerGroupId: groupMetadata.groupId, topics, groupMetadata };
}

/** A batch must not be handled again that may be committed: asks until the log says what became of it. */
async function commitForSure(transaction: Transaction, isRunning: () => boolean): Promise<void> {
  for (;;) {
    try {
      await transaction.commit();
      return;
    } catch (error) {
      if (!isTransient(error) || !isRunning()) throw error;
      await pause(COMMIT_PAUSE_MS);
    }
  }
}
