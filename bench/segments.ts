// What merging, replay and log compaction cost: speed against a plain copy of the same bytes in the same store and run,
// and storage requests for each GiB. On disk, as `npm start` has it.
//
//   npm run bench:segments            a small run of everything, about three minutes
//   npm run bench:segments -- --full  1 GiB, and 1 million keys, for what runs in a process of its own

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StoredPart } from '../lib/ports/object-upkeep.ts';
import { encodeBatch } from '../lib/record/record.ts';
import { createBackground } from '../lib/service/background/background.ts';
import { createServices } from '../lib/service/services.ts';
import { createLocalStorage, type LocalStorage } from '../lib/storage/local/local-storage.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const MERGED_BYTES = 64 * MIB;
const PART_BYTES = 5 * MIB;
const DAY_MS = 86_400_000;
const NO_LIMIT = { untilMs: Number.MAX_SAFE_INTEGER };
/** List prices in dollars of one request, us-east-1. */
const PUT_PRICE = 5 / 1e6;
const GET_PRICE = 0.4 / 1e6;
const WRITE_UNIT_PRICE = 0.625 / 1e6;
const READ_UNIT_PRICE = 0.125 / 1e6;

interface Home {
  readonly directory: string;
  readonly storage: LocalStorage;
  readonly services: ReturnType<typeof createServices>;
  readonly background: ReturnType<typeof createBackground>;
  /** Sets the clock ahead. */
  advance(byMs: number): void;
  close(): Promise<void>;
}

function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'stratalog-bench-'));
}

