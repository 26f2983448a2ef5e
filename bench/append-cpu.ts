// The append path's own work: validate, plan, assemble, with stores that keep nothing. `npm run bench:append-cpu`
// prints MB/s of one core for several shapes of request, beside a bare CRC-32C of the same bytes in the same run.

import { emptyHead, recordCountOf } from '../lib/log/partition.ts';
import type { PartitionStore } from '../lib/ports/partition-store.ts';
import { crc32c } from '../lib/record/crc32c.ts';
import { encodeBatch } from '../lib/record/record.ts';
import { createServices, type ServicePorts } from '../lib/service/services.ts';
import { report } from './support/report.ts';

const SECONDS_PER_SHAPE = 1.5;
const FLOOR = '0'.repeat(26);

interface Shape {
  readonly name: string;
  readonly partitions: number;
  readonly batchBytes: number;
}

const SHAPES: readonly Shape[] = [
  { name: '1 partition, 1 MiB', partitions: 1, batchBytes: 1_000_000 },
  { name: '4 partitions, 256 KiB', partitions: 4, batchBytes: 256 * 1_024 },
  { name: '16 partitions, 64 KiB', partitions: 16, batchBytes: 64 * 1_024 },
  { name: '16 partitions, 16 KiB', partitions: 16, batchBytes: 16 * 1_024 },
  { name: '16 partitions, 1 KiB', partitions: 16, batchBytes: 1_024 },
];

/** Answers every write at once and keeps nothing; only what an append asks is there. */
function emptyPorts(partitionCount: number): ServicePorts {
  const head = emptyHead(FLOOR);
  const partitions: Pick<PartitionStore, 'appendToHead'> = {
    appendToHead: ({ entries }) =>
      Promise.resolve({
        kind: 'appended',
        head: { ...head, nextOffset: BigInt(recordCountOf(entries)), tail: entries },
      }),
  };
  const topic = {
    name: 'bench',
    topicId: 'bench',
    state: 'active',
    partitionCount,
    configs: {},
    createdAtMs: 0,
    version: 1,
  } as const;
  return {
    partitions: partitions as PartitionStore,
    topics: { getTopic: () => Promise.resolve(topic) } as unknown as ServicePorts['topics'],
    objects: {
      putObject: () => Promise.resolve({ kind: 'stored' }),
    } as unknown as ServicePorts['objects'],
    segments: { findSegments: () => Promise.resolve([]) },
    clock: { nowMs: () => Date.now(), sleep: () => Promise.resolve() },
    random: { randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    invoker: { appendLater: () => Promise.resolve() },
  };
}

function batchOfBytes(byteCount: number): Uint8Array {
  const value = Buffer.alloc(Math.min(1_000, byteCount - 100), 'x');
  const count = Math.max(1, Math.floor((byteCount - 61) / (value.length + 10)));
  const records = Array.from({ length: count }, () => ({ timestamp: Date.now(), value }));
  return encodeBatch({ records });
}

/** MB/s of `run`, which works through `byteCount` bytes each time. */
async function rate(byteCount: number, run: () => Promise<void> | void): Promise<number> {
  for (let warm = 0; warm < 50; warm += 1) await run();
  const started = performance.now();
  let rounds = 0;
  while (performance.now() - started < (SECONDS_PER_SHAPE * 1_000) / 2) {
    for (let turn = 0; turn < 10; turn += 1) await run();
    rounds += 10;
  }
  return (rounds * byteCount) / 1e6 / ((performance.now() - started) / 1_000);
}

async function measure(shape: Shape): Promise<Record<string, string | number>> {
  const services = createServices(emptyPorts(shape.partitions));
  const batch = batchOfBytes(shape.batchBytes);
  const partitions = Array.from({ length: shape.partitions }, (_, partition) => ({
    topicName: 'bench',
    partition,
    batches: batch,
  }));
  const byteCount = batch.length * shape.partitions;
  const append = await rate(byteCount, async () => {
    const results = await services.append.append({ partitions });
    if (results.some((result) => result.kind !== 'appended')) throw new Error('not appended');
  });
  const crc = await rate(byteCount, () => {
    for (let turn = 0; turn < shape.partitions; turn += 1) crc32c(batch);
  });
  return {
    request: shape.name,
    'append MB/s': Math.round(append),
    'bare CRC-32C MB/s': Math.round(crc),
    ratio: Number((append / crc).toFixed(2)),
  };
}

const rows: Record<string, string | number>[] = [];
for (const shape of SHAPES) rows.push(await measure(shape));
report('append-cpu', rows);
