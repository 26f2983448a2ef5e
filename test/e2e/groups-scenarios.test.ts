// What people do with consumer groups, through the HTTP API, every consumer with a client of its own.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Consumer, ConsumerConfig, ConsumerRunConfig, Stratalog } from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import {
  type Crashable,
  crashableClient,
  createTopic,
  MovedClock,
  numbered,
  ownedOf,
  quickClient,
  SESSION_MS,
  sendAll,
  startConsumer,
  waitUntil,
} from '../support/client.ts';

const TOPIC = 'order-events';
/** Sessions run out when a test lets time pass, and never by themselves. */
let clock: MovedClock;
let home: LocalHome;
let client: Stratalog;
const members: Member[] = [];

interface Member {
  readonly consumer: Consumer;
  readonly process: Crashable;
  readonly groupId: string;
  readonly values: string[];
}

beforeEach(async () => {
  clock = new MovedClock();
  const storageNowMs = clock.nowMs;
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:', storageNowMs });
  client = quickClient(home.url);
  await createTopic(client, TOPIC, 3);
});

afterEach(async () => {
  await Promise.all(members.splice(0).map(({ consumer }) => consumer.disconnect()));
  await home.close();
});

async function join(
  options: { readonly config?: Partial<ConsumerConfig>; readonly run?: ConsumerRunConfig } = {},
): Promise<Member> {
  const process = crashableClient(home.url);
  const groupId = options.config?.groupId ?? 'workers';
  const started = await startConsumer(process.client, [TOPIC], {
    config: { ...options.config, groupId },
    ...(options.run === undefined ? {} : { run: options.run }),
  });
  const member = { ...started, process, groupId };
  members.push(member);
  return member;
}

async function joinMany(count: number, config: Partial<ConsumerConfig> = {}): Promise<Member[]> {
  const joined: Member[] = [];
  for (let index = 0; index < count; index += 1) joined.push(await join({ config }));
  return joined;
}

/** Kills it, and lets its session run out, and the half in which somebody notices; the others go on. */
async function crash(victim: Member, ...others: readonly Member[]): Promise<void> {
  victim.process.crash();
  await clock.pass(
    1.5 * SESSION_MS,
    others.map(({ consumer }) => consumer),
  );
}

function owned(...some: readonly Member[]): number[][] {
  return some.map(({ consumer }) => ownedOf(consumer, TOPIC));
}

/** Who has what, once everything is with somebody and nobody moves any more. */
async function settled(some: readonly Member[], partitionCount = 3): Promise<number[][]> {
  const isWhole = (): boolean =>
    owned(...some)
      .flat()
      .toSorted()
      .join() === Array.from({ length: partitionCount }, (_, index) => index).join();
  const groupIds = some.slice(0, 1).map(({ groupId }) => groupId);
  const groupOf = async () => (await client.admin().describeGroups(groupIds)).groups[0];
  await waitUntil(async () => isWhole() && (await groupOf())?.state === 'Stable', {
    what: 'a stable assignment',
  });
  return owned(...some);
}

/** Sizes of the shares, the largest first. */
async function shares(some: readonly Member[], partitionCount = 3): Promise<number[]> {
  const all = await settled(some, partitionCount);
  return all.map(({ length }) => length).toSorted((left, right) => right - left);
}

function valuesOf(some: readonly Member[]): string[] {
  return some
    .flatMap(({ values }) => values)
    .toSorted((left, right) => Number(left) - Number(right));
}

