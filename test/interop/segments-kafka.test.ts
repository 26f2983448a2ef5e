// Kafka's own tools and a real broker judge the segments: the dump tool finds nothing wrong in any of the three files,
// and a broker that finds them in its log directory serves them record for record, and finds them by time.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offsetDigits } from '../../lib/log/keys.ts';
import { SegmentBuilder } from '../../lib/log/segment-build.ts';
import { COMPRESSION_KINDS, parseBatchHeader, splitBatches } from '../../lib/record/batch.ts';
import { decodeBatch, encodeBatch } from '../../lib/record/record.ts';
import { type Broker, newBroker } from '../support/kafka/broker.ts';
import { type BuiltSegment, buildSegment, sizedBatch } from '../support/segments.ts';
import { createTestBackground, HOUR_MS, NO_LIMIT } from '../support/test-background.ts';
import { appendTo } from '../support/test-log.ts';

const BASE_TIME_MS = 1_700_000_000_000;
const COMPLAINT =
  /^.*(?:ismatch|isvalid: false|not found|out of order|non-consecutive|invalid bytes|Exception).*$/gim;
/** It takes every log to begin at offset 0, and says so of its own segments as well when that is all it has to say. */
const FIRST_OFFSET_NOT_0 = /^Non-consecutive offsets in .*\n {2}-1 is followed by \d+\n(?! {2})/gm;
const TOPIC = 'served';

let broker: Broker;
let folder: string;

/** Three segments end to end: many sizes, codecs, times that jump, batches larger than an index interval. */
function segmentsOf(firstOffset: bigint): BuiltSegment[] {
  const shapes = [300, 40, 500].map((count, segment) =>
    Array.from({ length: count }, (_, index) => {
      const timestampMs = BASE_TIME_MS + segment * 1_000_000 + ((index * 7_919) % 500_000);
      const compression = (['none', 'gzip', 'zstd'] as const)[index % 3];
      const valueBytes = index % 50 === 49 ? 9_000 : (index * 37) % 700;
      return sizedBatch(1 + (index % 6), valueBytes, timestampMs, {
        ...(compression === undefined ? {} : { compression }),
      });
    }),
  );
  const built: BuiltSegment[] = [];
  let next = firstOffset;
  for (const batches of shapes) {
    const segment = buildSegment(next, batches);
    built.push(segment);
    next = segment.batches.at(-1)!.lastOffset + 1n;
  }
  return built;
}

function writeSegment(into: string, segment: BuiltSegment): string[] {
  const name = join(into, offsetDigits(segment.baseOffset));
  const files = { log: segment.log, index: segment.index, timeindex: segment.timeIndex };
  return Object.entries(files).map(([extension, bytes]) => {
    writeFileSync(`${name}.${extension}`, bytes);
    return `${name}.${extension}`;
  });
}

async function complaints(paths: readonly string[]): Promise<string[]> {
  // Before the tool has opened them: it cuts indexes to whole entries.
  const own = [...paths.flatMap(complaintsOfName), ...paths.flatMap(complaintsOfSize)];
  const dump = async (...options: readonly string[]) =>
    await broker.runTool(
      ...['org.apache.kafka.tools.DumpLogSegments', '--files', paths.join(',')],
      ...options,
    );
  const deep = await dump('--deep-iteration', '--print-data-log');
  const sanity = await dump('--index-sanity-check');
  const verified = await dump('--verify-index-only');
  expect(deep).toContain('baseOffset');
  expect(sanity).toContain('passed sanity check');
  const dumped = [deep, sanity, verified].flatMap(
    (output) => output.replace(FIRST_OFFSET_NOT_0, '').match(COMPLAINT) ?? [],
  );
  return [...own, ...dumped];
}

/** What the dump tool says nothing of: a file's name that is not where its records begin. */
function complaintsOfName(path: string): string[] {
  if (!path.endsWith('.log')) return [];
  const [first] = splitBatches(readFileSync(path));
  const named = BigInt(basename(path, '.log'));
  return first?.baseOffset === named
    ? []
    : [`${path}: non-consecutive, its first batch is at ${first?.baseOffset}`];
}

