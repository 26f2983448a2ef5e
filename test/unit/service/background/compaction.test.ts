import { beforeEach, describe, expect, it } from 'vitest';
import type { Segment } from '../../../../lib/log/segment.ts';
import {
  COMPRESSION_KINDS,
  type CompressionKind,
  splitBatches,
} from '../../../../lib/record/batch.ts';
import { encodeBatch } from '../../../../lib/record/record.ts';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  type TestBackground,
  type TestProcess,
} from '../../../support/test-background.ts';
import { appendTo, readAll, text } from '../../../support/test-log.ts';

const TOPIC = 'state';
let log: TestBackground;
let process: TestProcess;

beforeEach(async () => {
  log = createTestBackground();
  process = log.process();
});

async function createTopic(configs: Readonly<Record<string, string>> = {}): Promise<void> {
  const wanted = { name: TOPIC, configs: { 'cleanup.policy': 'compact', ...configs } };
  const created = await process.services.topics.create(wanted);
  if (created.kind === 'rejected') throw new Error(created.message);
}

/** `key=value` each, a key alone deletes it; one batch for all. */
async function append(records: readonly string[], compression: CompressionKind = 'none') {
  log.clock.timeMs += 10;
  const batch = encodeBatch({
    compression,
    records: records.map((record) => {
      const [key = '', value] = record.split('=');
      const bytes = value === undefined ? null : text(value);
      return { timestamp: log.clock.timeMs, key: text(key), value: bytes };
    }),
  });
  const [result] = await process.services.append.append(appendTo(TOPIC, { 0: batch }));
  expect(result).toMatchObject({ kind: 'appended' });
}

/** Makes a segment of what was appended. */
async function merge(): Promise<void> {
  log.clock.timeMs += 7 * HOUR_MS;
  await process.background.segments.mergeAll(NO_LIMIT);
}

const compact = (by = process) => by.background.compaction.compactAll(NO_LIMIT);
const seen = async () =>
  (await readAll(log.process().services, TOPIC)).map(([offset, value]) => `${offset}:${value}`);
const segments = async () => {
  const [topic] = await process.services.topics.list();
  const key = { topicId: topic!.topicId, partition: 0 };
  return (await log.storage.segments.listSegments(key, { from: 0n, limit: 100 })).segments;
};

