// Producers' states move out of the head and back; whatever sleeps, dies or is repeated on the way, a batch appears once.

import { beforeEach, describe, expect, it } from 'vitest';
import {
  GARBAGE_GRACE_MS,
  PRODUCER_EXPIRATION_MS,
  PRODUCERS_PER_HEAD_CAP,
  PRODUCERS_PER_HEAD_KEPT,
  PRODUCERS_PER_HEAD_MAX,
} from '../../../../lib/limits.ts';
import type { Head } from '../../../../lib/log/partition.ts';
import { evictProducers } from '../../../../lib/service/append/evict-producers.ts';
import {
  appendTo,
  batchOf,
  createTestLog,
  type Fault,
  readAll,
  SeededRandom,
  type TestLog,
} from '../../../support/test-log.ts';

const EVICTED = PRODUCERS_PER_HEAD_MAX + 1 - PRODUCERS_PER_HEAD_KEPT;

let log: TestLog;
let topicId: string;

beforeEach(async () => {
  log = createTestLog();
  const created = await log.services.topics.create({ name: 'orders' });
  if (created.kind !== 'created') throw new Error('not created');
  ({ topicId } = created.topic);
  log.wire.take();
});

/** Sends one record of a producer; the value says whose and which it is. */
const send = async (
  producer: number,
  sequence: number,
  { services = log.services, epoch = 0 } = {},
): Promise<string | bigint | undefined> => {
  const batch = batchOf([`${producer}/${epoch}/${sequence}`], {
    producerId: BigInt(producer),
    producerEpoch: epoch,
    baseSequence: sequence,
  });
  const [result] = await services.append.append(appendTo('orders', { 0: batch }));
  return result?.kind === 'appended' ? result.baseOffset : result?.code;
};

/** Producers send their sequence 0, one after the other: producer n gets the n-th offset. */
const sendFirsts = async (from: number, to: number): Promise<void> => {
  for (let producer = from; producer < to; producer += 1) await send(producer, 0);
};

const head = async (): Promise<Head> => {
  const [found] = await log.storage.partitions.readHeads([{ topicId, partition: 0 }]);
  if (found === undefined) throw new Error('no head');
  return found;
};

/** What another process does that evicts from the head as it stands. */
const evict = async (): Promise<void> => {
  const ports = { ...log.storage, clock: log.clock, random: new SeededRandom() };
  await evictProducers(ports, { topicId, partition: 0 }, await head());
};

const values = async (): Promise<string[]> =>
  (await readAll(log.services, 'orders')).map(([, value]) => value);
const occurrences = async (value: string): Promise<number> =>
  (await values()).filter((one) => one === value).length;

describe('an append that brings one producer too many into the head', () => {
  it('moves the idle ones out, and keeps those that appended last (bounded)', async () => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX);
    expect((await head()).producers.size).toBe(PRODUCERS_PER_HEAD_MAX);
    log.wire.take();
    await send(PRODUCERS_PER_HEAD_MAX, 0);
    expect(log.wire.take()).toMatchObject({ putProducer: EVICTED, removeProducers: 1 });
    const { producers, evictions } = await head();
    expect([producers.size, evictions]).toEqual([PRODUCERS_PER_HEAD_KEPT, 1]);
    expect(Math.min(...[...producers.keys()].map(Number))).toBe(EVICTED);
  });

  it('costs an append nothing while its producer’s state is in the head', async () => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX + 1);
    log.wire.take();
    await send(PRODUCERS_PER_HEAD_MAX, 1);
    expect(log.wire.take()).toEqual({ putObject: 1, appendToHead: 1 });
  });

  it('leaves the work to the next one when it fails, and to everybody at twice the limit', async () => {
    log.wire.fail('putProducer', ...Array<Fault>(1_000).fill('before'));
    await sendFirsts(0, 2 * PRODUCERS_PER_HEAD_MAX - 1);
    expect((await head()).producers.size).toBe(2 * PRODUCERS_PER_HEAD_MAX - 1);
    log.wire.fail('putProducer');
    await send(2 * PRODUCERS_PER_HEAD_MAX, 0);
    expect((await head()).producers.size).toBe(PRODUCERS_PER_HEAD_KEPT);
  });

  it('refuses more producers at the cap until states can be moved out, and nobody else (bounded)', async () => {
    log.wire.fail('putProducer', ...Array<Fault>(100_000).fill('before'));
    await sendFirsts(0, PRODUCERS_PER_HEAD_CAP);
    expect(await send(PRODUCERS_PER_HEAD_CAP, 0)).toBe('THROTTLED');
    expect(await send(0, 1)).toBe(BigInt(PRODUCERS_PER_HEAD_CAP));
    log.wire.fail('putProducer');
    expect(await send(PRODUCERS_PER_HEAD_CAP, 0)).toBe(BigInt(PRODUCERS_PER_HEAD_CAP + 1));
    expect((await head()).producers.size).toBeLessThan(PRODUCERS_PER_HEAD_MAX * 2);
  });
});

