// The local home over HTTP beside plain files: 1 MiB raw batches produced and fetched, against the same bytes written
// to files (each synced) and read back, in turns of one run. `npm run bench:local`
// Produce is durable: every acknowledged megabyte is on disk, in both.

import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFetchFrames, encodeFrames } from '../lib/record/frames.ts';
import { encodeBatch } from '../lib/record/record.ts';
import { startHomeProcess } from './support/home-process.ts';
import { report } from './support/report.ts';

const TURNS = 5;
const REQUESTS_PER_TURN = 60;
const CONCURRENCY = 4;
const RAW = 'application/vnd.apache.kafka.record-batch';

const folder = await mkdtemp(join(tmpdir(), 'stratalog-bench-'));
const home = await startHomeProcess(join(folder, 'data'));
const value = Buffer.alloc(1_000, 'x');
const records = Array.from({ length: 1_000 }, () => ({ timestamp: Date.now(), value }));
const batch = encodeBatch({ records });
const bodies = Array.from({ length: CONCURRENCY }, (_, partition) =>
  encodeFrames([{ topicName: 'bench', partition, batches: batch }]),
);

async function post(path: string, body: string | Uint8Array, accept: string): Promise<Uint8Array> {
  const response = await fetch(home.url + path, {
    method: 'POST',
    headers: { 'content-type': typeof body === 'string' ? 'application/json' : RAW, accept },
    body: body as string,
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok) throw new Error(new TextDecoder().decode(bytes));
  return bytes;
}

/** MB/s of a turn: `each` moves one batch, by one of the workers. */
async function turn(each: (worker: number, index: number) => Promise<void>): Promise<number> {
  const started = performance.now();
  let next = 0;
  const work = async (worker: number): Promise<void> => {
    while (next < REQUESTS_PER_TURN) {
      next += 1;
      await each(worker, next);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, (_, worker) => work(worker)));
  return (REQUESTS_PER_TURN * batch.length) / 1e3 / (performance.now() - started);
}

const offsets = new Array<number>(CONCURRENCY).fill(0);

async function produce(worker: number): Promise<void> {
  await post('/records', bodies[worker] ?? '', 'application/json');
}

/** Reads on where the worker stopped; starts again at the end. */
async function consume(worker: number): Promise<void> {
  const partition = { topic_name: 'bench', partition_id: worker, offset: offsets[worker] };
  const body = JSON.stringify({ max_bytes: 1_048_576, partitions: [partition] });
  const [frame] = decodeFetchFrames(await post('/fetch', body, RAW));
  const isAtEnd = frame === undefined || frame.nextOffset === frame.highWatermark;
  offsets[worker] = isAtEnd ? 0 : Number(frame.nextOffset);
}

let round = 0;
const fileName = (index: number): string => join(folder, `plain-${round}-${index}`);

async function writeFileSynced(_: number, index: number): Promise<void> {
  const file = await open(fileName(index), 'wx');
  await file.write(batch);
  await file.datasync();
  await file.close();
}

async function readPlain(_: number, index: number): Promise<void> {
  await readFile(fileName(index));
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((left, right) => left - right)[numbers.length >> 1] ?? Number.NaN;
}

try {
  await post('/topics', '{"topic_name":"bench","partitions_count":4}', 'application/json');
  await turn(produce);
  const rates = {
    produce: [] as number[],
    write: [] as number[],
    fetch: [] as number[],
    read: [] as number[],
  };
  for (round = 0; round < TURNS; round += 1) {
    rates.produce.push(await turn(produce));
    rates.write.push(await turn(writeFileSynced));
    rates.fetch.push(await turn(consume));
    rates.read.push(await turn(readPlain));
  }
  const row = (what: string, ours: readonly number[], plain: readonly number[]) => ({
    what,
    'over HTTP MB/s': Math.round(median(ours)),
    'plain files MB/s': Math.round(median(plain)),
    ratio: Number((median(ours) / median(plain)).toFixed(2)),
  });
  report('local', [
    row('produce, 1 MiB batches (file: write + fdatasync)', rates.produce, rates.write),
    row('fetch, 1 MiB batches (file: read)', rates.fetch, rates.read),
  ]);
} finally {
  await home.close();
  await rm(folder, { recursive: true, force: true });
}
