// A topic was deleted and created again while a consumer read it. The group told the consumer the new topic in the same
// breath in which it took the old one away; as members know topics by name it heard no difference: it read the new
// topic from where it was in the old one, so that as many records were passed over, and its commits were refused for
// good. Now the new topic's partition is told when its namesake was given up, and is claimed as any other.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  numbered,
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

it('a consumer reads a topic that is created again from its start, and commits there', async () => {
  const topic = await createTopic(client, 'again', 1);
  await sendAll(client, topic, numbered(10));
  const options = { config: { groupId: 'readers' }, run: { autoCommitInterval: 50 } };
  const { consumer, values } = await startConsumer(client, [topic], options);
  const admin = client.admin();
  const committed = async (): Promise<string | undefined> =>
    (await admin.fetchOffsets({ groupId: 'readers', topics: [topic] }))[0]?.partitions[0]?.offset;
  await waitUntil(async () => (await committed()) === '10');
  await admin.deleteTopics({ topics: [topic] });
  await createTopic(client, topic, 1);
  await sendAll(client, topic, numbered(25, 100));
  await waitUntil(() => new Set(values).size === 35, { what: 'every record' });
  await waitUntil(async () => (await committed()) === '25', { what: 'the commit' });
  await consumer.disconnect();
  // What it had come to in the old topic counts for nothing in the new one.
  expect(values.slice(-25)).toEqual(numbered(25, 100).map(({ value }) => String(value)));
});
