// A log in which every background job has something to do, and what its readers must see whatever the jobs do.
//
//   plain  2 partitions, 40 records each, half of them in a segment: all of them stay
//   short  retention.ms of 90 hours: the first 20 of 40 records are older
//   state  compacted: keys k0 to k4 over and over, k9 written and then deleted
//   gone   merged, then deleted

import { expect } from 'vitest';
import { encodeBatch } from '../../lib/record/record.ts';
import type { Services } from '../../lib/service/services.ts';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  type TestBackground,
  type TestProcess,
} from './test-background.ts';
import { appendTo, batchOf, readAll, text } from './test-log.ts';

const ROUND = 20;
const PLAIN_PARTITIONS = 2;
const KEYS = 5;

type Seen = readonly [bigint, string];

export async function createScenario(): Promise<TestBackground> {
  const log = createTestBackground();
  const process = log.process();
  const create = async (
    name: string,
    partitionCount: number,
    configs: Readonly<Record<string, string>> = {},
  ) => {
    const created = await process.services.topics.create({ name, partitionCount, configs });
    if (created.kind === 'rejected') throw new Error(created.message);
  };
  await create('plain', PLAIN_PARTITIONS);
  await create('short', 1, { 'retention.ms': String(90 * HOUR_MS) });
  await create('state', 1, { 'cleanup.policy': 'compact', 'delete.retention.ms': '0' });
  await create('gone', 1);
  await appendRound(log, process, 0, ['plain', 'short', 'state', 'gone']);
  log.clock.timeMs += 7 * HOUR_MS;
  await runEverything(process);
  await process.services.topics.delete('gone');
  log.clock.timeMs += 93 * HOUR_MS;
  await appendRound(log, process, 1, ['plain', 'short', 'state']);
  log.clock.timeMs += 7 * HOUR_MS;
  return log;
}

async function appendRound(
  log: TestBackground,
  { services }: TestProcess,
  round: number,
  topics: readonly string[],
): Promise<void> {
  for (let number = round * ROUND; number < (round + 1) * ROUND; number += 1) {
    log.clock.timeMs += 10;
    const timestampMs = log.clock.timeMs;
    for (const topic of topics) {
      const partitions = topic === 'plain' ? PLAIN_PARTITIONS : 1;
      const batches = Object.fromEntries(
        Array.from({ length: partitions }, (_, partition) => [
          partition,
          topic === 'state'
            ? stateBatch(number, timestampMs)
            : batchOf([`${topic}/${partition}/${number}`], { timestampMs }),
        ]),
      );
      const results = await services.append.append(appendTo(topic, batches));
      expect(results.every(({ kind }) => kind === 'appended')).toBe(true);
    }
  }
}

function stateBatch(number: number, timestamp: number): Uint8Array {
  const key = number === 3 || number === 7 ? 'k9' : `k${number % KEYS}`;
  const value = number === 7 ? null : text(`${key}=${number}`);
  return encodeBatch({ records: [{ timestamp, key: text(key), value }] });
}

/** What a value of `state` at an offset was when it was written. */
function stateValue(offset: number): string {
  if (offset === 7) return '';
  return offset === 3 ? 'k9=3' : `k${offset % KEYS}=${offset}`;
}

/** Every job once, one after the other; what dies on the way does not keep the next from running. */
export async function runEverything({ background }: TestProcess): Promise<void> {
  const jobs = [
    () => background.segments.mergeAll(NO_LIMIT),
    () => background.retention.applyAll(NO_LIMIT),
    () => background.compaction.compactAll(NO_LIMIT),
    () => background.garbage.collect(NO_LIMIT),
  ];
  for (const job of jobs) await job();
}

/** `no-loss-by-cleanup`: holds after every single storage request of any job. */
export async function expectNothingLost(services: Services): Promise<void> {
  for (let partition = 0; partition < PLAIN_PARTITIONS; partition += 1) {
    expect(await readAll(services, 'plain', partition)).toEqual(
      recordsOf(0, `plain/${partition}/`),
    );
  }
  const short = await readAll(services, 'short');
  expect([recordsOf(0, 'short/0/'), recordsOf(ROUND, 'short/0/')]).toContainEqual(short);
  expectLatestOfEachKey(await readAll(services, 'state'));
}

function recordsOf(from: number, prefix: string): Seen[] {
  return Array.from({ length: 2 * ROUND - from }, (_, index) => [
    BigInt(from + index),
    `${prefix}${from + index}`,
  ]);
}

function expectLatestOfEachKey(seen: readonly Seen[]): void {
  for (const [offset, value] of seen) expect(value).toBe(stateValue(Number(offset)));
  const offsets = seen.map(([offset]) => Number(offset));
  expect([...offsets].sort((left, right) => left - right)).toEqual(offsets);
  for (let last = 2 * ROUND - KEYS; last < 2 * ROUND; last += 1) expect(offsets).toContain(last);
  // A deleted key comes back only if its tombstone goes before what it deletes.
  if (offsets.includes(3)) expect(offsets).toContain(7);
}

/** What is stored when all jobs have run often enough: nothing that nobody names. */
export async function expectNothingLeft(log: TestBackground): Promise<void> {
  const { upkeep, segments, topics, cleanup } = log.storage;
  const listed = async (prefix: string) =>
    (await upkeep.listObjects({ prefix, limit: 1_000 })).objects.map(({ key }) => key);
  expect(await listed('wal/')).toEqual([]);
  expect(await upkeep.listUploads('')).toEqual([]);
  const named: string[] = [];
  for (const { topicId, partitionCount } of (await topics.listTopics({ limit: 100 })).topics) {
    for (let partition = 0; partition < partitionCount; partition += 1) {
      const key = { topicId, partition };
      const all = await segments.listSegments(key, { from: 0n, limit: 1_000 });
      named.push(...all.segments.map(({ segmentId }) => segmentId));
      expect(await segments.listRetired(key, { limit: 10 })).toEqual({ retired: [] });
    }
  }
  const kept = (await listed('log/')).map((key) => key.split('/')[3] ?? '');
  expect([...new Set(kept)].sort()).toEqual(named.sort());
  expect((await cleanup.listDeletedTopics({ limit: 10 })).topics).toEqual([]);
}

/** What compaction and retention leave in the end. */
export async function expectAllDone(services: Services): Promise<void> {
  expect(await readAll(services, 'short')).toEqual(recordsOf(ROUND, 'short/0/'));
  const offsets = (await readAll(services, 'state')).map(([offset]) => Number(offset));
  expect(offsets).toEqual([35, 36, 37, 38, 39]);
}

/** Lets every grace end and every lease run out, with all jobs in between. */
export async function settle(log: TestBackground): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    log.clock.timeMs += (2.5 * HOUR_MS) / (round === 0 ? 10 : 1);
    await runEverything(log.process());
  }
}

/** Lets every grace end, with garbage collection in between and nothing else. */
export async function collectOnly(log: TestBackground): Promise<void> {
  for (let round = 0; round < 4; round += 1) {
    log.clock.timeMs += 2.5 * HOUR_MS;
    await log.process().background.garbage.collect(NO_LIMIT);
  }
}