describe('compactAll', () => {
  it.each<CompressionKind>(COMPRESSION_KINDS)(
    'keeps the latest record of each key with its offset, over segments (%s)',
    async (compression) => {
      await createTopic();
      await append(['a=1', 'b=1', 'a=2'], compression);
      await append(['c=1'], compression);
      await merge();
      await append(['b=2', 'd=1', 'd=2'], compression);
      await merge();
      expect(await compact()).toMatchObject({ partitions: 1, failures: [], damaged: [] });
      expect(await seen()).toEqual(['2:2', '3:1', '4:2', '6:2']);
      // Two small segments became one.
      expect(await segments()).toMatchObject([
        { baseOffset: 0n, endOffset: 7n, cleanedTo: 7n, recordCount: 4 },
      ]);
    },
  );

  it('goes on from where the last pass ended', async () => {
    await createTopic({ 'min.cleanable.dirty.ratio': '0' });
    for (let round = 0; round < 4; round += 1) {
      await append([`a=${round}`, `b=${round}`, `only-${round}=x`]);
      await merge();
      await compact();
    }
    expect(await seen()).toEqual(['2:x', '5:x', '8:x', '9:3', '10:3', '11:x']);
  });

  it('waits for min.cleanable.dirty.ratio', async () => {
    await createTopic({ 'min.cleanable.dirty.ratio': '0.9' });
    await append(['a=1', 'a=2']);
    await merge();
    await compact();
    await append(['a=3']);
    await merge();
    expect((await compact()).partitions).toBe(0);
    expect(await seen()).toEqual(['1:2', '2:3']);
  });

  it('leaves alone what is younger than min.compaction.lag.ms', async () => {
    await createTopic({ 'min.compaction.lag.ms': String(100 * HOUR_MS) });
    await append(['a=1', 'a=2']);
    await merge();
    expect((await compact()).partitions).toBe(0);
    log.clock.timeMs += 100 * HOUR_MS;
    expect((await compact()).partitions).toBe(1);
    expect(await seen()).toEqual(['1:2']);
  });

  it('keeps tombstones for delete.retention.ms, then drops them', async () => {
    await createTopic({
      'delete.retention.ms': String(20 * HOUR_MS),
      'min.cleanable.dirty.ratio': '0',
    });
    await append(['a=1', 'b=1']);
    await merge();
    await append(['a']);
    await merge();
    await compact();
    expect(await seen()).toEqual(['1:1', '2:']);
    await append(['c=1']);
    await merge();
    await compact();
    expect(await seen()).toEqual(['1:1', '2:', '3:1']);
    log.clock.timeMs += 20 * HOUR_MS;
    await append(['d=1']);
    await merge();
    await compact();
    expect(await seen()).toEqual(['1:1', '3:1', '4:1']);
  });

  it('leaves an empty range that readers get over', async () => {
    await createTopic({ 'segment.bytes': '1048576', 'min.cleanable.dirty.ratio': '0' });
    const large = 'x'.repeat(700_000);
    await append([`a=${large}`]);
    await merge();
    await append([`b=${large}`]);
    await merge();
    await append([`a=${large}2`, 'b=2']);
    await merge();
    await compact();
    expect((await segments()).map(({ sizeBytes }) => sizeBytes === 0)).toContain(true);
    expect((await seen()).map((record) => record.slice(0, 3))).toEqual(['2:x', '3:2']);
    const asked = [{ topicName: TOPIC, partition: 0, offset: 0n }];
    const request = { deliver: 'bytes', partitions: asked, maxBytes: 10, minBytes: 0 } as const;
    const [first] = await log.process().services.read.fetch({ ...request, maxWaitMs: 0 });
    expect(first).toMatchObject({ kind: 'bytes', byteCount: 0 });
    if (first?.kind === 'bytes') expect(first.nextOffset > 0n).toBe(true);
  });

  it('works in pieces when there are more keys than it may remember', async () => {
    log = createTestBackground({ keysMax: 10 });
    process = log.process();
    await createTopic({ 'min.cleanable.dirty.ratio': '0' });
    for (let round = 0; round < 3; round += 1) {
      for (let key = 0; key < 25; key += 1) await append([`key-${key}=${round}`]);
    }
    await merge();
    for (let pass = 0; pass < 20; pass += 1) await compact();
    expect(await seen()).toEqual(Array.from({ length: 25 }, (_, key) => `${50 + key}:2`));
  });

  it('works over batches larger than what is read at a time', async () => {
    log = createTestBackground({ windowBytes: 200 });
    process = log.process();
    await createTopic();
    await append([`a=${'1'.repeat(900)}`]);
    await append(['b=1', 'c=1']);
    await append([`a=${'2'.repeat(900)}`, 'b=2']);
    await merge();
    expect(await compact()).toMatchObject({ partitions: 1, failures: [] });
    expect((await seen()).map((record) => record.slice(0, 3))).toEqual(['2:1', '3:2', '4:2']);
  });

  it.each([
    ['a flipped byte of a record', 4n, (bytes: Uint8Array) => flip(bytes, bytes.length - 1)],
    ['a flipped byte of a header', 4n, (bytes: Uint8Array) => flip(bytes, lastBatchOf(bytes) + 16)],
    ['a cut off end', 2n, (bytes: Uint8Array) => bytes.subarray(0, -5)],
  ])(
    'stops before a segment with %s, says so, and goes on when it is restored',
    async (_, offset, damage) => {
      await createTopic({ 'min.cleanable.dirty.ratio': '0' });
      await append(['a=1', 'a=2']);
      await merge();
      await append(['b=1']);
      await append(['b=2']);
      await append(['b=3']);
      await merge();
      const [, second] = await segments();
      const { key, whole, replace } = await logFileOf(second!);
      await replace(damage(whole));
      expect(await compact()).toMatchObject({
        damaged: [{ damage: { key, offset } }],
        failures: [],
      });
      expect(await segments()).toMatchObject([{ recordCount: 1, cleanedTo: 2n }, second!]);
      const partition = {
        topicId: (await process.services.topics.list())[0]!.topicId,
        partition: 0,
      };
      expect((await log.storage.segments.readLog(partition))?.damage).toMatchObject({ key });
      await replace(whole);
      expect(await compact()).toMatchObject({ damaged: [], failures: [] });
      expect((await log.storage.segments.readLog(partition))?.damage).toBeUndefined();
      expect(await seen()).toEqual(['1:2', '4:3']);
    },
  );

  it('goes on where its time was up, and leaves alone what was done', async () => {
    await createTopic({ 'segment.bytes': '1048576', 'min.cleanable.dirty.ratio': '0' });
    const large = (key: string) => `${key}=${'x'.repeat(500_000)}`;
    for (const keys of [
      ['a', 'b'],
      ['c', 'd'],
      ['a', 'e'],
    ]) {
      await append(keys.map(large));
      await merge();
    }
    const whole = await seen();
    const between = async (_: number, method: string): Promise<void> => {
      if (method === 'replaceSegments') log.clock.timeMs += 1_000;
    };
    const inTime = () =>
      log
        .process({ between })
        .background.compaction.compactAll({ untilMs: log.clock.timeMs + 900 });
    expect(await inTime()).toMatchObject({ partitions: 1, failures: [] });
    const partly = await segments();
    expect(partly.map(({ cleanedTo }) => cleanedTo)).toEqual([6n, 0n, 0n]);
    // More comes before it goes on: that is for the pass after it.
    await append(['c', 'f'].map(large));
    await merge();
    expect(await inTime()).toMatchObject({ partitions: 1, failures: [] });
    expect(await compact()).toMatchObject({ partitions: 1, failures: [] });
    expect((await segments()).map(({ cleanedTo }) => cleanedTo)).toEqual([6n, 6n, 6n, 0n]);
    expect((await segments())[0]).toEqual(partly[0]);
    expect(await seen()).toEqual([
      ...whole.filter((one) => !one.startsWith('0:')),
      ...['6', '7'].map((offset) => `${offset}:${'x'.repeat(500_000)}`),
    ]);
    await compact();
    expect((await segments()).map(({ cleanedTo }) => cleanedTo)).toEqual([8n, 8n, 8n, 8n]);
    expect((await seen()).map((one) => one.slice(0, 2))).toEqual([
      '1:',
      '3:',
      '4:',
      '5:',
      '6:',
      '7:',
    ]);
  });

  it('names the object where a segment is damaged that was compacted before, and leaves all as it is', async () => {
    await createTopic({ 'min.cleanable.dirty.ratio': '0' });
    await append(['a=1', 'b=1']);
    await merge();
    await compact();
    await append(['a=2']);
    await merge();
    const before = await segments();
    const { key, whole, replace } = await logFileOf(before[0]!);
    await replace(flip(whole, whole.length - 1));
    const failed = { message: expect.stringContaining(`"${key}" is damaged`) };
    expect(await compact()).toMatchObject({ damaged: [], failures: [failed] });
    expect(await segments()).toEqual(before);
    await replace(whole);
    expect(await compact()).toMatchObject({ damaged: [], failures: [] });
    expect(await seen()).toEqual(['1:1', '2:2']);
  });

  it('puts nothing in the place of segments that changed meanwhile (no-loss-by-cleanup)', async () => {
    await createTopic();
    await append(['a=1', 'a=2']);
    await merge();
    const between = async (_: number, method: string): Promise<void> => {
      if (method === 'replaceSegments') await compact(log.process());
    };
    const before = await segments();
    log.clock.timeMs += 10 * HOUR_MS;
    await compact(log.process({ between }));
    const after = await segments();
    expect(after).toMatchObject([{ recordCount: 1, cleanedTo: 2n }]);
    expect(after[0]!.segmentId).not.toBe(before[0]!.segmentId);
    expect(await seen()).toEqual(['1:2']);
  });

  it('is no failure when others replaced what it reads while it slept, and its objects are gone', async () => {
    await createTopic();
    await append(['a=1', 'a=2']);
    await merge();
    log.clock.timeMs += 10 * HOUR_MS;
    let reads = 0;
    const between = async (_: number, method: string): Promise<void> => {
      if (method !== 'getRange') return;
      reads += 1;
      if (reads > 1) return;
      log.clock.timeMs += 10 * HOUR_MS;
      expect(await compact(log.process())).toMatchObject({ partitions: 1 });
      for (let round = 0; round < 3; round += 1) {
        log.clock.timeMs += 10 * HOUR_MS;
        await log.process().background.garbage.collect(NO_LIMIT);
      }
    };
    expect(await compact(log.process({ between }))).toMatchObject({ partitions: 0, failures: [] });
    expect(reads).toBeGreaterThan(0);
    expect(await seen()).toEqual(['1:2']);
  });

  it('is a failure when what it reads is named and gone', async () => {
    await createTopic();
    await append(['a=1', 'a=2']);
    await merge();
    const { objects } = await log.storage.upkeep.listObjects({ prefix: 'log/', limit: 10 });
    await log.storage.upkeep.deleteObjects(objects.map(({ key }) => key));
    log.clock.timeMs += 10 * HOUR_MS;
    const { failures } = await compact();
    expect(failures.map(({ message }) => message)).toEqual([expect.stringContaining('is gone')]);
  });

  it('compacts and deletes under both policies', async () => {
    await createTopic({
      'cleanup.policy': 'compact,delete',
      'retention.ms': String(30 * HOUR_MS),
    });
    await append(['a=1', 'b=1', 'a=2']);
    await merge();
    await compact();
    expect(await seen()).toEqual(['1:1', '2:2']);
    log.clock.timeMs += 30 * HOUR_MS;
    await process.background.retention.applyAll(NO_LIMIT);
    expect(await seen()).toEqual([]);
  });
});

/** A segment's .log file, and what puts other bytes in its place. */
async function logFileOf({ segmentId, sizeBytes }: Segment) {
  const { objects } = await log.storage.upkeep.listObjects({ prefix: 'log/', limit: 10 });
  const isIt = ({ key }: { readonly key: string }) =>
    key.includes(segmentId) && key.endsWith('.log');
  const { key } = objects.find(isIt)!;
  const range = { key, positionBytes: 0, lengthBytes: sizeBytes };
  const whole = (await log.storage.objects.getRange(range))!;
  const replace = async (by: Uint8Array) => {
    await log.storage.upkeep.deleteObjects([key]);
    await log.storage.objects.putObject({ key, chunks: [by], nonce: `${by.length} ${by.at(-1)}` });
  };
  return { key, whole, replace };
}

function lastBatchOf(bytes: Uint8Array): number {
  return [...splitBatches(bytes)].at(-1)!.position;
}

function flip(bytes: Uint8Array, position: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[position]! ^= 1;
  return flipped;
}
