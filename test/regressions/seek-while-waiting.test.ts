// A consumer that waited at the log for records behind a place, and was sent elsewhere by `seek`, went on waiting there: the
// records at the new place came only when the wait was over, and what was written meanwhile could be passed over by a
// seek behind the end, whose answer, from where to go on, came later than those records.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Consumer, Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  keepingLogger,
  numbered,
  quickClient,
  sendAll,
  untilSomebodyWaits,
  waitUntil,
} from '../support/client.ts';

/** The longest that the log lets a question wait. */
const WAIT_MS = 20_000;

let home: LocalHome;
let client: Stratalog;
const logger = keepingLogger();

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = quickClient(home.url, logger);
});

afterAll(async () => {
  await client.close();
  await home.close();
});

async function run(
  { topic, fromBeginning }: { readonly topic: string; readonly fromBeginning: boolean },
  values: string[],
): Promise<Consumer> {
  const consumer = client.consumer({ groupId: topic, lowLatency: true, maxWaitTimeInMs: WAIT_MS });
  await consumer.subscribe({ topic, fromBeginning });
  await consumer.run({
    eachMessage: async ({ message }) => void values.push(String(message.value)),
  });
  return consumer;
}

/** What must come true before a wait that began just now is over. */
async function soon(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: WAIT_MS - 2_000, interval: 10 }).toBe(true);
}

it('reads at the new place though it waits at the old one', async () => {
  const topic = await createTopic(client, 'seek-back', 1);
  await sendAll(client, topic, numbered(5));
  const values: string[] = [];
  const consumer = await run({ topic, fromBeginning: true }, values);
  await waitUntil(() => values.length === 5);
  await untilSomebodyWaits(home);
  consumer.seek({ topic, partition: 0, offset: '3' });
  await soon(() => values.length === 7);
  expect(values.slice(5)).toEqual(['3', '4']);
  await consumer.disconnect();
});

it('hears at once that a place is behind the end, and misses nothing from then on', async () => {
  const topic = await createTopic(client, 'seek-beyond', 1);
  await sendAll(client, topic, numbered(5));
  const values: string[] = [];
  const consumer = await run({ topic, fromBeginning: false }, values);
  await waitUntil(() => consumer.assignment().length === 1);
  await untilSomebodyWaits(home);
  consumer.seek({ topic, partition: 0, offset: '9999' });
  await soon(() => logger.lines.some((line) => line.includes('reading on from the latest offset')));
  await sendAll(client, topic, numbered(1, 5));
  await waitUntil(() => values.length === 1);
  expect(values).toEqual(['5']);
  await consumer.disconnect();
});