function expectedValues(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

describe('one group', () => {
  it('range: P0 P1 P2, then P0 P1 / P2, then one each, and after a crash P0 P1 / P2 again', async () => {
    const config = { assignor: 'range' } as const;
    const first = await join({ config });
    expect(await settled([first])).toEqual([[0, 1, 2]]);
    const second = await join({ config });
    expect(await settled([first, second])).toEqual([[0, 1], [2]]);
    const third = await join({ config });
    expect(await settled([first, second, third])).toEqual([[0], [1], [2]]);
    await crash(second, first, third);
    expect(await settled([first, third])).toEqual([[0, 1], [2]]);
  });

  it('five consumers: three have a partition each, two are idle and shown so; an idle one takes over from the dead', async () => {
    const five = await joinMany(5);
    expect(await shares(five)).toEqual([1, 1, 1, 0, 0]);
    const idleMembers = async (): Promise<number> => {
      const { groups } = await client.admin().describeGroups(['workers']);
      return groups[0]?.members.filter(({ idle }) => idle).length ?? 0;
    };
    expect(await idleMembers()).toBe(2);
    const active = five.find((member) => ownedOf(member.consumer, TOPIC).length === 1)!;
    const rest = five.filter((member) => member !== active);
    await crash(active, ...rest);
    expect(await shares(rest)).toEqual([1, 1, 1, 0]);
    expect(await idleMembers()).toBe(1);
  });

  it('two consumers become five while records flow, and two again: nothing is lost and nothing read twice', async () => {
    const two = await joinMany(2);
    expect(await shares(two)).toEqual([2, 1]);
    const total = 1_500;
    const flowing = (async () => {
      for (let from = 0; from < total; from += 50) {
        await sendAll(client, TOPIC, numbered(50, from));
        await sleep(20);
      }
    })();
    const three = await joinMany(3);
    const all = [...two, ...three];
    expect(await shares(all)).toEqual([1, 1, 1, 0, 0]);
    await sleep(100);
    await Promise.all(three.map(({ consumer }) => consumer.disconnect()));
    expect(await shares(two)).toEqual([2, 1]);
    await flowing;
    await waitUntil(() => valuesOf(all).length >= total);
    // Everybody left in peace, so even what was handled and not yet committed was committed before it moved.
    expect(valuesOf(all)).toEqual(expectedValues(total));
  });

  it('three partitions become six under load: the new ones are read without a restart, and six consumers have one each', async () => {
    const two = await joinMany(2);
    await shares(two);
    let sent = 0;
    let isFlowing = true;
    const flowing = (async () => {
      const producer = client.producer({ linger: 0, metadataMaxAge: 100 });
      await producer.connect();
      while (isFlowing) {
        const messages = numbered(20, sent).map(({ value }, index) => ({
          key: `k${sent + index}`,
          value,
        }));
        await producer.send({ topic: TOPIC, messages });
        sent += 20;
        await sleep(10);
      }
      await producer.disconnect();
    })();
    await sleep(100);
    await client.admin().createPartitions({ topicPartitions: [{ topic: TOPIC, count: 6 }] });
    await clock.pass(
      SESSION_MS,
      two.map(({ consumer }) => consumer),
    );
    expect(await shares(two, 6)).toEqual([3, 3]);
    await sleep(200);
    const six = [...two, ...(await joinMany(4))];
    expect(await shares(six, 6)).toEqual([1, 1, 1, 1, 1, 1]);
    isFlowing = false;
    await flowing;
    await waitUntil(() => valuesOf(six).length >= sent);
    expect(valuesOf(six)).toEqual(expectedValues(sent));
    const offsets = await client.admin().fetchTopicOffsets(TOPIC);
    expect(offsets.slice(3).every(({ high }) => Number(high) > 0)).toBe(true);
  });

  it('a consumer that crashes: its partitions move after the session timeout, and reading goes on at the last commit', async () => {
    await sendAll(client, TOPIC, numbered(60));
    const run: ConsumerRunConfig = {
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const member = members[0];
        member?.values.push(`${partition}/${message.offset}`);
        if (message.offset === '4') {
          await member?.consumer.commitOffsets([{ topic, partition, offset: '5' }]);
        }
      },
    };
    const first = await join({ run });
    await waitUntil(() => first.values.length === 60);
    const second = await join();
    await shares([first, second]);
    const movedNow = ownedOf(second.consumer, TOPIC);
    first.process.crash();
    await clock.pass(SESSION_MS / 2, [second.consumer]);
    expect(ownedOf(second.consumer, TOPIC)).toEqual(movedNow);
    await clock.pass(SESSION_MS, [second.consumer]);
    await settled([second]);
    const ends = await client.admin().fetchTopicOffsets(TOPIC);
    const expected = ends.reduce((sum, { high }) => sum + Number(high) - 5, 0);
    await waitUntil(() => second.values.length >= expected);
    await sleep(200);
    expect(second.values).toHaveLength(expected);
    expect(movedNow.length).toBeGreaterThan(0);
  });
});

