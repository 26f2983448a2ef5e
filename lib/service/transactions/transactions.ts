// Transactions: records of many partitions and offsets of groups that become visible together, or never.
//
// Order, and why:
// 1. `init` raises the epoch: from then on nothing that an older instance does takes effect (`fenced`), and what it left
//    open is aborted.
// 2. `stage` puts the batches into a WAL object, then names them in the transaction's item (`durable`: the bytes are
//    there before anything names them). Nobody reads them yet: no head knows of them.
// 3. `end` commits with one transaction of the storage: the item is closed, every head gets its entries, every group its
//    offsets (`atomic-transaction`, `visible-once-complete`). An abort closes the item; what was staged is garbage.
//
// Every write of the item is on the version that was read, so that whoever sleeps loses; an outcome that is not known is
// read from the item.

import { type Rejected, rejected } from '../../errors.ts';
import {
  TRANSACTION_TIMEOUT_MS_DEFAULT,
  TRANSACTION_TIMEOUT_MS_MAX,
  TRANSACTION_TIMEOUT_MS_MIN,
  TRANSACTIONAL_ID_CHARACTERS_MAX,
  TRANSACTIONAL_PRODUCER_ID_MIN,
} from '../../limits.ts';
import {
  initialized,
  isSpent,
  newTransaction,
  planEnd,
  planOffsets,
  type StagedOffset,
  type StagePlan,
  type Transaction,
  type TransactionCall,
  type TransactionOutcome,
} from '../../log/transaction.ts';
import { checkTransactionBytes } from '../../log/transaction-codec.ts';
import type { ProducerStore } from '../../ports/producer-store.ts';
import { unknownPartition, unknownTopic } from '../append/append-parts.ts';
import { HeadHolder } from '../append/hold-heads.ts';
import { withRetries } from '../retry.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';
import { type CommitTransactionPorts, commitTransaction } from './commit-transaction.ts';
import { namesOf, type Stale, staleOf, withFreshTopics } from './fresh-topics.ts';
import {
  type StageOutcome,
  type StagePorts,
  type StageRequest,
  stageBatches,
} from './stage-batches.ts';
import { change, type Step } from './transaction-change.ts';

export interface TransactionServicePorts extends CommitTransactionPorts, StagePorts {
  readonly producers: ProducerStore;
}

export interface TransactionStarted {
  readonly kind: 'initialized';
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Of the transaction that opens next. */
  readonly number: number;
}

interface Staged {
  readonly kind: 'staged';
}

interface Ended {
  readonly kind: 'ended';
  readonly outcome: TransactionOutcome;
}

export interface OffsetsRequest extends TransactionCall {
  readonly groupId: string;
  /** Who owns the partitions: a member of the group that has claimed them. */
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly offsets: readonly {
    readonly topicName: string;
    readonly partition: number;
    readonly offset: bigint;
    readonly metadata: string;
  }[];
}

/** Refused calls get INVALID_PRODUCER_ID_MAPPING, INVALID_PRODUCER_EPOCH (fenced) or INVALID_TXN_STATE. */
export interface TransactionService {
  /** Also refuses INVALID_TRANSACTION_TIMEOUT and INVALID_REQUEST (the id). */
  init(request: {
    readonly transactionalId: string;
    readonly timeoutMs?: number | undefined;
  }): Promise<TransactionStarted | Rejected>;
  /** Stages the batches of all partitions, or none. */
  stage(request: StageRequest): Promise<StageOutcome>;
  /** Stages offsets of one group, all or none. Also refuses UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_PARTITION. */
  stageOffsets(request: OffsetsRequest): Promise<Staged | Rejected>;
  /**
   * Also refuses, and leaves the transaction open to be aborted: UNKNOWN_TOPIC_OR_PARTITION (deleted meanwhile),
   * STALE_MEMBER_EPOCH (a partition has another owner by now).
   */
  end(
    request: TransactionCall & { readonly outcome: TransactionOutcome },
  ): Promise<Ended | Rejected>;
  /** What stands. Refuses TRANSACTIONAL_ID_NOT_FOUND when nobody has used the id. */
  describe(
    transactionalId: string,
  ): Promise<{ readonly kind: 'found'; readonly transaction: Transaction } | Rejected>;
}

