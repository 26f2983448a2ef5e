// Objects that aren't what was stored: their partition is marked and told of, everybody else goes on, and nothing is deleted.

import { beforeEach, describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { walKey } from '../../../../lib/log/keys.ts';
import type { ByteRange } from '../../../../lib/log/object-range.ts';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  readTopic,
  type TestBackground,
  type TestProcess,
} from '../../../support/test-background.ts';
import { appendTo, batchOf, readAll } from '../../../support/test-log.ts';

const AGE_MS = 7 * HOUR_MS;
const TOPIC = 'orders';

let log: TestBackground;
let process: TestProcess;

beforeEach(async () => {
  log = createTestBackground();
  process = log.process();
  await process.services.topics.create({ name: TOPIC, partitionCount: 2 });
});

/** One request after the other, each with a batch of one record for each of the partitions. */
async function append(count: number, partitions = [0, 1]): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    log.clock.timeMs += 10;
    const timestampMs = log.clock.timeMs;
    const batches = Object.fromEntries(
      partitions.map((partition) => [
        partition,
        batchOf([`${partition}/${number}`], { timestampMs }),
      ]),
    );
    await process.services.append.append(appendTo(TOPIC, batches));
  }
}

const keyOf = async (partition = 0) => {
  const [topic] = await process.services.topics.list();
  return { topicId: topic!.topicId, partition };
};

const segmentsOf = async (partition = 0) =>
  (await log.storage.segments.listSegments(await keyOf(partition), { from: 0n, limit: 1_000 }))
    .segments;

const pagesOf = async (partition = 0) => {
  const query = { from: 0n, to: 1n << 60n, limit: 1_000 };
  return (await log.storage.segments.listPages(await keyOf(partition), query)).pages;
};

const merge = async (by = process) => await by.background.segments.mergeAll(NO_LIMIT);

