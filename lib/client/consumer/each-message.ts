// Gives the messages of a batch to `eachMessage`: one after the other, or several at a time, those with the same key in
// their order. The one after the other is what every record passes through, so it allocates and awaits no more than the
// handler itself asks for.

import { errorOf } from '../errors.ts';
import type { KafkaMessage } from '../types.ts';
import { runInLanes } from './lanes.ts';
import type { EachMessageHandler, EachMessagePayload } from './payloads.ts';
import { isDealtWith, NO_HEARTBEAT, type Stay, type StayTools, settle } from './stay.ts';

export interface MessageTools extends StayTools {
  /** At least 1. */
  readonly concurrencyByKey: number;
}

/** Throws to stop the consumer. */
export function handleMessages(
  stay: Stay,
  handle: EachMessageHandler,
  tools: MessageTools,
): Promise<void> {
  return tools.concurrencyByKey > 1
    ? handleInLanes(stay, handle, tools)
    : handleInOrder(stay, handle, tools);
}

async function handleInOrder(
  stay: Stay,
  handle: EachMessageHandler,
  tools: MessageTools,
): Promise<void> {
  const { lease, batch, shouldStop } = stay;
  const { tracker } = lease;
  const { messages } = batch;
  const isCountedFirst = tools.countsWhen === 'delivered';
  const { attempt, recover } = deliveryOf(stay, handle, tools);
  let count = 0;
  try {
    for (const message of messages) {
      if (shouldStop()) return;
      const offset = Number(message.offset);
      if (isCountedFirst) {
        tracker.completeThrough(offset);
        await tools.committer.commitIfDue();
      }
      try {
        await attempt(message);
      } catch (thrown) {
        const isDone = await recover(message, thrown);
        if (!isDone && !isCountedFirst) return;
      }
      count += 1;
      tracker.completeThrough(offset);
      const commit = tools.committer.commitInPassing();
      if (commit !== undefined) await commit;
    }
  } finally {
    settle(stay, messages.slice(count));
  }
}

async function handleInLanes(
  stay: Stay,
  handle: EachMessageHandler,
  tools: MessageTools,
): Promise<void> {
  const { batch, shouldStop } = stay;
  const { tracker } = stay.lease;
  const isCountedFirst = tools.countsWhen === 'delivered';
  const { attempt, recover } = deliveryOf(stay, handle, tools);
  const deliver = async (message: KafkaMessage): Promise<boolean> => {
    try {
      await attempt(message);
      return true;
    } catch (thrown) {
      return await recover(message, thrown);
    }
  };
  const handled = new Set<KafkaMessage>();
  for (const { offset } of batch.messages) tracker.begin(Number(offset));
  const options = {
    concurrency: tools.concurrencyByKey,
    keyOf: ({ key }: KafkaMessage) => key?.toString('latin1'),
    shouldStop,
  };
  try {
    await runInLanes(batch.messages, options, async (message) => {
      if (isCountedFirst) {
        tracker.complete(Number(message.offset));
        await tools.committer.commitIfDue();
      }
      if (!(await deliver(message)) && !isCountedFirst) return;
      handled.add(message);
      tracker.complete(Number(message.offset));
      await tools.committer.commitInPassing();
    });
  } finally {
    settle(
      stay,
      batch.messages.filter((message) => !handled.has(message)),
    );
  }
}

interface Delivery {
  readonly attempt: (message: KafkaMessage) => Promise<void>;
  /** After a failed attempt. False: it was not handled, and will be delivered again when there is somebody to. */
  readonly recover: (message: KafkaMessage, thrown: unknown) => Promise<boolean>;
}

function deliveryOf(stay: Stay, handle: EachMessageHandler, tools: MessageTools): Delivery {
  const { topic, partition } = stay.lease;
  const { traced } = tools;
  const heartbeat = NO_HEARTBEAT;
  const pause = (): (() => void) => tools.pause(stay.lease);
  const attempt = (message: KafkaMessage): Promise<void> => {
    const payload: EachMessagePayload = { topic, partition, message, heartbeat, pause };
    if (traced === undefined) return handle(payload);
    return traced(stay.lease, [message], () => handle(payload));
  };
  const recover = async (message: KafkaMessage, thrown: unknown): Promise<boolean> => {
    let error = errorOf(thrown);
    for (let attempts = 1; ; attempts += 1) {
      if (await isDealtWith(stay, { error, attempts, messages: [message] }, tools)) return true;
      if (stay.shouldStop()) return false;
      try {
        await attempt(message);
        return true;
      } catch (again) {
        error = errorOf(again);
      }
    }
  };
  return { attempt, recover };
}
