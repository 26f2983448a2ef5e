// Whatever was appended, merged, rolled and deleted in whatever order: a reader that begins anywhere, with any budget,
// gets every record from there on, and a search by time finds the first record that is as late.

import { expect, it } from 'vitest';
import { splitBatches } from '../../lib/record/batch.ts';
import { decodeBatch, encodeBatch } from '../../lib/record/record.ts';
import type { Services } from '../../lib/service/services.ts';
import { fc } from '../support/property.ts';
import {
  createTestBackground,
  HOUR_MS,
  NO_LIMIT,
  type TestBackground,
} from '../support/test-background.ts';
import { appendTo, text } from '../support/test-log.ts';

const TOPIC = 'orders';
const AT = { topicName: TOPIC, partition: 0 };

type Step =
  | { readonly kind: 'append'; readonly counts: readonly number[]; readonly bytes: number }
  | { readonly kind: 'merge' }
  | { readonly kind: 'delete'; readonly share: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      counts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
      bytes: fc.integer({ min: 0, max: 3_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'merge' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      share: fc.double({ min: 0, max: 0.5, noNaN: true }),
    }),
  },
);

/** By offset: the record's timestamp. */
interface Model {
  readonly timesMs: number[];
  start: number;
}

async function run(log: TestBackground, steps: readonly Step[], times: () => number) {
  const { services, background } = log.process();
  await services.topics.create({ name: TOPIC });
  const model: Model = { timesMs: [], start: 0 };
  for (const one of steps) {
    if (one.kind === 'append') {
      const batches = one.counts.map((count) => {
        const records = Array.from({ length: count }, () => {
          const timestamp = log.clock.timeMs + times();
          model.timesMs.push(timestamp);
          return { timestamp, value: text('x'.repeat(one.bytes)) };
        });
        return encodeBatch({ records });
      });
      const bytes = new Uint8Array(Buffer.concat(batches));
      const [result] = await services.append.append(appendTo(TOPIC, { 0: bytes }));
      expect(result?.kind).toBe('appended');
      log.clock.timeMs += 100;
    } else if (one.kind === 'merge') {
      log.clock.timeMs += 7 * HOUR_MS;
      await background.segments.mergeAll(NO_LIMIT);
      await background.retention.applyAll(NO_LIMIT);
    } else {
      const offset = Math.floor(model.start + (model.timesMs.length - model.start) * one.share);
      await services.topics.deleteRecords({ ...AT, offset: BigInt(offset) });
      model.start = offset;
    }
  }
  return model;
}

/** Offsets and timestamps that one fetch gives, and where it goes on. */
async function fetchOnce(services: Services, offset: bigint, maxBytes: number) {
  const partitions = [{ ...AT, offset }];
  const request = { deliver: 'bytes', partitions, maxBytes, minBytes: 0, maxWaitMs: 0 } as const;
  const [result] = await services.read.fetch(request);
  if (result?.kind !== 'bytes') throw new Error(`not read: ${JSON.stringify(result?.kind)}`);
  const records = result.chunks.flatMap((chunk) =>
    [...splitBatches(chunk)].flatMap((header) =>
      decodeBatch(chunk, header.position).records.map((record): [number, number] => [
        Number(header.baseOffset) + record.offsetDelta,
        record.timestamp,
      ]),
    ),
  );
  return { records, nextOffset: result.nextOffset };
}

it('reads every record from any offset on, with any budget', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 50 }),
      fc.nat(),
      fc.integer({ min: 1, max: 60_000 }),
      async (steps, pick, maxBytes) => {
        const log = createTestBackground();
        const model = await run(log, steps, () => 0);
        const end = model.timesMs.length;
        const first = model.start + (pick % (end - model.start + 1));
        const { services } = log.process();
        let offset = BigInt(first);
        while (offset < BigInt(end)) {
          const { records, nextOffset } = await fetchOnce(services, offset, maxBytes);
          const wanted = records.filter(([at]) => at >= Number(offset));
          expect(wanted).toEqual(
            Array.from({ length: Number(nextOffset - offset) }, (_, index) => {
              const at = Number(offset) + index;
              return [at, model.timesMs[at]];
            }),
          );
          expect(nextOffset > offset).toBe(true);
          offset = nextOffset;
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

it('reads on as the log is at that moment, whatever it was when the segment was found', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.array(fc.double({ min: 0, max: 0.3, noNaN: true }), { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 1, max: 30_000 }),
      async (steps, shares, maxBytes) => {
        const log = createTestBackground();
        const model = await run(log, [...steps, { kind: 'merge' }], () => 0);
        const end = model.timesMs.length;
        const other = log.process().services;
        const { services } = log.process();
        let offset = BigInt(model.start);
        for (let turn = 0; offset < BigInt(end); turn += 1) {
          const share = shares[turn % shares.length] ?? 0;
          model.start += Math.floor((end - model.start) * share);
          await other.topics.deleteRecords({ ...AT, offset: BigInt(model.start) });
          const request = { deliver: 'bytes', maxBytes, minBytes: 0, maxWaitMs: 0 } as const;
          const partitions = [{ ...AT, offset }];
          const [result] = await services.read.fetch({ ...request, partitions });
          const bounds = { logStartOffset: BigInt(model.start), highWatermark: BigInt(end) };
          if (offset < BigInt(model.start)) {
            expect(result).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', ...bounds });
            offset = BigInt(model.start);
            continue;
          }
          expect(result).toMatchObject({ kind: 'bytes', ...bounds });
          const { nextOffset } = await fetchOnce(log.process().services, offset, maxBytes);
          expect(result).toMatchObject({ nextOffset });
          offset = nextOffset;
        }
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);

it('finds the first record that is as late, wherever it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
      async (steps, jitter, picks) => {
        const log = createTestBackground();
        let next = 0;
        const model = await run(log, steps, () => jitter[next++ % jitter.length] ?? 0);
        const { services } = log.process();
        for (const pick of picks) {
          const timestampMs = (model.timesMs[pick % model.timesMs.length] ?? 0) + (pick % 3) - 1;
          const found = await services.listOffsets.find({
            ...AT,
            at: { kind: 'timestamp', timestampMs },
          });
          const offset = model.timesMs.findIndex(
            (timeMs, at) => at >= model.start && timeMs >= timestampMs,
          );
          expect(found).toEqual(
            offset < 0
              ? { kind: 'none' }
              : { kind: 'found', offset: BigInt(offset), timestampMs: model.timesMs[offset] },
          );
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
