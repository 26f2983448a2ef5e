// A consumer that began at the end, and had handled nothing yet, had no place in its group: the next owner of its
// partition began at the end as well, which was further on by then, and what was written in between was handled by
// nobody. Where a group begins at the end it commits that, once.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  type Crashable,
  crashableClient,
  createTopic,
  numbered,
  QUICK,
  quickClient,
  sendAll,
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

async function startAtEnd(from: Stratalog, topic: string) {
  const values: string[] = [];
  const consumer = from.consumer({ ...QUICK, groupId: topic, sessionTimeout: 1_000 });
  let commits = 0;
  consumer.on(consumer.events.COMMIT_OFFSETS, () => {
    commits += 1;
  });
  await consumer.subscribe({ topic });
  await consumer.run({
    // Only what it begins with is committed, and what it leaves with.
    autoCommitInterval: 600_000,
    eachMessage: async ({ message }) => void values.push(String(message.value)),
  });
  await waitUntil(() => consumer.assignment().length === 1);
  return { consumer, values, commits: () => commits };
}

it('is kept though its consumer leaves, or dies, before there was anything to handle', async () => {
  const topic = await createTopic(client, 'latest', 1);
  await sendAll(client, topic, numbered(3));
  const leaving = await startAtEnd(client, topic);
  await waitUntil(() => leaving.commits() === 1);
  await leaving.consumer.disconnect();
  await sendAll(client, topic, numbered(1, 3));
  const dying: Crashable = crashableClient(home.url);
  const second = await startAtEnd(dying.client, topic);
  await waitUntil(() => second.values.length === 1);
  expect(second.values).toEqual(['3']);
  dying.crash();
  await sendAll(client, topic, numbered(1, 4));
  const third = await startAtEnd(client, topic);
  await waitUntil(() => third.values.includes('4'));
  expect(leaving.commits()).toBe(1);
  expect(third.commits()).toBe(0);
  await third.consumer.disconnect();
});

it('shows no lag of what it is not to read', async () => {
  const topic = await createTopic(client, 'not-behind', 1);
  await sendAll(client, topic, numbered(3));
  const { consumer } = await startAtEnd(client, topic);
  await waitUntil(async () => (await client.admin().fetchLag(topic))[0]?.currentOffset === 3);
  expect(await client.admin().fetchLag(topic)).toMatchObject([{ lag: 0, lagSeconds: 0 }]);
  await consumer.disconnect();
});
