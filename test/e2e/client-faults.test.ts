// Producers and consumers while requests and answers get lost, and while the server is away.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  httpTransport,
  Stratalog,
  StratalogConnectionError,
  type Transport,
} from '../../lib/index.ts';
import { startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  keepingLogger,
  numbered,
  QUICK,
  quickClient,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Loses one request in ten before it arrives, and one answer in ten. */
function lossy(transport: Transport, chance: () => number): Transport {
  const broken = (): StratalogConnectionError =>
    new StratalogConnectionError('lost', { reason: 'broken' });
  return {
    ...transport,
    async send(request) {
      const fate = chance();
      if (fate < 0.1) throw broken();
      const response = await transport.send(request);
      if (fate < 0.2) throw broken();
      return response;
    },
  };
}

describe('a network that loses requests and answers', () => {
  it.each([1, 2, 3])(
    'seed %i: every record is handled, no consumer stops, keys keep their order',
    { timeout: 60_000 },
    async (seed) => {
      const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
      const calm = quickClient(home.url);
      const topic = await createTopic(calm, 'lossy', 4);
      const chance = seeded(seed);
      const clientOf = (): Stratalog =>
        new Stratalog({
          transport: lossy(httpTransport({ endpoint: home.url }), chance),
          logger: keepingLogger(),
          retry: { initialRetryTime: 5, retries: 20 },
        });
      const crashes: Error[] = [];
      const firsts = new Map<string, number[]>();
      const seen = new Set<string>();
      const consumers = await Promise.all(
        [1, 2, 3].map(async () => {
          const { consumer } = await startConsumer(clientOf(), [topic], {
            config: { groupId: 'lossy', heartbeatInterval: 50 },
            run: {
              autoCommitInterval: 50,
              partitionsConsumedConcurrently: 2,
              eachMessage: async ({ message }) => {
                const value = String(message.value);
                if (seen.has(value)) return;
                seen.add(value);
                const key = String(message.key);
                firsts.set(key, [...(firsts.get(key) ?? []), Number(value)]);
              },
            },
          });
          consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.error));
          return consumer;
        }),
      );
      const producer = clientOf().producer({ linger: 1 });
      await producer.connect();
      for (let from = 0; from < 600; from += 20) {
        await producer.send({ topic, messages: numbered(20, from) });
      }
      await producer.disconnect();
      await waitUntil(() => seen.size === 600, { timeoutMs: 40_000, what: 'all records' });
      expect(crashes).toEqual([]);
      for (const [key, numbers] of firsts) {
        expect(numbers, key).toEqual(numbers.toSorted((left, right) => left - right));
      }
      await Promise.all(consumers.map((consumer) => consumer.disconnect()));
      const lags = await calm.admin().fetchLag('lossy');
      expect(lags.every(({ lag }) => lag >= 0)).toBe(true);
      await home.close();
    },
  );
});

describe('a server that goes away and comes back', () => {
  it('finds its producers and consumers waiting, and nothing lost', {
    timeout: 60_000,
  }, async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'stratalog-away-'));
    const first = await startLocalHome({ port: 0, dataDirectory });
    const client = new Stratalog({
      endpoint: first.url,
      logger: keepingLogger(),
      retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 50 },
    });
    const topic = await createTopic(client, 'away', 2);
    const { consumer, values } = await startConsumer(client, [topic], {
      config: { ...QUICK, groupId: 'away', sessionTimeout: 5_000 },
    });
    await sendAll(client, topic, numbered(20));
    await waitUntil(() => values.length === 20);
    await first.close();
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    const sent = producer.send({ topic, messages: numbered(20, 20) });
    await sleep(700);
    const port = Number(new URL(first.url).port);
    const second = await startLocalHome({ port, dataDirectory });
    await sent;
    await producer.disconnect();
    await waitUntil(() => values.length >= 40);
    await consumer.disconnect();
    expect(values.map(Number).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 40 }, (_, index) => index),
    );
    await second.close();
    await rm(dataDirectory, { recursive: true });
  });
});

describe('two processes with one instance id', () => {
  it('the second waits aloud until the first is gone', { timeout: 30_000 }, async () => {
    const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const logger = keepingLogger();
    const client = quickClient(home.url, logger);
    const topic = await createTopic(client, 'instances', 1);
    const config = { groupId: 'instances', groupInstanceId: 'the-one', sessionTimeout: 1_500 };
    const first = await startConsumer(client, [topic], { config });
    const second = startConsumer(client, [topic], { config });
    await waitUntil(() => logger.lines.some((line) => line.includes('the-one')));
    expect(first.consumer.assignment()).toEqual([{ topic, partitions: [0] }]);
    await first.consumer.disconnect();
    const { consumer } = await second;
    await waitUntil(() => consumer.assignment().length === 1);
    await consumer.disconnect();
    await home.close();
  });
});
