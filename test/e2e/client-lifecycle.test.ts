// Consumers that are stopped and run again, in every order that a program may think of: nothing is passed over, nobody is
// left behind in the group, and no call waits for what never comes.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consumer, type Stratalog, StratalogClientError } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
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

async function topicOf(name: string, count: number): Promise<string> {
  const topic = await createTopic(client, name, 1);
  await sendAll(client, topic, numbered(count));
  return topic;
}

async function subscribed(topic: string): Promise<Consumer> {
  const consumer = client.consumer({ ...QUICK, groupId: topic });
  await consumer.subscribe({ topic, fromBeginning: true });
  return consumer;
}

async function membersOf(groupId: string): Promise<number> {
  const { groups } = await client.admin().describeGroups([groupId]);
  return groups[0]?.members.length ?? 0;
}

describe('a consumer that is run again', () => {
  it('begins where the group has come to, not where its last run had', async () => {
    const topic = await topicOf('again', 6);
    const { consumer, values } = await startConsumer(client, [topic], {
      config: { groupId: topic },
      run: { autoCommit: false },
    });
    await waitUntil(() => values.length === 6);
    await consumer.commitOffsets([{ topic, partition: 0, offset: '2' }]);
    await consumer.stop();
    const again: string[] = [];
    await consumer.run({
      eachMessage: async ({ message }) => void again.push(String(message.value)),
    });
    await waitUntil(() => again.length === 4);
    expect(again).toEqual(['2', '3', '4', '5']);
    await consumer.disconnect();
  });

  it('while it was still joining leaves no member behind, and reads everything once', async () => {
    const topic = await topicOf('hasty', 3);
    const consumer = await subscribed(topic);
    const values: string[] = [];
    const handle = (run: string) => ({
      eachMessage: async ({ message }: { message: { value: Buffer | null } }) =>
        void values.push(run + String(message.value)),
    });
    const first = consumer.run(handle('first '));
    const stopped = consumer.stop();
    const second = consumer.run(handle('second '));
    await expect(first).rejects.toThrow('was stopped before it was a member of group hasty');
    await Promise.all([stopped, second]);
    expect(await membersOf(topic)).toBe(1);
    await waitUntil(() => values.length === 3);
    await consumer.disconnect();
    expect(values).toEqual(['second 0', 'second 1', 'second 2']);
    expect(await membersOf(topic)).toBe(0);
  });
});

describe('run()', () => {
  it('that waits for an instance id rejects when the consumer is stopped', async () => {
    const topic = await topicOf('waiting', 1);
    const config = { groupId: topic, groupInstanceId: 'the-one' };
    const first = await startConsumer(client, [topic], { config });
    await waitUntil(() => first.consumer.assignment().length === 1);
    const second = client.consumer({ ...QUICK, ...config });
    await second.subscribe({ topic });
    const run = second.run({ eachMessage: async () => undefined });
    const refused = expect(run).rejects.toThrow(StratalogClientError);
    await sleep(100);
    await second.disconnect();
    await refused;
    expect(first.consumer.assignment()).toEqual([{ topic, partitions: [0] }]);
    await first.consumer.disconnect();
  });
});

describe('a topic that there isn’t', () => {
  it('is named aloud, and read once it is created', async () => {
    const logger = keepingLogger();
    const { consumer, values } = await startConsumer(quickClient(home.url, logger), ['later'], {
      config: { groupId: 'later' },
    });
    const missing = 'there is no topic "later"; it is read as soon as there is';
    await waitUntil(() => logger.lines.some((line) => line.includes(missing)));
    await sendAll(client, await createTopic(client, 'later', 1), numbered(1));
    await waitUntil(() => values.length === 1);
    await consumer.disconnect();
  });
});

describe('a loop over a consumer', () => {
  it('is over, its consumer out of the group, when it is left by break, throw or return', async () => {
    const topic = await topicOf('loops', 3);
    const consumer = await subscribed(topic);
    const leaves = [
      async () => {
        for await (const { batch } of consumer) if (batch.firstOffset() === '0') break;
      },
      async () => {
        for await (const { batch } of consumer) throw new Error(`thrown at ${batch.firstOffset()}`);
      },
      async () => {
        for await (const { batch } of consumer) return batch.firstOffset();
        return 'the end';
      },
    ];
    const ends: unknown[] = [];
    for (const leave of leaves) {
      ends.push(await leave().catch((error: Error) => error.message));
      expect(await membersOf(topic)).toBe(0);
    }
    expect(ends).toEqual([undefined, 'thrown at 0', '0']);
  });
});

describe('stop()', () => {
  it('waits for the very first handler, which called it, and commits what it did', async () => {
    const topic = await topicOf('at-once', 3);
    const consumer = await subscribed(topic);
    let stopped: Promise<void> | undefined;
    let isDone = false;
    await consumer.run({
      eachMessage: async () => {
        stopped = consumer.stop();
        await sleep(50);
        isDone = true;
      },
    });
    await waitUntil(() => stopped !== undefined);
    await stopped;
    expect(isDone).toBe(true);
    expect(await consumer.committedOffset({ topic, partition: 0 })).toBe(1);
  });
});