function openHome(directory = newDirectory()): Home {
  const storage = createLocalStorage({ directory });
  let aheadMs = 0;
  const ports = {
    ...storage,
    clock: {
      nowMs: () => Date.now() + aheadMs,
      sleep: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
    },
    random: { randomBytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) },
    invoker: { appendLater: () => Promise.resolve() },
  };
  return {
    directory,
    storage,
    services: createServices(ports),
    background: createBackground(ports),
    advance: (byMs) => {
      aheadMs += byMs;
    },
    async close() {
      await storage.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** One batch of about so many bytes. */
function batchOf(byteCount: number): Uint8Array {
  const valueBytes = Math.max(1, Math.min(1_000, byteCount - 80));
  const count = Math.max(1, Math.floor((byteCount - 61) / (valueBytes + 14)));
  const value = crypto.getRandomValues(new Uint8Array(valueBytes));
  const timestamp = Date.now();
  return encodeBatch({ records: Array.from({ length: count }, () => ({ timestamp, value })) });
}

async function fill(home: Home, objectBytes: number, partitionCount: number): Promise<number> {
  await home.services.topics.create({ name: 'bench', partitionCount });
  const batch = batchOf(Math.floor(objectBytes / partitionCount) - 64);
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ({
    topicName: 'bench',
    partition,
    batches: batch,
  }));
  const requests = Math.ceil(MERGED_BYTES / objectBytes);
  for (let sent = 0; sent < requests; sent += 16) {
    const some = Array.from({ length: Math.min(16, requests - sent) }, () =>
      home.services.append.append({ partitions }),
    );
    for (const results of await Promise.all(some)) {
      if (results.some(({ kind }) => kind !== 'appended')) throw new Error('not appended');
    }
  }
  return requests * batch.length * partitionCount;
}

/** Megabytes a second of reading every WAL object whole and writing the same bytes as one object. */
async function plainCopy({ storage }: Home): Promise<number> {
  const objects: { key: string; sizeBytes: number }[] = [];
  let after: string | undefined;
  do {
    const request = { prefix: 'wal/', limit: 1_000, ...(after === undefined ? {} : { after }) };
    const page = await storage.upkeep.listObjects(request);
    objects.push(...page.objects);
    after = page.next;
  } while (after !== undefined);
  const started = performance.now();
  const key = 'copy/of/all';
  const uploadId = await storage.upkeep.beginUpload({ key, partBytes: PART_BYTES });
  const parts: StoredPart[] = [];
  let filled = 0;
  let part = new Uint8Array(PART_BYTES);
  let bytes = 0;
  const send = async () => {
    const partNumber = parts.length + 1;
    const sent = { key, uploadId, partNumber, bytes: part.subarray(0, filled) };
    parts.push(await storage.upkeep.putPart(sent));
    part = new Uint8Array(PART_BYTES);
    filled = 0;
  };
  for (let start = 0; start < objects.length; start += 64) {
    const read = await Promise.all(
      objects
        .slice(start, start + 64)
        .map(({ key: from, sizeBytes }) =>
          storage.objects.getRange({ key: from, positionBytes: 0, lengthBytes: sizeBytes }),
        ),
    );
    for (const chunk of read) {
      let rest = chunk ?? new Uint8Array();
      bytes += rest.length;
      while (rest.length > 0) {
        const piece = rest.subarray(0, PART_BYTES - filled);
        part.set(piece, filled);
        filled += piece.length;
        rest = rest.subarray(piece.length);
        if (filled === PART_BYTES) await send();
      }
    }
  }
  if (filled > 0) await send();
  await storage.upkeep.completeUpload({ key, uploadId, parts });
  const seconds = (performance.now() - started) / 1_000;
  await storage.upkeep.deleteObjects([key]);
  return bytes / 1e6 / seconds;
}

/** What the counted requests would cost, in dollars; a page's deletion is one write, a transaction's item two. */
function priceOf(counts: ReadonlyMap<string, number>, pagesDeleted = 0): number {
  const count = (name: string): number => counts.get(name) ?? 0;
  const puts = ['putObject', 'beginUpload', 'putPart', 'completeUpload', 'listObjects'];
  const writes = ['putPage', 'trimTail', 'appendToHead', 'openLog', 'takeLease', 'releaseLease'];
  const reads = ['readHeads', 'readLog', 'listPages', 'findPages', 'findSegments', 'listSegments'];
  const sum = (names: readonly string[]): number =>
    names.reduce((all, name) => all + count(name), 0);
  return (
    sum(puts) * PUT_PRICE +
    count('getRange') * GET_PRICE +
    sum(writes) * WRITE_UNIT_PRICE +
    count('commitSegment') * 4 * WRITE_UNIT_PRICE +
    pagesDeleted * WRITE_UNIT_PRICE +
    sum(reads) * 2 * READ_UNIT_PRICE
  );
}

async function replay(
  home: Home,
  partitionCount: number,
): Promise<{ megabytes: number; gets: number; rate: number }> {
  home.storage.requests.reset();
  // Nothing is warm in a new process.
  const services = createServices({
    ...home.storage,
    clock: { nowMs: () => Date.now(), sleep: () => Promise.resolve() },
    random: { randomBytes: (count: number) => new Uint8Array(count) },
    invoker: { appendLater: () => Promise.resolve() },
  });
  const started = performance.now();
  let bytes = 0;
  for (let partition = 0; partition < partitionCount; partition += 1) {
    let offset = 0n;
    for (;;) {
      const partitions = [{ topicName: 'bench', partition, offset }];
      const request = { deliver: 'bytes', partitions, maxBytes: 4 * MIB, minBytes: 0 } as const;
      const [result] = await services.read.fetch({ ...request, maxWaitMs: 0 });
      if (result?.kind !== 'bytes') throw new Error('not read');
      if (result.nextOffset === offset) break;
      bytes += result.byteCount;
      offset = result.nextOffset;
    }
  }
  const seconds = (performance.now() - started) / 1_000;
  const gets = home.storage.requests.read().get('getRange') ?? 0;
  return { megabytes: bytes / 1e6, gets, rate: bytes / 1e6 / seconds };
}

/** Megabytes a second of reading all segments by ranges of 4 MiB. */
async function plainRanges({ storage }: Home): Promise<number> {
  const { objects } = await storage.upkeep.listObjects({ prefix: 'log/', limit: 1_000 });
  const started = performance.now();
  let bytes = 0;
  for (const { key, sizeBytes } of objects.filter((one) => one.key.endsWith('.log'))) {
    for (let positionBytes = 0; positionBytes < sizeBytes; positionBytes += 4 * MIB) {
      const lengthBytes = Math.min(4 * MIB, sizeBytes - positionBytes);
      const range = await storage.objects.getRange({ key, positionBytes, lengthBytes });
      bytes += range?.length ?? 0;
    }
  }
  return bytes / 1e6 / ((performance.now() - started) / 1_000);
}

async function merging(objectBytes: number, partitionCount: number): Promise<object> {
  const home = openHome();
  try {
    home.storage.requests.reset();
    const bytes = await fill(home, objectBytes, partitionCount);
    const writePrice = priceOf(home.storage.requests.read());
    const copy = await plainCopy(home);
    const before = await replay(home, partitionCount);
    home.advance(DAY_MS);
    home.storage.requests.reset();
    const started = performance.now();
    const report = await home.background.segments.mergeAll(NO_LIMIT);
    const rate = bytes / 1e6 / ((performance.now() - started) / 1_000);
    if (report.failures.length > 0) throw new Error(JSON.stringify(report.failures));
    const counts = home.storage.requests.read();
    const requests = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const price = priceOf(counts, report.pagesDeleted);
    const after = await replay(home, partitionCount);
    const ranges = await plainRanges(home);
    return {
      object: `${objectBytes / KIB} KiB`,
      partitions: partitionCount,
      'merge MB/s': Math.round(rate),
      'copy MB/s': Math.round(copy),
      ratio: Number((rate / copy).toFixed(2)),
      'requests/GiB': Math.round((requests * GIB) / bytes),
      'GETs/GiB': Math.round(((counts.get('getRange') ?? 0) * GIB) / bytes),
      '% of write price': Number(((price / writePrice) * 100).toFixed(1)),
      'replay GETs': `${before.gets} → ${after.gets}`,
      'replay ratio': Number((after.rate / ranges).toFixed(2)),
    };
  } finally {
    await home.close();
  }
}

/** Records of `keys` keys, one after the other, over and over. */
async function fillKeys(home: Home, totalBytes: number, keys: number): Promise<number> {
  const configs = { 'cleanup.policy': 'compact', 'segment.bytes': String(GIB) };
  await home.services.topics.create({ name: 'bench', configs });
  const perBatch = 900;
  const valueBytes = 1_000;
  const batches = Math.ceil(totalBytes / (perBatch * (valueBytes + 25)));
  let sent = 0;
  for (let number = 0; number < batches; number += 1) {
    const timestamp = Date.now();
    const value = crypto.getRandomValues(new Uint8Array(valueBytes));
    const records = Array.from({ length: perBatch }, (_, index) => ({
      timestamp,
      key: Buffer.from(`key-${(number * perBatch + index) % keys}`),
      value,
    }));
    const bytes = encodeBatch({ records });
    sent += bytes.length;
    const partitions = [{ topicName: 'bench', partition: 0, batches: bytes }];
    await home.services.append.append({ partitions });
  }
  return sent;
}

interface JobResult {
  readonly seconds: number;
  readonly peakMegabytes: number;
}

/** A job in a process of its own, so that its memory is its own. */
function inProcess(job: 'merge' | 'compact', directory: string): JobResult {
  const flags = ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url)];
  const output = execFileSync(process.execPath, [...flags, '--job', job, directory]);
  return JSON.parse(output.toString()) as JobResult;
}