describe('a producer whose state was moved out', () => {
  beforeEach(async () => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX + 1);
    log.wire.take();
  });

  it('comes back with its next batch, for one read and one more write', async () => {
    expect(await send(0, 1)).toBe(BigInt(PRODUCERS_PER_HEAD_MAX + 1));
    expect(log.wire.take()).toMatchObject({ appendToHead: 2, readProducer: 1, putObject: 1 });
    expect((await head()).producers.get(0n)?.lastSequence).toBe(1);
    expect(await send(0, 2)).toBe(BigInt(PRODUCERS_PER_HEAD_MAX + 2));
    expect(log.wire.take()).toMatchObject({ appendToHead: 1 });
  });

  it('is not taken for a new one: a batch that is there is answered with its offset (no-double-append)', async () => {
    expect(await send(3, 0)).toBe(3n);
    expect(await occurrences('3/0/0')).toBe(1);
  });

  it('is held to its sequence and its epoch (ordered, fenced)', async () => {
    expect(await send(0, 2)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(await send(1, 0, { epoch: 1 })).toBe(BigInt(PRODUCERS_PER_HEAD_MAX + 1));
    await sendFirsts(100, 100 + PRODUCERS_PER_HEAD_MAX);
    expect((await head()).producers.has(1n)).toBe(false);
    expect(await send(1, 1)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await send(1, 1, { epoch: 1 })).toBeTypeOf('bigint');
  });

  it('is refused, not doubled, when its append slept while it came back and went again (no-double-append)', async () => {
    // The append that sleeps has read the state outside; another process sends the same batch and moves the state out.
    const other = log.another();
    log.wire.meanwhile('readProducer', async () => {
      log.wire.meanwhile('appendToHead', async () => {
        await send(0, 1, { services: other });
        await sendFirsts(200, 200 + PRODUCERS_PER_HEAD_MAX);
        expect((await head()).producers.has(0n)).toBe(false);
      });
    });
    // The state that is read must be the old one: the sleeper sleeps after its read.
    expect(await send(0, 1)).toBe(BigInt(PRODUCERS_PER_HEAD_MAX + 1));
    expect(await occurrences('0/0/1')).toBe(1);
  });

  it('comes back once when its append is repeated in two processes at once (no-double-append)', async () => {
    const services = [log.services, log.another(), log.another()];
    const offsets = await Promise.all(services.map((one) => send(0, 1, { services: one })));
    expect(new Set(offsets).size).toBe(1);
    expect(await occurrences('0/0/1')).toBe(1);
  });

  it.each<readonly [string, Fault]>([
    ['readProducer', 'before'],
    ['readProducer', 'throttled'],
    ['appendToHead', 'before'],
    ['appendToHead', 'after'],
    ['appendToHead', 'throttled'],
  ])(
    'comes back once when %s fails (%s) at any of its calls (no-double-append)',
    async (method, fault) => {
      for (const [index, passing] of [0, 1, 2].entries()) {
        log.wire.fail(method, ...Array<undefined>(passing).fill(undefined), fault);
        expect(await send(index, 1)).toBe(BigInt(PRODUCERS_PER_HEAD_MAX + 1 + index));
        log.wire.fail(method);
        expect(await occurrences(`${index}/0/1`)).toBe(1);
      }
    },
  );

  it('is forgotten after producer.id.expiration.ms, and not while an append may be under way', async () => {
    expect(PRODUCER_EXPIRATION_MS).toBeGreaterThan(GARBAGE_GRACE_MS);
    log.clock.timeMs += PRODUCER_EXPIRATION_MS - 60_000;
    expect(await send(0, 1)).toBeTypeOf('bigint');
    log.clock.timeMs += 120_000;
    expect(await send(1, 1)).toBe('UNKNOWN_PRODUCER_ID');
    expect(await send(0, 2)).toBeTypeOf('bigint');
  });
});

