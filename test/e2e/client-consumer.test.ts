// The consumer against a local home over HTTP: what kafkajs's programs rely on, and what they wished for.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type {
  Consumer,
  ConsumerConfig,
  ConsumerRunConfig,
  EachMessagePayload,
  Stratalog,
} from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  createTopic,
  keepingLogger,
  numbered,
  QUICK,
  quickClient,
  type Started,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

let home: LocalHome;
let client: Stratalog;
let count = 0;
const running: Consumer[] = [];

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = quickClient(home.url);
});

afterEach(() => Promise.all(running.splice(0).map((consumer) => consumer.disconnect())));
afterAll(() => home.close());

function newName(): string {
  count += 1;
  return `consumed-${count}`;
}

async function start(
  topic: string,
  run: ConsumerRunConfig = {},
  config: Partial<ConsumerConfig> = {},
): Promise<Started> {
  const started = await startConsumer(client, [topic], {
    config: { groupId: `group-of-${topic}`, ...config },
    run,
  });
  running.push(started.consumer);
  return started;
}

async function topicWith(values: number, partitions = 3): Promise<string> {
  const topic = await createTopic(client, newName(), partitions);
  if (values > 0) await sendAll(client, topic, numbered(values));
  return topic;
}

function inOrder(values: readonly string[]): string[] {
  return values.toSorted((left, right) => Number(left) - Number(right));
}

function expectedValues(size: number): string[] {
  return Array.from({ length: size }, (_, index) => String(index));
}

describe('eachMessage', () => {
  it('gets every record once, with kafkajs’s payload', async () => {
    const topic = await topicWith(100);
    const seen: EachMessagePayload[] = [];
    await start(topic, {
      eachMessage: async (payload) => {
        seen.push(payload);
      },
    });
    await waitUntil(() => seen.length === 100);
    expect(inOrder(seen.map(({ message }) => String(message.value)))).toEqual(expectedValues(100));
    expect(seen[0]).toMatchObject({
      topic,
      partition: expect.any(Number),
      message: { offset: expect.any(String), timestamp: expect.any(String), attributes: 0 },
    });
  });

  it('goes on where the group had come to', async () => {
    const topic = await topicWith(50);
    const first = await start(topic);
    await waitUntil(() => first.values.length === 50);
    await first.consumer.disconnect();
    await sendAll(client, topic, numbered(50, 50));
    const second = await start(topic);
    await waitUntil(() => second.values.length >= 50);
    await sleep(100);
    expect(inOrder(second.values)).toEqual(expectedValues(100).slice(50));
  });

  it('begins at the end unless told to begin at the beginning', async () => {
    const topic = await topicWith(10);
    const values: string[] = [];
    const consumer = client.consumer({ ...QUICK, groupId: newName() });
    running.push(consumer);
    let fetches = 0;
    consumer.on(consumer.events.FETCH, () => {
      fetches += 1;
    });
    await consumer.subscribe({ topic });
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value));
      },
    });
    // It has asked for records, so that it knows where it begins.
    await waitUntil(() => fetches > 0);
    await sendAll(client, topic, [{ value: 'new' }]);
    await waitUntil(() => values.length > 0);
    expect(values).toEqual(['new']);
  });

  it('handles several partitions at once if asked, one otherwise', async () => {
    const most = async (partitionsConsumedConcurrently: number): Promise<number> => {
      const topic = await topicWith(60);
      let now = 0;
      let highest = 0;
      const { values } = await start(topic, {
        partitionsConsumedConcurrently,
        eachMessage: async ({ message }) => {
          now += 1;
          highest = Math.max(highest, now);
          // As many as may run at once do, however late each of them begins.
          await waitUntil(() => highest === partitionsConsumedConcurrently);
          await sleep(2);
          now -= 1;
          values.push(String(message.value));
        },
      });
      await waitUntil(() => values.length === 60);
      return highest;
    };
    expect(await most(1)).toBe(1);
    expect(await most(3)).toBe(3);
  });

  it('runs keys of a partition side by side, each in its order, and commits no further than what is done', async () => {
    const topic = await topicWith(170, 1);
    const byKey = new Map<string, number[]>();
    let now = 0;
    let highest = 0;
    const { consumer } = await start(topic, {
      concurrencyByKey: 8,
      eachMessage: async ({ message }) => {
        now += 1;
        highest = Math.max(highest, now);
        await sleep(Number(message.offset) % 5);
        const key = String(message.key);
        byKey.set(key, [...(byKey.get(key) ?? []), Number(message.value)]);
        now -= 1;
      },
    });
    await waitUntil(() => [...byKey.values()].flat().length === 170);
    expect(highest).toBe(8);
    for (const numbers of byKey.values()) {
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    }
    await consumer.disconnect();
    const next = await start(topic);
    await sleep(300);
    expect(next.values).toEqual([]);
  });
});