export function createTransactionService(
  ports: TransactionServicePorts,
  catalog: TopicCatalog,
): TransactionService {
  return {
    async init({ transactionalId, timeoutMs = TRANSACTION_TIMEOUT_MS_DEFAULT }) {
      const refusal = checkInit(transactionalId, timeoutMs);
      if (refusal !== undefined) return refusal;
      const read = { transactionalId };
      return await change<TransactionStarted>(ports, read, async ({ transaction }) => {
        const next = await nextInstance(ports, transaction, { transactionalId, timeoutMs });
        const { producerId, producerEpoch, number } = next;
        return { next, answer: { kind: 'initialized', producerId, producerEpoch, number } };
      });
    },

    stage: (request) => stageBatches(ports, catalog, request),

    stageOffsets: (request) =>
      withFreshTopics<Staged | Rejected>(catalog, () => stageOffsetsOnce(ports, catalog, request)),

    async end({ outcome, ...call }) {
      const holder = new HeadHolder(ports);
      return await change<Ended>(ports, call, async ({ transaction, nowMs }) => {
        const plan = planEnd(transaction, { call, outcome }, nowMs);
        const ended: Ended = { kind: 'ended', outcome };
        switch (plan.kind) {
          case 'rejected':
            return { answer: plan };
          case 'timed-out':
            return { next: plan.next, answer: plan.refusal };
          case 'done':
            return { answer: ended };
          case 'close':
            return { next: plan.next, answer: ended };
          case 'commit':
            return { answer: ended, write: () => commitTransaction(ports, holder, plan) };
        }
      });
    },

    async describe(transactionalId) {
      const read = () => ports.transactions.readTransaction(transactionalId);
      const { transaction } = await withRetries(ports, read, { repeatable: true });
      if (transaction !== undefined) return { kind: 'found', transaction };
      return rejected('TRANSACTIONAL_ID_NOT_FOUND', 'nobody has used this transactional id');
    },
  };
}

function checkInit(transactionalId: string, timeoutMs: number): Rejected | undefined {
  const { length } = transactionalId;
  if (length === 0 || length > TRANSACTIONAL_ID_CHARACTERS_MAX) {
    return rejected(
      'INVALID_REQUEST',
      `a transactional id has 1 to ${TRANSACTIONAL_ID_CHARACTERS_MAX} characters, not ${length}`,
    );
  }
  if (timeoutMs >= TRANSACTION_TIMEOUT_MS_MIN && timeoutMs <= TRANSACTION_TIMEOUT_MS_MAX) {
    return undefined;
  }
  return rejected(
    'INVALID_TRANSACTION_TIMEOUT',
    `a transaction may be open for ${TRANSACTION_TIMEOUT_MS_MIN} to ${TRANSACTION_TIMEOUT_MS_MAX} ms, not ${timeoutMs}`,
  );
}

async function nextInstance(
  ports: TransactionServicePorts,
  transaction: Transaction | undefined,
  asked: { readonly transactionalId: string; readonly timeoutMs: number },
): Promise<Transaction> {
  if (transaction !== undefined && !isSpent(transaction)) {
    return initialized(transaction, { ...asked, producerId: transaction.producerId });
  }
  const allocate = () => ports.producers.allocateProducerIds(1);
  const id = await withRetries(ports, allocate, { repeatable: true });
  const producerId = TRANSACTIONAL_PRODUCER_ID_MIN + id;
  return transaction === undefined
    ? newTransaction({ ...asked, producerId })
    : initialized(transaction, { ...asked, producerId });
}

function stepOf(plan: StagePlan): Step<Staged | Rejected> {
  const staged: Staged = { kind: 'staged' };
  switch (plan.kind) {
    case 'rejected':
      return { answer: plan };
    case 'timed-out':
      return { next: plan.next, answer: plan.refusal };
    case 'duplicate':
      return { answer: staged };
    case 'stage': {
      const refused = checkTransactionBytes(plan.next);
      return refused === undefined ? { next: plan.next, answer: staged } : { answer: refused };
    }
  }
}

async function stageOffsetsOnce(
  ports: TransactionServicePorts,
  catalog: TopicCatalog,
  request: OffsetsRequest,
): Promise<Staged | Rejected | Stale> {
  const offsets = await findOffsets(catalog, request);
  if ('kind' in offsets) return offsets;
  const taken = new Map(offsets.map(({ topicName, topicId }) => [topicName, topicId]));
  const { transactionalId } = request;
  return await change<Staged | Stale>(
    ports,
    { transactionalId, topicNames: namesOf(taken) },
    async ({ transaction, topicIds, nowMs }) => {
      const stale = staleOf(taken, topicIds);
      if (stale !== undefined) return { answer: stale };
      return stepOf(planOffsets(transaction, { call: request, offsets }, nowMs));
    },
  );
}

async function findOffsets(
  catalog: TopicCatalog,
  request: OffsetsRequest,
): Promise<readonly StagedOffset[] | Rejected> {
  const { groupId, memberId, memberEpoch } = request;
  const found: StagedOffset[] = [];
  for (const asked of request.offsets) {
    const { topicName, partition } = asked;
    const known = await catalog.findWithPartition(topicName, partition);
    if (known === undefined) return unknownTopic(topicName);
    const { topicId, partitionCount } = known.topic;
    if (partition < 0 || partition >= partitionCount) {
      return unknownPartition({ topicName, partition }, partitionCount);
    }
    found.push({ ...asked, groupId, memberId, memberEpoch, topicId });
  }
  return found;
}
