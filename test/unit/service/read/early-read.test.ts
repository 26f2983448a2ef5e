import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FetchRequest } from '../../../../lib/log/read.ts';
import {
  createTestBackground,
  Died,
  HOUR_MS,
  NO_LIMIT,
  type TestBackground,
  type TestProcess,
} from '../../../support/test-background.ts';
import { appendTo, batchOf } from '../../../support/test-log.ts';

const TOPIC = 'orders';
const VALUE = 'x'.repeat(2_000);

let log: TestBackground;
let process: TestProcess;
/** Of the reader, once `listen` is set: requests as they are sent, and the heads as they are answered. */
let events: string[];
let listen: boolean;
/** GETs that are under way, and the most that ever were. */
let gets: { now: number; most: number };
let failing: ReadonlySet<string>;
let reader: TestProcess;

beforeEach(async () => {
  log = createTestBackground({}, { baseUrl: () => 'http://objects' });
  process = log.process();
  await process.services.topics.create({ name: TOPIC, partitionCount: 2 });
  for (let number = 0; number < 40; number += 1) {
    const batch = batchOf([VALUE], { timestampMs: log.clock.timeMs + number });
    await process.services.append.append(appendTo(TOPIC, { 0: batch, 1: batch }));
  }
  log.clock.timeMs += 7 * HOUR_MS;
  await process.background.segments.mergeAll(NO_LIMIT);
  events = [];
  listen = false;
  gets = { now: 0, most: 0 };
  failing = new Set();
  reader = log.process({
    between: async (_, method) => {
      if (!listen) return;
      events.push(method);
      if (method === 'readHeads') {
        // As long as whatever goes out beside it needs to be sent.
        await setImmediate();
        events.push('heads');
      }
      if (method === 'getRange') {
        gets.now += 1;
        gets.most = Math.max(gets.most, gets.now);
        await setImmediate();
        gets.now -= 1;
      }
      if (failing.has(method)) throw new Died();
    },
  });
});

async function fetchFrom(
  from: TestProcess,
  offsets: readonly bigint[],
  request: Partial<FetchRequest> = {},
) {
  const partitions = offsets.map((offset, partition) => ({ topicName: TOPIC, partition, offset }));
  const plain = { deliver: 'bytes', maxBytes: 30_000, minBytes: 1, maxWaitMs: 0 } as const;
  return await from.services.read.fetch({ ...plain, partitions, ...request });
}

/** The reader knows where the segments of both partitions are, and has their indexes. */
async function warmUp(): Promise<void> {
  await fetchFrom(reader, [0n, 0n], { maxBytes: 100_000 });
  await fetchFrom(reader, [5n, 5n], { maxBytes: 100_000 });
  listen = true;
}

