// What merging, replay and log compaction cost: speed against a plain copy of the same bytes in the same store and run
// (bench/support/segments-home.ts says what a plain copy does), and storage requests for each GiB. The store is the one
// of `npm start`, on this machine's disk; `at AWS's times` is the same store with each request as long under way as in
// AWS. Both take turns, and ratios are medians.
//
//   npm run bench:segments            a small run of everything, about five minutes
//   npm run bench:segments -- --full  1 GiB, and 1 million keys, for what runs in a process of its own
//
// A table, and bench/results/segments.json, segments-replay.json and segments-jobs.json.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { encodeBatch } from '../lib/record/record.ts';
import { createServices } from '../lib/service/services.ts';
import { median } from './support/interleave.ts';
import { report } from './support/report.ts';
import {
  fill,
  type Home,
  objectsBelow,
  openHome,
  plainCopy,
  withCopy,
  withDirectory,
} from './support/segments-home.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const MERGED_BYTES = 64 * MIB;
const ROUNDS = 5;
const REPLAY_ROUNDS = 7;
const REPLAY_BYTES = 4 * MIB;
const DAY_MS = 86_400_000;
const NO_LIMIT = { untilMs: Number.MAX_SAFE_INTEGER };

type Row = Readonly<Record<string, string | number>>;

interface Case {
  readonly objectBytes: number;
  readonly partitionCount: number;
}

interface MergeRound {
  readonly mergeSeconds: number;
  readonly copySeconds: number;
  readonly counts: ReadonlyMap<string, number>;
}

async function mergeOnce(home: Home): Promise<Omit<MergeRound, 'copySeconds'>> {
  home.advance(DAY_MS);
  home.storage.requests.reset();
  const started = performance.now();
  const { failures } = await home.background.segments.mergeAll(NO_LIMIT);
  const mergeSeconds = (performance.now() - started) / 1_000;
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return { mergeSeconds, counts: home.storage.requests.read() };
}

/** Merging and copying take turns at being first. */
async function mergeRound(home: Home, partitionCount: number, turn: number): Promise<MergeRound> {
  if (turn % 2 === 0) {
    const copySeconds = await plainCopy(home, partitionCount);
    return { ...(await mergeOnce(home)), copySeconds };
  }
  const merged = await mergeOnce(home);
  return { ...merged, copySeconds: await plainCopy(home, partitionCount) };
}

async function merging({ objectBytes, partitionCount }: Case): Promise<Row> {
  return await withDirectory(async (template) => {
    const home = openHome(template);
    const bytes = await fill(home, { totalBytes: MERGED_BYTES, objectBytes, partitionCount });
    await home.storage.close();
    const rounds: MergeRound[] = [];
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      rounds.push(
        await withCopy(template, {}, (copied) => mergeRound(copied, partitionCount, turn)),
      );
    }
    const remote = await withCopy(template, { isRemote: true }, (copied) =>
      mergeRound(copied, partitionCount, 0),
    );
    const counts = rounds[0]?.counts ?? new Map<string, number>();
    const requests = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const ratioOf = (round: MergeRound): number => round.copySeconds / round.mergeSeconds;
    const rateOf = (seconds: number): number => Math.round(bytes / 1e6 / seconds);
    return {
      object: `${objectBytes / KIB} KiB`,
      partitions: partitionCount,
      'bytes a batch': Math.round(objectBytes / partitionCount),
      'merge MB/s': rateOf(median(rounds.map(({ mergeSeconds }) => mergeSeconds))),
      'copy MB/s': rateOf(median(rounds.map(({ copySeconds }) => copySeconds))),
      ratio: Number(median(rounds.map(ratioOf)).toFixed(2)),
      'at AWS’s times': Number(ratioOf(remote).toFixed(2)),
      'requests/GiB': Math.round((requests * GIB) / bytes),
      'GETs/GiB': Math.round(((counts.get('getRange') ?? 0) * GIB) / bytes),
    };
  });
}

interface Replayed {
  readonly gets: number;
  readonly seconds: number;
}

