// Members of groups: one that commits what it handled by itself, and an exactly-once pipeline that copies a topic.

import { once } from 'node:events';
import { type Consumer, runExactlyOnce, type Stratalog } from '../../../../lib/index.ts';
import { pipelineWriter, recordId } from '../history.ts';
import { groupOf, SESSION_TIMEOUT_MS } from '../worker-settings.ts';
import { type Actor, below, clientOf, outcomeOf, pause, tellTrouble } from './actor.ts';

const RETRIES = 4;
const THINK_MS = 20;
const COMMIT_TRIES = 20;
const COMMIT_PAUSE_MS = 250;

export async function runConsumer(actor: Actor): Promise<void> {
  const { settings, history, ending } = actor;
  const { prefix, topics } = settings;
  const client = clientOf(actor, RETRIES);
  const group = groupOf(prefix, 'consumer');
  const consumer = await subscribed(client, group, [topics.records, topics.transfers]);
  const crashed = crashOf(actor, consumer);
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      const { topic, partition } = batch;
      const [first, next] = [Number(batch.firstOffset()), Number(batch.lastOffset()) + 1];
      const place = `${topic}/${partition}`;
      await pause(below(THINK_MS), ending);
      history.write({ kind: 'handled', group, place, first, next });
      // Now and then nothing is committed: whoever comes next gets these again.
      if (batch.offsetLag() !== '0' && below(10) === 0) return;
      await commitOffset(actor, consumer, { topic, partition, offset: String(next) });
    },
  });
  await finish(actor, { client, consumer, crashed });
}

/** A refusal is the end of it: the partition is somebody else's. */
async function commitOffset(
  actor: Actor,
  consumer: Consumer,
  offset: { readonly topic: string; readonly partition: number; readonly offset: string },
): Promise<void> {
  for (let tries = 1; tries <= COMMIT_TRIES && !actor.ending.aborted; tries += 1) {
    try {
      await consumer.commitOffsets([offset]);
      return;
    } catch (error) {
      tellTrouble(actor, error);
      if (outcomeOf(error) === 'refused') return;
      await pause(COMMIT_PAUSE_MS, actor.ending);
    }
  }
}

export async function runPipeline(actor: Actor): Promise<void> {
  const { settings } = actor;
  const { prefix, slot, topics, partitionCount } = settings;
  const client = clientOf(actor, RETRIES);
  const consumer = await subscribed(client, groupOf(prefix, 'pipeline'), [topics.records]);
  const crashed = crashOf(actor, consumer);
  const transactionalId = `${prefix}-${slot}`;
  const producer = client.producer({ transactionalId, transactionTimeout: 20_000 });
  await producer.connect();
  await runExactlyOnce({
    consumer,
    producer,
    handle: async ({ topic, partition, messages }, transaction) => {
      const writer = pipelineWriter(`${topic}/${partition}`);
      const copies = messages.map(({ offset }) => ({
        partition: below(partitionCount),
        value: `${recordId(writer, Number(offset))} `,
      }));
      await transaction.send({ topic: topics.copies, messages: copies });
    },
  });
  await finish(actor, { client, consumer, crashed });
}

async function subscribed(
  client: Stratalog,
  groupId: string,
  topics: readonly string[],
): Promise<Consumer> {
  const consumer = client.consumer({
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: 4 * SESSION_TIMEOUT_MS,
    idleBackoff: 500,
    maxBytesPerPartition: 64 * 1_024,
    failurePolicy: { retry: { retries: 2, initialRetryTime: 100 } },
  });
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  return consumer;
}

/** A consumer that gives up ends its process; the crew starts another. */
function crashOf(actor: Actor, consumer: Consumer): AbortSignal {
  const controller = new AbortController();
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    tellTrouble(actor, payload.error);
    controller.abort();
  });
  return controller.signal;
}

interface Running {
  readonly client: Stratalog;
  readonly consumer: Consumer;
  readonly crashed: AbortSignal;
}

async function finish({ ending }: Actor, { client, consumer, crashed }: Running): Promise<void> {
  const end = AbortSignal.any([ending, crashed]);
  if (!end.aborted) await once(end, 'abort');
  await consumer.disconnect();
  await client.close();
}
