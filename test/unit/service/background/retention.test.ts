import { beforeEach, describe, expect, it } from 'vitest';
import { ulidTimeMs } from '../../../../lib/ids.ts';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  type TestBackground,
  type TestProcess,
} from '../../../support/test-background.ts';
import { appendTo, batchOf, readAll } from '../../../support/test-log.ts';

const TOPIC = 'orders';
let log: TestBackground;
let process: TestProcess;

beforeEach(async () => {
  log = createTestBackground();
  process = log.process();
});

async function createTopic(configs: Readonly<Record<string, string>>): Promise<void> {
  const created = await process.services.topics.create({ name: TOPIC, configs });
  if (created.kind === 'rejected') throw new Error(created.message);
}

/** Sixteen records, merged into a segment of their own. */
async function appendSegment(): Promise<void> {
  for (let number = 0; number < 16; number += 1) {
    log.clock.timeMs += 10;
    const batch = batchOf(['value'.padEnd(100, '.')], { timestampMs: log.clock.timeMs });
    await process.services.append.append(appendTo(TOPIC, { 0: batch }));
  }
  log.clock.timeMs += 7 * HOUR_MS;
  await process.background.segments.mergeAll(NO_LIMIT);
}

const apply = () => process.background.retention.applyAll(NO_LIMIT);
const keyOf = async () => {
  const [topic] = await process.services.topics.list();
  return { topicId: topic!.topicId, partition: 0 };
};
const segments = async () =>
  (await log.storage.segments.listSegments(await keyOf(), { from: 0n, limit: 100 })).segments;
const offsets = async () =>
  (await readAll(log.process().services, TOPIC)).map(([offset]) => Number(offset));
const fetchAt = async (offset: bigint) => {
  const partitions = [{ topicName: TOPIC, partition: 0, offset }];
  const request = { deliver: 'bytes', partitions, maxBytes: 1_000_000, minBytes: 0 } as const;
  const [result] = await log.process().services.read.fetch({ ...request, maxWaitMs: 0 });
  return result!;
};

describe('applyAll', () => {
  it('drops whole segments that are too old, and refuses reads below with the bounds', async () => {
    await createTopic({ 'retention.ms': String(10 * HOUR_MS) });
    await appendSegment();
    await appendSegment();
    expect(await apply()).toMatchObject({ raised: 1, segments: 1, failures: [] });
    expect((await segments()).map(({ baseOffset }) => baseOffset)).toEqual([16n]);
    expect((await offsets())[0]).toBe(16);
    expect(await fetchAt(15n)).toMatchObject({
      kind: 'rejected',
      code: 'OFFSET_OUT_OF_RANGE',
      logStartOffset: 16n,
      highWatermark: 32n,
    });
    expect((await fetchAt(16n)).kind).toBe('bytes');
  });

  it('keeps no more bytes than retention.bytes wants', async () => {
    await createTopic({ 'retention.bytes': '5000' });
    for (let round = 0; round < 4; round += 1) await appendSegment();
    const [first] = await segments();
    expect(first!.sizeBytes).toBeGreaterThan(2_000);
    await apply();
    expect((await segments()).map(({ baseOffset }) => baseOffset)).toEqual([32n, 48n]);
  });

  it('drops nothing without bounds, and nothing of compacted topics', async () => {
    await createTopic({ 'retention.ms': '-1', 'retention.bytes': '-1' });
    await appendSegment();
    log.clock.timeMs += 10_000 * HOUR_MS;
    expect(await apply()).toMatchObject({ raised: 0, segments: 0 });
    await process.services.topics.alter({
      name: TOPIC,
      configs: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'retention.ms', value: '1' },
      ],
    });
    expect(await apply()).toMatchObject({ raised: 0, segments: 0 });
  });

  it('empties an idle topic, whose records were never rolled, and lets it go on', async () => {
    await createTopic({ 'retention.ms': '1000' });
    const batch = batchOf(['old'], { timestampMs: log.clock.timeMs });
    await process.services.append.append(appendTo(TOPIC, { 0: batch }));
    log.clock.timeMs += 10_000;
    expect(await apply()).toMatchObject({ raised: 1 });
    expect(await offsets()).toEqual([]);
    const late = batchOf(['new'], { timestampMs: log.clock.timeMs });
    await process.services.append.append(appendTo(TOPIC, { 0: late }));
    expect(await offsets()).toEqual([1]);
  });

  it('follows a bound that was changed', async () => {
    await createTopic({});
    await appendSegment();
    await appendSegment();
    expect(await apply()).toMatchObject({ raised: 0 });
    const configs = [{ name: 'retention.ms', value: String(10 * HOUR_MS) }];
    await process.services.topics.alter({ name: TOPIC, configs });
    expect(await apply()).toMatchObject({ raised: 1, segments: 1 });
  });

  it('drops what delete-records left below the start, whole segments only', async () => {
    await createTopic({});
    for (let round = 0; round < 3; round += 1) await appendSegment();
    const request = { topicName: TOPIC, partition: 0, offset: 20n };
    await process.services.topics.deleteRecords(request);
    expect(await apply()).toMatchObject({ raised: 0, segments: 1 });
    expect((await segments()).map(({ baseOffset }) => baseOffset)).toEqual([16n, 32n]);
    expect((await offsets())[0]).toBe(20);
  });

  it('says which topic lies most unevenly over its partitions', async () => {
    for (const [name, partitionCount] of [
      ['even', 2],
      [TOPIC, 4],
    ] as const) {
      await process.services.topics.create({ name, partitionCount, configs: {} });
    }
    const now = { timestampMs: log.clock.timeMs };
    const batch = (count: number) =>
      batchOf(
        Array.from({ length: count }, () => 'v'),
        now,
      );
    const { append } = process.services.append;
    await append(appendTo('even', { 0: batch(800), 1: batch(800) }));
    expect(await apply()).toMatchObject({ skew: 1 });
    await append(appendTo(TOPIC, { 0: batch(1_500), 3: batch(500) }));
    expect(await apply()).toMatchObject({ skew: 3, skewedTopic: TOPIC });
  });

  it('leaves the objects for a grace time, for readers that hold them (no-loss-by-cleanup)', async () => {
    await createTopic({ 'retention.ms': String(10 * HOUR_MS) });
    await appendSegment();
    await appendSegment();
    const [first] = await segments();
    await apply();
    const objects = async () =>
      (await log.storage.upkeep.listObjects({ prefix: 'log/', limit: 100 })).objects.filter(
        ({ key }) => key.includes(first!.segmentId),
      ).length;
    const retiredNow = async () =>
      (await log.storage.segments.listRetired(await keyOf(), { limit: 10 })).retired;
    const [retired] = await retiredNow();
    expect(retired?.segments[0]?.segmentId).toBe(first!.segmentId);
    expect(ulidTimeMs(retired!.retiredId)).toBe(log.clock.timeMs);
    log.clock.timeMs += 2 * HOUR_MS - 1;
    await process.background.garbage.collect(NO_LIMIT);
    expect(await objects()).toBe(3);
    log.clock.timeMs += 1;
    await process.background.garbage.collect(NO_LIMIT);
    expect(await objects()).toBe(0);
    expect(await retiredNow()).toEqual([]);
  });
});