describe('an evicter', () => {
  it.each<readonly [string, readonly (Fault | undefined)[]]>([
    ['putProducer', ['before']],
    ['putProducer', ['after']],
    ['putProducer', ['throttled', 'after', 'before']],
    ['putProducer', Array<Fault>(5).fill('after')],
    ['removeProducers', ['before']],
    ['removeProducers', ['after']],
    ['removeProducers', ['throttled']],
  ])('loses no state when %s fails %j (no-double-append)', async (method, faults) => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX);
    log.wire.fail(method, ...faults);
    await send(PRODUCERS_PER_HEAD_MAX, 0);
    for (let producer = 0; producer <= PRODUCERS_PER_HEAD_MAX; producer += 1) {
      expect(await send(producer, 0)).toBe(BigInt(producer));
      expect(await send(producer, 1)).toBe(BigInt(PRODUCERS_PER_HEAD_MAX + 1 + producer));
    }
  });

  it('that sleeps before it takes states out takes no newer one, and the others still go (no-double-append)', async () => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX);
    log.wire.meanwhile('removeProducers', () => send(0, 1, { services: log.another() }));
    await send(PRODUCERS_PER_HEAD_MAX, 0);
    const { producers } = await head();
    expect(producers.get(0n)?.lastSequence).toBe(1);
    expect([producers.size, producers.has(1n)]).toEqual([PRODUCERS_PER_HEAD_KEPT, false]);
    expect(await send(0, 1)).toBe(BigInt(PRODUCERS_PER_HEAD_MAX + 1));
  });

  it('that sleeps before it puts a state puts no old one over a newer one (no-double-append)', async () => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX);
    // The first put is that of producer 0, the longest idle one.
    log.wire.meanwhile('putProducer', async () => {
      await evict();
      expect((await head()).producers.has(0n)).toBe(false);
      await send(0, 1);
      await sendFirsts(300, 300 + PRODUCERS_PER_HEAD_MAX);
      expect((await head()).producers.has(0n)).toBe(false);
    });
    await send(PRODUCERS_PER_HEAD_MAX, 0);
    const again = await send(0, 1);
    expect(again).toBeTypeOf('bigint');
    expect(await occurrences('0/0/1')).toBe(1);
    expect(await send(0, 2)).toBeTypeOf('bigint');
  });

  it('may have company: two at once lose nothing (no-loss-by-cleanup)', async () => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX);
    await Promise.all([evict(), evict(), send(PRODUCERS_PER_HEAD_MAX, 0), send(3, 1)]);
    for (let producer = 0; producer <= PRODUCERS_PER_HEAD_MAX; producer += 1) {
      expect(await send(producer, producer === 3 ? 2 : 1)).toBeTypeOf('bigint');
    }
    const all = await values();
    expect(new Set(all).size).toBe(all.length);
  });

  it('leaves a deleted topic alone', async () => {
    await sendFirsts(0, PRODUCERS_PER_HEAD_MAX);
    log.wire.meanwhile('removeProducers', () => log.services.topics.delete('orders'));
    expect(await send(PRODUCERS_PER_HEAD_MAX, 0)).toBe(BigInt(PRODUCERS_PER_HEAD_MAX));
    expect(await send(0, 1)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describe('many producers on one partition', () => {
  it('10,000 of them each come back with their next batch (no-double-append, ordered)', async () => {
    const count = 10_000;
    const offsets: (string | bigint | undefined)[] = [];
    for (let producer = 0; producer < count; producer += 1) {
      offsets.push(await send(producer, 0));
      if (producer >= 50 && producer % 50 === 0) await send(producer - 50, 0);
    }
    // In another order, so that those in the head and those outside are mixed.
    for (let index = 0; index < count; index += 1) {
      const producer = (index * 7_919) % count;
      const offset = await send(producer, 1);
      expect(offset).toBeTypeOf('bigint');
      if (index % 100 === 0) expect(await send(producer, 1)).toBe(offset);
    }
    expect(offsets).toEqual(Array.from({ length: count }, (_, producer) => BigInt(producer)));
    const { nextOffset, producers } = await head();
    expect(nextOffset).toBe(BigInt(2 * count));
    expect(producers.size).toBeLessThanOrEqual(PRODUCERS_PER_HEAD_MAX);
  }, 60_000);

  it('100 that come back at once get in, each once (no-double-append)', async () => {
    await sendFirsts(0, 100);
    const back = await Promise.all(Array.from({ length: 100 }, (_, producer) => send(producer, 1)));
    for (const [producer, first] of back.entries()) {
      const offset = first === 'THROTTLED' ? await send(producer, 1) : first;
      expect(offset).toBeTypeOf('bigint');
    }
    const all = await values();
    expect([new Set(all).size, all.length]).toEqual([200, 200]);
  });
});
