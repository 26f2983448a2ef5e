// Transactions of the client against a real home over HTTP, while requests and answers get lost and processes die.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  httpTransport,
  type Producer,
  runExactlyOnce,
  Stratalog,
  StratalogConnectionError,
} from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  crashableClient,
  createTopic,
  keepingLogger,
  QUICK,
  quickClient,
  sendAll,
  waitUntil,
} from '../support/client.ts';
import { SeededRandom } from '../support/test-log.ts';

type Loss = 'request' | 'answer' | undefined;

let home: LocalHome;
let client: Stratalog;
let made = 0;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = quickClient(home.url);
});

afterAll(async () => {
  await client.close();
  await home.close();
});

const newTopic = (partitions = 2): Promise<string> => {
  made += 1;
  return createTopic(client, `transactions-${made}`, partitions);
};

async function newProducer(from = client, transactionalId = `id-${made}`): Promise<Producer> {
  const producer = from.producer({ transactionalId });
  await producer.connect();
  return producer;
}

async function valuesOf(topic: string, partition = 0): Promise<string[]> {
  const values: string[] = [];
  for await (const batch of client.read({ topic, partitions: [partition] })) {
    for (const { value } of batch.messages) values.push(String(value));
  }
  return values;
}

const one = (topic: string, value: string, partition = 0) => ({
  topic,
  messages: [{ value, partition }],
});

/** A client whose requests below a path meet these losses. */
function lossyClient(path: RegExp, lossOf: () => Loss): Stratalog {
  const transport = httpTransport({ endpoint: home.url });
  const lost = (): Error => new StratalogConnectionError('lost', { reason: 'broken' });
  return new Stratalog({
    logger: keepingLogger(),
    retry: { initialRetryTime: 1, maxRetryTime: 5, retries: 40 },
    transport: {
      ...transport,
      async send(request) {
        const loss = path.test(request.path) ? lossOf() : undefined;
        if (loss === 'request') throw lost();
        const response = await transport.send(request);
        if (loss === 'answer') throw lost();
        return response;
      },
    },
  });
}

