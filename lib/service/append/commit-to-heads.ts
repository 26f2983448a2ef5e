// The commit point of an append to several heads at once: one transaction, all of them or none (`atomic-transaction`).
//
// A transaction tells no offsets, so that they are looked up afterwards, as after an answer that was lost. Plain appends
// to the same heads conflict with it: it goes again with pauses, and gives up with a bound.

import { required } from '../../assert.ts';
import { type Rejected, rejected, StratalogError } from '../../errors.ts';
import { ATOMIC_ATTEMPTS_MAX } from '../../limits.ts';
import { explainRefusal } from '../../log/append.ts';
import type { Head } from '../../log/partition.ts';
import { expectedWithoutHead } from '../../log/sequence.ts';
import { isWithoutEffect, pause, withRetries } from '../retry.ts';
import {
  type CommitPorts,
  type Committed,
  decideSequence,
  findAppended,
  type HeadCommit,
  keepSmall,
  type Progress,
  producerCondition,
  sequencedBatch,
} from './head-decisions.ts';
import { HeadHolder } from './hold-heads.ts';
import { rollTail } from './roll.ts';

/** All committed, or all rejected. */
type Outcome = readonly (Committed | Rejected)[];
type Step = { readonly kind: 'done'; readonly outcome: Outcome } | Next;
type Next = { readonly kind: 'again'; readonly progress: readonly Progress[] };

const READ = { repeatable: true };

/** Appends to several heads: their base offsets, or why none was appended to. At most one of the tries takes effect. */
export async function commitToHeads(
  ports: CommitPorts,
  commits: readonly HeadCommit[],
): Promise<Outcome> {
  const holder = new HeadHolder(ports);
  let step = await start(ports, commits);
  for (let attempt = 1; attempt <= ATOMIC_ATTEMPTS_MAX; attempt += 1) {
    if (step.kind === 'done') return step.outcome;
    const { progress } = step;
    const tried = await tryAppend(ports, holder, commits, progress);
    if (tried.kind === 'appended') return await locate(ports, commits, progress);
    if (tried.kind === 'unknown') step = await findLost(ports, commits);
    if (tried.kind === 'refused') {
      step = await concludeRefusal(ports, commits, { progress, refused: tried.heads });
    }
    if (step.kind === 'again') await pause(ports, attempt);
  }
  if (step.kind === 'done') return step.outcome;
  const message = `the ${commits.length} partitions are too busy to be appended to at once: nothing was changed; try again later`;
  throw new StratalogError('THROTTLED', message);
}

/** `busy`: surely nothing was changed. */
async function tryAppend(
  ports: CommitPorts,
  holder: HeadHolder,
  commits: readonly HeadCommit[],
  progress: readonly Progress[],
): Promise<
  | Awaited<ReturnType<CommitPorts['partitions']['appendToHeads']>>
  | { readonly kind: 'unknown' | 'busy' }
> {
  const appends = commits.map((commit, at) => ({
    ...commit,
    ...producerCondition(sequencedBatch(commit.entries), progress[at]?.expected),
  }));
  try {
    const heads = commits.map(({ partition }) => partition);
    return await holder.attempt(heads, () => ports.partitions.appendToHeads(appends));
  } catch (error) {
    if (error instanceof StratalogError && error.effect === 'unknown') return { kind: 'unknown' };
    if (isWithoutEffect(error)) return { kind: 'busy' };
    throw error;
  }
}

async function start(ports: CommitPorts, commits: readonly HeadCommit[]): Promise<Step> {
  const batches = commits.map(({ entries }) => sequencedBatch(entries));
  const progress = batches.map((batch) => ({
    expected: batch === undefined ? undefined : expectedWithoutHead(batch),
  }));
  const known = batches.every(
    (batch, at) => batch === undefined || progress[at]?.expected !== undefined,
  );
  return known
    ? { kind: 'again', progress }
    : decide(ports, commits, await readAll(ports, commits));
}

async function readAll(
  ports: CommitPorts,
  commits: readonly HeadCommit[],
): Promise<readonly (Head | undefined)[]> {
  const partitions = commits.map(({ partition }) => partition);
  return await withRetries(ports, () => ports.partitions.readHeads(partitions), READ);
}

