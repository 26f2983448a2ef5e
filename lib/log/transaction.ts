// A transaction of a producer that is known by a transactional id: what its one item holds, and what each call makes of
// it. Records are staged: their bytes lie in WAL objects, and the entries that name them lie here, until the commit puts
// all of them into the heads' tails at once. Nobody reads them before, and when they are dropped nothing is left but
// bytes that nobody names. So a log has no markers, no aborted records, and no offset that waits for a transaction.
//
// Every change raises `version`, on which it is conditional; so what was read when it was decided still stands when it
// is written (`fenced`, `atomic-transaction`). A closed transaction's number is never open again, so that a call that
// comes late is refused, or told how it ended.

import { type Rejected, rejected } from '../errors.ts';
import {
  TRANSACTION_ENTRIES_MAX,
  TRANSACTION_ENTRIES_PER_PARTITION_MAX,
  TRANSACTION_ITEMS_MAX,
  TRANSACTION_METADATA_BYTES_MAX,
} from '../limits.ts';
import { type PartitionKey, parsePartitionKey, partitionKeyText } from './keys.ts';
import { smallest } from './order.ts';
import { recordCountOf, type TailEntry } from './partition.ts';
import { isAhead, lastSequence, type SequencedBatch } from './sequence.ts';

const EPOCH_MAX = 32_767;
const SEQUENCE_COUNT = 2 ** 31;
/** The storage tells whole seconds, and what it tells has passed: no transaction ends early for that. */
const CLOCK_GRAIN_MS = 1_000;

export type TransactionOutcome = 'committed' | 'aborted';

/** A group's offset that becomes its committed one with the transaction. */
export interface StagedOffset {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly topicId: string;
  readonly topicName: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly metadata: string;
}

export interface Transaction {
  readonly transactionalId: string;
  readonly version: number;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly timeoutMs: number;
  /** Of the transaction that is open, or opens next. */
  readonly number: number;
  /** How the one before it ended; undefined before the first. */
  readonly last?: TransactionOutcome;
  /** The producer epoch that the one before it was of. */
  readonly lastEpoch?: number;
  /** When the open one times out, by the storage's clock; undefined: none is open. */
  readonly deadlineMs?: number;
  /** The last sequence of the epoch in each partition, by `partitionKeyText`; kept across transactions. */
  readonly sequences: ReadonlyMap<string, number>;
  /** By partition, in the order in which they were staged. */
  readonly staged: ReadonlyMap<string, readonly TailEntry[]>;
  readonly offsets: readonly StagedOffset[];
}

/** Who calls, and in which transaction. */
export interface TransactionCall {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly number: number;
}

/** One batch and where its bytes lie. */
export interface StagedBatch {
  readonly partition: PartitionKey;
  readonly batch: SequencedBatch;
  readonly entries: readonly TailEntry[];
}

/** `timed-out`: the call is refused, and `next` is to be written first. */
type Refusal =
  | Rejected
  | { readonly kind: 'timed-out'; readonly next: Transaction; readonly refusal: Rejected };

/** What the commit appends to one head. */
export interface CommitAppend {
  readonly partition: PartitionKey;
  readonly entries: readonly TailEntry[];
  /** The oldest object of these: the head's floor must lie at it or below. */
  readonly objectId: string;
}

/** A transactional id that nobody used before. */
export function newTransaction(asked: {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly timeoutMs: number;
}): Transaction {
  return {
    ...asked,
    version: 1,
    producerEpoch: 0,
    number: 1,
    sequences: new Map(),
    staged: new Map(),
    offsets: [],
  };
}

/**
 * A new instance takes over: the next epoch fences the older one, and what that left open is aborted. When the epochs
 * have run out it goes on under `producerId`, an id that nobody had.
 */
export function initialized(
  transaction: Transaction,
  asked: { readonly producerId: bigint; readonly timeoutMs: number },
): Transaction {
  const closed = transaction.deadlineMs === undefined ? next(transaction) : aborted(transaction);
  return {
    ...closed,
    ...(isSpent(transaction)
      ? { producerId: asked.producerId, producerEpoch: 0 }
      : { producerEpoch: transaction.producerEpoch + 1 }),
    timeoutMs: asked.timeoutMs,
    sequences: new Map(),
  };
}

/** Whether the next instance needs another producer id, because the epochs have run out. */
export function isSpent({ producerEpoch }: Transaction): boolean {
  return producerEpoch >= EPOCH_MAX;
}

function next(transaction: Transaction): Transaction {
  return { ...transaction, version: transaction.version + 1 };
}

function closed(transaction: Transaction, outcome: TransactionOutcome): Transaction {
  const { deadlineMs: _, ...rest } = next(transaction);
  return {
    ...rest,
    number: rest.number + 1,
    last: outcome,
    lastEpoch: rest.producerEpoch,
    staged: new Map(),
    offsets: [],
  };
}

function aborted(transaction: Transaction): Transaction {
  return closed(transaction, 'aborted');
}

