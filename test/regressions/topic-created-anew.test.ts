// A topic that was deleted and created again under its name between two heartbeats was the same partition to its
// consumers: they read on at the old offset, so that the first records of the new topic were passed over, and every
// commit was refused from then on. A partition is a topic's by its id.

import { expect, it } from 'vitest';
import { startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  numbered,
  quickClient,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

it('is read from its beginning, and committed', async () => {
  const home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  const client = quickClient(home.url);
  const topic = await createTopic(client, 'renewed', 1);
  await sendAll(client, topic, numbered(5));
  const { consumer, values } = await startConsumer(client, [topic], {
    config: { groupId: 'renewed' },
    run: { autoCommitThreshold: 1 },
  });
  await waitUntil(() => values.length === 5);
  await client.admin().deleteTopics({ topics: [topic] });
  await createTopic(client, topic, 1);
  await sendAll(client, topic, numbered(20, 100));
  await waitUntil(() => values.length === 25);
  expect(values.slice(5)).toEqual(numbered(20, 100).map(({ value }) => value));
  await waitUntil(async () => (await consumer.committedOffset({ topic, partition: 0 })) === 20);
  await consumer.disconnect();
  await home.close();
});