/** What the heads that stand say of all batches together: they are there already, or may go, or are refused. */
async function decide(
  ports: CommitPorts,
  commits: readonly HeadCommit[],
  heads: readonly (Head | undefined)[],
): Promise<Step> {
  const decisions = await Promise.all(
    commits.map(async ({ partition, entries }, at) => {
      const batch = sequencedBatch(entries);
      if (batch === undefined) return { expected: undefined };
      return await decideSequence(ports, { partition, batch }, heads[at]);
    }),
  );
  const done = decisions.filter((decision): decision is Committed | Rejected => 'kind' in decision);
  const refusal = done.find((decision) => decision.kind === 'rejected');
  if (refusal === undefined && done.length === commits.length)
    return { kind: 'done', outcome: done };
  const progress = decisions.filter((decision): decision is Progress => !('kind' in decision));
  if (done.length === 0) return { kind: 'again', progress };
  const repeated = rejected(
    'INVALID_REQUEST',
    'a batch of the request was appended before, others were not: what is sent again must be the same',
  );
  const outcome = decisions.map((decision) => {
    if (!('kind' in decision)) return notAttempted();
    return decision.kind === 'rejected' ? decision : repeated;
  });
  return { kind: 'done', outcome };
}

async function concludeRefusal(
  ports: CommitPorts,
  commits: readonly HeadCommit[],
  tried: {
    readonly progress: readonly Progress[];
    readonly refused: ReadonlyMap<number, Head | undefined>;
  },
): Promise<Step> {
  const reasons = new Map<number, Rejected>();
  for (const [at, head] of tried.refused) {
    const commit = required(commits[at], 'the append that was refused');
    const why = explainRefusal(head, commit);
    if (why.kind === 'rejected') reasons.set(at, why);
    if (why.kind === 'tail-full') await rollTail(ports, commit.partition, why.head, 0);
  }
  if (reasons.size > 0) return { kind: 'done', outcome: refuseAll(commits.length, reasons) };
  const isPlain = commits.every(({ entries }) => sequencedBatch(entries) === undefined);
  if (isPlain) return { kind: 'again', progress: tried.progress };
  // Whether the others stand where they stood is said by none but themselves.
  return await decide(ports, commits, await readAll(ports, commits));
}

/** The answer was lost. All are there or none; if none, only numbered batches may go again. */
async function findLost(ports: CommitPorts, commits: readonly HeadCommit[]): Promise<Step> {
  const heads = await readAll(ports, commits);
  const found = await findAll(ports, commits, heads);
  if (found !== undefined) return { kind: 'done', outcome: found };
  const isSequenced = commits.every(({ entries }) => sequencedBatch(entries) !== undefined);
  if (isSequenced) return await decide(ports, commits, heads);
  const lost = rejected(
    'REQUEST_TIMED_OUT',
    'the storage did not answer and the records are not in the log; send them again (they may appear twice if the first request still arrives)',
  );
  return { kind: 'done', outcome: commits.map(() => lost) };
}

/** After the commit: where each lies. A head that is gone by now had it while it was there. */
async function locate(
  ports: CommitPorts,
  commits: readonly HeadCommit[],
  progress: readonly Progress[],
): Promise<Outcome> {
  const { heads, found } = await lookUp(ports, commits).catch(asUnknown);
  for (const [at, { partition, entries }] of commits.entries()) {
    const head = heads[at];
    if (head === undefined) continue;
    const appended = { partition, entryCount: entries.length, expected: progress[at]?.expected };
    await keepSmall(ports, appended, head);
  }
  if (found !== undefined) return found;
  // Not to be tried again: it would be stored twice.
  const message = 'the records are stored, but their offsets can’t be told any more';
  throw new StratalogError('UNKNOWN_SERVER_ERROR', message, { effect: 'unknown' });
}

async function lookUp(ports: CommitPorts, commits: readonly HeadCommit[]) {
  const heads = await readAll(ports, commits);
  return { heads, found: await findAll(ports, commits, heads) };
}

/** Nobody may take the failure of a look-up for that of the append. */
function asUnknown(cause: unknown): never {
  if (!(cause instanceof StratalogError)) throw cause;
  const message =
    'the records are stored, but the storage did not tell where; their producer’s next try finds them if it is idempotent';
  throw new StratalogError('REQUEST_TIMED_OUT', message, { cause, effect: 'unknown' });
}

/** Undefined: not all of them can be found. */
async function findAll(
  ports: CommitPorts,
  commits: readonly HeadCommit[],
  heads: readonly (Head | undefined)[],
): Promise<readonly Committed[] | undefined> {
  const found = await Promise.all(
    commits.map(async (commit, at): Promise<Committed | undefined> => {
      const head = heads[at];
      const baseOffset = head === undefined ? undefined : await findAppended(ports, commit, head);
      return baseOffset === undefined ? undefined : { kind: 'committed', baseOffset };
    }),
  );
  const all = found.filter((one) => one !== undefined);
  return all.length === commits.length ? all : undefined;
}

function refuseAll(count: number, reasons: ReadonlyMap<number, Rejected>): Outcome {
  return Array.from({ length: count }, (_, at) => reasons.get(at) ?? notAttempted());
}

/** Nothing is wrong with this partition, but with another one of the request. */
export function notAttempted(): Rejected {
  const message = 'nothing was appended, because another partition of the request was refused';
  return rejected('OPERATION_NOT_ATTEMPTED', message);
}