describe('several groups', () => {
  it('five consumers in five groups: each reads every record', async () => {
    const five = await Promise.all(
      Array.from({ length: 5 }, (_, index) => join({ config: { groupId: `group-${index}` } })),
    );
    await sendAll(client, TOPIC, numbered(100));
    await waitUntil(() => five.every(({ values }) => values.length >= 100));
    for (const member of five) expect(valuesOf([member])).toEqual(expectedValues(100));
  });

  it('three consumers in one and two in the other share 1/1/1 and 2/1', async () => {
    const three = await joinMany(3);
    const two = await joinMany(2, { groupId: 'others' });
    expect(await shares(three)).toEqual([1, 1, 1]);
    expect(await shares(two)).toEqual([2, 1]);
    await sendAll(client, TOPIC, numbered(90));
    await waitUntil(() => valuesOf(three).length >= 90 && valuesOf(two).length >= 90);
    expect([valuesOf(three), valuesOf(two)]).toEqual([expectedValues(90), expectedValues(90)]);
  });
});

describe('the price of each way to commit', () => {
  it('auto-commit before the handler is done, then a crash: the record is skipped', async () => {
    await sendAll(client, TOPIC, [{ value: 'skipped', partition: 0 }]);
    const begun: string[] = [];
    const first = await join({
      run: {
        autoCommitWhen: 'delivered',
        autoCommitThreshold: 1,
        eachMessage: async ({ message }) => {
          begun.push(String(message.value));
          await sleep(60_000, undefined, { ref: false });
        },
      },
    });
    await waitUntil(() => begun.length === 1);
    members.pop();
    await crash(first);
    const second = await join();
    await settled([second]);
    await sendAll(client, TOPIC, [{ value: 'next', partition: 0 }]);
    await waitUntil(() => second.values.length > 0);
    expect(second.values).toEqual(['next']);
  });

  it('manual commit after the handler, and a crash in between: the record is read again, and an idempotent consumer absorbs it', async () => {
    await sendAll(client, TOPIC, [{ key: 'order-1', value: 'paid', partition: 0 }]);
    // What a database with a unique key would hold.
    const ledger = new Map<string, string>();
    let deliveries = 0;
    let isLost = false;
    const handle = (partition: number, offset: string, value: string): void => {
      deliveries += 1;
      ledger.set(`${TOPIC}/${partition}/${offset}`, value);
    };
    const first = await join({
      // What is killed tries nothing again.
      config: { failurePolicy: { retry: { retries: 0 } } },
      run: {
        autoCommit: false,
        eachMessage: async ({ topic, partition, message }) => {
          handle(partition, message.offset, String(message.value));
          members[0]?.process.crash();
          const offset = String(Number(message.offset) + 1);
          const commit = members[0]?.consumer.commitOffsets([{ topic, partition, offset }]);
          await expect(commit).rejects.toThrow('dead');
          isLost = true;
          // A process that is dead does not try again.
          await sleep(60_000, undefined, { ref: false });
        },
      },
    });
    await waitUntil(() => isLost);
    members.pop();
    await crash(first);
    const second = await join({
      run: {
        autoCommit: false,
        eachMessage: async ({ topic, partition, message }) => {
          handle(partition, message.offset, String(message.value));
          const offset = String(Number(message.offset) + 1);
          await members[0]?.consumer.commitOffsets([{ topic, partition, offset }]);
        },
      },
    });
    await waitUntil(() => deliveries >= 2);
    await settled([second]);
    expect(deliveries).toBe(2);
    expect([...ledger]).toEqual([[`${TOPIC}/0/0`, 'paid']]);
  });
});

