import { beforeEach, describe, expect, it } from 'vitest';
import { encodeBatch } from '../../../../lib/record/record.ts';
import { fc } from '../../../support/property.ts';
import { appendTo, createTestLog, type TestLog, text } from '../../../support/test-log.ts';

let log: TestLog;

beforeEach(async () => {
  log = createTestLog();
  await log.services.topics.create({ name: 'events' });
});

const append = async (...timestamps: number[]): Promise<void> => {
  const records = timestamps.map((timestamp) => ({ timestamp, value: text('x') }));
  const batch = encodeBatch({
    records,
    compression: timestamps.length % 2 === 0 ? 'gzip' : 'none',
  });
  await log.services.append.append(appendTo('events', { 0: batch }));
};

const find = (timestampMs: number) =>
  log.services.listOffsets.find({
    topicName: 'events',
    partition: 0,
    at: { kind: 'timestamp', timestampMs },
  });

describe('find', () => {
  it('knows the ends of an empty log', async () => {
    const at = (kind: 'earliest' | 'latest' | 'max-timestamp') =>
      log.services.listOffsets.find({ topicName: 'events', partition: 0, at: { kind } });
    expect(await at('earliest')).toEqual({ kind: 'found', offset: 0n });
    expect(await at('latest')).toEqual({ kind: 'found', offset: 0n });
    expect(await at('max-timestamp')).toEqual({ kind: 'none' });
    expect(await find(0)).toEqual({ kind: 'none' });
  });

  it('finds the first record as late as asked, inside a batch too', async () => {
    await append(10, 20, 30);
    await append(25, 40);
    expect(await find(0)).toEqual({ kind: 'found', offset: 0n, timestampMs: 10 });
    expect(await find(20)).toEqual({ kind: 'found', offset: 1n, timestampMs: 20 });
    expect(await find(31)).toEqual({ kind: 'found', offset: 4n, timestampMs: 40 });
    expect(await find(41)).toEqual({ kind: 'none' });
  });

  it('finds the record with the largest timestamp', async () => {
    await append(10, 90, 30);
    await append(90, 40);
    expect(
      await log.services.listOffsets.find({
        topicName: 'events',
        partition: 0,
        at: { kind: 'max-timestamp' },
      }),
    ).toEqual({ kind: 'found', offset: 1n, timestampMs: 90 });
  });

  it('agrees with a walk over all records, in tail and pages, after delete-records too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 70,
        }),
        fc.integer({ min: 0, max: 101 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (batches, wanted, share) => {
          log = createTestLog();
          await log.services.topics.create({ name: 'events' });
          for (const timestamps of batches) await append(...timestamps);
          const all = batches.flat();
          const start = Math.floor(share * all.length);
          const offset = BigInt(start);
          await log.services.topics.deleteRecords({ topicName: 'events', partition: 0, offset });
          const index = all.findIndex((timestamp, at) => at >= start && timestamp >= wanted);
          expect(await find(wanted)).toEqual(
            index === -1
              ? { kind: 'none' }
              : { kind: 'found', offset: BigInt(index), timestampMs: all[index] },
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes logarithmically many look-ups (bounded)', async () => {
    for (let index = 0; index < 1_024; index += 1) await append(index);
    log.wire.take();
    expect(await find(500)).toEqual({ kind: 'found', offset: 500n, timestampMs: 500 });
    expect(log.wire.take().findPages).toBeLessThanOrEqual(8);
  });

  it('refuses unknown topics and partitions', async () => {
    const at = { kind: 'earliest' } as const;
    expect(
      await log.services.listOffsets.find({ topicName: 'none', partition: 0, at }),
    ).toMatchObject({ code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    expect(
      await log.services.listOffsets.find({ topicName: 'events', partition: 1, at }),
    ).toMatchObject({ code: 'UNKNOWN_PARTITION' });
  });
});