describe('producer.transaction', () => {
  it('makes what it sent to several topics visible at its commit (atomic-transaction)', async () => {
    const [first, second] = [await newTopic(), await newTopic()];
    const producer = await newProducer();
    const transaction = await producer.transaction();
    const sent = await transaction.send({
      topic: first,
      messages: [
        { value: 'a', partition: 0 },
        { value: 'b', partition: 1 },
      ],
    });
    await transaction.sendBatch({
      topicMessages: [one(second, 'c'), one(first, 'd')],
      compression: 'gzip',
    });
    expect(sent).toEqual([
      { topicName: first, partition: 0, errorCode: 0, logAppendTime: '-1' },
      { topicName: first, partition: 1, errorCode: 0, logAppendTime: '-1' },
    ]);
    expect([transaction.isActive(), await valuesOf(first)]).toEqual([true, []]);
    await transaction.commit();
    expect(transaction.isActive()).toBe(false);
    expect([await valuesOf(first), await valuesOf(first, 1), await valuesOf(second)]).toEqual([
      ['a', 'd'],
      ['b'],
      ['c'],
    ]);
    await producer.disconnect();
  });

  it('makes nothing visible that it aborts, and begins the next one after it', async () => {
    const topic = await newTopic();
    const producer = await newProducer();
    const aborted = await producer.transaction();
    await aborted.send(one(topic, 'a'));
    await aborted.abort();
    const committed = await producer.transaction();
    await committed.send(one(topic, 'b'));
    await committed.commit();
    expect(await valuesOf(topic)).toEqual(['b']);
  });

  it('keeps the order of sends that nobody awaits (ordered)', async () => {
    const topic = await newTopic();
    const transaction = await (await newProducer()).transaction();
    const values = Array.from({ length: 20 }, (_, index) => `v${index}`);
    await Promise.all(values.map((value) => transaction.send(one(topic, value))));
    await transaction.commit();
    expect(await valuesOf(topic)).toEqual(values);
  });

  it('costs one request a send and one to commit', async () => {
    const topic = await newTopic();
    const producer = await newProducer();
    const paths: string[] = [];
    producer.on(producer.events.REQUEST, ({ payload }) =>
      paths.push(payload.path.split('?')[0] ?? ''),
    );
    for (let index = 0; index < 2; index += 1) {
      const transaction = await producer.transaction();
      await transaction.send(one(topic, 'a'));
      await transaction.commit();
    }
    const cycle = [`/transactions/id-${made}/records`, `/transactions/id-${made}/commit`];
    expect(paths).toEqual(['/producers', `/topics/${topic}`, ...cycle, ...cycle]);
  });

  it('sends more than one batch holds', async () => {
    const topic = await newTopic();
    const transaction = await (await newProducer()).transaction();
    const messages = Array.from({ length: 5 }, (_, index) => ({
      value: `${index}`.padEnd(400_000, '.'),
      partition: index % 2,
    }));
    await transaction.send({ topic, messages });
    await transaction.commit();
    expect((await valuesOf(topic)).map((value) => value[0])).toEqual(['0', '2', '4']);
    expect((await valuesOf(topic, 1)).map((value) => value[0])).toEqual(['1', '3']);
  });

  it('can only be aborted when something was not staged, and the next one is whole', async () => {
    const topic = await newTopic();
    const producer = await newProducer();
    const transaction = await producer.transaction();
    await transaction.send(one(topic, 'a'));
    await expect(transaction.send(one(topic, 'x'.repeat(1_200_000)))).rejects.toMatchObject({
      type: 'MESSAGE_TOO_LARGE',
    });
    await expect(transaction.send(one(topic, 'b'))).rejects.toThrow();
    await expect(transaction.commit()).rejects.toMatchObject({ reason: 'invalid-argument' });
    await transaction.abort();
    const next = await producer.transaction();
    await next.send(one(topic, 'c'));
    await next.commit();
    expect(await valuesOf(topic)).toEqual(['c']);
  });

  it('is fenced by another producer of its id; that one’s is committed (fenced)', async () => {
    const topic = await newTopic();
    const older = await newProducer();
    const newer = await newProducer();
    const fenced = await older.transaction();
    await fenced.send(one(topic, 'old'));
    const transaction = await newer.transaction();
    await transaction.send(one(topic, 'new'));
    await expect(fenced.commit()).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' });
    await fenced.abort();
    await transaction.commit();
    expect(await valuesOf(topic)).toEqual(['new']);
  });

  it('is one at a time, of a producer that has an id for it and sends nothing beside', async () => {
    const producer = await newProducer();
    const transaction = await producer.transaction();
    await expect(producer.transaction()).rejects.toMatchObject({ reason: 'invalid-argument' });
    await expect(producer.send(one('x', 'y'))).rejects.toMatchObject({
      reason: 'invalid-argument',
    });
    await transaction.abort();
    await expect(async () => await transaction.send(one('x', 'y'))).rejects.toThrow('has ended');
    const plain = client.producer();
    await plain.connect();
    await expect(plain.transaction()).rejects.toMatchObject({ reason: 'invalid-argument' });
  });

  it('that could not be aborted gives way to the next one, and nothing of it appears (atomic-transaction)', async () => {
    const topic = await newTopic();
    let isDown = false;
    const lossy = lossyClient(/^\/transactions\/[^/]+\/abort/, () =>
      isDown ? 'request' : undefined,
    );
    const producer = await newProducer(lossy);
    const lost = await producer.transaction();
    await lost.send(one(topic, 'lost'));
    isDown = true;
    await expect(producer.transaction()).rejects.toMatchObject({ reason: 'invalid-argument' });
    await expect(lost.abort()).rejects.toMatchObject({ reason: 'broken' });
    const next = await producer.transaction();
    expect(lost.isActive()).toBe(false);
    await next.send(one(topic, 'next'));
    await next.commit();
    expect(await valuesOf(topic)).toEqual(['next']);
  });

  it.each([1, 2, 3])(
    'is whole, once or never, whatever gets lost, seed %i (atomic-transaction, no-double-append)',
    async (seed) => {
      const topic = await newTopic();
      const random = new SeededRandom(seed);
      const lossy = lossyClient(/^\/(transactions|producers)/, () => {
        const [chance = 0] = random.randomBytes(1);
        if (chance < 50) return 'request';
        return chance < 110 ? 'answer' : undefined;
      });
      const producer = await newProducer(lossy);
      const expected: string[] = [];
      for (let index = 0; index < 30; index += 1) {
        const transaction = await producer.transaction();
        await transaction.send(one(topic, `a${index}`, 0));
        await transaction.send(one(topic, `a${index}`, 1));
        if (index % 3 === 0) {
          await transaction.abort();
        } else {
          await transaction.commit();
          expected.push(`a${index}`);
        }
      }
      expect(await valuesOf(topic)).toEqual(expected);
      expect(await valuesOf(topic, 1)).toEqual(expected);
    },
  );
});

