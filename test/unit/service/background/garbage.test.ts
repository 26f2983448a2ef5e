import { beforeEach, describe, expect, it } from 'vitest';
import { ulidFloor, ulidOf } from '../../../../lib/ids.ts';
import { JOB_PAGES_PER_LIST } from '../../../../lib/limits.ts';
import { walKey } from '../../../../lib/log/keys.ts';
import { segmentKeys } from '../../../../lib/log/segment-keys.ts';
import { encodeBatch } from '../../../../lib/record/record.ts';
import { segmentItem } from '../../../support/segments.ts';
import {
  createTestBackground,
  Died,
  HOUR_MS,
  NO_LIMIT,
  type TestBackground,
  type TestProcess,
} from '../../../support/test-background.ts';
import { appendTo, batchOf, readAll, SeededRandom } from '../../../support/test-log.ts';

const TOPIC = 'orders';
const GRACE_MS = 2 * HOUR_MS;

let log: TestBackground;
let process: TestProcess;
let random: SeededRandom;

beforeEach(async () => {
  log = createTestBackground({ graceMs: GRACE_MS });
  process = log.process();
  random = new SeededRandom(99);
  await process.services.topics.create({ name: TOPIC });
});

const append = async (value: string): Promise<void> => {
  const batch = batchOf([value], { timestampMs: log.clock.timeMs });
  await process.services.append.append(appendTo(TOPIC, { 0: batch }));
};
const collect = (options: { dryRun?: boolean } = {}, by = process) =>
  by.background.garbage.collect({ ...NO_LIMIT, ...options });
/** Runs that are far enough apart for every grace to end. */
const collectAll = async (): Promise<void> => {
  for (let round = 0; round < 4; round += 1) {
    log.clock.timeMs += GRACE_MS;
    await collect();
  }
};
const keys = async (prefix: string): Promise<string[]> =>
  (await log.storage.upkeep.listObjects({ prefix, limit: 1_000 })).objects.map(({ key }) => key);
const idNow = () => ulidOf(log.clock.timeMs, random.randomBytes(10));
const keyOf = async () => {
  const [topic] = await process.services.topics.list();
  return { topicId: topic!.topicId, partition: 0 };
};
/** An object that a writer put and never appended. */
const orphan = async (): Promise<string> => {
  const key = walKey(idNow());
  await log.storage.objects.putObject({ key, chunks: [new Uint8Array(100)], nonce: 'x' });
  return key;
};

describe('WAL objects', () => {
  it('go when nothing names them, a grace time after a run that saw so', async () => {
    const key = await orphan();
    log.clock.timeMs += GRACE_MS + 1;
    expect(await collect()).toMatchObject({ ran: true, walObjects: 0 });
    log.clock.timeMs += GRACE_MS - 1;
    expect(await collect()).toMatchObject({ walObjects: 0 });
    expect(await keys('wal/')).toEqual([key]);
    log.clock.timeMs += 1;
    expect(await collect()).toMatchObject({ walObjects: 1, walBytes: 100, keys: [key] });
    expect(await keys('wal/')).toEqual([]);
  });

  it('stay while a tail or a page names them, however old (no-loss-by-cleanup)', async () => {
    for (let number = 0; number < 40; number += 1) await append(`value ${number}`);
    await collectAll();
    expect((await keys('wal/')).length).toBe(40);
    expect((await readAll(log.process().services, TOPIC)).length).toBe(40);
  });

  it('stay when their entry is younger than its neighbours (no-loss-by-cleanup)', async () => {
    // A slow writer: its object is older than those of entries before it.
    const objectId = idNow();
    log.clock.timeMs += 1_000;
    await append('first');
    const batch = batchOf(['slow']);
    await process.services.append.append({ ...appendTo(TOPIC, { 0: batch }), objectId });
    await orphan();
    await collectAll();
    expect((await keys('wal/')).includes(walKey(objectId))).toBe(true);
    expect((await readAll(log.process().services, TOPIC)).map(([, value]) => value)).toEqual([
      'first',
      'slow',
    ]);
  });

  it('can’t be appended by a writer that slept past the floor (no-loss-by-cleanup)', async () => {
    const objectId = idNow();
    log.clock.timeMs += GRACE_MS + 1;
    await collect();
    const batch = batchOf(['late']);
    const late = { ...appendTo(TOPIC, { 0: batch }), objectId };
    const [result] = await process.services.append.append(late);
    expect(result).toMatchObject({ kind: 'rejected', code: 'REQUEST_TIMED_OUT' });
    expect(await readAll(log.process().services, TOPIC)).toEqual([]);
  });

  it('of a topic that is created later can’t be older than the floor', async () => {
    const objectId = idNow();
    log.clock.timeMs += GRACE_MS + 1;
    await collect();
    await process.services.topics.create({ name: 'younger' });
    const late = { ...appendTo('younger', { 0: batchOf(['late']) }), objectId };
    const [result] = await process.services.append.append(late);
    expect(result).toMatchObject({ kind: 'rejected', code: 'REQUEST_TIMED_OUT' });
  });

  it('are seen by a run that began while they were appended (no-loss-by-cleanup)', async () => {
    // Between the scan of the heads and the raising of each floor, a writer that slept comes through.
    const objectId = idNow();
    log.clock.timeMs += GRACE_MS + 1;
    let isSent = false;
    const between = async (_: number, method: string): Promise<void> => {
      if (method !== 'raiseHeadFloor' || isSent) return;
      isSent = true;
      const late = { ...appendTo(TOPIC, { 0: batchOf(['just in time']) }), objectId };
      const [result] = await process.services.append.append(late);
      expect(result).toMatchObject({ kind: 'appended' });
    };
    await collect({}, log.process({ between }));
    expect(isSent).toBe(true);
    await collectAll();
    expect(await readAll(log.process().services, TOPIC)).toEqual([[0n, 'just in time']]);
  });
});