describe('fetch, where the segment is known', () => {
  it('gets the bytes beside the head, with the same requests and answer', async () => {
    await warmUp();
    const results = await fetchFrom(reader, [20n]);
    expect(events).toEqual(['readHeads', 'getRange', 'heads']);
    expect(results).toMatchObject([{ kind: 'bytes', highWatermark: 40n }]);
    expect(results).toEqual(await fetchFrom(log.process(), [20n]));
  });

  it('gets other partitions behind the heads, which only then are known to fit', async () => {
    await warmUp();
    const request = { maxBytes: 60_000 };
    const partitions = [20n, 33n].map((offset, partition) => ({
      topicName: TOPIC,
      partition,
      offset,
      maxBytes: 30_000,
    }));
    const results = await fetchFrom(reader, [], { ...request, partitions });
    expect(events).toEqual(['readHeads', 'getRange', 'heads', 'getRange']);
    expect(results).toEqual(await fetchFrom(log.process(), [], { ...request, partitions }));
  });

  it('drops the bytes when the log begins behind the offset by now', async () => {
    await warmUp();
    await process.services.topics.deleteRecords({ topicName: TOPIC, partition: 0, offset: 30n });
    expect(await fetchFrom(reader, [20n])).toMatchObject([
      { kind: 'rejected', code: 'OFFSET_OUT_OF_RANGE', logStartOffset: 30n, highWatermark: 40n },
    ]);
    expect(events).toEqual(['readHeads', 'getRange', 'heads']);
  });

  it('drops the bytes when the topic is deleted by now', async () => {
    await warmUp();
    await process.services.topics.delete(TOPIC);
    expect(await fetchFrom(reader, [20n])).toMatchObject([
      { kind: 'rejected', code: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ]);
    expect(events).toEqual(['readHeads', 'getRange', 'heads']);
    // It has learned that: nothing is read early for a topic that isn't there.
    events.length = 0;
    await fetchFrom(reader, [20n]);
    expect(events).not.toContain('getRange');
  });

  it('fails as the head does, whatever becomes of the bytes', async () => {
    await warmUp();
    failing = new Set(['readHeads', 'getRange']);
    await expect(fetchFrom(reader, [20n])).rejects.toThrow(Died);
    await setImmediate();
    expect(events).toEqual(['readHeads', 'getRange', 'heads']);
  });
});

describe('fetch from the beginning of a segment', () => {
  const MIB = 1024 * 1024;

  async function fillAnother(valueBytes: number, count: number): Promise<void> {
    const batch = batchOf(['x'.repeat(valueBytes)], { timestampMs: log.clock.timeMs });
    for (let number = 0; number < count; number += 1) {
      await process.services.append.append(appendTo(TOPIC, { 0: batch }));
    }
    log.clock.timeMs += 7 * HOUR_MS;
    await process.background.segments.mergeAll(NO_LIMIT);
    listen = true;
  }

  it('gets the bytes beside the index, with the same requests and answer', async () => {
    await fillAnother(100_000, 32);
    const [first] = await fetchFrom(reader, [40n], { maxBytes: MIB });
    expect(events.filter((event) => event === 'getRange')).toHaveLength(2);
    expect(gets.most).toBe(2);
    expect(first).toMatchObject({ kind: 'bytes', nextOffset: 50n });
  });

  it('has the index first when it wants less than a mebibyte', async () => {
    await fillAnother(100_000, 32);
    const [first] = await fetchFrom(reader, [40n], { maxBytes: MIB - 1 });
    expect(events.filter((event) => event === 'getRange')).toHaveLength(2);
    expect(gets.most).toBe(1);
    expect(first).toEqual((await fetchFrom(log.process(), [40n], { maxBytes: MIB }))[0]);
  });

  it('gets them again when the index says that the first batches are more than asked for', async () => {
    await fillAnother(900_000, 16);
    const [first] = await fetchFrom(reader, [40n], { maxBytes: MIB });
    expect(events.filter((event) => event === 'getRange')).toHaveLength(3);
    expect(first).toMatchObject({ kind: 'bytes', nextOffset: 41n });
  });

  it('gives references by the index alone', async () => {
    await fillAnother(100_000, 32);
    await fetchFrom(reader, [40n], { maxBytes: MIB, deliver: 'reference' });
    // The index, and the header of the batch behind.
    expect(events.filter((event) => event === 'getRange')).toHaveLength(2);
  });
});

describe('fetch, where nothing is to be read early', () => {
  it('asks the head first when the segment is not known', async () => {
    listen = true;
    await fetchFrom(reader, [20n]);
    expect(events.slice(0, 3)).toEqual(['getTopic', 'readHeads', 'heads']);
  });

  it('asks the head alone at the end of the log', async () => {
    await warmUp();
    await fetchFrom(reader, [40n]);
    expect(events).toEqual(['readHeads', 'heads']);
  });

  it('asks the head first when it gives references', async () => {
    await warmUp();
    await fetchFrom(reader, [20n], { deliver: 'reference' });
    expect(events.slice(0, 2)).toEqual(['readHeads', 'heads']);
  });
});