describe('a merger', () => {
  it('stops at damaged bytes, says so, and goes on when they are restored', async () => {
    await append(32);
    const before = await readTopic(process.services, TOPIC, 2);
    const [, second] = await pagesOf();
    const { objectId, positionBytes, lengthBytes } = second!.entries[0]!;
    const key = walKey(objectId);
    const whole = await log.storage.objects.getRange({
      key,
      positionBytes: 0,
      lengthBytes: 2 * lengthBytes,
    });
    await replaceObject(key, flipped(whole!, positionBytes + lengthBytes - 1));
    log.clock.timeMs += AGE_MS;
    const report = await merge();
    expect(report.segments).toBe(1);
    expect(report.damaged).toMatchObject([
      { partition: { partition: 0 }, damage: { key, offset: 16n } },
    ]);
    // What lies before it is merged by the next run, and what is damaged is left as it is.
    expect(await merge()).toMatchObject({ segments: 1, damaged: [{ damage: { offset: 16n } }] });
    expect(await segmentsOf()).toMatchObject([{ baseOffset: 0n, endOffset: 16n }]);
    // Other partitions and other offsets are read as ever.
    const reader = log.process().services;
    expect(await readAll(reader, TOPIC, 1)).toEqual(before[1]);
    const asked = { topicName: TOPIC, partition: 0, offset: 0n };
    const request = { partitions: [asked], maxBytes: 1_000, minBytes: 0, maxWaitMs: 0 };
    const [early] = await reader.records.read({ ...request, maxRecords: 5 });
    expect(early).toMatchObject({ kind: 'records', nextOffset: 5n });
    await replaceObject(key, whole!);
    expect(await merge()).toMatchObject({ segments: 1, damaged: [] });
    expect((await segmentsOf()).at(-1)?.endOffset).toBe(32n);
    expect((await logOf()).damage).toBeUndefined();
    expect(await readTopic(log.process().services, TOPIC, 2)).toEqual(before);
  });

  it('keeps garbage from going that damaged bytes hold up', async () => {
    await append(32, [0]);
    const [first] = await pagesOf();
    const key = walKey(first!.entries[0]!.objectId);
    const lengthBytes = first!.entries[0]!.lengthBytes;
    const whole = await log.storage.objects.getRange({ key, positionBytes: 0, lengthBytes });
    await replaceObject(key, flipped(whole!, lengthBytes - 1));
    for (let round = 0; round < 6; round += 1) {
      log.clock.timeMs += AGE_MS;
      await merge();
      await process.background.garbage.collect(NO_LIMIT);
    }
    const { objects } = await log.storage.upkeep.listObjects({ prefix: 'wal/', limit: 1_000 });
    expect(objects.length).toBe(32);
  });
  // In the same page, and a page further.
  it.each([4n, 20n])(
    'speaks no more of it when the log’s start was moved past it, to %i',
    async (offset) => {
      await append(40);
      const { objectId } = (await pagesOf())[0]!.entries[3]!;
      await replaceObject(walKey(objectId), new Uint8Array(10));
      log.clock.timeMs += AGE_MS;
      expect((await merge()).damaged).toMatchObject([{ damage: { offset: 3n } }, {}]);
      await process.services.topics.deleteRecords({ topicName: TOPIC, partition: 0, offset });
      expect((await merge()).damaged).toMatchObject([{ partition: { partition: 1 } }]);
      expect((await logOf()).damage).toBeUndefined();
      expect((await segmentsOf()).at(-1)?.endOffset).toBe(40n);
      const [seen = []] = await readTopic(log.process().services, TOPIC, 1);
      expect(seen).toEqual(
        Array.from({ length: 40 - Number(offset) }, (_, index) => {
          const number = Number(offset) + index;
          return [BigInt(number), `0/${number}`];
        }),
      );
    },
  );

  it('says which object is gone that the index names, and goes on when it is back', async () => {
    await append(16, [0]);
    await append(32);
    const before = await readTopic(process.services, TOPIC, 2);
    const lost = (await pagesOf())[0]!.entries[3]!;
    const key = walKey(lost.objectId);
    const { lengthBytes } = lost;
    const whole = await log.storage.objects.getRange({ key, positionBytes: 0, lengthBytes });
    await log.storage.upkeep.deleteObjects([key]);
    log.clock.timeMs += AGE_MS;
    const damaged = [{ partition: { partition: 0 }, damage: { key, offset: 3n } }];
    expect(await merge()).toMatchObject({ segments: 1, damaged, failures: [] });
    expect((await segmentsOf(1)).at(-1)?.endOffset).toBe(32n);
    expect((await logOf()).damage).toMatchObject({ key, problem: expect.stringMatching(/gone/) });
    expect(await merge()).toMatchObject({ segments: 0, damaged });
    await replaceObject(key, whole!);
    // The page by itself, then what follows it.
    expect(await merge()).toMatchObject({ segments: 2, damaged: [] });
    expect(await readTopic(log.process().services, TOPIC, 2)).toEqual(before);
  });

  it('takes nothing for damaged that others have merged, or whose topic was deleted, meanwhile', async () => {
    await append(32);
    log.clock.timeMs += AGE_MS;
    const happenings: readonly (() => Promise<void>)[] = [
      async () => {
        await merge();
        for (let round = 0; round < 4; round += 1) {
          log.clock.timeMs += 3 * HOUR_MS;
          await process.background.garbage.collect(NO_LIMIT);
        }
      },
      async () => {
        await process.services.topics.delete(TOPIC);
        const { objects } = await log.storage.upkeep.listObjects({ prefix: 'wal/', limit: 100 });
        await log.storage.upkeep.deleteObjects(objects.map(({ key }) => key));
      },
    ];
    for (const meanwhile of happenings) {
      let isDone = false;
      const between = async (_: number, method: string): Promise<void> => {
        if (method !== 'getRange' || isDone) return;
        isDone = true;
        await meanwhile();
      };
      expect(await merge(log.process({ between }))).toMatchObject({ damaged: [], failures: [] });
      expect(isDone).toBe(true);
      await append(32);
      log.clock.timeMs += AGE_MS;
    }
  });

  it('says which object ends early, and merges what does not need it', async () => {
    await append(16, [0]);
    await append(16, [1]);
    const short = (await pagesOf(1))[0]!.entries[0]!;
    const key = walKey(short.objectId);
    await replaceObject(key, new Uint8Array(10));
    log.clock.timeMs += AGE_MS;
    expect(await merge()).toMatchObject({
      segments: 1,
      damaged: [{ partition: { partition: 1 }, damage: { key, offset: 0n } }],
      failures: [],
    });
    expect((await segmentsOf()).at(-1)?.endOffset).toBe(16n);
  });

  it('fails for those alone that need an object which can’t be read', async () => {
    await append(16, [0]);
    await append(16, [1]);
    const key = walKey((await pagesOf(1))[0]!.entries[0]!.objectId);
    log.clock.timeMs += AGE_MS;
    const between = async (_: number, method: string, [range]: readonly unknown[]) => {
      if (method !== 'getRange' || (range as ByteRange).key !== key) return;
      throw new StratalogError('STORAGE_UNAVAILABLE', 'denied');
    };
    expect(await merge(log.process({ between }))).toMatchObject({
      segments: 1,
      damaged: [],
      failures: [{ partition: { partition: 1 }, message: 'denied' }],
    });
    expect((await segmentsOf()).at(-1)?.endOffset).toBe(16n);
  });
});

const logOf = async () => {
  const [topic] = await process.services.topics.list();
  return (await log.storage.segments.readLog({ topicId: topic!.topicId, partition: 0 }))!;
};

async function replaceObject(key: string, bytes: Uint8Array): Promise<void> {
  await log.storage.upkeep.deleteObjects([key]);
  await log.storage.objects.putObject({ key, chunks: [bytes], nonce: 'restored' });
}

function flipped(bytes: Uint8Array, position: number): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  damaged[position] = (damaged[position] ?? 0) ^ 1;
  return damaged;
}
