// The commit point of a transaction: one write of its item, of all heads and of all offsets, and what each refusal means.

import { required } from '../../assert.ts';
import { type Rejected, rejected } from '../../errors.ts';
import { explainRefusal } from '../../log/append.ts';
import type { CommitAppend, StagedOffset, Transaction } from '../../log/transaction.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { CommitRefused } from '../../ports/transaction-store.ts';
import type { HeadHolder } from '../append/hold-heads.ts';
import { rollTail } from '../append/roll.ts';
import { tooLate } from './stage-batches.ts';
import type { TransactionPorts, WriteOutcome } from './transaction-change.ts';

export interface CommitTransactionPorts extends TransactionPorts {
  readonly partitions: PartitionStore;
}

interface Commit {
  readonly next: Transaction;
  readonly appends: readonly CommitAppend[];
  readonly offsets: readonly StagedOffset[];
}

/** Writes all or nothing. A refusal leaves the transaction open: it can only be aborted. */
export async function commitTransaction(
  ports: CommitTransactionPorts,
  holder: HeadHolder,
  { next, appends, offsets }: Commit,
): Promise<WriteOutcome> {
  const heads = appends.map(({ partition }) => partition);
  const outcome = await holder.attempt(heads, () =>
    ports.transactions.commitTransaction({ next, appends, offsets }),
  );
  if (outcome.kind === 'committed') {
    await rollTails(ports, appends);
    return 'written';
  }
  return outcome.changed ? 'again' : await explain(ports, { appends, offsets }, outcome);
}

async function explain(
  ports: CommitTransactionPorts,
  { appends, offsets }: Omit<Commit, 'next'>,
  refused: CommitRefused,
): Promise<WriteOutcome> {
  for (const [at, head] of refused.heads) {
    const { partition, objectId } = required(appends[at], 'the append that was refused');
    const why = explainRefusal(head, { objectId });
    if (why.kind === 'rejected') return head === undefined ? why : tooLate();
    if (why.kind === 'tail-full') await rollTail(ports, partition, why.head, 0);
  }
  for (const at of refused.offsets.keys()) {
    return notOwner(required(offsets[at], 'the offset that was refused'));
  }
  return 'again';
}

function notOwner({
  groupId,
  memberId,
  memberEpoch,
  topicName,
  partition,
}: StagedOffset): Rejected {
  return rejected(
    'STALE_MEMBER_EPOCH',
    `member ${memberId} of group ${groupId} doesn't own partition ${partition} of "${topicName}" at epoch ${memberEpoch}: nothing was committed; abort the transaction`,
  );
}

/** The commit has told nothing of the heads; whoever appends next pays for what is left in them. */
async function rollTails(
  ports: CommitTransactionPorts,
  appends: readonly CommitAppend[],
): Promise<void> {
  if (appends.length === 0) return;
  const keys = appends.map(({ partition }) => partition);
  // The commit is done whatever becomes of this.
  const heads = await ports.partitions.readHeads(keys).catch(() => []);
  await Promise.all(
    appends.map(async ({ partition, entries }, at) => {
      const head = heads[at];
      if (head !== undefined) await rollTail(ports, partition, head, entries.length);
    }),
  );
}