describe('eachBatch', () => {
  it('gets batches with kafkajs’s helpers, and commits what is resolved', async () => {
    const topic = await topicWith(20, 1);
    const shown: unknown[] = [];
    const { consumer } = await start(topic, {
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale, ...rest }) => {
        if (shown.length > 0) return;
        resolveOffset('4');
        await heartbeat();
        await rest.commitOffsetsIfNecessary(rest.uncommittedOffsets());
        shown.push({
          first: batch.firstOffset(),
          last: batch.lastOffset(),
          lag: batch.offsetLag(),
          empty: batch.isEmpty(),
          size: batch.messages.length,
          running: isRunning(),
          stale: isStale(),
        });
      },
    });
    await waitUntil(() => shown.length > 0);
    expect(shown).toEqual([
      { first: '0', last: '19', lag: '0', empty: false, size: 20, running: true, stale: false },
    ]);
    await consumer.disconnect();
    const next = await start(topic);
    await waitUntil(() => next.values.length === 15);
    expect(next.values).toEqual(expectedValues(20).slice(5));
  });

  it('gives again what was not resolved', async () => {
    const topic = await topicWith(6, 1);
    const sizes: number[] = [];
    await start(topic, {
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset }) => {
        sizes.push(batch.messages.length);
        resolveOffset(String(batch.firstOffset()));
      },
    });
    await waitUntil(() => sizes.length >= 6);
    expect(sizes.slice(0, 6)).toEqual([6, 5, 4, 3, 2, 1]);
  });
});

describe('pulling', () => {
  it('gives batches to a loop, and counts a batch as handled when the loop comes back', async () => {
    const topic = await topicWith(30, 1);
    const consumer = client.consumer({ ...QUICK, groupId: newName() });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const values: string[] = [];
    for await (const { batch } of consumer) {
      values.push(...batch.messages.map(({ value }) => String(value)));
      if (values.length === 30) await sendAll(client, topic, [{ value: '30' }]);
      if (values.length === 31) break;
    }
    expect(values).toEqual(expectedValues(31));
    const again = client.consumer({ ...QUICK, groupId: `consumed-${count}` });
    await again.subscribe({ topics: [topic], fromBeginning: true });
    for await (const { batch } of again) {
      // The loop was left at this one.
      expect(batch.messages.map(({ value }) => String(value))).toEqual(['30']);
      break;
    }
  });

  it('throws what the consumer can’t go on from', async () => {
    const consumer = client.consumer({ ...QUICK, groupId: '' });
    await consumer.subscribe({ topics: ['any'] });
    await expect(async () => {
      for await (const _ of consumer);
    }).rejects.toMatchObject({ name: 'StratalogRequestError' });
  });
});

describe('offsets', () => {
  it('commits by hand, awaited, with metadata', async () => {
    const topic = await topicWith(10, 1);
    let handled = 0;
    const { consumer } = await start(topic, {
      autoCommit: false,
      eachMessage: async ({ message, partition }) => {
        handled += 1;
        if (message.offset !== '6') return;
        const offset = String(Number(message.offset) + 1);
        await consumer.commitOffsets([{ topic, partition, offset, metadata: 'half' }]);
      },
    });
    await waitUntil(() => handled === 10);
    await consumer.disconnect();
    const next = await start(topic);
    await waitUntil(() => next.values.length === 3);
    expect(next.values).toEqual(['7', '8', '9']);
  });

  it('commits by number while it runs', async () => {
    const topic = await topicWith(10, 1);
    const commits: string[] = [];
    const consumer = client.consumer({ ...QUICK, groupId: newName() });
    running.push(consumer);
    consumer.on(consumer.events.COMMIT_OFFSETS, ({ payload }) => {
      commits.push(...payload.topics.flatMap((one) => one.partitions.map(({ offset }) => offset)));
    });
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ autoCommitThreshold: 4, eachMessage: async () => undefined });
    await waitUntil(() => commits.length === 2);
    expect(commits).toEqual(['4', '8']);
  });

  it('seeks back, forward, and to the ends', async () => {
    const topic = await topicWith(10, 1);
    const { consumer, values } = await start(topic);
    await waitUntil(() => values.length === 10);
    values.length = 0;
    consumer.seek({ topic, partition: 0, offset: '7' });
    await waitUntil(() => values.length === 3);
    values.length = 0;
    consumer.seek({ topic, partition: 0, offset: '-2' });
    await waitUntil(() => values.length === 10);
    consumer.seek({ topic, partition: 0, offset: 'latest' });
    await sleep(100);
    expect(values).toEqual(expectedValues(10));
  });

  it('reads on from the configured end where the offset is gone', async () => {
    const topic = await topicWith(10, 1);
    const { consumer, values } = await start(topic);
    await waitUntil(() => values.length === 10);
    values.length = 0;
    await client.admin().deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '8' }] });
    consumer.seek({ topic, partition: 0, offset: '2' });
    await waitUntil(() => values.length === 2);
    expect(values).toEqual(['8', '9']);
  });

  it('leaves offsets to the program’s own store', async () => {
    const topic = await topicWith(10, 1);
    const stored = new Map([[`${topic}/0`, '4']]);
    const config: Partial<ConsumerConfig> = {
      fetchOffsets: async (partitions) =>
        partitions.map((one) => ({ ...one, offset: stored.get(`${one.topic}/${one.partition}`)! })),
      storeOffsets: async (offsets) => {
        for (const one of offsets) stored.set(`${one.topic}/${one.partition}`, one.offset);
      },
    };
    const first = await start(topic, {}, config);
    await waitUntil(() => first.values.length === 6);
    await first.consumer.disconnect();
    expect(stored.get(`${topic}/0`)).toBe('10');
    const elsewhere = await start(topic);
    await waitUntil(() => elsewhere.values.length === 10);
  });
});

