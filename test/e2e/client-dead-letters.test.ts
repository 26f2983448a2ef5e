// Dead letters where the dead-letter topic, or the letter, has troubles of its own.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConsumerRunConfig, Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  keepingLogger,
  numbered,
  quickClient,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

type Handle = NonNullable<ConsumerRunConfig['eachMessage']>;

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

async function startPutting(topic: string, eachMessage: Handle) {
  const { consumer } = await startConsumer(client, [topic], {
    config: {
      groupId: topic,
      failurePolicy: { retry: { retries: 0 }, afterRetries: 'dead-letter' },
    },
    run: { eachMessage },
  });
  const crashes: string[] = [];
  consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.error.message));
  return { consumer, crashes };
}

describe('a dead letter', () => {
  it('that can’t be put aside stops the consumer aloud, and is put aside by the next', async () => {
    const topic = await createTopic(client, 'nowhere-to', 1);
    await sendAll(client, topic, numbered(3));
    const handle: Handle = async ({ message }) => {
      if (message.offset === '1') throw new Error('poison');
    };
    const first = await startPutting(topic, handle);
    await waitUntil(() => first.crashes.length === 1);
    expect(first.crashes[0]).toMatch(/offset 1 failed \(try 1\): poison; putting it into/);
    expect(first.crashes[0]).toMatch(/nowhere-to\.dlq failed as well: topic .* does not exist/);
    await first.consumer.disconnect();
    expect(await first.consumer.committedOffset({ topic, partition: 0 })).toBe(1);
    const letters = await createTopic(client, `${topic}.dlq`, 1);
    const second = await startPutting(topic, handle);
    await waitUntil(async () => (await client.admin().fetchTopicOffsets(letters))[0]?.high === '1');
    await second.consumer.disconnect();
    expect(await second.consumer.committedOffset({ topic, partition: 0 })).toBe(3);
  });

  it('has room for an error that says all it knows', async () => {
    const topic = await createTopic(client, 'talkative', 1);
    const letters = await createTopic(client, `${topic}.dlq`, 1);
    await sendAll(client, topic, numbered(5));
    const { consumer, crashes } = await startPutting(topic, async () => {
      throw new Error('everything '.repeat(200_000));
    });
    await waitUntil(async () => (await client.admin().fetchTopicOffsets(letters))[0]?.high === '5');
    await consumer.disconnect();
    expect(crashes).toEqual([]);
    const read = [];
    for await (const { messages } of client.read({ topic: letters })) read.push(...messages);
    expect(String(read[0]?.headers['__dlq.errors.message'])).toHaveLength(4_000);
  });
});

describe('an own store of offsets', () => {
  it('that answers nonsense is named, and nothing is read meanwhile', async () => {
    const topic = await createTopic(client, 'nonsense', 1);
    await sendAll(client, topic, numbered(3));
    for (const [answer, words] of [
      [undefined, 'what fetchOffsets returns is a list, not undefined'],
      [[{ topic, partition: 0, offset: 'x' }], '"x" is no offset'],
    ] as const) {
      const logger = keepingLogger();
      const { consumer, values } = await startConsumer(quickClient(home.url, logger), [topic], {
        config: { groupId: topic, fetchOffsets: async () => answer as never },
      });
      await waitUntil(() => logger.lines.some((line) => line.includes(words)));
      await consumer.disconnect();
      expect(values).toEqual([]);
    }
  });
});