describe('consume, transform, produce', () => {
  const doubled = async (
    from: Stratalog,
    place: { input: string; output: string; transactionalId: string },
  ) => {
    const groupId = `group-${place.input}`;
    const consumer = from.consumer({ ...QUICK, groupId, sessionTimeout: 1_500 });
    await consumer.connect();
    await consumer.subscribe({ topics: [place.input], fromBeginning: true });
    const producer = await newProducer(from, place.transactionalId);
    await runExactlyOnce({
      consumer,
      producer,
      handle: async (batch, transaction) => {
        const messages = batch.messages.map(({ key, value }) => ({ key, value: `${value}!` }));
        await transaction.send({ topic: place.output, messages });
      },
    });
    return consumer;
  };

  const numbers = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, index) => String(from + index));
  const outputsOf = async (output: string): Promise<string[]> =>
    (await Promise.all([0, 1].map((partition) => valuesOf(output, partition))))
      .flat()
      .sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10));
  const outputOf = (values: readonly string[]): string[] => values.map((value) => `${value}!`);

  it('handles every record once while answers get lost (atomic-transaction, no-double-append)', async () => {
    const [input, output] = [await newTopic(), await newTopic()];
    const values = numbers(60);
    await sendAll(
      client,
      input,
      values.map((value) => ({ key: value, value })),
    );
    const random = new SeededRandom(7);
    const lossy = lossyClient(/^\/transactions/, () => {
      const [chance = 0] = random.randomBytes(1);
      return chance < 60 ? 'answer' : undefined;
    });
    const consumer = await doubled(lossy, { input, output, transactionalId: `eos-${made}` });
    await waitUntil(async () => (await outputsOf(output)).length >= values.length);
    await sendAll(
      client,
      input,
      numbers(20, 60).map((value) => ({ key: value, value })),
    );
    await waitUntil(async () => (await outputsOf(output)).length >= 80);
    await consumer.disconnect();
    expect(await outputsOf(output)).toEqual(outputOf(numbers(80)));
  });

  it('handles every record once while processes die and others take over (atomic-transaction, one-owner)', async () => {
    const [input, output] = [await newTopic(), await newTopic()];
    const total = 400;
    for (let crash = 0; crash < 4; crash += 1) {
      const values = numbers(total / 4, (crash * total) / 4);
      await sendAll(
        client,
        input,
        values.map((value) => ({ key: value, value })),
      );
      const process = crashableClient(home.url);
      const transactionalId = `eos-${made}-${crash % 2}`;
      await doubled(process.client, { input, output, transactionalId });
      const target = crash * (total / 4) + 10;
      await waitUntil(async () => (await outputsOf(output)).length >= target);
      process.crash();
    }
    const last = await doubled(client, { input, output, transactionalId: `eos-${made}-2` });
    await waitUntil(async () => (await outputsOf(output)).length >= total);
    await last.disconnect();
    expect(await outputsOf(output)).toEqual(outputOf(numbers(total)));
  });

  it('does not do again what was committed when it hears that it was fenced instead (no-double-append, fenced)', async () => {
    const [input, output] = [await newTopic(1), await newTopic(1)];
    await sendAll(client, input, [{ value: 'a' }]);
    const transactionalId = `eos-${made}`;
    const transport = httpTransport({ endpoint: home.url });
    let commits = 0;
    const unlucky = new Stratalog({
      logger: keepingLogger(),
      retry: { initialRetryTime: 1 },
      transport: {
        ...transport,
        async send(request) {
          const answer = await transport.send(request);
          if (!request.path.endsWith('/commit') || ++commits > 1) return answer;
          // The answer is lost, and before it is asked for again somebody else has and has used the id.
          const other = await newProducer(client, transactionalId);
          const transaction = await other.transaction();
          await transaction.send(one(output, 'other'));
          await transaction.commit();
          throw new StratalogConnectionError('lost', { reason: 'broken' });
        },
      },
    });
    const consumer = await doubled(unlucky, { input, output, transactionalId });
    await sendAll(client, input, [{ value: 'b' }]);
    await waitUntil(async () => (await valuesOf(output)).includes('b!'));
    await consumer.disconnect();
    expect(await valuesOf(output)).toEqual(['a!', 'other', 'b!']);
  });

  it('undoes what a handler sent before it threw, and does it again', async () => {
    const [input, output] = [await newTopic(1), await newTopic(1)];
    await sendAll(client, input, [{ value: 'a' }]);
    const consumer = client.consumer({ ...QUICK, groupId: `group-${input}` });
    await consumer.connect();
    await consumer.subscribe({ topics: [input], fromBeginning: true });
    const producer = await newProducer();
    let tries = 0;
    await runExactlyOnce({
      consumer,
      producer,
      handle: async (_batch, transaction) => {
        tries += 1;
        await transaction.send(one(output, `try ${tries}`));
        if (tries === 1) throw new Error('not this time');
      },
    });
    await waitUntil(async () => (await valuesOf(output)).length > 0);
    await consumer.disconnect();
    expect(await valuesOf(output)).toEqual(['try 2']);
  });
});