describe('pause and resume', () => {
  it('stops a topic or a partition, and nothing else', async () => {
    const topic = await topicWith(0, 2);
    const { consumer, values } = await start(topic);
    await waitUntil(() => consumer.assignment()[0]?.partitions.length === 2);
    consumer.pause([{ topic, partitions: [0] }]);
    expect(consumer.paused()).toEqual([{ topic, partitions: [0] }]);
    await sendAll(client, topic, [
      { value: 'paused', partition: 0 },
      { value: 'free', partition: 1 },
    ]);
    await waitUntil(() => values.length === 1);
    await sleep(200);
    expect(values).toEqual(['free']);
    consumer.resume([{ topic, partitions: [0] }]);
    await waitUntil(() => values.length === 2);
    expect(consumer.paused()).toEqual([]);
  });

  it('survives a rebalance that takes the partition away and brings it back', async () => {
    const topic = await topicWith(0, 2);
    const { consumer, values } = await start(topic);
    await waitUntil(() => consumer.assignment()[0]?.partitions.length === 2);
    consumer.pause([{ topic }]);
    const other = await start(topic);
    await waitUntil(() => consumer.assignment()[0]?.partitions.length === 1);
    await other.consumer.disconnect();
    await waitUntil(() => consumer.assignment()[0]?.partitions.length === 2);
    await sendAll(client, topic, numbered(10));
    await sleep(300);
    expect(values).toEqual([]);
    consumer.resume([{ topic }]);
    await waitUntil(() => values.length === 10);
  });
});

describe('a handler that fails', () => {
  const policy = { retry: { retries: 2, initialRetryTime: 5 } };

  it('is tried again, and then the record goes to the dead-letter topic with what went wrong', async () => {
    const topic = await topicWith(5, 1);
    await createTopic(client, `${topic}.dlq`, 1);
    const tries = new Map<string, number>();
    const { values } = await start(
      topic,
      {
        eachMessage: async ({ message }) => {
          const value = String(message.value);
          tries.set(value, (tries.get(value) ?? 0) + 1);
          if (value === '2') throw new TypeError('poison');
          values.push(value);
        },
      },
      { failurePolicy: { ...policy, afterRetries: 'dead-letter' } },
    );
    await waitUntil(() => values.length === 4);
    expect(values).toEqual(['0', '1', '3', '4']);
    expect(tries.get('2')).toBe(3);
    const letters = [];
    for await (const batch of client.read({ topic: `${topic}.dlq` }))
      letters.push(...batch.messages);
    expect(letters).toHaveLength(1);
    const headers = Object.entries(letters[0]?.headers ?? {}).map(([name, value]) => [
      name,
      String(value),
    ]);
    expect(Object.fromEntries(headers)).toMatchObject({
      '__dlq.errors.topic': topic,
      '__dlq.errors.partition': '0',
      '__dlq.errors.offset': '2',
      '__dlq.errors.delivery.count': '3',
      '__dlq.errors.message': 'poison',
    });
  });

  it('is skipped with a warning, if told so', async () => {
    const topic = await topicWith(3, 1);
    const logger = keepingLogger();
    const { consumer, values } = await startConsumer(quickClient(home.url, logger), [topic], {
      config: { groupId: newName(), failurePolicy: { ...policy, afterRetries: 'skip' } },
      run: {
        eachMessage: async ({ message }) => {
          if (String(message.value) === '1') throw new Error('bad');
          values.push(String(message.value));
        },
      },
    });
    running.push(consumer);
    await waitUntil(() => values.length === 2);
    expect(logger.lines.join('\n')).toContain('offset 1 failed (try 3); skipped 1: bad');
  });

  it('stops the consumer aloud by default, and the record is read again by the next', async () => {
    const topic = await topicWith(3, 1);
    const groupId = newName();
    const logger = keepingLogger();
    const crashes: Error[] = [];
    const { consumer } = await startConsumer(quickClient(home.url, logger), [topic], {
      config: { groupId, failurePolicy: policy },
      run: {
        eachMessage: async ({ message }) => {
          if (String(message.value) === '1') throw new Error('bad');
        },
      },
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.error));
    await waitUntil(() => crashes.length === 1);
    expect(crashes[0]).toMatchObject({
      message: expect.stringContaining('offset 1'),
      cause: { message: 'bad' },
    });
    expect(logger.lines.join('\n')).toContain(`consumer of group ${groupId} stops`);
    await consumer.disconnect();
    const next = await start(topic, {}, { groupId });
    await waitUntil(() => next.values.length === 2);
    expect(next.values).toEqual(['1', '2']);
  });
});

