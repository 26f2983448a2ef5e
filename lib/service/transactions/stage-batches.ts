// Staging batches in a transaction: checked as in an append, put as one object, and named in the transaction's item.

import { type Rejected, rejected } from '../../errors.ts';
import type { AppendRejected, PartitionBatches } from '../../log/append.ts';
import { planStage, type StagedBatch, type TransactionCall } from '../../log/transaction.ts';
import { checkTransactionBytes } from '../../log/transaction-codec.ts';
import {
  type Checked,
  checkPart,
  checkRequest,
  newObjectId,
  type PartPorts,
  type Placed,
  placeParts,
  putObject,
  rejectedResult,
} from '../append/append-parts.ts';
import { notAttempted } from '../append/commit-to-heads.ts';
import { sequencedBatch } from '../append/head-decisions.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';
import { namesOf, type Stale, staleOf, withFreshTopics } from './fresh-topics.ts';
import { change, type TransactionPorts } from './transaction-change.ts';

export interface StagePorts extends TransactionPorts, PartPorts {}

export interface StageRequest extends TransactionCall {
  /** At most one element a partition, each one batch of the transaction's producer. */
  readonly partitions: readonly PartitionBatches[];
}

/** `partly-wrong`: nothing was staged; each partition says whether it is at fault. */
export type StageOutcome =
  | { readonly kind: 'staged' }
  | { readonly kind: 'partly-wrong'; readonly results: readonly AppendRejected[] }
  | Rejected;

const STAGED = { kind: 'staged' } as const;

/**
 * Stages all or none. Refused before the object is put, where the item says so: nothing is written beyond what a
 * transaction can commit.
 */
export async function stageBatches(
  ports: StagePorts,
  catalog: TopicCatalog,
  request: StageRequest,
): Promise<StageOutcome> {
  const refusal = checkRequest(request);
  if (refusal !== undefined) return refusal;
  return await withFreshTopics(catalog, () => stageOnce(ports, catalog, request));
}

async function stageOnce(
  ports: StagePorts,
  catalog: TopicCatalog,
  request: StageRequest,
): Promise<StageOutcome | Stale> {
  const { producerId, producerEpoch } = request;
  const parts = await Promise.all(
    request.partitions.map((part) =>
      checkPart(ports, catalog, part, { producerId, producerEpoch }),
    ),
  );
  const checked = parts.filter((part) => part.kind === 'checked');
  if (checked.length < parts.length) {
    const results = parts.map((part) =>
      rejectedResult(part.request, part.kind === 'rejected' ? part : notAttempted()),
    );
    return { kind: 'partly-wrong', results };
  }
  const objectId = newObjectId(ports);
  const batches = [...placeParts(objectId, checked).values()].map(stagedBatch);
  const put = putOnce(ports, objectId, checked);
  const taken = new Map(checked.map((part) => [part.request.topicName, part.partition.topicId]));
  return await change<StageOutcome | Stale>(
    ports,
    { transactionalId: request.transactionalId, topicNames: namesOf(taken) },
    async ({ transaction, topicIds, nowMs }) => {
      const stale = staleOf(taken, topicIds);
      if (stale !== undefined) return { answer: stale };
      const plan = planStage(transaction, { call: request, batches }, nowMs);
      switch (plan.kind) {
        case 'rejected':
          return { answer: plan };
        case 'timed-out':
          return { next: plan.next, answer: plan.refusal };
        case 'duplicate':
          return { answer: STAGED };
        case 'stage': {
          const refused = checkTransactionBytes(plan.next) ?? (await put());
          return refused === undefined ? { answer: STAGED, next: plan.next } : { answer: refused };
        }
      }
    },
  );
}

/** The object is put when the item is first to name it, and not again when the item has changed meanwhile. */
function putOnce(
  ports: PartPorts,
  objectId: string,
  checked: readonly Checked[],
): () => Promise<Rejected | undefined> {
  let isPut = false;
  return async () => {
    if (isPut) return undefined;
    const refused = await putObject(ports, objectId, checked);
    isPut = refused === undefined;
    return refused;
  };
}

/** The entry loses its producer: what a transaction commits is looked for by nobody's sequence. */
function stagedBatch({ partition, entries }: Placed): StagedBatch {
  const batch = sequencedBatch(entries);
  if (batch === undefined) throw new Error('a batch of a transaction has a producer');
  const plain = entries.map(({ producer: _, ...entry }) => entry);
  return { partition, batch, entries: plain };
}

/** The code for a transaction that can't be committed any more, whatever its topics say. */
export function tooLate(): Rejected {
  return rejected(
    'INVALID_TXN_STATE',
    'the transaction was open for so long that its bytes may have been collected; abort it',
  );
}
