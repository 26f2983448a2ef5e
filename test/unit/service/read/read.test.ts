import { beforeEach, describe, expect, it } from 'vitest';
import { HEADS_PER_READ_MAX, TAIL_ENTRIES_ROLL } from '../../../../lib/limits.ts';
import type { FetchRequest, PartitionFetchResult } from '../../../../lib/log/read.ts';
import { decodeBatch } from '../../../../lib/record/record.ts';
import { appendTo, batchOf, createTestLog, type TestLog } from '../../../support/test-log.ts';

let log: TestLog;

beforeEach(async () => {
  log = createTestLog();
  await log.services.topics.create({ name: 'orders', partitionCount: 3 });
});

const append = async (partition: number, ...values: string[]): Promise<void> => {
  const request = appendTo('orders', { [partition]: batchOf(values) });
  const [result] = await log.services.append.append(request);
  expect(result?.kind).toBe('appended');
};

const fetch = (
  offsets: Readonly<Record<number, bigint>>,
  change: Partial<FetchRequest> = {},
  services = log.services,
): Promise<readonly PartitionFetchResult[]> =>
  services.read.fetch({
    deliver: 'bytes',
    maxBytes: 1_000_000,
    minBytes: 0,
    maxWaitMs: 0,
    partitions: Object.entries(offsets).map(([partition, offset]) => ({
      topicName: 'orders',
      partition: Number(partition),
      offset,
    })),
    ...change,
  });

const baseOffsets = (result: PartitionFetchResult | undefined): bigint[] =>
  result?.kind === 'bytes'
    ? result.chunks.flatMap((chunk) => {
        const offsets: bigint[] = [];
        for (let position = 0; position < chunk.length; ) {
          const { header } = decodeBatch(chunk, position);
          offsets.push(header.baseOffset);
          position += header.sizeInBytes;
        }
        return offsets;
      })
    : [];

describe('fetch', () => {
  it('gives whole batches with their offsets in place and their CRC right', async () => {
    await append(0, 'a', 'b');
    await append(0, 'c');
    const [result] = await fetch({ 0: 0n });
    expect(result).toMatchObject({ nextOffset: 3n, highWatermark: 3n, logStartOffset: 0n });
    expect(baseOffsets(result)).toEqual([0n, 2n]);
  });

  it('begins with the batch that holds the offset', async () => {
    await append(0, 'a', 'b');
    await append(0, 'c');
    expect(baseOffsets((await fetch({ 0: 1n }))[0])).toEqual([0n, 2n]);
    expect(baseOffsets((await fetch({ 0: 2n }))[0])).toEqual([2n]);
  });

  it('reads the end of the log as empty', async () => {
    await append(0, 'a');
    expect(await fetch({ 0: 1n })).toMatchObject([{ kind: 'bytes', byteCount: 0, nextOffset: 1n }]);
  });

  it('refuses what is outside the log, with both bounds', async () => {
    await append(0, 'a', 'b', 'c');
    await log.services.topics.deleteRecords({ topicName: 'orders', partition: 0, offset: 2n });
    for (const offset of [-1n, 0n, 1n, 4n]) {
      expect(await fetch({ 0: offset })).toMatchObject([
        { code: 'OFFSET_OUT_OF_RANGE', logStartOffset: 2n, highWatermark: 3n },
      ]);
    }
    expect(await fetch({ 0: 2n })).toMatchObject([{ kind: 'bytes', nextOffset: 3n }]);
  });

  it('answers each partition for itself', async () => {
    await append(0, 'a');
    expect(await fetch({ 0: 0n, 7: 0n })).toMatchObject([
      { kind: 'bytes', nextOffset: 1n },
      { kind: 'rejected', code: 'UNKNOWN_PARTITION' },
    ]);
  });

  it('stops at the byte limit, over all partitions, but always gets on', async () => {
    for (const partition of [0, 1]) for (const value of ['a', 'b']) await append(partition, value);
    const size = batchOf(['a']).length;
    const counts = async (maxBytes: number) =>
      (await fetch({ 0: 0n, 1: 0n }, { maxBytes })).map((result) => baseOffsets(result).length);
    expect(await counts(1)).toEqual([1, 0]);
    expect(await counts(2 * size)).toEqual([2, 0]);
    expect(await counts(3 * size)).toEqual([2, 1]);
    expect(await counts(4 * size)).toEqual([2, 2]);
  });

  it('gives a topic that was deleted as unknown, also where it was known', async () => {
    await append(0, 'a');
    await fetch({ 0: 0n });
    await log.another().topics.delete('orders');
    expect(await fetch({ 0: 0n })).toMatchObject([{ code: 'UNKNOWN_TOPIC_OR_PARTITION' }]);
  });
});