/** A transaction opens with the first thing that is staged in it. */
function opened(transaction: Transaction, nowMs: number): Transaction {
  const { deadlineMs = nowMs + transaction.timeoutMs + CLOCK_GRAIN_MS } = transaction;
  return { ...next(transaction), deadlineMs };
}

/** Whether the caller is who it says and its transaction is the one that is open or opens next. */
function refuseCall(
  transaction: Transaction | undefined,
  call: TransactionCall,
  nowMs: number,
): Refusal | undefined {
  if (transaction === undefined || transaction.producerId !== call.producerId) {
    return rejected(
      'INVALID_PRODUCER_ID_MAPPING',
      `producer id ${call.producerId} is not that of this transactional id; initialise it first`,
    );
  }
  if (transaction.producerEpoch !== call.producerEpoch) {
    return rejected(
      'INVALID_PRODUCER_EPOCH',
      `this instance was fenced: epoch ${call.producerEpoch} is not ${transaction.producerEpoch}, which another one has`,
    );
  }
  if (transaction.number !== call.number) {
    const ended = transaction.number === call.number + 1 ? `; it was ${transaction.last}` : '';
    return rejected(
      'INVALID_TXN_STATE',
      `transaction ${call.number} is not the one that may be open, ${transaction.number}${ended}`,
    );
  }
  if (transaction.deadlineMs === undefined || nowMs < transaction.deadlineMs) return undefined;
  const message = `the transaction was open for longer than its timeout of ${transaction.timeoutMs} ms and is aborted; begin another one`;
  return {
    kind: 'timed-out',
    next: aborted(transaction),
    refusal: rejected('INVALID_TXN_STATE', message),
  };
}

/** Per batch: staged now, or already, or why not. All or none are staged now. */
export type StagePlan =
  | {
      readonly kind: 'stage';
      readonly next: Transaction;
    }
  | { readonly kind: 'duplicate' }
  | Refusal;

/** What staging these batches makes of the transaction. A repeated request is a duplicate as a whole. */
export function planStage(
  transaction: Transaction | undefined,
  request: { readonly call: TransactionCall; readonly batches: readonly StagedBatch[] },
  nowMs: number,
): StagePlan {
  const { call, batches } = request;
  const refusal = refuseCall(transaction, call, nowMs);
  if (refusal !== undefined || transaction === undefined) return refusal ?? unreachable();
  const fresh: StagedBatch[] = [];
  for (const staged of batches) {
    const place = placeInSequence(transaction, staged);
    if (place.kind === 'rejected') return place;
    if (place.kind === 'next') fresh.push(staged);
  }
  if (fresh.length === 0) return { kind: 'duplicate' };
  const after = withBatches(opened(transaction, nowMs), fresh);
  return tooLarge(after) ?? { kind: 'stage', next: after };
}

function unreachable(): never {
  throw new Error('a call without a transaction was refused');
}

function placeInSequence(
  transaction: Transaction,
  { partition, batch }: StagedBatch,
): Rejected | { readonly kind: 'next' | 'duplicate' } {
  const key = partitionKeyText(partition);
  const last = transaction.sequences.get(key);
  const expected = last === undefined ? 0 : (last + 1) % SEQUENCE_COUNT;
  if (batch.baseSequence === expected) return { kind: 'next' };
  // As a whole: of one that was staged in part, the rest would be lost.
  const isPast = last !== undefined && !isAhead(lastSequence(batch), last);
  // What an earlier transaction staged may have been aborted: taken for a duplicate it would be lost.
  const count = recordCountOf(transaction.staged.get(key) ?? []);
  const first = (expected - count + SEQUENCE_COUNT) % SEQUENCE_COUNT;
  if (isPast && !isAhead(first, batch.baseSequence)) return { kind: 'duplicate' };
  return rejected(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `sequence ${batch.baseSequence} of producer ${batch.producerId} where ${expected} is next in partition ${key}`,
  );
}

function withBatches(transaction: Transaction, batches: readonly StagedBatch[]): Transaction {
  const sequences = new Map(transaction.sequences);
  const staged = new Map(transaction.staged);
  for (const { partition, batch, entries } of batches) {
    const key = partitionKeyText(partition);
    sequences.set(key, lastSequence(batch));
    staged.set(key, [...(staged.get(key) ?? []), ...entries]);
  }
  return { ...transaction, sequences, staged };
}

/** What staging these offsets makes of the transaction; a later one of a partition replaces the earlier. */
export function planOffsets(
  transaction: Transaction | undefined,
  request: { readonly call: TransactionCall; readonly offsets: readonly StagedOffset[] },
  nowMs: number,
): StagePlan {
  const refusal = refuseCall(transaction, request.call, nowMs);
  if (refusal !== undefined || transaction === undefined) return refusal ?? unreachable();
  const offsets = new Map(transaction.offsets.map((one) => [offsetName(one), one]));
  for (const one of request.offsets) offsets.set(offsetName(one), one);
  const after = { ...opened(transaction, nowMs), offsets: [...offsets.values()] };
  return tooLarge(after) ?? { kind: 'stage', next: after };
}

