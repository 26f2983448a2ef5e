// At most one request of a consumer waits at the log, for all its partitions. One that was resumed, or assigned, while
// it waited was not among them, and had to wait until it ended: seconds, with `lowLatency`.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startLocalHome } from '../../lib/local/home.ts';
import { createTopic, quickClient, untilSomebodyWaits, waitUntil } from '../support/client.ts';

/** The longest that the log lets a question wait. */
const WAIT_MS = 20_000;

it('reads a partition that was resumed while it waited for another', async () => {
  const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  const client = quickClient(home.url);
  const topic = await createTopic(client, 'resumed', 2);
  const consumer = client.consumer({ groupId: topic, lowLatency: true, maxWaitTimeInMs: WAIT_MS });
  let fetches = 0;
  consumer.on(consumer.events.FETCH_START, () => {
    fetches += 1;
  });
  const values: string[] = [];
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => void values.push(String(message.value)),
  });
  const producer = client.producer({ linger: 0 });
  await producer.connect();
  const send = (value: string, partition: number) =>
    producer.send({ topic, messages: [{ value, partition }] });
  await send('a', 1);
  await expect.poll(() => values).toEqual(['a']);
  consumer.pause([{ topic, partitions: [1] }]);
  // Ends the wait for both: the next one is for the first alone.
  await send('b', 0);
  await expect.poll(() => values).toEqual(['a', 'b']);
  await untilSomebodyWaits(home);
  const waits = fetches;
  consumer.resume([{ topic, partitions: [1] }]);
  await waitUntil(() => fetches > waits);
  await untilSomebodyWaits(home);
  const before = fetches;
  await send('c', 1);
  await expect.poll(() => values, { timeout: WAIT_MS - 2_000 }).toEqual(['a', 'b', 'c']);
  await sleep(200);
  // The wait that brought it, and the next: nothing is asked again and again.
  expect(fetches - before).toBeLessThanOrEqual(2);
  await producer.disconnect();
  await consumer.disconnect();
  await home.close();
});
