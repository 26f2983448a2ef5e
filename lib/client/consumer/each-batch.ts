// Gives batches to `eachBatch`. What its handler did not resolve is given to it again: after a failure as the policy for
// failures says, else with the next turn of the partition.

import { pause } from '../backoff.ts';
import { errorOf } from '../errors.ts';
import type { KafkaMessage } from '../types.ts';
import type { PartitionLease } from './lease.ts';
import {
  batchOf,
  type EachBatchHandler,
  type EachBatchPayload,
  offsetsOf,
  topicOffsetsOf,
} from './payloads.ts';
import { isDealtWith, NO_HEARTBEAT, type Stay, type StayTools, settle } from './stay.ts';

export interface BatchTools extends StayTools {
  readonly eachBatchAutoResolve: boolean;
  readonly isRunning: () => boolean;
}

/** Pause before a batch of which the handler resolved nothing is given to it again. */
const NO_PROGRESS_PAUSE_MS = 100;

/** Throws to stop the consumer. */
export async function handleBatch(
  stay: Stay,
  handle: EachBatchHandler,
  tools: BatchTools,
): Promise<void> {
  const { lease, batch } = stay;
  const { tracker } = lease;
  for (const { offset } of batch.messages) tracker.begin(Number(offset));
  let left = batch.messages;
  for (let attempts = 1; left.length > 0 && !stay.shouldStop(); attempts += 1) {
    const { watermark } = tracker;
    const error = await attempt(stay, left, handle, tools);
    const hasProgress = tracker.watermark > watermark;
    if (error === undefined) {
      // What it left is given to it again, though not in a hot loop.
      if (!hasProgress) await pause(NO_PROGRESS_PAUSE_MS, lease.interruption);
      break;
    }
    left = unresolvedOf(lease, left);
    if (hasProgress) attempts = 1;
    if (await isDealtWith(stay, { error, attempts, messages: left }, tools)) {
      resolveAll(lease, left);
      break;
    }
  }
  settle(stay, unresolvedOf(lease, batch.messages));
}

/** The failure, or undefined. */
async function attempt(
  stay: Stay,
  messages: KafkaMessage[],
  handle: EachBatchHandler,
  tools: BatchTools,
): Promise<Error | undefined> {
  const { lease } = stay;
  try {
    const payload = payloadOf(stay, messages, tools);
    const { traced } = tools;
    if (traced === undefined) await handle(payload);
    else await traced(lease, messages, () => handle(payload));
  } catch (thrown) {
    return errorOf(thrown);
  }
  if (tools.eachBatchAutoResolve && !stay.isStale()) resolveAll(lease, messages);
  return undefined;
}

function payloadOf(stay: Stay, messages: KafkaMessage[], tools: BatchTools): EachBatchPayload {
  const { lease, batch, isStale } = stay;
  const { committer } = tools;
  if (tools.countsWhen === 'delivered') resolveAll(lease, messages);
  return {
    batch: batchOf(lease, messages, batch.highWatermark),
    resolveOffset: (offset) => {
      if (!isStale()) lease.tracker.completeThrough(Number(offset));
    },
    heartbeat: NO_HEARTBEAT,
    pause: () => tools.pause(lease),
    commitOffsetsIfNecessary: async (offsets) => {
      if (offsets === undefined) await committer.commitIfDue();
      else await committer.commit(offsetsOf(offsets.topics));
    },
    uncommittedOffsets: () => {
      const { topic, partition, tracker, isDirty } = lease;
      const offsets = isDirty ? [{ topic, partition, offset: String(tracker.watermark) }] : [];
      return { topics: topicOffsetsOf(offsets) };
    },
    isRunning: () => tools.isRunning() && lease.state === 'held',
    isStale,
  };
}

function resolveAll(lease: PartitionLease, messages: readonly KafkaMessage[]): void {
  const last = messages.at(-1);
  if (last !== undefined) lease.tracker.completeThrough(Number(last.offset));
}

function unresolvedOf({ tracker }: PartitionLease, messages: KafkaMessage[]): KafkaMessage[] {
  const last = messages.at(-1);
  if (last === undefined || Number(last.offset) < tracker.watermark) return [];
  return messages.filter(({ offset }) => Number(offset) >= tracker.watermark);
}
