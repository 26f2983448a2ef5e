// The local home over HTTP beside plain files: 1 MiB raw batches produced and fetched, against the same bytes written
// to files (each synced) and read back, in turns of one run. `npm run bench:local`
// Produce is durable: every acknowledged megabyte is on disk, in all. A bare server that does nothing but write and read
// such files over HTTP says how much of the distance to plain files is HTTP, and the client's share of the cores.

import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFetchFrames, encodeFrames } from '../lib/record/frames.ts';
import { encodeBatch } from '../lib/record/record.ts';
import { startHomeProcess, startServer } from './support/home-process.ts';
import { report } from './support/report.ts';

const TURNS = 5;
const REQUESTS_PER_TURN = 60;
const CONCURRENCY = 4;
const RAW = 'application/vnd.apache.kafka.record-batch';

const folder = await mkdtemp(join(tmpdir(), 'stratalog-bench-'));
const home = await startHomeProcess(join(folder, 'data'));
const bare = await startServer(['bench/support/bare-server.ts', folder]);
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

async function bareProduce(): Promise<void> {
  const response = await fetch(bare.url, {
    method: 'POST',
    body: batch as Uint8Array<ArrayBuffer>,
  });
  await response.arrayBuffer();
}

async function bareFetch(): Promise<void> {
  const response = await fetch(bare.url);
  await response.arrayBuffer();
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
  await turn(bareProduce);
  const rates = {
    produce: [] as number[],
    bareProduce: [] as number[],
    write: [] as number[],
    fetch: [] as number[],
    bareFetch: [] as number[],
    read: [] as number[],
  };
  for (round = 0; round < TURNS; round += 1) {
    rates.produce.push(await turn(produce));
    rates.bareProduce.push(await turn(bareProduce));
    rates.write.push(await turn(writeFileSynced));
    rates.fetch.push(await turn(consume));
    rates.bareFetch.push(await turn(bareFetch));
    rates.read.push(await turn(readPlain));
  }
  const row = (what: string, rate: Readonly<Record<'ours' | 'bare' | 'plain', number[]>>) => {
    const [ours, bareRate, plain] = [median(rate.ours), median(rate.bare), median(rate.plain)];
    return {
      what,
      'ours MB/s': Math.round(ours),
      'bare HTTP MB/s': Math.round(bareRate),
      'files MB/s': Math.round(plain),
      '× bare HTTP': Number((ours / bareRate).toFixed(2)),
      '× files': Number((ours / plain).toFixed(2)),
    };
  };
  const { produce: ours, bareProduce: bareWrites, write } = rates;
  const { fetch: fetched, bareFetch: bareReads, read } = rates;
  report('local', [
    row('produce, 1 MiB batches (write + fdatasync)', { ours, bare: bareWrites, plain: write }),
    row('fetch, 1 MiB batches (read)', { ours: fetched, bare: bareReads, plain: read }),
  ]);
} finally {
  await Promise.all([home.close(), bare.close()]);
  await rm(folder, { recursive: true, force: true });
}