/** Nor of indexes that are empty, or no whole number of entries. */
function complaintsOfSize(path: string): string[] {
  const entryBytes = { '.index': 8, '.timeindex': 12 }[extname(path)];
  if (entryBytes === undefined) return [];
  const { length } = readFileSync(path);
  const headers = [...splitBatches(readFileSync(path.replace(/\.\w+$/, '.log')))];
  const isNeeded =
    extname(path) === '.timeindex' || headers.some(({ position }) => position > 4_096);
  if (length % entryBytes === 0 && (length > 0 || !isNeeded)) return [];
  return [`${path}: ${length} bytes`];
}

interface ServedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: string | undefined;
  readonly value: string | undefined;
}

function recordsOf(segments: readonly BuiltSegment[]): ServedRecord[] {
  return segments.flatMap(({ log }) =>
    [...splitBatches(log)].flatMap((header) =>
      decodeBatch(log, header.position).records.map((record) => ({
        offset: String(header.baseOffset + BigInt(record.offsetDelta)),
        timestamp: String(record.timestamp),
        key: record.key === null ? undefined : Buffer.from(record.key).toString(),
        value: record.value === null ? undefined : Buffer.from(record.value).toString(),
      })),
    ),
  );
}

/** As Kafka's own consumer prints them. */
async function serve(count: number): Promise<ServedRecord[]> {
  const output = await broker.runTool(
    ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', broker.address],
    ...['--topic', TOPIC, '--partition', '0', '--offset', 'earliest'],
    ...['--max-messages', String(count), '--timeout-ms', '30000'],
    ...['timestamp', 'offset', 'key'].flatMap((what) => [
      '--formatter-property',
      `print.${what}=true`,
    ]),
  );
  return [...output.matchAll(/^CreateTime:(-?\d+)\tOffset:(\d+)\t([^\t\n]*)\t([^\n]*)$/gm)].map(
    ([, timestamp = '', offset = '', key, value]) => ({ offset, timestamp, key, value }),
  );
}

async function offsetsByTime(timesMs: readonly number[]): Promise<string[]> {
  const admin = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const found: string[] = [];
  for (const timeMs of timesMs) {
    const [first] = await admin.fetchTopicOffsetsByTimestamp(TOPIC, timeMs);
    found.push(first?.offset ?? 'none');
  }
  await admin.disconnect();
  return found;
}

beforeAll(async () => {
  broker = await newBroker();
  folder = mkdtempSync(join(tmpdir(), 'stratalog-segments-'));
});