describe('membership', () => {
  it('tells what it does by kafkajs’s events', async () => {
    const topic = await topicWith(5, 1);
    const consumer = client.consumer({ ...QUICK, groupId: newName() });
    const heard = new Set<string>();
    for (const name of Object.values(consumer.events)) {
      consumer.on(name, ({ type }) => heard.add(type));
    }
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    let handled = 0;
    await consumer.run({
      eachMessage: async () => {
        handled += 1;
      },
    });
    await waitUntil(() => handled === 5 && heard.has('consumer.heartbeat'));
    await consumer.disconnect();
    for (const name of ['CRASH', 'REBALANCING'] as const) heard.delete(consumer.events[name]);
    const quiet = new Set<string>([
      'consumer.crash',
      'consumer.rebalancing',
      'consumer.received_unsubscribed_topics',
      'consumer.network.request_queue_size',
      'consumer.network.request_timeout',
    ]);
    expect([...heard].sort()).toEqual(
      Object.values(consumer.events)
        .filter((name) => !quiet.has(name))
        .sort(),
    );
  });

  it('subscribes by a regular expression, also to topics that come later', async () => {
    const prefix = newName();
    await createTopic(client, `${prefix}-a`, 1);
    const { consumer, values } = await startConsumer(client, [new RegExp(`^${prefix}-`)], {
      // Members look for new topics about twice a session.
      config: { groupId: prefix, sessionTimeout: 3_000 },
    });
    running.push(consumer);
    await waitUntil(() => consumer.assignment().length === 1);
    await createTopic(client, `${prefix}-b`, 1);
    await sendAll(client, `${prefix}-b`, [{ value: 'late' }]);
    await waitUntil(() => values.includes('late'));
  });

  it('a static member that restarts finds its partitions again, and nobody else moves', async () => {
    const topic = await topicWith(0, 4);
    const groupId = newName();
    const one = await start(topic, {}, { groupId, groupInstanceId: 'one' });
    const two = await start(topic, {}, { groupId, groupInstanceId: 'two' });
    const owned = ({ consumer }: Started) => consumer.assignment()[0]?.partitions ?? [];
    await waitUntil(() => owned(one).length === 2 && owned(two).length === 2);
    const [before, others] = [owned(one), owned(two)];
    await one.consumer.disconnect();
    const again = await start(topic, {}, { groupId, groupInstanceId: 'one' });
    await waitUntil(() => owned(again).length === 2);
    expect([owned(again), owned(two)]).toEqual([before, others]);
  });

  it('a record is never handled by two at once while members come and go', async () => {
    const topic = await topicWith(300, 6);
    const groupId = newName();
    const handling = new Set<string>();
    const doubled: string[] = [];
    const handled = new Set<string>();
    const join = () =>
      start(
        topic,
        {
          partitionsConsumedConcurrently: 2,
          eachMessage: async ({ partition, message }) => {
            const place = `${partition}/${message.offset}`;
            if (handling.has(place)) doubled.push(place);
            handling.add(place);
            await sleep(5);
            handling.delete(place);
            handled.add(place);
          },
        },
        { groupId },
      );
    const first = await join();
    await waitUntil(() => handled.size > 20);
    await join();
    await waitUntil(() => handled.size > 60);
    await join();
    await waitUntil(() => handled.size > 120);
    await first.consumer.disconnect();
    await waitUntil(() => handled.size === 300);
    expect(doubled).toEqual([]);
  });
});
