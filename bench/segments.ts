// What merging, replay and log compaction cost: speed against a plain copy of the same bytes in the same store and run
// (bench/support/segments-home.ts says what a plain copy does), and storage requests for each GiB. The store is the one
// of `npm start`, with its flags, on this machine's disk; `at AWS's times` is the same store with each request as long
// under way as in AWS. Both take turns, and ratios are medians.
//
//   npm run bench:segments            a small run of everything, about five minutes
//   npm run bench:segments -- --full  1 GiB, and 1 million keys, for what runs in a process of its own
//   npm run bench:segments -- --only=merging (or replay, or jobs)
//
// A table, and bench/results/segments.json, segments-replay.json and segments-jobs.json.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FetchedReferences } from '../lib/log/read.ts';
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
const REPLAY_ROUNDS = 15;
const REMOTE_ROUNDS = 3;
const REPLAYED_BYTES = 128 * MIB;
const DAY_MS = 86_400_000;
const NO_LIMIT = { untilMs: Number.MAX_SAFE_INTEGER };

setFlagsFromString('--expose_gc');
const collectMemory = runInNewContext('gc') as () => void;

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

/** How a replay gets its bytes: in answers, or by references, which it opens itself. */
type Deliver = 'bytes' | 'reference';

/** Bytes of one fetch, and of one of the plain GETs that it is measured against. */
const BYTES_A_READ: Readonly<Record<Deliver, number>> = { bytes: 4 * MIB, reference: 64 * MIB };

/** Everything from the beginning, in a process that has nothing warm; the seconds that it takes. */
async function replay(home: Home, partitionCount: number, deliver: Deliver): Promise<number> {
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
      const request = { deliver, partitions, maxBytes: BYTES_A_READ[deliver], minBytes: 0 };
      const [result] = await services.read.fetch({ ...request, maxWaitMs: 0 });
      if (result === undefined || result.kind === 'rejected' || result.nextOffset === offset) {
        throw new Error('not read');
      }
      if (result.kind === 'references') await openAll(home, result.references);
      offset = result.nextOffset;
      end = result.highWatermark;
    }
  }
  return (performance.now() - started) / 1_000;
}

async function openAll(home: Home, references: FetchedReferences['references']): Promise<void> {
  for (const { url, headers } of references) {
    const { pathname, searchParams } = new URL(url, 'http://local');
    const opened = await home.storage.openReference(
      {
        path: pathname,
        expires: searchParams.get('expires') ?? undefined,
        signature: searchParams.get('signature') ?? undefined,
        range: headers.range,
      },
      Date.now(),
    );
    if (opened.kind !== 'opened') throw new Error(opened.kind);
  }
}

function getsOf({ storage }: Home): number {
  return storage.requests.read().get('getRange') ?? 0;
}

/** The seconds that reading all segments takes by plain ranges. */
async function plainRanges(home: Home, bytesARead: number): Promise<number> {
  const logs = (await objectsBelow(home, 'log/')).filter(({ key }) => key.endsWith('.log'));
  const started = performance.now();
  for (const { key, sizeBytes } of logs) {
    for (let positionBytes = 0; positionBytes < sizeBytes; positionBytes += bytesARead) {
      const lengthBytes = Math.min(bytesARead, sizeBytes - positionBytes);
      await home.storage.objects.getRange({ key, positionBytes, lengthBytes });
    }
  }
  return (performance.now() - started) / 1_000;
}

/** How much of the speed of plain ranges a replay has; they take turns, with nobody's garbage in the way. */
async function replayRatio(
  home: Home,
  of: {
    readonly partitionCount: number;
    readonly deliver: Deliver;
    readonly rounds: number;
  },
): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round <= of.rounds; round += 1) {
    collectMemory();
    const before = await plainRanges(home, BYTES_A_READ[of.deliver]);
    collectMemory();
    const seconds = await replay(home, of.partitionCount, of.deliver);
    collectMemory();
    const after = await plainRanges(home, BYTES_A_READ[of.deliver]);
    // The first round warms up.
    if (round > 0) ratios.push((before + after) / 2 / seconds);
  }
  return Number(median(ratios).toFixed(2));
}

async function replaying({ objectBytes, partitionCount }: Case): Promise<Row> {
  return await withDirectory(async (template) => {
    const home = openHome(template);
    await fill(home, { totalBytes: REPLAYED_BYTES, objectBytes, partitionCount });
    await replay(home, partitionCount, 'bytes');
    const getsBefore = getsOf(home);
    await mergeOnce(home);
    await replay(home, partitionCount, 'bytes');
    const getsAfter = getsOf(home);
    const here = { partitionCount, rounds: REPLAY_ROUNDS };
    const bytes = await replayRatio(home, { ...here, deliver: 'bytes' });
    const reference = await replayRatio(home, { ...here, deliver: 'reference' });
    await home.storage.close();
    const remote = await withCopy(template, { isRemote: true }, (copied) =>
      replayRatio(copied, { partitionCount, deliver: 'bytes', rounds: REMOTE_ROUNDS }),
    );
    return {
      object: `${objectBytes / KIB} KiB`,
      partitions: partitionCount,
      'GETs before': getsBefore,
      'GETs after': getsAfter,
      'times fewer': Math.round(getsBefore / getsAfter),
      'of plain ranges, in answers': bytes,
      'by reference': reference,
      'in answers, at AWS’s times': remote,
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
  const program = [...process.execArgv, fileURLToPath(import.meta.url)];
  const output = execFileSync(process.execPath, [...program, '--job', job, directory]);
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
  const isWanted = (part: string): boolean => {
    const only = process.argv.find((argument) => argument.startsWith('--only='));
    return only === undefined || only === `--only=${part}`;
  };
  if (isWanted('merging')) report('segments', await mergingRows());
  if (isWanted('replay')) report('segments-replay', await replayRows());
  if (!isWanted('jobs')) return;
  const isFull = process.argv.includes('--full');
  report('segments-jobs', await largeJobs(isFull ? GIB : 128 * MIB, isFull ? 1_000_000 : 100_000));
}

async function mergingRows(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const objectBytes of [16 * KIB, 256 * KIB, MIB]) {
    for (const partitionCount of [1, 10, 100]) {
      rows.push(await merging({ objectBytes, partitionCount }));
    }
  }
  return rows;
}

async function replayRows(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const objectBytes of [16 * KIB, 256 * KIB]) {
    for (const partitionCount of [1, 10]) {
      rows.push(await replaying({ objectBytes, partitionCount }));
    }
  }
  return rows;
}

await main();