describe('what a fetch costs (bounded)', () => {
  const cold = async (offsets: Readonly<Record<number, bigint>>) => {
    const services = log.another();
    await services.topics.get('orders');
    await services.listOffsets.find({ topicName: 'orders', partition: 0, at: { kind: 'latest' } });
    log.wire.take();
    await fetch(offsets, {}, services);
    return log.wire.take();
  };

  it('is one head and one GET an object at the tail', async () => {
    await append(0, 'a');
    await append(0, 'b');
    expect(await cold({ 0: 0n })).toEqual({ readHeads: 1, getRange: 2 });
  });

  it('shares a GET between partitions that one request wrote', async () => {
    await log.services.append.append(appendTo('orders', { 0: batchOf(['a']), 1: batchOf(['b']) }));
    expect(await cold({ 0: 0n, 1: 0n })).toEqual({ readHeads: 1, getRange: 1 });
  });

  it('is one query more anywhere else', async () => {
    for (let index = 0; index < 3 * TAIL_ENTRIES_ROLL; index += 1) await append(0, `v${index}`);
    expect(await cold({ 0: 20n })).toMatchObject({ readHeads: 1, findPages: 1 });
  });

  it('is the same with 100,000 index entries as with 10', async () => {
    const key = await partitionKey(1);
    const entries = 100_000;
    const run = 200;
    for (let done = 0; done < entries; done += run) await appendEntries(key, run);
    const offset = BigInt(entries / 2);
    const [result] = await fetch({ 1: offset });
    expect(result).toMatchObject({ highWatermark: BigInt(entries) });
    log.wire.take();
    await fetch({ 1: offset + 5_000n });
    expect(log.wire.take()).toMatchObject({ readHeads: 1, findPages: 1 });
  }, 60_000);

  it('is the same for a thousand groups as for one: a head each, and the bytes once', async () => {
    await append(0, 'a');
    log.wire.take();
    await Promise.all(Array.from({ length: 1_000 }, () => fetch({ 0: 0n })));
    expect(log.wire.take()).toEqual({ readHeads: 1_000, getRange: 1 });
  });

  it('is no GET when a warm process has the bytes', async () => {
    await append(0, 'a');
    await fetch({ 0: 0n });
    log.wire.take();
    await fetch({ 0: 0n });
    expect(log.wire.take()).toEqual({ readHeads: 1 });
  });

  const partitionKey = async (partition: number) => {
    const found = await log.services.topics.get('orders');
    if (found.kind !== 'found') throw new Error('no topic');
    return { topicId: found.topic.topicId, partition };
  };

  /** Many entries over one object, put as appends and rolls put them. */
  const appendEntries = async (
    partition: { readonly topicId: string; readonly partition: number },
    count: number,
  ) => {
    const { partitions, objects } = log.storage;
    const { pageOf } = await import('../../../../lib/log/roll.ts');
    const { walKey } = await import('../../../../lib/log/keys.ts');
    const objectId = '01JD0000000000000000000009';
    const batch = batchOf(['x']);
    await objects.putObject({ key: walKey(objectId), chunks: [batch], nonce: 'n' });
    const entry = {
      objectId,
      positionBytes: 0,
      lengthBytes: batch.length,
      recordCount: 1,
      maxTimestampMs: 1,
    };
    const entries = Array.from({ length: count }, () => entry);
    const appended = await partitions.appendToHead({ partition, entries, objectId });
    if (appended.kind !== 'appended') throw new Error('refused');
    const page = pageOf(appended.head);
    await partitions.putPage(partition, page);
    await partitions.trimTail({ partition, tailBase: page.baseOffset, page });
  };
});

