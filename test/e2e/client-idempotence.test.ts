// A producer whose requests and answers get lost, against a real home over HTTP: every record once, in order.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  httpTransport,
  type Message,
  type ProducerConfig,
  Stratalog,
  StratalogConnectionError,
} from '../../lib/index.ts';
import { TAIL_ENTRIES_ROLL } from '../../lib/limits.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { createTopic, keepingLogger, quickClient, sendAll } from '../support/client.ts';
import { batchOf, SeededRandom } from '../support/test-log.ts';

type Loss = 'request' | 'answer' | undefined;

let home: LocalHome;
let steady: Stratalog;
let made = 0;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  steady = quickClient(home.url);
});

afterAll(async () => {
  await steady.close();
  await home.close();
});

const newTopic = (partitions = 1): Promise<string> => {
  made += 1;
  return createTopic(steady, `idempotence-${made}`, partitions);
};

/** A client whose produce requests meet these losses. */
function lossyClient(lossOf: () => Loss, retries = 30): Stratalog {
  const transport = httpTransport({ endpoint: home.url });
  const lost = (): Error => new StratalogConnectionError('lost', { reason: 'broken' });
  return new Stratalog({
    logger: keepingLogger(),
    retry: { initialRetryTime: 1, maxRetryTime: 5, retries },
    transport: {
      ...transport,
      async send(request) {
        const isProduce = request.path.startsWith('/records');
        const loss = isProduce ? lossOf() : undefined;
        if (loss === 'request') throw lost();
        const response = await transport.send(request);
        if (loss === 'answer') throw lost();
        return response;
      },
    },
  });
}

function losses(...planned: readonly Loss[]): () => Loss {
  const left = [...planned];
  return () => left.shift();
}

async function produce(
  client: Stratalog,
  config: ProducerConfig,
  sends: readonly { readonly topic: string; readonly messages: readonly Message[] }[],
): Promise<(string | undefined)[]> {
  const producer = client.producer(config);
  await producer.connect();
  const sent = await Promise.all(sends.map((send) => producer.send(send)));
  await producer.disconnect();
  return sent.flat().map(({ baseOffset }) => baseOffset);
}

async function valuesOf(topic: string, partition = 0): Promise<string[]> {
  const values: string[] = [];
  for await (const batch of steady.read({ topic, partitions: [partition] })) {
    for (const { value } of batch.messages) values.push(String(value));
  }
  return values;
}

const one = (topic: string, value: string, partition = 0) => ({
  topic,
  messages: [{ value, partition }],
});

const ALONE: ProducerConfig = { linger: 0, batchBytes: 1 };

describe('a producer whose answers get lost', () => {
  it.each([1, 2, 3])(
    'stores every record once, in order, seed %i (no-double-append, ordered)',
    async (seed) => {
      const topic = await newTopic(3);
      const random = new SeededRandom(seed);
      const client = lossyClient(() => {
        const [chance = 0] = random.randomBytes(1);
        if (chance < 50) return 'request';
        return chance < 120 ? 'answer' : undefined;
      });
      const sends = Array.from({ length: 120 }, (_, index) => one(topic, `v${index}`, index % 3));
      const offsets = await produce(client, { linger: 1, batchBytes: 300 }, sends);
      for (const partition of [0, 1, 2]) {
        const own = Array.from({ length: 40 }, (_, index) => index * 3 + partition);
        expect(await valuesOf(topic, partition)).toEqual(own.map((index) => `v${index}`));
        expect(own.map((index) => offsets[index])).toEqual(own.map((_, index) => String(index)));
      }
    },
  );

  it('that is not idempotent stores a record again: it is the numbers that prevent it', async () => {
    const topic = await newTopic();
    const client = lossyClient(losses('answer'));
    await produce(client, { ...ALONE, idempotent: false }, [one(topic, 'a')]);
    expect(await valuesOf(topic)).toEqual(['a', 'a']);
  });

  it('goes on in order after a send of which nobody knows what became of it (ordered)', async () => {
    const topic = await newTopic();
    const client = lossyClient(losses(undefined, 'answer', 'answer', 'request', 'request'), 1);
    const producer = client.producer(ALONE);
    await producer.connect();
    const send = (value: string) => producer.send(one(topic, value));
    const sent = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map(send));
    expect(sent.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    await producer.disconnect();
    expect(await valuesOf(topic)).toEqual(['a', 'b', 'd', 'e']);
  });
});

