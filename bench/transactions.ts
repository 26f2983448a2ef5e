// Commits of transactions among plain appends to the same partitions, as DynamoDB would let them meet
// (test/support/conflicts.ts): how often a commit is tried, how long it takes, whether it gets through at all, and what
// it costs the appends beside it. The rate of the appends is what is offered, whatever becomes of them.
// `npm run bench:transactions`

import { setTimeout as delay } from 'node:timers/promises';
import { StratalogError } from '../lib/errors.ts';
import { createServices } from '../lib/service/services.ts';
import { createTransactionServices } from '../lib/service/transactions/transaction-services.ts';
import { createLocalStorage } from '../lib/storage/local/local-storage.ts';
import { conflicting } from '../test/support/conflicts.ts';
import { appendTo, batchOf, SeededRandom } from '../test/support/test-log.ts';
import { TestProducer } from '../test/support/test-transactions.ts';
import { report } from './support/report.ts';

const SECONDS = Number(process.env.STRATALOG_BENCH_SECONDS ?? 8);
const TIMES = { writeMs: 5, prepareMs: 2, commitMs: 4 };
const SUCCESS_SHARE_MIN = 0.99;

interface Load {
  readonly partitions: number;
  readonly appendsPerSecond: number;
}

interface Tally {
  appended: number;
  refused: number;
}

async function measure(load: Load): Promise<Record<string, number>> {
  const storage = createLocalStorage({ directory: ':memory:' });
  const { counts, ...stores } = conflicting(storage, TIMES);
  const ports = {
    ...storage,
    ...stores,
    clock: { nowMs: () => Date.now(), sleep: (ms: number) => delay(ms) },
    random: new SeededRandom(1),
    invoker: { appendLater: () => Promise.resolve() },
  };
  const services = { ...createServices(ports), ...createTransactionServices(ports) };
  await services.topics.create({ name: 'busy', partitionCount: load.partitions });
  const tally: Tally = { appended: 0, refused: 0 };
  const endAt = performance.now() + SECONDS * 1_000;
  const underWay: Promise<void>[] = [];
  const append = async (partition: number): Promise<void> => {
    const [result] = await services.append.append(
      appendTo('busy', { [partition]: batchOf(['x']) }),
    );
    if (result?.kind === 'appended') tally.appended += 1;
    else tally.refused += 1;
  };
  const offered = async (partition: number): Promise<void> => {
    // Poisson arrivals, as from many clients that know nothing of each other.
    while (performance.now() < endAt) {
      const dueMs =
        performance.now() - (-Math.log(1 - Math.random()) * 1_000) / load.appendsPerSecond;
      underWay.push(append(partition));
      await delay(Math.max(0, performance.now() - dueMs));
    }
  };
  const lanes = Array.from({ length: load.partitions }, (_, partition) => offered(partition));
  const commits = await commitUntil(endAt, new TestProducer(services), load.partitions);
  await Promise.all(lanes);
  await Promise.all(underWay);
  await storage.close();
  const durations = commits.tookMs.toSorted((one, other) => one - other);
  const at = (share: number): number =>
    Math.round(
      durations[Math.min(durations.length - 1, Math.floor(share * durations.length))] ?? -1,
    );
  return {
    partitions: load.partitions,
    'appends/s a partition': load.appendsPerSecond,
    commits: durations.length,
    'given up': commits.givenUp,
    'conflicts a commit': rounded(counts.transactions / (durations.length + commits.givenUp)),
    'commit p50 ms': at(0.5),
    'commit p99 ms': at(0.99),
    'appends met by commits per 1,000': rounded((1_000 * counts.writes) / tally.appended),
    'appends given up per 1,000': rounded((1_000 * tally.refused) / tally.appended),
  };
}

async function commitUntil(endAt: number, producer: TestProducer, partitions: number) {
  const tookMs: number[] = [];
  let givenUp = 0;
  await producer.init();
  while (performance.now() < endAt) {
    const values = Array.from({ length: partitions }, (_, partition) => [partition, 'x'] as const);
    await producer.stage('busy', Object.fromEntries(values));
    const startedAt = performance.now();
    const outcome = await producer.end('committed').catch((error) => {
      if (error instanceof StratalogError && error.retriable) return 'busy';
      throw error;
    });
    if (outcome === 'committed') tookMs.push(performance.now() - startedAt);
    else {
      givenUp += 1;
      await producer.end('aborted');
    }
    await delay(20);
  }
  return { tookMs, givenUp };
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}

const rows: Record<string, number>[] = [];
for (const [partitions, appendsPerSecond] of [
  [3, 10],
  [3, 100],
  [3, 400],
  [10, 100],
  [10, 200],
] as const) {
  rows.push(await measure({ partitions, appendsPerSecond }));
}
report('transactions', rows);
for (const { commits = 0, 'given up': givenUp = 0, partitions = 0 } of rows) {
  if (commits / (commits + givenUp) >= SUCCESS_SHARE_MIN) continue;
  console.error(`of commits to ${partitions} busy partitions ${givenUp} were given up`);
  process.exitCode = 1;
}
