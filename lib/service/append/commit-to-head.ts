// The commit point of an append: one conditional write on a partition's head, and what to do with each of its outcomes.

import { type Rejected, rejected, StratalogError } from '../../errors.ts';
import {
  HEAD_HOLD_MS,
  HOLD_PATIENCE_ATTEMPTS,
  PRODUCERS_PER_HEAD_CAP,
  STORAGE_ATTEMPTS_MAX,
} from '../../limits.ts';
import { explainRefusal } from '../../log/append.ts';
import { recordCountOf } from '../../log/partition.ts';
import {
  type ExpectedProducer,
  expectedWithoutHead,
  type SequencedBatch,
} from '../../log/sequence.ts';
import type { AppendToHeadOutcome } from '../../ports/partition-store.ts';
import { pause, withRetries } from '../retry.ts';
import { evictProducers } from './evict-producers.ts';
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
import { rollTail } from './roll.ts';

type Attempt = AppendToHeadOutcome | { readonly kind: 'unknown' };

/** A commit of which one try has an outcome. */
interface TriedCommit extends HeadCommit {
  readonly batch: SequencedBatch | undefined;
  /** What that try demanded. */
  readonly progress: Progress;
}

/** Appends entries to a head: their base offset, or why not. At most one of the tries takes effect. */
export async function commitToHead(
  ports: CommitPorts,
  commit: HeadCommit,
): Promise<Committed | Rejected> {
  const batch = sequencedBatch(commit.entries);
  const started = batch === undefined ? { expected: undefined } : await start(ports, commit, batch);
  if ('kind' in started) return started;
  let progress: Progress = started;
  for (let attempt = 1; attempt <= STORAGE_ATTEMPTS_MAX; attempt += 1) {
    const outcome = await tryAppend(ports, commit, batch, progress.expected);
    const next = await conclude(ports, { ...commit, batch, progress }, outcome);
    if ('kind' in next) return next;
    // A producer that comes back is refused once, as a matter of course: nobody is to be waited for.
    const isReturn = attempt === 1 && next.expected?.kind === 'absent';
    progress = next;
    if (!isReturn) await waitFor(ports, next, attempt);
  }
  throw new StratalogError(
    'THROTTLED',
    'the partition is too busy: the append was refused again and again and changed nothing; try again later',
  );
}

/** A transaction that holds the head is done long before its hold ends, as a rule; from one that died nothing else is left. */
async function waitFor(ports: CommitPorts, next: Progress, attempt: number): Promise<void> {
  await pause(ports, attempt);
  const leftMs = (next.heldUntilMs ?? 0) - ports.clock.nowMs();
  if (attempt < HOLD_PATIENCE_ATTEMPTS || leftMs < 0) return;
  await ports.clock.sleep(Math.min(leftMs, HEAD_HOLD_MS) + 1);
}

/** An idempotent producer's first batch has nothing to follow, so the head is read before it is written. */
async function start(
  ports: CommitPorts,
  commit: HeadCommit,
  batch: SequencedBatch,
): Promise<Committed | Rejected | Progress> {
  const expected = expectedWithoutHead(batch);
  if (expected !== undefined) return { expected };
  const [head] = await withRetries(ports, () => ports.partitions.readHeads([commit.partition]), {
    repeatable: true,
  });
  return decideSequence(ports, { ...commit, batch }, head);
}

async function tryAppend(
  ports: CommitPorts,
  commit: HeadCommit,
  batch: SequencedBatch | undefined,
  expected: ExpectedProducer | undefined,
): Promise<Attempt> {
  const producer = producerCondition(batch, expected);
  try {
    return await withRetries(ports, () =>
      ports.partitions.appendToHead({
        ...commit,
        ...producer,
        unlessHeldAtMs: ports.clock.nowMs(),
      }),
    );
  } catch (error) {
    if (error instanceof StratalogError && error.effect === 'unknown') return { kind: 'unknown' };
    throw error;
  }
}

/** The answer, or what the next try needs. */
async function conclude(
  ports: CommitPorts,
  commit: TriedCommit,
  outcome: Attempt,
): Promise<Committed | Rejected | Progress> {
  switch (outcome.kind) {
    case 'appended': {
      const baseOffset = outcome.head.nextOffset - BigInt(recordCountOf(commit.entries));
      const { partition, entries, progress } = commit;
      const { expected } = progress;
      await keepSmall(ports, { partition, entryCount: entries.length, expected }, outcome.head);
      return { kind: 'committed', baseOffset };
    }
    case 'unknown':
      return findLostAppend(ports, commit);
    case 'refused':
      return await concludeRefusal(ports, commit, outcome);
  }
}

async function concludeRefusal(
  ports: CommitPorts,
  commit: TriedCommit,
  { head, heldUntilMs }: Pick<Extract<Attempt, { kind: 'refused' }>, 'head' | 'heldUntilMs'>,
): Promise<Committed | Rejected | Progress> {
  const { partition, batch } = commit;
  const decided =
    batch === undefined
      ? { expected: undefined }
      : await decideSequence(ports, { partition, batch }, head);
  if ('kind' in decided && decided.kind === 'committed') return decided;
  const why = explainRefusal(head, commit);
  if (why.kind === 'rejected') return why;
  if (why.kind === 'tail-full') await rollTail(ports, partition, why.head, 0);
  const isFull = head !== undefined && head.producers.size >= PRODUCERS_PER_HEAD_CAP;
  if (isFull && batch !== undefined) await evictProducers(ports, partition, head);
  return 'kind' in decided ? decided : { ...decided, heldUntilMs };
}

/**
 * The answer was lost: looks whether the append is there. A plain one that isn't there must not be sent again, since
 * it may still be under way; its producer decides. An idempotent one goes again: its sequence lets only one in.
 */
async function findLostAppend(
  ports: CommitPorts,
  commit: TriedCommit,
): Promise<Committed | Rejected | Progress> {
  const { partition, batch } = commit;
  const read = { repeatable: true };
  const [head] = await withRetries(ports, () => ports.partitions.readHeads([partition]), read);
  if (head === undefined) {
    return rejected('UNKNOWN_TOPIC_OR_PARTITION', 'the topic was deleted meanwhile');
  }
  const baseOffset = await findAppended(ports, commit, head);
  if (baseOffset !== undefined) return { kind: 'committed', baseOffset };
  if (batch !== undefined) return decideSequence(ports, { partition, batch }, head);
  return rejected(
    'REQUEST_TIMED_OUT',
    'the storage did not answer and the records are not in the log; send them again (they may appear twice if the first request still arrives)',
  );
}
