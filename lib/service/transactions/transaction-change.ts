// The one loop in which a transaction's item changes: read it, decide with a pure function, write on its version. Who
// loses reads again; an outcome that is not known is read from the item, where the same call finds its own doing.

import { type Rejected, StratalogError } from '../../errors.ts';
import { TRANSACTION_ATTEMPTS_MAX } from '../../limits.ts';
import type { Transaction } from '../../log/transaction.ts';
import type { TransactionStore } from '../../ports/transaction-store.ts';
import { isWithoutEffect, pause, type RetryPorts, withRetries } from '../retry.ts';

export interface TransactionPorts extends RetryPorts {
  readonly transactions: TransactionStore;
}

/** What stands, and a moment that has surely passed by the storage's clock. */
export interface Standing {
  readonly transaction: Transaction | undefined;
  /** Of the active ones of the topics that were asked for, by name. */
  readonly topicIds: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

export interface TransactionRead {
  readonly transactionalId: string;
  readonly topicNames?: readonly string[];
}

/** `again`: the item, or what it was written with, has changed meanwhile. */
export type WriteOutcome = 'written' | 'again' | Rejected;

/** What to answer once `next` is written, or `write` has done it; neither: nothing is to be written. */
export interface Step<Answer> {
  readonly answer: Answer;
  readonly next?: Transaction;
  readonly write?: () => Promise<WriteOutcome>;
}

/** `topicNames`: read with the item. Throws THROTTLED when it loses again and again. */
export async function change<Answer>(
  ports: TransactionPorts,
  { transactionalId, topicNames = [] }: TransactionRead,
  decide: (standing: Standing) => Promise<Step<Answer | Rejected>>,
): Promise<Answer | Rejected> {
  const read = () => ports.transactions.readTransaction(transactionalId, topicNames);
  for (let attempt = 1; attempt <= TRANSACTION_ATTEMPTS_MAX; attempt += 1) {
    const { transaction, topicIds, storageNowMs } = await withRetries(ports, read, {
      repeatable: true,
    });
    const step = await decide({ transaction, topicIds, nowMs: storageNowMs });
    const outcome = await tryWrite(ports, step);
    if (outcome === 'written') return step.answer;
    if (outcome !== 'again') return outcome;
    await pause(ports, attempt);
  }
  throw new StratalogError(
    'THROTTLED',
    'the transaction met other writes again and again and changed nothing; try again later',
  );
}

async function tryWrite<Answer>(
  ports: TransactionPorts,
  { next, write }: Step<Answer>,
): Promise<WriteOutcome> {
  try {
    if (write !== undefined) return await write();
    if (next === undefined) return 'written';
    const outcome = await ports.transactions.writeTransaction(next);
    return outcome === 'written' ? 'written' : 'again';
  } catch (error) {
    const isUnknown = error instanceof StratalogError && error.effect === 'unknown';
    if (isUnknown || isWithoutEffect(error)) return 'again';
    throw error;
  }
}
