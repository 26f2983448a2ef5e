import { beforeEach, describe, expect, it } from 'vitest';
import { HEAD_HOLD_MS, TAIL_ENTRIES_ROLL } from '../../../../lib/limits.ts';
import type { PartitionAppendResult } from '../../../../lib/log/append.ts';
import {
  appendTo,
  batchOf,
  createTestLog,
  readAll,
  type TestLog,
} from '../../../support/test-log.ts';

let log: TestLog;

beforeEach(async () => {
  log = createTestLog();
  await log.services.topics.create({ name: 'orders', partitionCount: 3 });
  await log.services.append.append(appendTo('orders', { 2: batchOf(['warm']) }));
  log.wire.take();
});

const outcome = (result: PartitionAppendResult | undefined): string | bigint | undefined =>
  result?.kind === 'appended' ? result.baseOffset : result?.code;

const append = async (...values: string[]): Promise<string | bigint | undefined> => {
  const [result] = await log.services.append.append(appendTo('orders', { 0: batchOf(values) }));
  return outcome(result);
};

const values = async (): Promise<string[]> =>
  (await readAll(log.services, 'orders')).map(([, value]) => value);

describe('append', () => {
  it('assigns dense offsets (dense)', async () => {
    expect(await append('a', 'b')).toBe(0n);
    expect(await append('c')).toBe(2n);
    expect(await readAll(log.services, 'orders')).toEqual([
      [0n, 'a'],
      [1n, 'b'],
      [2n, 'c'],
    ]);
  });

  it('costs one PUT and one update a partition, and no read', async () => {
    const request = appendTo('orders', { 0: batchOf(['a']), 1: batchOf(['b']), 2: batchOf(['c']) });
    const results = await log.services.append.append(request);
    expect(results.map(outcome)).toEqual([0n, 0n, 1n]);
    expect(log.wire.take()).toEqual({ putObject: 1, appendToHead: 3 });
  });

  it('rolls the tail once every sixteen appends, for two requests more (bounded)', async () => {
    const count = 10 * TAIL_ENTRIES_ROLL;
    for (let index = 0; index < count; index += 1) await append(`v${index}`);
    expect(log.wire.take()).toEqual({
      putObject: count,
      appendToHead: count,
      putPage: 10,
      trimTail: 10,
    });
    expect(await readAll(log.services, 'orders')).toEqual(
      Array.from({ length: count }, (_, index) => [BigInt(index), `v${index}`]),
    );
  });

  it('keeps concurrent appends dense, whole and each once (dense, ordered)', async () => {
    const other = log.another();
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const services = index % 2 === 0 ? log.services : other;
        const batch = batchOf([`${index}/0`, `${index}/1`, `${index}/2`]);
        return services.append.append(appendTo('orders', { 0: batch }));
      }),
    );
    const bases = results.map(([result]) => outcome(result) as bigint);
    const read = await readAll(log.services, 'orders');
    expect(read).toHaveLength(600);
    for (const [index, base] of bases.entries()) {
      for (let part = 0; part < 3; part += 1) {
        expect(read[Number(base) + part]).toEqual([base + BigInt(part), `${index}/${part}`]);
      }
    }
  });

  it('finds an append whose answer was lost in the tail, and does not send it again (no-double-append)', async () => {
    log.wire.fail('appendToHead', 'after');
    expect(await append('once')).toBe(0n);
    expect(log.wire.take()).toMatchObject({ appendToHead: 1, readHeads: 1 });
    expect(await values()).toEqual(['once']);
  });

  it('finds it in a page when the tail was rolled meanwhile, again and again (no-double-append)', async () => {
    for (let index = 0; index < TAIL_ENTRIES_ROLL - 1; index += 1) await append(`v${index}`);
    const other = log.another();
    log.wire.meanwhile('readHeads', async () => {
      for (let index = 0; index < 20 * TAIL_ENTRIES_ROLL; index += 1) {
        await other.append.append(appendTo('orders', { 0: batchOf([`w${index}`]) }));
      }
    });
    log.wire.fail('appendToHead', 'after');
    expect(await append('once')).toBe(BigInt(TAIL_ENTRIES_ROLL - 1));
    expect((await values()).filter((value) => value === 'once')).toHaveLength(1);
    expect(log.wire.take()).toMatchObject({ findPages: expect.any(Number) });
  });

  it('tells a plain producer that it may try again when the append is not there', async () => {
    log.wire.fail('appendToHead', 'before');
    expect(await append('lost')).toBe('REQUEST_TIMED_OUT');
    expect(await values()).toEqual([]);
  });

  it('repeats what was throttled, and gives up with a bound', async () => {
    log.wire.fail('appendToHead', 'throttled', 'throttled');
    expect(await append('a')).toBe(0n);
    log.wire.fail('appendToHead', ...Array<'throttled'>(100).fill('throttled'));
    expect(await append('b')).toBe('THROTTLED');
    log.wire.fail('appendToHead');
    expect(await values()).toEqual(['a']);
  });

  it('waits while a transaction holds the head, and is appended when it is over', async () => {
    const found = await log.services.topics.get('orders');
    if (found.kind !== 'found') throw new Error('no topic');
    const partition = { topicId: found.topic.topicId, partition: 0 };
    const untilMs = log.clock.nowMs() + HEAD_HOLD_MS;
    await log.storage.partitions.holdHead(partition, untilMs);
    expect(await append('a')).toBe(0n);
    expect(log.clock.nowMs()).toBeGreaterThan(untilMs);
    expect(log.wire.take().appendToHead).toBeGreaterThan(1);
  });

  it('survives a PUT that is repeated after its answer was lost (no-double-append)', async () => {
    log.wire.fail('putObject', 'after');
    expect(await append('a')).toBe(0n);
    expect(log.wire.take()).toEqual({ putObject: 2, appendToHead: 1 });
    expect(await values()).toEqual(['a']);
  });

  it('appends nothing when the object cannot be put', async () => {
    log.wire.fail('putObject', ...Array<'before'>(100).fill('before'));
    await expect(append('a')).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT' });
    log.wire.fail('putObject');
    expect(await values()).toEqual([]);
  });

  it('appends a redelivered request once (no-double-append)', async () => {
    const objectId = '01JD0000000000000000000001';
    const request = { ...appendTo('orders', { 0: batchOf(['a']) }), objectId };
    const [first] = await log.services.append.append(request);
    const [second] = await log.another().append.append(request);
    expect([outcome(first), outcome(second)]).toEqual([0n, 'DUPLICATE_SEQUENCE_NUMBER']);
    expect(await values()).toEqual(['a']);
  });

  it.each([
    ['the page was put and the tail not trimmed', 'trimTail'],
    ['the page was not put', 'putPage'],
  ])('goes on where a roller died after %s (no-loss-by-cleanup)', async (_, method) => {
    log.wire.fail(method, 'before');
    const count = 4 * TAIL_ENTRIES_ROLL;
    for (let index = 0; index < count; index += 1)
      expect(await append(`v${index}`)).toBe(BigInt(index));
    expect(await values()).toEqual(Array.from({ length: count }, (__, index) => `v${index}`));
  });

  it('takes the page that is there when two roll at once (no-loss-by-cleanup)', async () => {
    log.wire.fail('trimTail', ...Array<'before'>(3).fill('before'));
    const count = 5 * TAIL_ENTRIES_ROLL;
    for (let index = 0; index < count; index += 1) await append(`v${index}`);
    expect(await values()).toEqual(Array.from({ length: count }, (__, index) => `v${index}`));
  });

  it('appends only at the offset asked for (match_offset)', async () => {
    const at = async (matchOffset: bigint) => {
      const request = { ...appendTo('orders', { 0: batchOf(['x']) }), matchOffset };
      const [result] = await log.services.append.append(request);
      return outcome(result);
    };
    expect(await at(1n)).toBe('OFFSET_MISMATCH');
    expect(await at(0n)).toBe(0n);
    expect(await at(0n)).toBe('OFFSET_MISMATCH');
    expect(await values()).toEqual(['x']);
  });

  it('stamps the time where the topic says LogAppendTime', async () => {
    const configs = { 'message.timestamp.type': 'LogAppendTime' };
    await log.services.topics.create({ name: 'stamped', configs });
    log.clock.timeMs = 1_770_000_000_000;
    const [result] = await log.services.append.append(
      appendTo('stamped', { 0: batchOf(['a', 'b']) }),
    );
    expect(result).toMatchObject({ kind: 'appended', logAppendTimeMs: 1_770_000_000_000 });
    const [read] = await log.services.records.read({
      partitions: [{ topicName: 'stamped', partition: 0, offset: 0n }],
      maxBytes: 1_000,
      minBytes: 0,
      maxWaitMs: 0,
      maxRecords: 10,
    });
    expect(read).toMatchObject({
      records: [
        { timestampMs: 1_770_000_000_000, timestampType: 'LogAppendTime' },
        { timestampMs: 1_770_000_000_000, timestampType: 'LogAppendTime' },
      ],
    });
  });

  it('refuses what is wrong for one partition and stores the rest', async () => {
    const broken = Uint8Array.from(batchOf(['broken']));
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
    const results = await log.services.append.append({
      partitions: [
        { topicName: 'orders', partition: 0, batches: broken },
        { topicName: 'orders', partition: 1, batches: batchOf(['fine']) },
        { topicName: 'orders', partition: 3, batches: batchOf(['nowhere']) },
        { topicName: 'missing', partition: 0, batches: batchOf(['nowhere']) },
      ],
    });
    expect(results.map(outcome)).toEqual([
      'CORRUPT_MESSAGE',
      0n,
      'UNKNOWN_PARTITION',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
  });

  it('writes nothing at all when every partition is refused', async () => {
    await log.services.append.append(appendTo('missing', { 0: batchOf(['a']) }));
    expect(log.wire.take()).toEqual({ getTopic: 1 });
  });

  it('refuses a partition that stands twice in a request', async () => {
    const part = { topicName: 'orders', partition: 0, batches: batchOf(['a']) };
    const results = await log.services.append.append({ partitions: [part, part] });
    expect(results.map(outcome)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST']);
  });
});

describe('append to a topic that was deleted', () => {
  it('refuses a writer with stale metadata, and shows a new topic nothing old', async () => {
    const stale = log.another();
    await stale.append.append(appendTo('orders', { 0: batchOf(['old']) }));
    await log.services.topics.delete('orders');
    await log.services.topics.create({ name: 'orders', partitionCount: 3 });
    const [refused] = await stale.append.append(appendTo('orders', { 0: batchOf(['lost']) }));
    expect(outcome(refused)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    const [taken] = await stale.append.append(appendTo('orders', { 0: batchOf(['new']) }));
    expect(outcome(taken)).toBe(0n);
    expect(await values()).toEqual(['new']);
  });
});

describe('append of a writer that slept between its PUT and its update', () => {
  it('is refused when its topic was deleted meanwhile (durable)', async () => {
    log.wire.meanwhile('appendToHead', () => log.services.topics.delete('orders'));
    expect(await append('late')).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describe('append of an idempotent producer', () => {
  const batch = (baseSequence: number, value: string, producerEpoch = 0) =>
    batchOf([value], { producerId: 9n, producerEpoch, baseSequence });
  const send = async (bytes: Uint8Array, services = log.services) =>
    outcome((await services.append.append(appendTo('orders', { 0: bytes })))[0]);

  it('answers a batch that is there with its offset (no-double-append)', async () => {
    expect(await send(batch(0, 'a'))).toBe(0n);
    expect(await send(batch(1, 'b'))).toBe(1n);
    expect(await send(batch(1, 'b'))).toBe(1n);
    expect(await send(batch(0, 'a'), log.another())).toBe(0n);
    expect(await values()).toEqual(['a', 'b']);
  });

  it('adds no request while its state is in the head', async () => {
    await send(batch(0, 'a'));
    log.wire.take();
    await send(batch(1, 'b'));
    expect(log.wire.take()).toEqual({ putObject: 1, appendToHead: 1 });
  });

  it('retries after a lost answer, whether it took effect or not (no-double-append)', async () => {
    log.wire.fail('appendToHead', 'after', undefined, 'before');
    expect(await send(batch(0, 'a'))).toBe(0n);
    expect(await send(batch(1, 'b'))).toBe(1n);
    log.wire.fail('appendToHead', 'before');
    expect(await send(batch(2, 'c'))).toBe(2n);
    expect(await values()).toEqual(['a', 'b', 'c']);
  });

  it('refuses a gap and an older epoch (ordered, fenced)', async () => {
    await send(batch(0, 'a'));
    expect(await send(batch(2, 'c'))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(await send(batch(0, 'a2', 1))).toBe(1n);
    expect(await send(batch(1, 'b'))).toBe('INVALID_PRODUCER_EPOCH');
    expect(await values()).toEqual(['a', 'a2']);
  });
});
