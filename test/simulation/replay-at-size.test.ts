// Reading a log of a million index entries costs the same wherever a reader begins, and by time it costs their
// logarithm. Invariant: `bounded`.

import { beforeAll, describe, expect, it } from 'vitest';
import { ULID_RANDOM_BYTES, ulidOf } from '../../lib/ids.ts';
import { walKey } from '../../lib/log/keys.ts';
import type { Page } from '../../lib/log/partition.ts';
import { encodeBatch } from '../../lib/record/record.ts';
import type { Services } from '../../lib/service/services.ts';
import { createTestBackground, type TestBackground } from '../support/test-background.ts';
import { text } from '../support/test-log.ts';

const TOPIC = 'orders';
const ENTRIES = 1_000_000;
const ENTRIES_PER_PAGE = 16;
const PAGES = ENTRIES / ENTRIES_PER_PAGE;
const RECORDS_PER_ENTRY = 10;
const END = BigInt(ENTRIES * RECORDS_PER_ENTRY);
/** The entries are as far apart as 30 days have room for. */
const STEP_MS = Math.floor((30 * 86_400_000) / ENTRIES);
const DAY_MS = 86_400_000;

let log: TestBackground;
let services: Services;
let counts: ReadonlyMap<string, number>;
let startMs: number;

/** Ten records, each a fraction of a step after the one before. */
function batchAt(timestampMs: number): Uint8Array {
  const records = Array.from({ length: RECORDS_PER_ENTRY }, (_, index) => ({
    timestamp: timestampMs + index,
    value: text('value'),
  }));
  return encodeBatch({ records });
}

/** Every entry names a batch of its page's own object, so that what is read says where it is. */
async function putIndex(topicId: string): Promise<void> {
  const partition = { topicId, partition: 0 };
  const { partitions } = log.storage;
  const objectId = ulidOf(startMs, new Uint8Array(ULID_RANDOM_BYTES).fill(7));
  const last = startMs + ENTRIES * STEP_MS;
  const whole = {
    objectId,
    positionBytes: 0,
    lengthBytes: 1,
    recordCount: Number(END),
    maxTimestampMs: last,
  };
  await partitions.appendToHead({ partition, entries: [whole], objectId });
  const rolled: Page = {
    baseOffset: 0n,
    endOffset: END,
    entries: [whole],
    maxTimestampMs: last,
    bytesBefore: 0,
  };
  await partitions.trimTail({ partition, tailBase: 0n, page: rolled });
  const lengthBytes = batchAt(startMs).length;
  for (let number = 0; number < PAGES; number += 1) {
    const entries = Array.from({ length: ENTRIES_PER_PAGE }, (_, index) => ({
      objectId: objectOf(number),
      positionBytes: index * lengthBytes,
      lengthBytes,
      recordCount: RECORDS_PER_ENTRY,
      maxTimestampMs: timeOf(number * ENTRIES_PER_PAGE + index) + RECORDS_PER_ENTRY - 1,
    }));
    const base = number * ENTRIES_PER_PAGE * RECORDS_PER_ENTRY;
    await partitions.putPage(partition, {
      baseOffset: BigInt(base),
      endOffset: BigInt(base + ENTRIES_PER_PAGE * RECORDS_PER_ENTRY),
      entries,
      maxTimestampMs: entries.at(-1)?.maxTimestampMs ?? 0,
      bytesBefore: number * ENTRIES_PER_PAGE * lengthBytes,
    });
  }
}

const timeOf = (entry: number): number => startMs + entry * STEP_MS;

function objectOf(page: number): string {
  const random = new Uint8Array(ULID_RANDOM_BYTES);
  new DataView(random.buffer).setUint32(6, page);
  return ulidOf(startMs, random);
}

/** Puts the object of a page when a test is about to read it: a million of them would be for nothing. */
async function putObject(page: number): Promise<void> {
  const chunks = Array.from({ length: ENTRIES_PER_PAGE }, (_, index) =>
    batchAt(timeOf(page * ENTRIES_PER_PAGE + index)),
  );
  await log.storage.objects.putObject({ key: walKey(objectOf(page)), chunks, nonce: 'x' });
}

function requests(): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

beforeAll(async () => {
  log = createTestBackground();
  startMs = log.clock.timeMs - 30 * DAY_MS;
  ({ services, counts } = log.process());
  const configs = { 'retention.ms': String(31 * DAY_MS) };
  const created = await services.topics.create({ name: TOPIC, configs });
  if (created.kind === 'rejected') throw new Error(created.message);
  await putIndex(created.topic.topicId);
}, 60_000);

async function fetchAt(offset: bigint) {
  const partitions = [{ topicName: TOPIC, partition: 0, offset }];
  const request = { deliver: 'bytes', partitions, maxBytes: 1_000_000, minBytes: 0 } as const;
  const before = requests();
  const [result] = await services.read.fetch({ ...request, maxWaitMs: 0 });
  return { result, cost: requests() - before };
}

describe('a log of a million entries', () => {
  it('costs the same from the beginning, the end and between (bounded)', async () => {
    // By then the topic is known.
    await fetchAt(END);
    for (const page of [0, 1, PAGES / 2, PAGES - 1]) {
      await putObject(page);
      const offset = BigInt(page * ENTRIES_PER_PAGE * RECORDS_PER_ENTRY + 77);
      const { result, cost } = await fetchAt(offset);
      expect(result).toMatchObject({ kind: 'bytes', highWatermark: END });
      if (result?.kind === 'bytes') expect(result.nextOffset > offset).toBe(true);
      // The head, the page and its object.
      expect(cost).toBe(3);
    }
  });

  it('finds two weeks ago by the logarithm of its pages (bounded)', async () => {
    const wantedMs = log.clock.timeMs - 14 * DAY_MS;
    const entry = Math.ceil((wantedMs - RECORDS_PER_ENTRY + 1 - startMs) / STEP_MS);
    await putObject(Math.floor(entry / ENTRIES_PER_PAGE));
    const before = requests();
    const found = await services.listOffsets.find({
      topicName: TOPIC,
      partition: 0,
      at: { kind: 'timestamp', timestampMs: wantedMs },
    });
    const within = Math.max(0, wantedMs - timeOf(entry));
    expect(found).toEqual({
      kind: 'found',
      offset: BigInt(entry * RECORDS_PER_ENTRY + within),
      timestampMs: timeOf(entry) + within,
    });
    expect(requests() - before).toBeLessThanOrEqual(Math.ceil(Math.log2(PAGES)) + 3);
  });
});
