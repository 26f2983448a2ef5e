import { beforeEach, describe, expect, it } from 'vitest';
import { SEGMENT_HINT_TTL_MS } from '../../../../lib/limits.ts';
import type { PartitionKey } from '../../../../lib/log/keys.ts';
import { SEGMENT_FILES, type Segment } from '../../../../lib/log/segment.ts';
import { segmentKey } from '../../../../lib/log/segment-keys.ts';
import { parseBatchHeader, splitBatches } from '../../../../lib/record/batch.ts';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  type TestBackground,
  type TestProcess,
} from '../../../support/test-background.ts';
import { appendTo, batchOf, readAll } from '../../../support/test-log.ts';

const TOPIC = 'orders';
const AT = { topicName: TOPIC, partition: 0 };
const VALUE = 'x'.repeat(2_000);

let log: TestBackground;
let process: TestProcess;

beforeEach(async () => {
  log = createTestBackground({}, { baseUrl: () => 'http://objects' });
  process = log.process();
  const configs = { 'message.timestamp.after.max.ms': String(100 * HOUR_MS) };
  await process.services.topics.create({ name: TOPIC, configs });
});

async function append(count: number, timestampMs = log.clock.timeMs): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const batch = batchOf([VALUE], { timestampMs: timestampMs + number });
    const [result] = await process.services.append.append(appendTo(TOPIC, { 0: batch }));
    expect(result).toMatchObject({ kind: 'appended' });
  }
}

async function merge(): Promise<void> {
  log.clock.timeMs += 7 * HOUR_MS;
  await process.background.segments.mergeAll(NO_LIMIT);
}

async function fetchBy(reader: TestProcess, offset: bigint, deliver: 'bytes' | 'reference') {
  const partitions = [{ ...AT, offset }];
  const request = { deliver, partitions, maxBytes: 30_000, minBytes: 0, maxWaitMs: 0 };
  const before = new Map(reader.counts);
  const [result] = await reader.services.read.fetch(request);
  const sent = (method: string) => (reader.counts.get(method) ?? 0) - (before.get(method) ?? 0);
  return { result: result!, sent };
}

/** Puts the same bytes in another segment's place, and deletes the objects of the first, as a long grace would. */
async function moveSegment(partition: PartitionKey, segment: Segment): Promise<void> {
  const { objects, segments, upkeep } = log.storage;
  const by = { ...segment, segmentId: '7ZZZZZZZZZZZZZZZZZZZZZZZZZ' };
  for (const file of SEGMENT_FILES) {
    const { baseOffset, segmentId, sizeBytes, indexBytes, timeIndexBytes } = segment;
    const lengthBytes = { log: sizeBytes, index: indexBytes, timeindex: timeIndexBytes }[file];
    const key = segmentKey({ partition, segmentId, baseOffset }, file);
    const bytes = await objects.getRange({ key, positionBytes: 0, lengthBytes });
    const to = segmentKey({ partition, segmentId: by.segmentId, baseOffset }, file);
    await objects.putObject({ key: to, chunks: [bytes!], nonce: 'moved' });
    await upkeep.deleteObjects([key]);
  }
  const retired = { retiredId: by.segmentId, segments: [segment] };
  await segments.replaceSegments({ partition, replaced: [segment], by, retired });
}

