// platformatic/kafka #326: twenty sends at once from one idempotent producer were all acknowledged with the same offset,
// and one record was in the log. Their batches carried the same sequence number, so that the broker took nineteen for
// repetitions of the first.
//
// Here a sequence number is given when a batch is formed, and a partition has one batch under way at a time.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Producer, Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { createTopic, quickClient } from '../support/client.ts';

const SENDS = 20;

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

async function valuesOf(topic: string): Promise<string[]> {
  const values: string[] = [];
  for await (const batch of client.read({ topic })) {
    for (const { value } of batch.messages) values.push(String(value));
  }
  return values;
}

async function sendAtOnce(producer: Producer, topic: string): Promise<string[]> {
  await producer.connect();
  const sent = await Promise.all(
    Array.from({ length: SENDS }, (_, index) =>
      producer.send({ topic, messages: [{ value: `v${index}` }] }),
    ),
  );
  await producer.disconnect();
  return sent.map(([metadata]) => metadata?.baseOffset ?? 'none');
}

describe('twenty concurrent sends of one idempotent producer', () => {
  it.each([
    ['gathered into requests', {}],
    ['each in a request of its own', { linger: 0, batchBytes: 1, maxInFlightRequests: 20 }],
    ['without waiting', { lowLatency: true }],
  ])(
    '%s have twenty distinct offsets, in order (no-double-append, ordered)',
    async (_how, config) => {
      const topic = await createTopic(client, `concurrent-${Object.keys(config).length}`, 1);
      const offsets = await sendAtOnce(client.producer(config), topic);
      expect(offsets).toEqual(Array.from({ length: SENDS }, (_, index) => String(index)));
      expect(await valuesOf(topic)).toEqual(
        Array.from({ length: SENDS }, (_, index) => `v${index}`),
      );
    },
  );
});
