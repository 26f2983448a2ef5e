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
import { freePort } from '../support/free-port.ts';

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
      await waitUntil(() => seen.size === 600, { what: 'all records' });
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
  it('finds its producers and consumers waiting, and nothing lost', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'stratalog-away-'));
    const port = await freePort();
    const first = await startLocalHome({ port, dataDirectory });
    const client = new Stratalog({
      endpoint: first.url,
      logger: keepingLogger(),
      retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 50 },
    });
    const topic = await createTopic(client, 'away', 2);
    const { consumer, values } = await startConsumer(client, [topic], {
      config: { ...QUICK, groupId: 'away' },
    });
    await sendAll(client, topic, numbered(20));
    await waitUntil(() => values.length === 20);
    await first.close();
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    const sent = producer.send({ topic, messages: numbered(20, 20) });
    await sleep(700);
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

/** While `isBusy` everything is turned away, as by a table that is throttled. */
function throttled(transport: Transport, isBusy: () => boolean): Transport {
  const body = { kafka_error: 'THROTTLING_QUOTA_EXCEEDED', kafka_error_code: 89, retriable: true };
  return {
    ...transport,
    async send(request) {
      if (!isBusy()) return transport.send(request);
      return { status: 503, headers: new Headers(), body: Buffer.from(JSON.stringify(body)) };
    },
  };
}

describe.concurrent('storage that is throttled', () => {
  it.each([
    ['for less than the session', 30_000],
    ['for longer than the session', 1_000],
  ])('%s: no consumer stops, nothing is lost', async (_, sessionTimeout) => {
    const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const calm = quickClient(home.url);
    const topic = await createTopic(calm, 'throttled', 2);
    let isBusy = false;
    const logger = keepingLogger();
    const client = new Stratalog({
      transport: throttled(httpTransport({ endpoint: home.url }), () => isBusy),
      logger,
      retry: { initialRetryTime: 20, maxRetryTime: 100, retries: 100 },
    });
    const crashes: Error[] = [];
    const { consumer, values } = await startConsumer(client, [topic], {
      config: { ...QUICK, groupId: 'throttled', sessionTimeout },
      run: { autoCommitThreshold: 1 },
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.error));
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    await producer.send({ topic, messages: numbered(20) });
    await waitUntil(() => values.length > 0);
    isBusy = true;
    const sent = producer.send({ topic, messages: numbered(20, 20) });
    await sleep(1_800);
    isBusy = false;
    await sent;
    await waitUntil(() => new Set(values).size === 40, { what: 'all records' });
    expect(crashes).toEqual([]);
    await consumer.disconnect();
    await producer.disconnect();
    const lags = await calm.admin().fetchLag('throttled');
    expect(lags.map(({ lag }) => lag)).toEqual([0, 0]);
    await home.close();
  });
});

/** Flips a byte of the first answers with records, this many. */
function flipping(transport: Transport, count: number): Transport {
  let left = count;
  return {
    ...transport,
    async send(request) {
      const response = await transport.send(request);
      const { body } = response;
      if (request.path !== '/fetch' || body.length < 200 || left === 0) return response;
      left -= 1;
      const flipped = Buffer.from(body);
      flipped.writeUInt8(flipped.readUInt8(body.length - 1) ^ 1, body.length - 1);
      return { ...response, body: flipped };
    },
  };
}

describe('bytes that are flipped on their way', () => {
  it.each([
    ['are fetched again', 2, 20, 0],
    ['stop the consumer aloud when they come again and again', 100, 0, 1],
  ])('%s', async (_, flips, handled, crashCount) => {
    const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const topic = await createTopic(quickClient(home.url), 'flipped', 1);
    await sendAll(quickClient(home.url), topic, numbered(20));
    const logger = keepingLogger();
    const client = new Stratalog({
      transport: flipping(httpTransport({ endpoint: home.url }), flips),
      logger,
    });
    const crashes: Error[] = [];
    const { consumer, values } = await startConsumer(client, [topic], {
      config: { groupId: 'flipped' },
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.error));
    await waitUntil(() => values.length === 20 || crashes.length > 0);
    expect([values.length, crashes.length]).toEqual([handled, crashCount]);
    expect(logger.lines.join()).toContain('CRC');
    await consumer.disconnect();
    await home.close();
  });
});

/** A process that is gone as soon as a path was answered: nothing of it reaches the log any more. */
function goneAfter(transport: Transport, path: RegExp): Transport {
  let isGone = false;
  return {
    ...transport,
    async send(request) {
      if (isGone) throw new Error('this process is dead');
      const response = await transport.send(request);
      isGone = path.test(request.path);
      return response;
    },
  };
}

describe('a process that is killed between its claim and its first fetch', () => {
  it('loses its partitions to the next, which reads everything', async () => {
    const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const calm = quickClient(home.url);
    const topic = await createTopic(calm, 'claimed', 2);
    await sendAll(calm, topic, numbered(20));
    const doomed = new Stratalog({
      transport: goneAfter(httpTransport({ endpoint: home.url }), /\/offsets\/claim$/),
      logger: keepingLogger(),
    });
    const first = await startConsumer(doomed, [topic], {
      config: { groupId: 'claimed', sessionTimeout: 1_000 },
    });
    await waitUntil(async () => {
      const { groups } = await calm.admin().describeGroups(['claimed']);
      return groups[0]?.members[0]?.assignment[0]?.partitions.length === 2;
    });
    const second = await startConsumer(calm, [topic], {
      // Twice a session somebody looks for the dead.
      config: { groupId: 'claimed', sessionTimeout: 3_000 },
    });
    await waitUntil(() => new Set(second.values).size === 20, { what: 'all records' });
    expect(first.values).toEqual([]);
    await second.consumer.disconnect();
    const lags = await calm.admin().fetchLag('claimed');
    expect(lags.map(({ lag }) => lag)).toEqual([0, 0]);
    await first.consumer.disconnect();
    await home.close();
  });
});

describe('two processes with one instance id', () => {
  it('the second waits aloud until the first is gone', async () => {
    const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    const logger = keepingLogger();
    const client = quickClient(home.url, logger);
    const topic = await createTopic(client, 'instances', 1);
    const config = { groupId: 'instances', groupInstanceId: 'the-one' };
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