async function runJob(job: string, directory: string): Promise<void> {
  const home = openHome(directory);
  home.advance(DAY_MS);
  const { segments, compaction } = home.background;
  const started = performance.now();
  const report =
    job === 'merge' ? await segments.mergeAll(NO_LIMIT) : await compaction.compactAll(NO_LIMIT);
  const seconds = (performance.now() - started) / 1_000;
  if (report.failures.length > 0) throw new Error(JSON.stringify(report.failures));
  await home.storage.close();
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / KIB);
  console.log(JSON.stringify({ seconds, peakMegabytes }));
}

async function largeJobs(totalBytes: number, keys: number): Promise<readonly object[]> {
  const home = openHome();
  const { directory } = home;
  try {
    const bytes = await fillKeys(home, totalBytes, keys);
    await home.storage.close();
    const megabytes = bytes / 1e6;
    return (['merge', 'compact'] as const).map((job) => {
      const { seconds, peakMegabytes } = inProcess(job, directory);
      return {
        job,
        MB: Math.round(megabytes),
        keys,
        'MB/s': Math.round(megabytes / seconds),
        'peak resident MB': peakMegabytes,
      };
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const [, , first, job = '', directory = ''] = process.argv;
  if (first === '--job') {
    await runJob(job, directory);
    return;
  }
  // What is compiled by then is not measured.
  await merging(16 * KIB, 1);
  const rows: object[] = [];
  for (const objectBytes of [16 * KIB, 256 * KIB, MIB]) {
    for (const partitionCount of [1, 10, 100]) {
      rows.push(await merging(objectBytes, partitionCount));
    }
  }
  console.table(rows);
  const isFull = process.argv.includes('--full');
  console.table(await largeJobs(isFull ? GIB : 128 * MIB, isFull ? 1_000_000 : 100_000));
}

await main();
