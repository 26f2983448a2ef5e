import { beforeEach, describe, expect, it } from 'vitest';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  readTopic,
  type TestBackground,
  type TestProcess,
} from '../../support/test-background.ts';
import { appendTo, batchOf } from '../../support/test-log.ts';

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