describe('a dry run', () => {
  it('says what would go and changes nothing', async () => {
    const key = await orphan();
    log.clock.timeMs += GRACE_MS + 1;
    await collect();
    log.clock.timeMs += GRACE_MS;
    const state = await log.storage.cleanup.readGarbageState();
    const dry = log.process();
    expect(await collect({ dryRun: true }, dry)).toMatchObject({ walObjects: 1, keys: [key] });
    expect(await keys('wal/')).toEqual([key]);
    expect(await log.storage.cleanup.readGarbageState()).toEqual(state);
    for (const method of ['raiseFloor', 'raiseHeadFloor', 'deleteObjects', 'takeLease']) {
      expect(dry.counts.get(method)).toBeUndefined();
    }
    expect(await collect()).toMatchObject({ walObjects: 1, keys: [key] });
  });
});

describe('segments', () => {
  it('that were uploaded and never named go, and those that are named stay', async () => {
    for (let number = 0; number < 20; number += 1) await append(`value ${number}`);
    log.clock.timeMs += 7 * HOUR_MS;
    await process.background.segments.mergeAll(NO_LIMIT);
    const partition = await keyOf();
    const dead = segmentKeys({ partition, segmentId: idNow(), baseOffset: 20n });
    for (const key of dead) {
      await log.storage.objects.putObject({ key, chunks: [new Uint8Array(10)], nonce: 'x' });
    }
    const upload = { key: segmentKeys({ partition, segmentId: idNow(), baseOffset: 20n })[0]! };
    await log.storage.upkeep.beginUpload({ ...upload, partBytes: 10 });
    expect(await collect()).toMatchObject({ segmentObjects: 0, uploads: 0 });
    log.clock.timeMs += GRACE_MS + 1;
    expect(await collect()).toMatchObject({ segmentObjects: 3, segmentBytes: 30, uploads: 1 });
    expect((await keys('log/')).length).toBe(3);
    expect((await log.storage.segments.readLog(partition))?.floor).toBe(
      ulidFloor(log.clock.timeMs - GRACE_MS),
    );
    expect((await readAll(log.process().services, TOPIC)).length).toBe(20);
  });

  it('that were replaced stay for a grace time, more of them than one request lists as well', async () => {
    const partition = await keyOf();
    const { segments, objects } = log.storage;
    await segments.openLog(partition, ulidFloor(0));
    const put = async (segmentId: string, baseOffset: bigint) => {
      const [key = ''] = segmentKeys({ partition, segmentId, baseOffset });
      await objects.putObject({ key, chunks: [new Uint8Array(10)], nonce: 'x' });
    };
    await put(idNow(), 5_000n);
    const ids = Array.from({ length: JOB_PAGES_PER_LIST + 1 }, idNow);
    log.clock.timeMs += GRACE_MS;
    for (const [number, segmentId] of ids.entries()) {
      const segment = segmentItem(BigInt(number), BigInt(number + 1), { segmentId });
      await put(segmentId, segment.baseOffset);
      await segments.commitSegment(partition, segment);
      const retired = { retiredId: idNow(), segments: [segment] };
      const request = { partition, replaced: [segment], by: undefined, retired };
      await segments.replaceSegments(request);
    }
    log.clock.timeMs += 1;
    // The upload that nothing named, and nothing else.
    expect(await collect()).toMatchObject({ segmentObjects: 1 });
    log.clock.timeMs += GRACE_MS;
    expect(await collect()).toMatchObject({ segmentObjects: 3 * ids.length });
    expect(await keys('log/')).toEqual([]);
    expect(await segments.listRetired(partition, { limit: 1 })).toEqual({ retired: [] });
  });
});

