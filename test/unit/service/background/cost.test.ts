// What keeping a log clean costs beside writing it, by counted requests at AWS's list prices (us-east-1).

import { expect, it } from 'vitest';
import { JOB_WINDOW_BYTES, UPLOAD_PART_BYTES_MIN } from '../../../../lib/limits.ts';
import { createTestBackground, HOUR_MS, NO_LIMIT } from '../../../support/test-background.ts';
import { appendTo, batchOf } from '../../../support/test-log.ts';

const BATCH_BYTES = 256 * 1024;
const APPENDS = 256;
const WRITTEN_BYTES = BATCH_BYTES * APPENDS;
const GIB = 1024 ** 3;
const PUT_DOLLARS = 5 / 1e6;
const GET_DOLLARS = 0.4 / 1e6;
const WRITE_UNIT_DOLLARS = 0.625 / 1e6;
const READ_UNIT_DOLLARS = 0.125 / 1e6;

/** Dollars of one request of each method; deletions in S3 are free. */
const DOLLARS: Readonly<Record<string, number>> = {
  // S3: what writes, and what lists.
  putObject: PUT_DOLLARS,
  beginUpload: PUT_DOLLARS,
  putPart: PUT_DOLLARS,
  completeUpload: PUT_DOLLARS,
  listObjects: PUT_DOLLARS,
  listFolders: PUT_DOLLARS,
  listUploads: PUT_DOLLARS,
  getRange: GET_DOLLARS,
  deleteObjects: 0,
  // DynamoDB: items below 1 KB; a page is one; a transaction takes double.
  appendToHead: WRITE_UNIT_DOLLARS,
  putPage: WRITE_UNIT_DOLLARS,
  trimTail: WRITE_UNIT_DOLLARS,
  openLog: WRITE_UNIT_DOLLARS,
  takeLease: WRITE_UNIT_DOLLARS,
  releaseLease: WRITE_UNIT_DOLLARS,
  raiseFloor: WRITE_UNIT_DOLLARS,
  raiseHeadFloor: WRITE_UNIT_DOLLARS,
  raiseLogFloor: WRITE_UNIT_DOLLARS,
  replacePasses: WRITE_UNIT_DOLLARS,
  commitSegment: 4 * WRITE_UNIT_DOLLARS,
  deletePages: 25 * WRITE_UNIT_DOLLARS,
  // Strongly consistent reads; a listing may bring a megabyte of pages.
  readHeads: READ_UNIT_DOLLARS,
  readLog: READ_UNIT_DOLLARS,
  readGarbageState: READ_UNIT_DOLLARS,
  getTopic: READ_UNIT_DOLLARS,
  listTopics: READ_UNIT_DOLLARS,
  listDeletedTopics: READ_UNIT_DOLLARS,
  listSegments: READ_UNIT_DOLLARS,
  listRetired: READ_UNIT_DOLLARS,
  scanHeads: READ_UNIT_DOLLARS,
  listPages: 75 * READ_UNIT_DOLLARS,
};

function dollarsOf(counts: ReadonlyMap<string, number>): number {
  let dollars = 0;
  for (const [method, count] of counts) {
    const each = DOLLARS[method];
    if (each === undefined) throw new Error(`what does "${method}" cost?`);
    dollars += each * count;
  }
  return dollars;
}

it('is at most a quarter of what writing costs, at batches of 256 KiB and 1 GiB an hour', async () => {
  const settings = { partBytes: UPLOAD_PART_BYTES_MIN, windowBytes: JOB_WINDOW_BYTES };
  const log = createTestBackground(settings);
  await log.process().services.topics.create({ name: 'orders' });
  const writer = log.process();
  const value = 'x'.repeat(BATCH_BYTES - 100);
  const batch = batchOf([value], { timestampMs: log.clock.timeMs });
  for (let number = 0; number < APPENDS; number += 1) {
    const [result] = await writer.services.append.append(appendTo('orders', { 0: batch }));
    expect(result?.kind).toBe('appended');
  }
  log.clock.timeMs += 7 * HOUR_MS;
  const merger = log.process();
  const { segments, sizeBytes } = await merger.background.segments.mergeAll(NO_LIMIT);
  expect([segments, sizeBytes]).toEqual([1, batch.length * APPENDS]);
  const collector = log.process();
  await collector.background.retention.applyAll(NO_LIMIT);
  await collector.background.garbage.collect(NO_LIMIT);
  log.clock.timeMs += 3 * HOUR_MS;
  const { walObjects } = await collector.background.garbage.collect(NO_LIMIT);
  expect(walObjects).toBe(APPENDS);

  // Merging is by the byte; the other jobs are by the hour (a run that only looks is counted on top), in which a GiB
  // comes in. 16 % and 6 %.
  const written = dollarsOf(writer.counts) * (GIB / WRITTEN_BYTES);
  const merged = dollarsOf(merger.counts) * (GIB / WRITTEN_BYTES);
  const cleaned = dollarsOf(collector.counts);
  expect((merged + cleaned) / written).toBeLessThanOrEqual(0.25);
  // Merging reads each object once, and writes as many parts as it must.
  expect(merger.counts.get('getRange')).toBe(APPENDS);
  expect(merger.counts.get('putPart')).toBe(Math.ceil(sizeBytes / UPLOAD_PART_BYTES_MIN));
});