describe('a fetch that waits', () => {
  it('answers at once when enough is there, and after the wait when not', async () => {
    await append(0, 'a');
    const start = log.clock.timeMs;
    await fetch({ 0: 0n }, { minBytes: 1, maxWaitMs: 1_000 });
    expect(log.clock.timeMs).toBe(start);
    expect(await fetch({ 0: 1n }, { minBytes: 1, maxWaitMs: 1_000 })).toMatchObject([
      { kind: 'bytes', byteCount: 0 },
    ]);
    expect(log.clock.timeMs).toBe(start + 1_000);
  });

  it('looks at the heads with growing pauses, nothing else', async () => {
    await append(0, 'a');
    log.wire.take();
    await fetch({ 0: 1n, 1: 0n }, { minBytes: 1, maxWaitMs: 2_000 });
    expect(log.wire.take()).toEqual({ readHeads: 8 });
  });

  it('answers when the bytes come', async () => {
    const start = log.clock.timeMs;
    const waiting = fetch({ 0: 0n }, { minBytes: 1, maxWaitMs: 20_000 });
    await append(0, 'late');
    expect(baseOffsets((await waiting)[0])).toEqual([0n]);
    expect(log.clock.timeMs).toBeLessThan(start + 20_000);
  });

  it('stops when its caller has gone', async () => {
    const start = log.clock.timeMs;
    const request = { minBytes: 1, maxWaitMs: 20_000, deliver: 'bytes', maxBytes: 1 } as const;
    const partitions = [{ topicName: 'orders', partition: 0, offset: 0n }];
    await log.services.read.fetch({ ...request, partitions }, AbortSignal.abort());
    expect(log.clock.timeMs).toBe(start);
  });

  it('does not wait beside an error', async () => {
    const start = log.clock.timeMs;
    await fetch({ 0: 0n, 9: 0n }, { minBytes: 1, maxWaitMs: 20_000 });
    expect(log.clock.timeMs).toBe(start);
  });
});

describe('a fetch under faults', () => {
  it('repeats reads that failed', async () => {
    await append(0, 'a');
    log.wire.fail('readHeads', 'before', 'throttled');
    log.wire.fail('getRange', 'before');
    expect(baseOffsets((await fetch({ 0: 0n }))[0])).toEqual([0n]);
  });

  it('gives one partition an error of its own when its bytes cannot be read', async () => {
    await append(0, 'a');
    await append(1, 'b');
    await fetch({ 1: 0n });
    log.wire.fail('getRange', ...Array<'before'>(5).fill('before'));
    expect(await fetch({ 0: 0n, 1: 0n })).toMatchObject([
      { kind: 'rejected', code: 'REQUEST_TIMED_OUT' },
      { kind: 'bytes', nextOffset: 1n },
    ]);
  });
});

describe('fetch by reference', () => {
  it('says where the bytes are and which offset they begin with', async () => {
    await append(0, 'a', 'b');
    await append(0, 'c');
    log.wire.take();
    const [result] = await fetch({ 0: 0n }, { deliver: 'reference' });
    expect(result).toMatchObject({
      kind: 'references',
      nextOffset: 3n,
      references: [
        { baseOffset: 0n, positionBytes: 0 },
        { baseOffset: 2n, positionBytes: 0 },
      ],
    });
    expect(log.wire.take()).not.toHaveProperty('getRange');
  });
});

describe('reading many heads', () => {
  it('asks for a hundred at a time', async () => {
    await log.services.topics.create({ name: 'wide', partitionCount: 250 });
    log.wire.take();
    const found = await log.services.topics.partitions('wide');
    expect(found).toMatchObject({ kind: 'found' });
    expect(log.wire.take().readHeads).toBe(Math.ceil(250 / HEADS_PER_READ_MAX));
  });
});