/** Everything from the beginning, in a process that has nothing warm. */
async function replay(home: Home, partitionCount: number): Promise<Replayed> {
  home.storage.requests.reset();
  const services = createServices({
    ...home.storage,
    clock: { nowMs: () => Date.now(), sleep: () => Promise.resolve() },
    random: { randomBytes: (count: number) => new Uint8Array(count) },
    invoker: { appendLater: () => Promise.resolve() },
  });
  const started = performance.now();
  for (let partition = 0; partition < partitionCount; partition += 1) {
    let offset = 0n;
    for (let end: bigint | undefined; offset !== end; ) {
      const partitions = [{ topicName: 'bench', partition, offset }];
      const request = {
        deliver: 'bytes',
        partitions,
        maxBytes: REPLAY_BYTES,
        minBytes: 0,
      } as const;
      const [result] = await services.read.fetch({ ...request, maxWaitMs: 0 });
      if (result?.kind !== 'bytes' || result.nextOffset === offset) throw new Error('not read');
      offset = result.nextOffset;
      end = result.highWatermark;
    }
  }
  const seconds = (performance.now() - started) / 1_000;
  return { gets: home.storage.requests.read().get('getRange') ?? 0, seconds };
}

/** The seconds that reading all segments takes by plain ranges of 4 MiB. */
async function plainRanges(home: Home): Promise<number> {
  const logs = (await objectsBelow(home, 'log/')).filter(({ key }) => key.endsWith('.log'));
  const started = performance.now();
  for (const { key, sizeBytes } of logs) {
    for (let positionBytes = 0; positionBytes < sizeBytes; positionBytes += REPLAY_BYTES) {
      const lengthBytes = Math.min(REPLAY_BYTES, sizeBytes - positionBytes);
      await home.storage.objects.getRange({ key, positionBytes, lengthBytes });
    }
  }
  return (performance.now() - started) / 1_000;
}

async function replaying({ objectBytes, partitionCount }: Case): Promise<Row> {
  return await withDirectory(async (directory) => {
    const home = openHome(directory);
    const bytes = await fill(home, { totalBytes: MERGED_BYTES, objectBytes, partitionCount });
    const before = await replay(home, partitionCount);
    await mergeOnce(home);
    const ratios: number[] = [];
    let after = await replay(home, partitionCount);
    for (let round = 0; round < REPLAY_ROUNDS; round += 1) {
      const ranges = await plainRanges(home);
      after = await replay(home, partitionCount);
      const again = await plainRanges(home);
      ratios.push((ranges + again) / 2 / after.seconds);
    }
    await home.storage.close();
    return {
      object: `${objectBytes / KIB} KiB`,
      partitions: partitionCount,
      'GETs before': before.gets,
      'GETs after': after.gets,
      'times fewer': Math.round(before.gets / after.gets),
      'replay MB/s': Math.round(bytes / 1e6 / after.seconds),
      'of plain ranges': Number(median(ratios).toFixed(2)),
    };
  });
}

/** Records of `keys` keys, one after the other, over and over; how many bytes. */
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
  const { failures } =
    job === 'merge' ? await segments.mergeAll(NO_LIMIT) : await compaction.compactAll(NO_LIMIT);
  const seconds = (performance.now() - started) / 1_000;
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  await home.storage.close();
  const peakMegabytes = Math.round(process.resourceUsage().maxRSS / KIB);
  console.log(JSON.stringify({ seconds, peakMegabytes }));
}

async function largeJobs(totalBytes: number, keys: number): Promise<readonly Row[]> {
  return await withDirectory(async (directory) => {
    const home = openHome(directory);
    const megabytes = (await fillKeys(home, totalBytes, keys)) / 1e6;
    await home.storage.close();
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
  });
}

async function main(): Promise<void> {
  const [, , first, job = '', directory = ''] = process.argv;
  if (first === '--job') {
    await runJob(job, directory);
    return;
  }
  const cases = [16 * KIB, 256 * KIB, MIB].flatMap((objectBytes) =>
    [1, 10, 100].map((partitionCount) => ({ objectBytes, partitionCount })),
  );
  const merged: Row[] = [];
  for (const each of cases) merged.push(await merging(each));
  report('segments', merged);
  const replayed: Row[] = [];
  for (const each of cases) replayed.push(await replaying(each));
  report('segments-replay', replayed);
  const isFull = process.argv.includes('--full');
  report('segments-jobs', await largeJobs(isFull ? GIB : 128 * MIB, isFull ? 1_000_000 : 100_000));
}

await main();
