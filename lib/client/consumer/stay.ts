// One stay of a batch with its handlers, and what becomes of those that fail. What the two kinds of handlers share:
// each-message.ts and each-batch.ts.

import { pause } from '../backoff.ts';
import { errorOf, StratalogHandlerError } from '../errors.ts';
import type { KafkaMessage } from '../types.ts';
import type { Committer } from './committer.ts';
import { type FailurePolicy, judgeFailure } from './failure-policy.ts';
import type { FetchedBatch, PartitionLease } from './lease.ts';

export interface Stay {
  readonly lease: PartitionLease;
  readonly batch: FetchedBatch;
  /** No further record of it may be begun. */
  readonly shouldStop: () => boolean;
  /** A seek or another owner has made it void: nothing handled from now on counts. */
  readonly isStale: () => boolean;
}

/** What handling needs of the consumer. */
export interface StayTools {
  readonly committer: Committer;
  readonly failurePolicy: FailurePolicy;
  readonly countsWhen: 'handled' | 'delivered';
  readonly pause: (lease: PartitionLease) => () => void;
  readonly putAside: (
    lease: PartitionLease,
    letter: { topic: string; messages: readonly KafkaMessage[]; error: Error; attempts: number },
  ) => Promise<void>;
  /** Runs a handler of these messages within a span; left out where nobody traces. */
  readonly traced:
    | ((
        lease: PartitionLease,
        messages: readonly KafkaMessage[],
        work: () => Promise<void>,
      ) => Promise<void>)
    | undefined;
  readonly warn: (message: string) => void;
}

export interface Failure {
  readonly error: Error;
  /** Tries of the same records so far. */
  readonly attempts: number;
  readonly messages: readonly KafkaMessage[];
}

/** Heartbeats go by a timer. */
export const NO_HEARTBEAT = async (): Promise<void> => undefined;

/** True: the records count as handled. False: try again, after the pause that is over by now. Throws to stop the consumer. */
export async function isDealtWith(
  stay: Stay,
  { error, attempts, messages }: Failure,
  tools: StayTools,
): Promise<boolean> {
  if (stay.shouldStop() || messages.length === 0) return false;
  const { lease } = stay;
  const verdict = judgeFailure(tools.failurePolicy, {
    topic: lease.topic,
    attempts,
    chance: Math.random(),
  });
  const what = `handling ${lease.key} at offset ${messages[0]?.offset} failed (try ${attempts})`;
  switch (verdict.kind) {
    case 'again':
      await pause(verdict.waitMs, lease.interruption);
      return false;
    case 'stop':
      throw new StratalogHandlerError(`${what}: ${error.message}`, {
        cause: error,
        retryCount: attempts - 1,
      });
    case 'skip':
      tools.warn(`${what}; skipped ${messages.length}: ${error.message}`);
      return true;
    case 'dead-letter': {
      const topic = verdict.deadLetterTopic;
      try {
        await tools.putAside(lease, { topic, messages, error, attempts });
      } catch (thrown) {
        throw notPutAside(`${what}: ${error.message}`, { topic, attempts, thrown });
      }
      tools.warn(`${what}; put ${messages.length} into ${topic}: ${error.message}`);
      return true;
    }
  }
}

function notPutAside(
  what: string,
  { topic, attempts, thrown }: { topic: string; attempts: number; thrown: unknown },
): StratalogHandlerError {
  const cause = errorOf(thrown);
  const message = `${what}; putting it into ${topic} failed as well: ${cause.message}`;
  return new StratalogHandlerError(message, { cause, retryCount: attempts - 1 });
}

/** What is left of a batch stays at the head of the queue. */
export function settle({ lease, batch, isStale }: Stay, left: KafkaMessage[]): void {
  if (isStale()) return;
  lease.tracker.abandon();
  batch.messages = left;
  if (left.length === 0 && lease.firstBatch === batch) lease.dropFirstBatch();
}