afterAll(async () => {
  await broker.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe('Kafka’s DumpLogSegments', () => {
  it('finds nothing wrong in a log, its index and its time index', async () => {
    const segments = [...segmentsOf(0n), ...segmentsOf(123_456_789_012n)];
    const paths = segments.flatMap((segment) => writeSegment(folder, segment));
    expect(await complaints(paths)).toEqual([]);
  });

  it('finds nothing wrong where log compaction left gaps and batches without first records', async () => {
    const records = (deltas: readonly number[]) =>
      deltas.map((offsetDelta) => ({
        offsetDelta,
        timestamp: BASE_TIME_MS + offsetDelta,
        key: Buffer.from(`key-${offsetDelta}`),
        value: Buffer.alloc(3_000, 120),
      }));
    const builder = new SegmentBuilder(500n);
    const batches = [
      encodeBatch({ baseOffset: 510n, lastOffsetDelta: 9, records: records([2, 7]) }),
      encodeBatch({ baseOffset: 600n, lastOffsetDelta: 3, records: records([0]) }),
      encodeBatch({ baseOffset: 700n, lastOffsetDelta: 9, records: records([1, 2, 9]) }),
    ];
    for (const batch of batches) builder.appendPlaced(parseBatchHeader(batch));
    const log = new Uint8Array(Buffer.concat(batches));
    const segment = { ...builder.finish(), baseOffset: 500n, log, batches: [] };
    const dumped = await complaints(writeSegment(folder, segment));
    // Gaps are what it is told to report; nothing else may be wrong.
    expect(dumped.filter((line) => !/non-consecutive/i.test(line))).toEqual([]);
  });

  it('finds nothing wrong in what the jobs made, merged and compacted', async () => {
    const log = createTestBackground();
    const { services, background } = log.process();
    await services.topics.create({ name: 'state', configs: { 'cleanup.policy': 'compact' } });
    for (let number = 0; number < 200; number += 1) {
      const compression = COMPRESSION_KINDS[number % COMPRESSION_KINDS.length] ?? 'none';
      const records = Array.from({ length: 3 }, (_, index) => ({
        timestamp: BASE_TIME_MS + number * 10 + index,
        key: Buffer.from(`key-${(number + index) % 120}`),
        value: number % 9 === 0 ? null : Buffer.alloc(200, number % 250),
      }));
      const batch = encodeBatch({ records, compression });
      await services.append.append(appendTo('state', { 0: batch }));
    }
    const write = async (): Promise<string[]> => {
      const made = mkdtempSync(join(folder, 'jobs-'));
      const { objects } = await log.storage.upkeep.listObjects({ prefix: 'log/', limit: 100 });
      return await Promise.all(
        objects.map(async ({ key, sizeBytes: lengthBytes }) => {
          const bytes = await log.storage.objects.getRange({ key, positionBytes: 0, lengthBytes });
          const path = join(made, key.slice(key.lastIndexOf('/') + 1));
          writeFileSync(path, bytes ?? new Uint8Array());
          return path;
        }),
      );
    };
    log.clock.timeMs += 7 * HOUR_MS;
    await background.segments.mergeAll(NO_LIMIT);
    expect(await complaints(await write())).toEqual([]);
    await background.compaction.compactAll(NO_LIMIT);
    for (let round = 0; round < 3; round += 1) {
      log.clock.timeMs += 3 * HOUR_MS;
      await background.garbage.collect(NO_LIMIT);
    }
    const compacted = await write();
    expect(compacted.length).toBe(3);
    const dumped = await complaints(compacted);
    expect(dumped.filter((line) => !/non-consecutive/i.test(line))).toEqual([]);
    const output = await broker.runTool(
      ...['org.apache.kafka.tools.DumpLogSegments', '--files', compacted.join(',')],
    );
    // Kafka sees until when tombstones stay.
    expect(output).toMatch(/deleteHorizonMs: OptionalLong\[\d+\]/);
  });

  it.each([
    [
      'an index that points elsewhere',
      ({ index }: BuiltSegment) => ({ index: index.with(3, (index[3] ?? 0) ^ 1) }),
    ],
    ['an empty index', () => ({ index: new Uint8Array() })],
    ['half an index entry', ({ index }: BuiltSegment) => ({ index: index.subarray(0, -4) })],
    ['an empty time index', () => ({ timeIndex: new Uint8Array() })],
    ['a name of another offset', () => ({ baseOffset: 39n })],
  ])('complains of %s: this test can fail', async (_, change) => {
    const [segment] = segmentsOf(40n);
    const bad = { ...segment!, ...change(segment!) };
    const paths = writeSegment(mkdtempSync(join(folder, 'bad-')), bad);
    expect(await complaints(paths).catch(() => 'an exception')).not.toEqual([]);
  });
});

describe('a real broker with our segments in its log directory', () => {
  const segments = segmentsOf(1_000n);
  const expected = recordsOf(segments);

  beforeAll(async () => {
    await broker.start();
    const admin = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    // Our records are old: what is served must not be what retention left.
    const configEntries = [{ name: 'retention.ms', value: '-1' }];
    await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1, configEntries }] });
    await admin.disconnect();
    await broker.stop();
    const logFolder = join(broker.dataFolder, `${TOPIC}-0`);
    for (const name of readdirSync(logFolder)) {
      if (/\.(log|index|timeindex|snapshot)$/.test(name)) rmSync(join(logFolder, name));
    }
    for (const segment of segments) writeSegment(logFolder, segment);
    await broker.start();
  });

  it('serves them record for record', async () => {
    expect(await serve(expected.length)).toEqual(expected);
  });

  it('finds offsets by time as they are', async () => {
    const timesMs = [0, 250_000, 499_999, 1_000_000, 1_400_321, 2_000_000, 9_000_000].map(
      (afterMs) => BASE_TIME_MS + afterMs,
    );
    const end = String(segments.at(-1)!.batches.at(-1)!.lastOffset + 1n);
    // The client says the end where no record is as late.
    const first = (timeMs: number) =>
      expected.find(({ timestamp }) => Number(timestamp) >= timeMs)?.offset ?? end;
    expect(await offsetsByTime(timesMs)).toEqual(timesMs.map(first));
  });
});