/** What it takes for a record. */
const SLOW_MS = 150;

describe('a slow consumer', () => {
  it('falls behind, and is shown to; the producer does not feel it', async () => {
    const produce = async (count: number): Promise<{ medianMs: number; errors: number }> => {
      const producer = client.producer({ linger: 0 });
      await producer.connect();
      const timesMs: number[] = [];
      let errors = 0;
      for (let index = 0; index < count; index += 1) {
        const startedAt = performance.now();
        try {
          await producer.send({ topic: TOPIC, messages: numbered(10, index * 10) });
        } catch {
          errors += 1;
        }
        timesMs.push(performance.now() - startedAt);
      }
      await producer.disconnect();
      const medianMs = timesMs.toSorted((left, right) => left - right)[count >> 1] ?? 0;
      return { medianMs, errors };
    };
    const alone = await produce(60);
    const lagNow = async (): Promise<number> => {
      const lags = await client.admin().fetchLag('workers');
      return lags.reduce((sum, { lag }) => sum + lag, 0);
    };
    await join({ run: { autoCommitInterval: 100, eachMessage: () => sleep(SLOW_MS) } });
    await waitUntil(async () => (await lagNow()) < 600);
    const before = await lagNow();
    const beside = await produce(60);
    const after = await lagNow();
    expect(after).toBeGreaterThan(before + 300);
    const lags = await client.admin().fetchLag('workers');
    expect(Math.max(...lags.map(({ lagSeconds }) => lagSeconds))).toBeGreaterThan(0);
    expect([alone.errors, beside.errors]).toEqual([0, 0]);
    // Ten records a send, one after the other: a producer that waited for them would take ten times that long.
    expect(beside.medianMs).toBeLessThan(alone.medianMs * 5 + 5 * SLOW_MS);
  });
});

/** Every event of fifty orders, then of the next fifty. */
async function sendOrders(orderCount: number, events: readonly string[]): Promise<void> {
  for (let block = 0; block < orderCount; block += 50) {
    const orders = Array.from({ length: 50 }, (_, index) => `order-${block + index}`);
    for (const value of events) {
      await sendAll(
        client,
        TOPIC,
        orders.map((key) => ({ key, value })),
      );
    }
    await sleep(30);
  }
}

describe('order', () => {
  it('OrderPlaced, PaymentCompleted, OrderShipped of each of 1,000 orders arrive in order while six consumers come and go', async () => {
    const orderCount = 1_000;
    const events = ['OrderPlaced', 'PaymentCompleted', 'OrderShipped'];
    const seen = new Map<string, string[]>();
    const run: ConsumerRunConfig = {
      partitionsConsumedConcurrently: 3,
      concurrencyByKey: 4,
      eachMessage: async ({ message }) => {
        const order = String(message.key);
        if (Number(message.offset) % 10 === 0) await sleep(1);
        seen.set(order, [...(seen.get(order) ?? []), String(message.value)]);
      },
    };
    const producing = sendOrders(orderCount, events);
    const present: Member[] = [await join({ run })];
    for (let round = 0; round < 5; round += 1) {
      present.push(await join({ run }));
      await sleep(150);
      if (round % 2 === 1) await present.shift()?.consumer.disconnect();
    }
    await producing;
    // What a consumer had handled and could not commit before it went is handled again (at least once): from there on,
    // in order again.
    const count = (): number =>
      [...seen.values()].reduce((sum, list) => sum + new Set(list).size, 0);
    await waitUntil(() => count() >= orderCount * 3);
    expect(seen.size).toBe(orderCount);
    for (const [order, list] of seen) {
      expect([...new Set(list)], order).toEqual(events);
      const steps = list.map((event, index) => [list[index - 1], event]);
      const jumps = steps.filter(
        ([before = '', event = '']) => events.indexOf(event) > events.indexOf(before) + 1,
      );
      expect(jumps, order).toEqual([]);
    }
  });
});