describe('deleted topics', () => {
  it('leave nothing behind, a grace time later', async () => {
    for (let number = 0; number < 40; number += 1) await append(`value ${number}`);
    log.clock.timeMs += 7 * HOUR_MS;
    await process.background.segments.mergeAll(NO_LIMIT);
    for (let number = 0; number < 20; number += 1) await append(`value ${number}`);
    const partition = await keyOf();
    await process.services.topics.delete(TOPIC);
    expect(await collect()).toMatchObject({ topics: 0 });
    expect((await keys('log/')).length).toBe(3);
    await collectAll();
    expect(await keys('')).toEqual([]);
    expect(await log.storage.segments.listEntries(partition, 10)).toEqual([]);
    expect((await log.storage.cleanup.listDeletedTopics({ limit: 10 })).topics).toEqual([]);
  });

  it('share nothing with a topic of the same name', async () => {
    await append('old');
    await process.services.topics.delete(TOPIC);
    await process.services.topics.create({ name: TOPIC });
    await append('new');
    await collectAll();
    expect(await readAll(log.process().services, TOPIC)).toEqual([[0n, 'new']]);
  });

  it('whose deleter died are deleted to the end first, and the name is free (no-loss-by-cleanup)', async () => {
    await append('old');
    const partition = await keyOf();
    let isOver = false;
    const dying = log.process({
      between: async (_, method) => {
        if (method === 'deleteHeads') isOver = true;
        if (isOver) throw new Died();
      },
    });
    await expect(dying.services.topics.delete(TOPIC)).rejects.toThrow(Died);
    expect(await log.storage.partitions.readHeads([partition])).toMatchObject([{ nextOffset: 1n }]);
    await collectAll();
    expect(await log.storage.partitions.readHeads([partition])).toEqual([undefined]);
    expect(await keys('')).toEqual([]);
    expect(await process.services.topics.create({ name: TOPIC })).toMatchObject({
      kind: 'created',
    });
  });

  it('are found by their objects when nobody knows them any more', async () => {
    const partition = { topicId: 'ZZZZZZZZQZCZZZZZZZZZZA', partition: 4 };
    for (const key of segmentKeys({ partition, segmentId: idNow(), baseOffset: 0n })) {
      await log.storage.objects.putObject({ key, chunks: [new Uint8Array(10)], nonce: 'x' });
    }
    await log.storage.segments.openLog(partition, ulidFloor(0));
    await collectAll();
    expect(await keys('log/')).toEqual([]);
    expect(await log.storage.segments.listEntries(partition, 10)).toEqual([]);
  });
});

describe('a run', () => {
  it('leaves the work to whoever has the lease', async () => {
    const nowMs = log.clock.timeMs;
    const lease = { name: 'garbage', owner: 'x', nowMs, untilMs: nowMs + 1_000 };
    await log.storage.leases.takeLease(lease);
    expect(await collect()).toMatchObject({ ran: false });
    log.clock.timeMs += 1_000;
    expect(await collect()).toMatchObject({ ran: true });
  });

  it('that runs out of time has found nothing, and the next one goes on', async () => {
    await orphan();
    log.clock.timeMs += GRACE_MS + 1;
    await process.background.garbage.collect({ untilMs: 0 });
    expect((await log.storage.cleanup.readGarbageState()).passes).toEqual([]);
    await collectAll();
    expect(await keys('wal/')).toEqual([]);
  });

  it('costs the same however many records there are (bounded)', async () => {
    const requests = async (): Promise<number> => {
      const collector = log.process();
      await collect({}, collector);
      return collector.requests();
    };
    await append('one');
    const few = await requests();
    const records = Array.from({ length: 1_000 }, () => ({ timestamp: 1, value: null }));
    for (let number = 0; number < 10; number += 1) {
      const batch = encodeBatch({ records });
      await process.services.append.append(appendTo(TOPIC, { 0: batch }));
    }
    expect((await requests()) - few).toBeLessThan(5);
  });
});
