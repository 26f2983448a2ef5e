import { beforeEach, describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { walKey } from '../../../../lib/log/keys.ts';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  readTopic,
  type TestBackground,
  type TestProcess,
} from '../../../support/test-background.ts';
import { appendTo, batchOf } from '../../../support/test-log.ts';

const AGE_MS = 7 * HOUR_MS;
const TOPIC = 'orders';

let log: TestBackground;
let process: TestProcess;

beforeEach(async () => {
  log = createTestBackground();
  process = log.process();
});

async function createTopic(
  partitionCount = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const wanted = { name: TOPIC, partitionCount, configs };
  const created = await process.services.topics.create(wanted);
  if (created.kind === 'rejected') throw new Error(created.message);
}

/** One request after the other, each with a batch of one record for every partition. */
async function append(count: number, partitionCount = 1, bytes = 10): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    log.clock.timeMs += 10;
    const timestampMs = log.clock.timeMs;
    const batches = Object.fromEntries(
      Array.from({ length: partitionCount }, (_, partition) => [
        partition,
        batchOf([`${partition}/${number}/`.padEnd(bytes, 'x')], { timestampMs }),
      ]),
    );
    const results = await process.services.append.append(appendTo(TOPIC, batches));
    expect(results.map(({ kind }) => kind)).toEqual(results.map(() => 'appended'));
  }
}

const segmentsOf = async (partition = 0) => {
  const [topic] = await process.services.topics.list();
  const key = { topicId: topic!.topicId, partition };
  return (await log.storage.segments.listSegments(key, { from: 0n, limit: 1_000 })).segments;
};

const pagesOf = async (partition = 0) => {
  const [topic] = await process.services.topics.list();
  const key = { topicId: topic!.topicId, partition };
  const query = { from: 0n, to: 1n << 60n, limit: 1_000 };
  return (await log.storage.segments.listPages(key, query)).pages;
};

const merge = async (by = process) => await by.background.segments.mergeAll(NO_LIMIT);

describe('mergeAll', () => {
  it('does nothing where nothing is due', async () => {
    await createTopic();
    await append(40);
    expect(await merge()).toMatchObject({ segments: 0, failures: [], damaged: [] });
    expect((await pagesOf()).length).toBe(2);
  });

  it('looks at many partitions with few requests, and not again at what it merged to the end', async () => {
    const count = 20;
    await createTopic(count);
    const looks = async () => {
      // One page a partition, and no tail.
      await append(16, count);
      log.clock.timeMs += AGE_MS;
      const merger = log.process();
      expect(await merge(merger)).toMatchObject({ segments: count, failures: [] });
      return ['readHeads', 'readLog', 'openLog', 'listPages'].map((name) =>
        merger.counts.get(name),
      );
    };
    // LOG items are put, and each head is read again; of pages the first one is, then all are.
    expect(await looks()).toEqual([1 + count, count, count, 2 * count]);
    // Now also whether pages stand again that were merged.
    expect(await looks()).toEqual([1, count, undefined, 3 * count]);
  });

  it('merges what is old, the idle tail too, and readers see the same', async () => {
    await createTopic(2);
    await append(40, 2);
    const before = await readTopic(process.services, TOPIC, 2);
    log.clock.timeMs += AGE_MS;
    expect(await merge()).toMatchObject({ segments: 2, failures: [], damaged: [] });
    expect(await segmentsOf()).toMatchObject([{ baseOffset: 0n, endOffset: 40n, recordCount: 40 }]);
    expect(await pagesOf()).toEqual([]);
    expect(await readTopic(process.services, TOPIC, 2)).toEqual(before);
    expect(await readTopic(log.process().services, TOPIC, 2)).toEqual(before);
  });

  it('makes full segments and leaves the rest', async () => {
    await createTopic(1, { 'segment.bytes': '1048576' });
    await append(50, 1, 100_000);
    const before = await readTopic(process.services, TOPIC, 1);
    expect((await merge()).segments).toBeGreaterThan(2);
    const segments = await segmentsOf();
    for (const [index, segment] of segments.entries()) {
      expect(segment.baseOffset).toBe(segments[index - 1]?.endOffset ?? 0n);
      expect(segment.sizeBytes).toBeLessThanOrEqual(1_048_576 + 17 * 100_200);
    }
    expect((await pagesOf())[0]?.baseOffset ?? 48n).toBe(segments.at(-1)?.endOffset);
    expect(await readTopic(process.services, TOPIC, 1)).toEqual(before);
  });
});

