// What waits in a producer, and for what: a flush for what was sent before it and nothing else, a send for its own
// questions and not for those of everyone before it.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpTransport, Stratalog, StratalogConnectionError } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { createTopic, quickClient } from '../support/client.ts';

let home: LocalHome;
let client: Stratalog;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = quickClient(home.url);
});

afterAll(async () => {
  await client.close();
  await home.close();
});

it('flush() ends though others go on sending', async () => {
  const topic = await createTopic(client, 'flushed', 2);
  const producer = client.producer({ linger: 20 });
  await producer.connect();
  let isOver = false;
  let isStored = false;
  const sender = async (): Promise<void> => {
    while (!isOver) await producer.send({ topic, messages: [{ value: 'and on' }] });
  };
  const senders = [sender(), sender(), sender()];
  const sent = producer.send({ topic, messages: [{ value: 'before' }] }).then(() => {
    isStored = true;
  });
  await producer.flush();
  isOver = true;
  await Promise.all([sent, ...senders]);
  expect(isStored).toBe(true);
  await producer.disconnect();
});

it('sends that wait for one answer fail with it, not one after the other', async () => {
  const transport = httpTransport({ endpoint: home.url });
  let questions = 0;
  const unreachable = new Stratalog({
    retry: { retries: 2, initialRetryTime: 1 },
    transport: {
      ...transport,
      async send() {
        questions += 1;
        throw new StratalogConnectionError('nobody there', { reason: 'broken' });
      },
    },
  });
  const producer = unreachable.producer();
  await producer.connect();
  const sends = Array.from({ length: 20 }, () =>
    producer.send({ topic: 'any', messages: [{ value: 'v' }] }),
  );
  const outcomes = await Promise.allSettled(sends);
  expect(outcomes.map(({ status }) => status)).toEqual(Array(20).fill('rejected'));
  expect(questions).toBe(3);
});
