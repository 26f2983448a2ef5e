// kafkajs #1527: a handler longer than the session timeout missed its heartbeats, the group put the consumer out, another
// one got the record and was put out as well: a storm in which nothing was ever committed. Heartbeats come from a timer
// here, so that a handler may take as long as it likes; and where even the timer can't run (the handler blocks the
// process), the consumer comes back to where it was instead of doing it all again.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  keepingLogger,
  MovedClock,
  numbered,
  quickClient,
  SESSION_MS,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

const clock = new MovedClock();
let home: LocalHome;
let client: Stratalog;

beforeAll(async () => {
  const storageNowMs = clock.nowMs;
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:', storageNowMs });
  client = quickClient(home.url);
});
afterAll(() => home.close());

describe('a handler longer than the session timeout', () => {
  it('neither loses its membership nor sees its record again', async () => {
    const topic = await createTopic(client, 'slow', 2);
    await sendAll(client, topic, [
      { value: 'long', partition: 0 },
      { value: 'short', partition: 1 },
    ]);
    const seen: string[] = [];
    let isEnough = false;
    const logger = keepingLogger();
    const start = async () => {
      const { consumer } = await startConsumer(quickClient(home.url, logger), [topic], {
        config: { groupId: 'slow' },
        run: {
          partitionsConsumedConcurrently: 2,
          eachMessage: async ({ message }) => {
            seen.push(String(message.value));
            if (String(message.value) === 'long') await waitUntil(() => isEnough);
          },
        },
      });
      return consumer;
    };
    const first = await start();
    await waitUntil(() => seen.includes('long'));
    const second = await start();
    await clock.pass(3.5 * SESSION_MS, [first, second]);
    isEnough = true;
    await clock.pass(SESSION_MS, [first, second]);
    expect(seen.toSorted()).toEqual(['long', 'short']);
    expect(logger.lines).toEqual([]);
    await Promise.all([first.disconnect(), second.disconnect()]);
    expect(seen.toSorted()).toEqual(['long', 'short']);
  });

  it('comes back to where it was when even heartbeats stood still', async () => {
    const topic = await createTopic(client, 'blocking', 1);
    await sendAll(client, topic, numbered(5));
    const seen: string[] = [];
    const groupId = 'blocking';
    let [isOut, isBack] = [false, false];
    const { consumer } = await startConsumer(client, [topic], {
      config: { groupId },
      run: {
        eachMessage: async ({ message }) => {
          seen.push(String(message.value));
          if (String(message.value) !== '2') return;
          // What a network that is down for longer than the session does: another one takes over.
          const group = await home.services.groups.describe(groupId);
          if (group.kind === 'rejected') throw new Error(group.message);
          for (const { memberId } of group.members) {
            await home.services.groups.leave({ groupId, memberId });
          }
          await waitUntil(() => isBack, { what: 'joining again' });
        },
      },
    });
    consumer.on(consumer.events.REBALANCING, () => {
      isOut = true;
    });
    consumer.on(consumer.events.HEARTBEAT, () => {
      isBack ||= isOut;
    });
    await waitUntil(() => seen.includes('4'));
    await sleep(300);
    expect(seen).toEqual(['0', '1', '2', '3', '4']);
    await consumer.disconnect();
  });
});