describe('a merger', () => {
  it('lets partitions that share objects share GETs', async () => {
    await createTopic(8);
    await append(64, 8);
    log.clock.timeMs += AGE_MS;
    const merger = log.process();
    await merge(merger);
    // 64 objects hold 512 entries.
    expect(merger.counts.get('getRange')).toBeLessThan(100);
    expect(merger.counts.get('commitSegment')).toBe(8);
  });

  it('takes along what is half full, so that objects are read once for all', async () => {
    await createTopic(3, { 'segment.bytes': '1048576' });
    // Partition 0 fills a segment; 1 has more than half of one, 2 less.
    for (let number = 0; number < 32; number += 1) {
      log.clock.timeMs += 10;
      const batchOfBytes = (bytes: number) =>
        batchOf([`${number}/`.padEnd(bytes, 'x')], { timestampMs: log.clock.timeMs });
      const batches = {
        0: batchOfBytes(40_000),
        1: batchOfBytes(25_000),
        2: batchOfBytes(2_000),
      };
      await process.services.append.append(appendTo(TOPIC, batches));
    }
    const merger = log.process();
    expect((await merge(merger)).segments).toBe(2);
    expect([await segmentsOf(1), await segmentsOf(2)]).toMatchObject([[{ endOffset: 32n }], []]);
    // Each object once, though two partitions took bytes of the first sixteen.
    expect(merger.counts.get('getRange')).toBe(32);
    expect((await merge(merger)).segments).toBe(0);
  });

  it('that was nudged merges the partition and its neighbours, once however often it is nudged', async () => {
    await createTopic(2);
    await append(20, 2);
    log.clock.timeMs += AGE_MS;
    const [topic] = await process.services.topics.list();
    const partition = { topicId: topic!.topicId, partition: 1 };
    const nudged = [1, 2, 3].map(() => log.process().background.segments);
    const reports = await Promise.all(nudged.map((one) => one.mergeAround(partition, NO_LIMIT)));
    expect(reports.map(({ failures }) => failures)).toEqual([[], [], []]);
    expect(reports.reduce((sum, { segments }) => sum + segments, 0)).toBe(2);
    expect([(await segmentsOf(0)).length, (await segmentsOf(1)).length]).toEqual([1, 1]);
    const gone = { topicId: 'A'.repeat(22), partition: 0 };
    expect(await nudged[0]!.mergeAround(gone, NO_LIMIT)).toMatchObject({ segments: 0 });
  });

  it('loses nothing when retention is changed, and applied, while it merges (no-loss-by-cleanup)', async () => {
    await createTopic();
    await append(40);
    const before = await readTopic(process.services, TOPIC, 1);
    log.clock.timeMs += AGE_MS;
    let isChanged = false;
    const between = async (_: number, method: string): Promise<void> => {
      if (method !== 'commitSegment' || isChanged) return;
      isChanged = true;
      const configs = [{ name: 'retention.ms', value: String(HOUR_MS) }];
      await process.services.topics.alter({ name: TOPIC, configs });
      await process.background.retention.applyAll(NO_LIMIT);
    };
    const report = await merge(log.process({ between }));
    expect(report.failures).toEqual([]);
    const [seen = []] = await readTopic(log.process().services, TOPIC, 1);
    // What retention has let go is gone; what it has kept is whole.
    expect(before[0]?.slice(before[0].length - seen.length)).toEqual(seen);
    await process.background.retention.applyAll(NO_LIMIT);
    await merge(log.process());
    const fresh = batchOf(['new'], { timestampMs: log.clock.timeMs });
    await process.services.append.append(appendTo(TOPIC, { 0: fresh }));
    expect(await readTopic(log.process().services, TOPIC, 1)).toEqual([[[40n, 'new']]]);
  });

  it.each([-24, 24])(
    'whose clock is %i hours wrong merges too early or too late, and loses nothing',
    async (hours) => {
      await createTopic();
      await append(40);
      const before = await readTopic(process.services, TOPIC, 1);
      const wrong = log.process({ clockSkewMs: hours * HOUR_MS });
      for (let round = 0; round < 4; round += 1) {
        log.clock.timeMs += 3 * HOUR_MS;
        expect((await merge(wrong)).failures).toEqual([]);
        await wrong.background.garbage.collect(NO_LIMIT);
        expect((await merge(process)).failures).toEqual([]);
        await process.background.garbage.collect(NO_LIMIT);
        expect(await readTopic(log.process().services, TOPIC, 1)).toEqual(before);
      }
      expect((await segmentsOf()).at(-1)?.endOffset).toBe(40n);
    },
  );

  it('leaves partitions to whoever has their lease', async () => {
    await createTopic();
    await append(20);
    log.clock.timeMs += AGE_MS;
    const [topic] = await process.services.topics.list();
    const name = `merge/${topic!.topicId}/0`;
    const nowMs = log.clock.timeMs;
    await log.storage.leases.takeLease({ name, owner: 'x', nowMs, untilMs: nowMs + 1_000 });
    expect((await merge()).segments).toBe(0);
    log.clock.timeMs += 1_000;
    expect((await merge()).segments).toBe(1);
  });

  it('gives its lease back', async () => {
    await createTopic();
    await append(20);
    log.clock.timeMs += AGE_MS;
    await merge();
    const [topic] = await process.services.topics.list();
    const nowMs = log.clock.timeMs;
    const lease = { name: `merge/${topic!.topicId}/0`, owner: 'x', nowMs, untilMs: nowMs + 1 };
    expect(await log.storage.leases.takeLease(lease)).toBe('taken');
  });

  it('gets on after uploads and reads that fail', async () => {
    await createTopic(1, { 'segment.bytes': '1048576' });
    await append(20, 1, 100_000);
    const before = await readTopic(process.services, TOPIC, 1);
    let failures = 3;
    const between = async (_: number, method: string): Promise<void> => {
      if (failures === 0 || !['putPart', 'getRange', 'commitSegment'].includes(method)) return;
      failures -= 1;
      throw new StratalogError('THROTTLED', 'SlowDown');
    };
    expect((await merge(log.process({ between }))).failures).toEqual([]);
    expect(await readTopic(log.process().services, TOPIC, 1)).toEqual(before);
  });

  it('reports what fails again and again, and leaves nothing half done', async () => {
    await createTopic(1, { 'segment.bytes': '1048576' });
    await append(20, 1, 100_000);
    const before = await readTopic(process.services, TOPIC, 1);
    const between = async (_: number, method: string): Promise<void> => {
      if (method === 'completeUpload') throw new StratalogError('STORAGE_UNAVAILABLE', 'gone');
    };
    const report = await merge(log.process({ between }));
    expect(report).toMatchObject({ segments: 0, failures: [{ message: 'gone' }] });
    expect(await log.storage.upkeep.listUploads('')).toEqual([]);
    expect(await segmentsOf()).toEqual([]);
    expect((await merge()).segments).toBe(1);
    expect(await readTopic(log.process().services, TOPIC, 1)).toEqual(before);
  });

  it('does not mind that its topic is deleted meanwhile', async () => {
    await createTopic();
    await append(20);
    log.clock.timeMs += AGE_MS;
    const between = async (_: number, method: string): Promise<void> => {
      if (method === 'putObject') await process.services.topics.delete(TOPIC);
    };
    await merge(log.process({ between }));
    for (let round = 0; round < 4; round += 1) {
      log.clock.timeMs += 3 * HOUR_MS;
      await process.background.garbage.collect(NO_LIMIT);
    }
    expect((await log.storage.upkeep.listObjects({ prefix: '', limit: 10 })).objects).toEqual([]);
    expect((await log.storage.cleanup.listDeletedTopics({ limit: 10 })).topics).toEqual([]);
  });

  it('skips what delete-records took, and deletes its pages', async () => {
    await createTopic();
    await append(40);
    const request = { topicName: TOPIC, partition: 0, offset: 20n };
    await process.services.topics.deleteRecords(request);
    log.clock.timeMs += AGE_MS;
    await merge();
    expect(await segmentsOf()).toMatchObject([{ baseOffset: 16n, endOffset: 40n }]);
    expect(await pagesOf()).toEqual([]);
    const [seen] = await readTopic(log.process().services, TOPIC, 1);
    expect(seen?.[0]?.[0]).toBe(20n);
    expect(seen?.length).toBe(20);
  });

  it('deletes a page that stands again inside what is merged (no-loss-by-cleanup)', async () => {
    await createTopic();
    await append(20);
    const [page] = await pagesOf();
    log.clock.timeMs += AGE_MS;
    await merge();
    const [topic] = await process.services.topics.list();
    const key = { topicId: topic!.topicId, partition: 0 };
    await log.storage.partitions.putPage(key, page!);
    expect((await pagesOf()).length).toBe(1);
    const before = await readTopic(log.process().services, TOPIC, 1);
    // Its objects may be gone by now: who finds it must find the segment instead.
    for (const entry of page!.entries)
      await log.storage.upkeep.deleteObjects([walKey(entry.objectId)]);
    expect(await readTopic(log.process().services, TOPIC, 1)).toEqual(before);
    await merge();
    expect(await pagesOf()).toEqual([]);
  });
});
