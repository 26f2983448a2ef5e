// kafkajs #1376: a handler that paused its partition and then threw (to try again later, when what it needs is back) found
// the partition running again at once, since the error restarted the consumer and forgot the pause. A pause ends only by
// `resume` here, and the record comes again after it.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
afterAll(() => home.close());

describe('a handler that pauses its partition and throws', () => {
  it.each(['eachMessage', 'eachBatch'] as const)(
    '%s: stays paused, then gets the record again, and the consumer never crashed',
    async (mode) => {
      const topic = await createTopic(client, `paused-${mode}`, 1);
      await sendAll(client, topic, numbered(4));
      const seen: string[] = [];
      const crashes: string[] = [];
      let resume: (() => void) | undefined;
      const handle = (value: string, pause: () => () => void): void => {
        seen.push(value);
        if (value !== '1' || resume !== undefined) return;
        resume = pause();
        throw new Error('the database is down');
      };
      const { consumer } = await startConsumer(client, [topic], {
        config: { groupId: topic, failurePolicy: { retry: { retries: 0 } } },
        run:
          mode === 'eachMessage'
            ? {
                eachMessage: async ({ message, pause }) => handle(String(message.value), pause),
              }
            : {
                eachBatch: async ({ batch, resolveOffset, pause }) => {
                  for (const { value, offset } of batch.messages) {
                    handle(String(value), pause);
                    resolveOffset(offset);
                  }
                },
              },
      });
      consumer.on(consumer.events.CRASH, ({ type }) => crashes.push(type));
      await waitUntil(() => resume !== undefined);
      await sleep(300);
      expect(seen).toEqual(['0', '1']);
      expect(consumer.paused()).toEqual([{ topic, partitions: [0] }]);
      resume?.();
      await waitUntil(() => seen.length === 5);
      expect(seen).toEqual(['0', '1', '1', '2', '3']);
      expect(crashes).toEqual([]);
      await consumer.disconnect();
    },
  );
});