describe('an idempotent producer', () => {
  it('goes on where its topic is a new one, which knows nothing of its sequence', async () => {
    const topic = await newTopic();
    const producer = steady.producer(ALONE);
    await producer.connect();
    for (const value of ['a', 'b']) await producer.send(one(topic, value));
    await steady.admin().deleteTopics({ topics: [topic] });
    await createTopic(steady, topic, 1);
    await producer.send(one(topic, 'c'));
    await producer.send(one(topic, 'd'));
    await producer.disconnect();
    expect(await valuesOf(topic)).toEqual(['c', 'd']);
  });

  it('breaks a batch that the topic finds too large, whatever gets lost, and keeps its order (no-double-append)', async () => {
    const topic = await newTopic();
    await steady.admin().alterConfigs({
      resources: [
        {
          type: 2,
          name: topic,
          configEntries: [{ name: 'max.message.bytes', value: '1000' }],
        },
      ],
    });
    const client = lossyClient(losses(undefined, 'answer', undefined, 'request', 'answer'));
    const values = Array.from({ length: 30 }, (_, index) => `${index}`.padEnd(100, '.'));
    const messages = values.map((value) => ({ value, partition: 0 }));
    const offsets = await produce(client, {}, [
      { topic, messages: messages.slice(0, 20) },
      { topic, messages: messages.slice(20) },
    ]);
    expect(offsets).toEqual(['0', '20']);
    expect(await valuesOf(topic)).toEqual(values);
  });

  it('fails only the send that can never be stored, and uses its numbers for the next (ordered)', async () => {
    const topic = await newTopic();
    const producer = steady.producer({ linger: 5 });
    await producer.connect();
    const sends = ['a', 'x'.repeat(1_200_000), 'b'].map((value) =>
      producer.send(one(topic, value)),
    );
    const sent = await Promise.allSettled(sends);
    expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    await producer.send(one(topic, 'c'));
    await producer.disconnect();
    expect(await valuesOf(topic)).toEqual(['a', 'b', 'c']);
  });

  it('asks for its id once, and a producer that is none asks for none', async () => {
    const topic = await newTopic(3);
    const pathsOf = async (config: ProducerConfig): Promise<string[]> => {
      const producer = steady.producer({ linger: 0, ...config });
      const paths: string[] = [];
      producer.on(producer.events.REQUEST, ({ payload }) => paths.push(payload.path));
      await producer.connect();
      for (const partition of [0, 1, 2, 0]) await producer.send(one(topic, 'x', partition));
      await producer.disconnect();
      return paths;
    };
    const isInit = (path: string): boolean => path === '/producers';
    expect((await pathsOf({})).filter(isInit)).toHaveLength(1);
    expect((await pathsOf({ idempotent: false })).filter(isInit)).toHaveLength(0);
    expect((await pathsOf({ acks: 0 })).filter(isInit)).toHaveLength(0);
  });

  it('refuses acks=0 when it was asked to be idempotent', async () => {
    const producer = steady.producer({ idempotent: true });
    await producer.connect();
    const topic = await newTopic();
    const sent = producer.send({ ...one(topic, 'x'), acks: 0 });
    await expect(sent).rejects.toMatchObject({ reason: 'invalid-argument' });
  });

  it('takes a duplicate that is too old to have an offset as stored (no-double-append)', async () => {
    const topic = await newTopic();
    const bodies: Uint8Array[] = [];
    const transport = httpTransport({ endpoint: home.url });
    const client = new Stratalog({
      logger: keepingLogger(),
      transport: {
        ...transport,
        async send(request) {
          if (!request.path.startsWith('/records') || request.body === undefined) {
            return await transport.send(request);
          }
          bodies.push(request.body);
          const answer = await transport.send(request);
          const [first] = bodies;
          if (bodies.length < 2 || first === undefined) return answer;
          // Meanwhile so much was appended that nobody knows any more where the first batch is; it comes again.
          for (let index = 0; index < 2 * TAIL_ENTRIES_ROLL; index += 1) {
            await sendAll(steady, topic, [{ value: 'other', partition: 0 }]);
          }
          const again = await transport.send({ ...request, body: first });
          expect(String(again.body)).toContain('DUPLICATE_SEQUENCE_NUMBER');
          return again;
        },
      },
    });
    const offsets = await produce(client, ALONE, [one(topic, 'a'), one(topic, 'b')]);
    expect(offsets).toEqual(['0', undefined]);
    const values = (await valuesOf(topic)).filter((value) => value !== 'other');
    expect(values).toEqual(['a', 'b']);
  });

  it('that was fenced fails that send, and goes on under another id (fenced)', async () => {
    const topic = await newTopic();
    const producer = steady.producer(ALONE);
    await producer.connect();
    await producer.send(one(topic, 'a'));
    const [head] = await home.storage.partitions.readHeads([await headOf(topic)]);
    const [producerId] = [...(head?.producers.keys() ?? [])];
    await fence(topic, producerId ?? 0n);
    await expect(producer.send(one(topic, 'b'))).rejects.toMatchObject({
      type: 'INVALID_PRODUCER_EPOCH',
    });
    await producer.send(one(topic, 'c'));
    await producer.disconnect();
    expect(await valuesOf(topic)).toEqual(['a', 'fence', 'c']);
  });
});

async function headOf(topic: string): Promise<{ topicId: string; partition: number }> {
  const found = await home.services.topics.get(topic);
  if (found.kind !== 'found') throw new Error(found.message);
  return { topicId: found.topic.topicId, partition: 0 };
}

/** Somebody appends under the same id and a later epoch. */
async function fence(topicName: string, producerId: bigint): Promise<void> {
  const batches = batchOf(['fence'], { producerId, producerEpoch: 9, baseSequence: 0 });
  const partitions = [{ topicName, partition: 0, batches }];
  await home.services.produce.produceBatches({ acks: 'stored', partitions });
}