describe('fetch from segments', () => {
  it('asks for a page first, then knows that the segment is to be asked for', async () => {
    await append(40);
    await merge();
    const reader = log.process();
    const first = await fetchBy(reader, 0n, 'bytes');
    expect([first.sent('findPages'), first.sent('findSegments')]).toEqual([1, 1]);
    const second = await fetchBy(reader, 20n, 'bytes');
    expect([second.sent('findPages'), second.sent('findSegments')]).toEqual([0, 0]);
    // The index is warm by then.
    expect(second.sent('getRange')).toBe(1);
    log.clock.timeMs += SEGMENT_HINT_TTL_MS;
    const later = await fetchBy(reader, 20n, 'bytes');
    expect([later.sent('findPages'), later.sent('findSegments')]).toEqual([0, 1]);
    await append(20);
    await append(20);
    const page = await fetchBy(reader, 40n, 'bytes');
    expect([page.sent('findPages'), page.sent('findSegments')]).toEqual([1, 0]);
  });

  it('answers with one batch where each is larger than what was asked for, from whichever of its records', async () => {
    const values = ['x', 'y'].map((letter) => letter.repeat(20_000));
    for (let number = 0; number < 8; number += 1) {
      const batch = batchOf(values, { timestampMs: log.clock.timeMs + number });
      await process.services.append.append(appendTo(TOPIC, { 0: batch }));
      const small = batchOf(['small'], { timestampMs: log.clock.timeMs + number });
      await process.services.append.append(appendTo(TOPIC, { 0: small }));
    }
    await merge();
    for (let offset = 0n; offset < 24n; offset += 1n) {
      const { result } = await fetchBy(process, offset, 'bytes');
      if (result.kind !== 'bytes') throw new Error(result.kind);
      const bytes = Buffer.concat(result.chunks);
      const [first, ...others] = splitBatches(bytes);
      expect(first!.baseOffset <= offset).toBe(true);
      expect(others).toEqual([]);
      expect(result.nextOffset).toBe(first!.baseOffset + BigInt(first!.lastOffsetDelta + 1));
      expect(result.nextOffset > offset).toBe(true);
      expect(result.byteCount).toBe(bytes.length);
    }
  });

  it('goes on with one look at the head when the page that it found is merged and gone', async () => {
    await append(32);
    const reader = log.process();
    await fetchBy(reader, 0n, 'bytes');
    let isMerged = false;
    const between = async (_: number, method: string): Promise<void> => {
      if (method !== 'getRange' || isMerged) return;
      isMerged = true;
      await merge();
      for (let round = 0; round < 4; round += 1) {
        log.clock.timeMs += 3 * HOUR_MS;
        await process.background.garbage.collect(NO_LIMIT);
      }
    };
    const late = log.process({ between });
    const { result, sent } = await fetchBy(late, 20n, 'bytes');
    expect(isMerged).toBe(true);
    expect(result).toMatchObject({ kind: 'bytes', highWatermark: 32n });
    expect(sent('readHeads')).toBe(2);
  });

  it('goes on with one look at the head when the segment that it reads on in is gone', async () => {
    await append(32);
    await merge();
    const reader = log.process();
    await fetchBy(reader, 0n, 'bytes');
    const partition = { topicId: (await process.services.topics.list())[0]!.topicId, partition: 0 };
    const [segment] = await log.storage.segments.findSegments(partition, { offset: 0n, limit: 1 });
    await moveSegment(partition, segment!);
    const { result, sent } = await fetchBy(reader, 20n, 'bytes');
    expect(result).toMatchObject({ kind: 'bytes', highWatermark: 32n });
    expect([sent('readHeads'), sent('findSegments')]).toEqual([2, 1]);
    const again = await fetchBy(reader, 20n, 'reference');
    expect(again.result).toMatchObject({ kind: 'references' });
  });

  it('gives references with offsets in place, and says where to go on', async () => {
    await append(60);
    await merge();
    let offset = 0n;
    const reader = log.process();
    const offsets: bigint[] = [];
    while (offset < 60n) {
      const { result } = await fetchBy(reader, offset, 'reference');
      if (result.kind !== 'references') throw new Error(result.kind);
      for (const { baseOffset, positionBytes, lengthBytes, url } of result.references) {
        expect(baseOffset).toBeUndefined();
        const key = new URL(url).pathname.slice('/objects/'.length);
        const range = { key, positionBytes, lengthBytes };
        const bytes = await log.storage.objects.getRange(range);
        offsets.push(parseBatchHeader(bytes!).baseOffset);
      }
      expect(result.nextOffset > offset).toBe(true);
      offset = result.nextOffset;
    }
    expect(offset).toBe(60n);
    expect(offsets[0]).toBe(0n);
    expect(offsets.length).toBeGreaterThan(3);
  });
});

describe('offsets by time over segments', () => {
  it('looks afresh when the log’s start overtakes the search (no-loss-by-cleanup)', async () => {
    const startMs = log.clock.timeMs;
    // A page's bytes are more than a segment takes: each becomes one.
    await process.services.topics.alter({
      name: TOPIC,
      configs: [{ name: 'segment.bytes', value: '1048576' }],
    });
    for (let number = 0; number < 256; number += 1) {
      const batch = batchOf(['x'.repeat(66_000)], { timestampMs: startMs + number });
      await process.services.append.append(appendTo(TOPIC, { 0: batch }));
    }
    await merge();
    let isRaised = false;
    const between = async (_: number, method: string): Promise<void> => {
      if (method !== 'findSegments' || isRaised) return;
      isRaised = true;
      await process.services.topics.deleteRecords({ ...AT, offset: 80n });
      await process.background.retention.applyAll(NO_LIMIT);
    };
    const at = { kind: 'timestamp', timestampMs: startMs + 20 } as const;
    const found = await log.process({ between }).services.listOffsets.find({ ...AT, at });
    expect(found).toEqual({ kind: 'found', offset: 80n, timestampMs: startMs + 80 });
  });

  it('finds the record with the largest timestamp there is, also when a larger one is gone', async () => {
    const find = async () =>
      await log.process().services.listOffsets.find({ ...AT, at: { kind: 'max-timestamp' } });
    await append(16, log.clock.timeMs + 20 * HOUR_MS);
    await merge();
    await append(20);
    await merge();
    const { timestampMs: largest } = (await find()) as { timestampMs: number };
    await process.services.topics.deleteRecords({ ...AT, offset: 16n });
    const later = await find();
    expect(later).toMatchObject({ kind: 'found', offset: 35n });
    expect((later as { timestampMs: number }).timestampMs).toBeLessThan(largest);
  });

  it('is nothing in an empty log', async () => {
    const at = { kind: 'max-timestamp' } as const;
    expect(await process.services.listOffsets.find({ ...AT, at })).toEqual({ kind: 'none' });
  });
});

describe('a machine whose clock is wrong', () => {
  it.each([-10, 10])(
    'by %i hours collects no garbage that is none (no-loss-by-cleanup)',
    async (hours) => {
      await append(40);
      await merge();
      await append(20);
      const wrong = log.process({ clockSkewMs: hours * HOUR_MS });
      const before = await readAll(process.services, TOPIC);
      for (let round = 0; round < 4; round += 1) {
        await wrong.background.segments.mergeAll(NO_LIMIT);
        await wrong.background.garbage.collect(NO_LIMIT);
        log.clock.timeMs += HOUR_MS;
      }
      expect(await readAll(log.process().services, TOPIC)).toEqual(before);
      // Floors go by the storage's clock: whoever has the right time appends as ever.
      await append(1);
      expect((await readAll(log.process().services, TOPIC)).length).toBe(before.length + 1);
    },
  );
});
