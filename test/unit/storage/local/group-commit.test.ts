import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { LOCAL_WRITES_PER_COMMIT_MAX, LOCAL_WRITES_WAITING_MAX } from '../../../../lib/limits.ts';
import { GroupCommit, type Transactions } from '../../../../lib/storage/local/group-commit.ts';

/** Writes down what is asked of it; a step that is named in `failures` throws, and ends the transaction if told so. */
class RecordedTransactions implements Transactions {
  readonly steps: string[] = [];
  readonly failures = new Map<string, Error>();
  endsByItself = false;
  /** When the disk has all. */
  disk: Promise<void> = Promise.resolve();
  #open = false;

  async begin(): Promise<void> {
    this.#step('begin');
    this.#open = true;
  }
  commit(): void {
    this.#step('commit');
    this.#open = false;
  }
  async durable(): Promise<void> {
    this.#step('durable');
    await this.disk;
  }
  rollback(): void {
    this.#step('rollback');
    this.#open = false;
  }
  isOpen(): boolean {
    return this.#open && !this.endsByItself;
  }
  savepoint(): void {
    this.#step('savepoint');
  }
  release(): void {
    this.#step('release');
  }
  undo(): void {
    this.#step('undo');
  }
  #step(name: string): void {
    this.steps.push(name);
    const failure = this.failures.get(name);
    if (failure !== undefined) throw failure;
  }
}

const sqliteError = (errcode: number): Error =>
  Object.assign(new Error('SQLite says no'), { errcode });
const DISK_FULL = 13;
const failureOf = async (write: Promise<unknown>): Promise<StratalogError> => {
  const error: unknown = await write.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StratalogError);
  return error as StratalogError;
};

describe('GroupCommit.write', () => {
  it('puts what is asked in one turn into one commit, in the order asked', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    const ran: number[] = [];
    const results = await Promise.all(
      [1, 2, 3].map((number) =>
        commits.write(() => {
          ran.push(number);
          return 10 * number;
        }),
      ),
    );
    expect(results).toEqual([10, 20, 30]);
    expect(ran).toEqual([1, 2, 3]);
    const each = ['savepoint', 'release'];
    expect(transactions.steps).toEqual(['begin', ...each, ...each, ...each, 'commit', 'durable']);
  });

  it('answers nobody before the commit is durable, and goes on meanwhile (durable)', async () => {
    const transactions = new RecordedTransactions();
    const disk = Promise.withResolvers<void>();
    transactions.disk = disk.promise;
    const commits = new GroupCommit(transactions);
    const answered: number[] = [];
    const turn = () => new Promise(setImmediate);
    const first = commits.write(() => 1).then((number) => answered.push(number));
    await turn();
    const second = commits.write(() => 2).then((number) => answered.push(number));
    await turn();
    await turn();
    expect(transactions.steps.filter((step) => step === 'commit').length).toBe(2);
    expect(answered).toEqual([]);
    disk.resolve();
    await Promise.all([first, second]);
    expect(answered).toEqual([1, 2]);
  });

  it('says that nobody knows when the commit can not be made durable (no-double-append)', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    const error = new StratalogError('STORAGE_UNAVAILABLE', 'the disk', { effect: 'unknown' });
    transactions.failures.set('durable', error);
    expect(await failureOf(commits.write(() => 1))).toBe(error);
  });

  it('takes what is asked as an answer comes, however closely it follows', async () => {
    const commits = new GroupCommit(new RecordedTransactions());
    const numbers: number[] = [];
    for (let number = 0; number < 100; number += 1) {
      numbers.push(await commits.write(() => number));
    }
    expect(numbers.length).toBe(100);
  });

  it('puts no more into a commit than the limit', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    const count = LOCAL_WRITES_PER_COMMIT_MAX + 1;
    await Promise.all(Array.from({ length: count }, () => commits.write(() => undefined)));
    expect(transactions.steps.filter((step) => step === 'commit').length).toBe(2);
  });

  it('undoes a change that throws, and leaves the others in', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    const bad = commits.write(() => {
      throw new Error('a bug');
    });
    const good = commits.write(() => 'fine');
    await expect(bad).rejects.toThrow('a bug');
    expect(await good).toBe('fine');
    expect(transactions.steps).toEqual([
      'begin',
      'savepoint',
      'undo',
      'savepoint',
      'release',
      'commit',
      'durable',
    ]);
  });

  it('says of all changes that nobody knows when the commit fails (no-double-append)', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    transactions.failures.set('commit', sqliteError(DISK_FULL));
    const writes = [commits.write(() => 1), commits.write(() => 2)];
    for (const failure of await Promise.all(writes.map(failureOf))) {
      expect([failure.code, failure.effect]).toEqual(['STORAGE_UNAVAILABLE', 'unknown']);
    }
    expect(transactions.steps.at(-1)).toBe('rollback');
    transactions.failures.clear();
    expect(await commits.write(() => 3)).toBe(3);
  });

  it('says of all changes that they had no effect when the transaction is lost before its commit', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    const lost = commits.write(() => {
      transactions.endsByItself = true;
      throw sqliteError(DISK_FULL);
    });
    const failures = await Promise.all([lost, commits.write(() => 2)].map(failureOf));
    for (const failure of failures) {
      expect([failure.code, failure.effect]).toEqual(['STORAGE_UNAVAILABLE', 'none']);
    }
    expect(transactions.steps).toEqual(['begin', 'savepoint']);
  });

  it('says that nothing happened when the transaction does not begin', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    transactions.failures.set('begin', new StratalogError('THROTTLED', 'busy'));
    const failure = await failureOf(commits.write(() => 1));
    expect([failure.code, failure.effect]).toEqual(['THROTTLED', 'none']);
  });

  it('refuses more than may wait', async () => {
    const commits = new GroupCommit(new RecordedTransactions());
    const writes = Array.from({ length: LOCAL_WRITES_WAITING_MAX }, () =>
      commits.write(() => undefined),
    );
    const failure = await failureOf(commits.write(() => undefined));
    expect([failure.code, failure.effect]).toEqual(['THROTTLED', 'none']);
    await Promise.all(writes);
  });
});

describe('GroupCommit.idle', () => {
  it('waits for what was asked', async () => {
    const transactions = new RecordedTransactions();
    const commits = new GroupCommit(transactions);
    const write = commits.write(() => 1);
    await commits.idle();
    expect(transactions.steps.at(-1)).toBe('durable');
    expect(await write).toBe(1);
    await commits.idle();
  });
});
