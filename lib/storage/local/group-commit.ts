// Writes of one process share commits, and commits share the wait for the disk, which is as long for a hundred changes
// as for one. What was asked in one turn of the event loop goes into one transaction; what comes meanwhile goes into
// the next. Nobody is answered before the commit is durable (`durable`).
//
// Each change has a savepoint of its own: one that throws leaves nothing behind, and the others don't notice.
// Several processes may share the file: SQLite lets one of them write at a time, the others come back a little later.

import { type FailureEffect, StratalogError } from '../../errors.ts';
import { LOCAL_WRITES_PER_COMMIT_MAX, LOCAL_WRITES_WAITING_MAX } from '../../limits.ts';
import { databaseFailure } from './errors.ts';

/** What a transaction is made of; each throws what SQLite throws. */
export interface Transactions {
  /** Waits for the write lock, without the event loop. */
  begin(): Promise<unknown>;
  commit(): void;
  /** Resolves when all that was committed is durable. */
  durable(): Promise<void>;
  rollback(): void;
  /** False when SQLite has ended the transaction by itself, as it does when the disk fails. */
  isOpen(): boolean;
  savepoint(): void;
  release(): void;
  /** Undoes everything since the savepoint. */
  undo(): void;
}

interface Waiting {
  /** Runs the change; the returned functions tell its caller, after the commit. */
  run(): void;
  succeed(): void;
  fail(error: unknown): void;
}

/** Changes that wait for a commit. */
export class GroupCommit {
  readonly #transactions: Transactions;
  #waiting: Waiting[] = [];
  #worker: Promise<void> | undefined;
  readonly #answering = new Set<Promise<void>>();

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  /** Runs a change in a transaction; resolves with its result once that is committed. */
  write<Result>(change: () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#waiting.length >= LOCAL_WRITES_WAITING_MAX) {
        const message = `${LOCAL_WRITES_WAITING_MAX} writes are waiting for the disk; send fewer requests at once`;
        reject(new StratalogError('THROTTLED', message));
        return;
      }
      let result: Result;
      this.#waiting.push({
        run: () => {
          result = change();
        },
        succeed: () => resolve(result),
        fail: reject,
      });
      this.#worker ??= this.#work();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#worker !== undefined) await this.#worker;
    await Promise.all(this.#answering);
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      // The rest of this turn may bring more.
      await new Promise(setImmediate);
      const together = this.#waiting.slice(0, LOCAL_WRITES_PER_COMMIT_MAX);
      this.#waiting = this.#waiting.slice(LOCAL_WRITES_PER_COMMIT_MAX);
      await this.#commitTogether(together);
    }
    // In the same step as the look that found nothing waiting: what comes later starts another worker.
    this.#worker = undefined;
  }

  async #commitTogether(together: readonly Waiting[]): Promise<void> {
    const done: Waiting[] = [];
    // Until the commit begins, whatever fails leaves nothing; after that nobody knows.
    let effect: FailureEffect = 'none';
    try {
      await this.#transactions.begin();
      for (const waiting of together) if (this.#runOne(waiting)) done.push(waiting);
      effect = 'unknown';
      this.#transactions.commit();
    } catch (error) {
      if (this.#transactions.isOpen()) this.#transactions.rollback();
      // Those that had failed by themselves don't listen any more.
      for (const waiting of together) waiting.fail(databaseFailure(error, effect));
      return;
    }
    const answering = this.#answer(done).finally(() => this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  /** The next commit needn't wait for this one to be durable. */
  async #answer(done: readonly Waiting[]): Promise<void> {
    try {
      await this.#transactions.durable();
    } catch (error) {
      for (const waiting of done) waiting.fail(error);
      return;
    }
    for (const waiting of done) waiting.succeed();
  }

  /** False: the change failed by itself and is undone. Throws when the whole transaction is lost. */
  #runOne(waiting: Waiting): boolean {
    this.#transactions.savepoint();
    try {
      waiting.run();
    } catch (error) {
      if (!this.#transactions.isOpen()) throw error;
      this.#transactions.undo();
      waiting.fail(databaseFailure(error, 'none'));
      return false;
    }
    this.#transactions.release();
    return true;
  }
}