function offsetName({ groupId, topicId, partition }: StagedOffset): string {
  return `${topicId}/${partition}/${groupId}`;
}

/** What the commit couldn't write at once is refused before it is staged. */
function tooLarge(transaction: Transaction): Rejected | undefined {
  const { staged, offsets } = transaction;
  const itemCount = staged.size + offsets.length + 1;
  if (itemCount > TRANSACTION_ITEMS_MAX) {
    return rejected(
      'INVALID_REQUEST',
      `a transaction takes at most ${TRANSACTION_ITEMS_MAX - 1} partitions and offsets together, not ${itemCount - 1}; nothing of this request was staged`,
    );
  }
  const counts = [...staged.values()].map((entries) => entries.length);
  const entryCount = counts.reduce((sum, count) => sum + count, 0);
  if (
    Math.max(0, ...counts) > TRANSACTION_ENTRIES_PER_PARTITION_MAX ||
    entryCount > TRANSACTION_ENTRIES_MAX
  ) {
    return rejected(
      'INVALID_REQUEST',
      `a transaction takes at most ${TRANSACTION_ENTRIES_PER_PARTITION_MAX} batches a partition and ${TRANSACTION_ENTRIES_MAX} in all; send larger batches, or commit sooner; nothing of this request was staged`,
    );
  }
  const metadataBytes = offsets.reduce((sum, { metadata }) => sum + Buffer.byteLength(metadata), 0);
  if (metadataBytes <= TRANSACTION_METADATA_BYTES_MAX) return undefined;
  return rejected(
    'OFFSET_METADATA_TOO_LARGE',
    `the offsets of a transaction take at most ${TRANSACTION_METADATA_BYTES_MAX} bytes of metadata together; nothing of this request was staged`,
  );
}

/** `done`: it has ended, and this is how. `close`: nothing was staged, or all is dropped. */
export type EndPlan =
  | {
      readonly kind: 'commit';
      readonly appends: readonly CommitAppend[];
      readonly offsets: readonly StagedOffset[];
      readonly next: Transaction;
    }
  | { readonly kind: 'close'; readonly next: Transaction }
  | { readonly kind: 'done'; readonly outcome: TransactionOutcome }
  | Refusal;

/** What ending the transaction takes. A call that comes again hears how it ended. */
export function planEnd(
  transaction: Transaction | undefined,
  request: { readonly call: TransactionCall; readonly outcome: TransactionOutcome },
  nowMs: number,
): EndPlan {
  const { call, outcome } = request;
  if (transaction !== undefined && hasEnded(transaction, call)) {
    return endedAs(transaction, outcome);
  }
  // A commit whose answer was lost took effect, though its producer was fenced before it could ask again: not to be
  // told that it was fenced, and do it all again.
  const isLate = transaction !== undefined && wasCommitted(transaction, call);
  if (isLate && outcome === 'committed') return { kind: 'done', outcome };
  const refusal = refuseCall(transaction, call, nowMs);
  if (refusal?.kind === 'timed-out' && outcome === 'aborted') {
    return { kind: 'close', next: refusal.next };
  }
  if (refusal !== undefined || transaction === undefined) return refusal ?? unreachable();
  const { staged, offsets } = transaction;
  const after = closed(transaction, outcome);
  if (outcome === 'aborted' || staged.size + offsets.length === 0) {
    return { kind: 'close', next: after };
  }
  const appends = [...staged].map(([key, entries]) => ({
    partition: parsePartitionKey(key),
    entries,
    objectId: oldestOf(entries),
  }));
  return { kind: 'commit', appends, offsets, next: after };
}

/** The same producer's call for the transaction before: its answer was lost. */
function hasEnded(transaction: Transaction, call: TransactionCall): boolean {
  return (
    transaction.producerId === call.producerId &&
    transaction.producerEpoch === call.producerEpoch &&
    transaction.number === call.number + 1
  );
}

/** The transaction before is the caller's, whoever has the id by now. */
function wasCommitted(transaction: Transaction, call: TransactionCall): boolean {
  return (
    transaction.producerId === call.producerId &&
    transaction.lastEpoch === call.producerEpoch &&
    transaction.number === call.number + 1 &&
    transaction.last === 'committed'
  );
}

function endedAs({ last, number }: Transaction, wanted: TransactionOutcome): EndPlan {
  if (last === wanted) return { kind: 'done', outcome: wanted };
  return rejected('INVALID_TXN_STATE', `transaction ${number - 1} was ${last} already`);
}

function oldestOf(entries: readonly TailEntry[]): string {
  const [first, ...rest] = entries.map(({ objectId }) => objectId);
  if (first === undefined) throw new Error('a partition of a transaction has entries');
  return smallest(first, ...rest);
}
