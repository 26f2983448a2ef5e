// Transactions: one item for each transactional id. One method is one storage request; reads are strongly consistent.
// Failures as in partition-store.

import type { OffsetItem } from '../group/offset.ts';
import type { Head } from '../log/partition.ts';
import type { CommitAppend, StagedOffset, Transaction } from '../log/transaction.ts';

export interface TransactionCommit {
  /** The transaction's item, closed; its version is one above the stored one. */
  readonly next: Transaction;
  /** One a partition. */
  readonly appends: readonly CommitAppend[];
  /** One a group and partition. With `appends` and the item itself TRANSACTION_ITEMS_MAX at most. */
  readonly offsets: readonly StagedOffset[];
}

/** What stood against a commit: nothing was written. */
export interface CommitRefused {
  readonly kind: 'refused';
  /** The item's version is another one; then this is the item that stands, and the rest says nothing. */
  readonly changed: boolean;
  /** By position in `appends`, heads whose conditions failed; undefined: there is none. */
  readonly heads: ReadonlyMap<number, Head | undefined>;
  /** By position in `offsets`, items whose conditions failed; undefined: there is none. */
  readonly offsets: ReadonlyMap<number, OffsetItem | undefined>;
}

export interface TransactionStore {
  /**
   * With the transaction, the ids of the active ones of these topics, by name, in the same request: at most
   * TRANSACTION_ITEMS_MAX - 1 names. `storageNowMs`: a moment that the storage's clock had surely passed.
   */
  readTransaction(
    transactionalId: string,
    topicNames?: readonly string[],
  ): Promise<{
    readonly transaction: Transaction | undefined;
    readonly topicIds: ReadonlyMap<string, string>;
    readonly storageNowMs: number;
  }>;

  /** Puts an item on the condition that its version is one above the stored one; version 1: that there is none. */
  writeTransaction(transaction: Transaction): Promise<'written' | 'changed'>;

  /**
   * Makes everything of a transaction visible at once, in one transaction of the storage (`atomic-transaction`): closes
   * its item, on the condition of its version; appends to each head as `appendToHead` does (the head exists, its floor
   * is not above `objectId`, its tail is below the cap); and commits each offset as `commitOffset` does (the item exists,
   * its owner is the member, and the owner's epoch is not above the member's).
   * A commit that met another write is THROTTLED with effect `none`.
   */
  commitTransaction(
    commit: TransactionCommit,
  ): Promise<{ readonly kind: 'committed' } | CommitRefused>;
}
