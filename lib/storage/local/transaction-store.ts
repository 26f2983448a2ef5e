// Transactions in SQLite: table `transactions`; their commits write to `heads` and `offsets` as well, in one transaction
// of the database.

import { assert, required } from '../../assert.ts';
import type { OffsetItem } from '../../group/offset.ts';
import { TRANSACTION_ITEMS_MAX } from '../../limits.ts';
import type { StagedOffset, Transaction } from '../../log/transaction.ts';
import { decodeTransaction, encodeTransaction } from '../../log/transaction-codec.ts';
import type { TransactionStore } from '../../ports/transaction-store.ts';
import type { Database } from './database.ts';
import { checkItemBytes, HeadRows } from './heads.ts';
import { offsetsOf } from './offsets.ts';
import { appendAll, refusingHeads } from './partition-store.ts';
import { readNumber, readText } from './rows.ts';

const SELECT = 'SELECT * FROM transactions WHERE transactional_id = ?';
const SELECT_TOPIC = "SELECT topic_id FROM topics WHERE name = ? AND state = 'active'";
const REPLACE = 'INSERT OR REPLACE INTO transactions VALUES (?, ?, ?)';

/** `nowMs` is the storage's clock, milliseconds since 1970; it must not go back. */
export function createTransactionStore(database: Database, nowMs: () => number): TransactionStore {
  const heads = new HeadRows(database);

  return {
    readTransaction: (transactionalId, topicNames = []) =>
      database.read(() => {
        const row = database.statement(SELECT).get(transactionalId);
        const read = { topicIds: topicIdsOf(database, topicNames), storageNowMs: nowMs() };
        if (row === undefined) return { transaction: undefined, ...read };
        const key = { transactionalId, version: readNumber(row, 'version') };
        return { transaction: decodeTransaction(key, readText(row, 'state')), ...read };
      }),

    writeTransaction: (transaction) =>
      database.write(() => {
        if (!isNext(database, transaction)) return 'changed';
        replace(database, transaction);
        return 'written';
      }),

    async commitTransaction({ next, appends, offsets }) {
      const count = 1 + appends.length + offsets.length;
      assert(count <= TRANSACTION_ITEMS_MAX, `a commit has at most ${TRANSACTION_ITEMS_MAX} items`);
      return await database.write(() => {
        const changed = !isNext(database, next);
        const refused = {
          heads: refusingHeads(heads, appends),
          offsets: refusingOffsets(database, offsets),
        };
        if (changed || refused.heads.size + refused.offsets.size > 0) {
          return { kind: 'refused', changed, ...refused };
        }
        replace(database, next);
        appendAll(heads, appends);
        for (const offset of offsets) commitOffset(database, offset, nowMs());
        return { kind: 'committed' };
      });
    },
  };
}

function topicIdsOf(database: Database, names: readonly string[]): ReadonlyMap<string, string> {
  assert(names.length < TRANSACTION_ITEMS_MAX, 'a read has a transaction and few topics');
  return new Map(
    names.flatMap((name) => {
      const row = database.statement(SELECT_TOPIC).get(name);
      return row === undefined ? [] : [[name, readText(row, 'topic_id')] as const];
    }),
  );
}

/** The stored version is the one before, or there is none before the first. */
function isNext(database: Database, { transactionalId, version }: Transaction): boolean {
  const row = database.statement(SELECT).get(transactionalId);
  return (row === undefined ? 0 : readNumber(row, 'version')) === version - 1;
}

function replace(database: Database, transaction: Transaction): void {
  const { transactionalId, version } = transaction;
  const state = encodeTransaction(transaction);
  checkItemBytes(Buffer.byteLength(state));
  database.statement(REPLACE).run(transactionalId, version, state);
}

function refusingOffsets(
  database: Database,
  offsets: readonly StagedOffset[],
): Map<number, OffsetItem | undefined> {
  const refusing = new Map<number, OffsetItem | undefined>();
  for (const [at, staged] of offsets.entries()) {
    const stands = offsetsOf(database, staged.groupId).read(staged);
    const isOwner = stands?.ownerMemberId === staged.memberId;
    const isAdopted = stands !== undefined && stands.ownerEpoch <= staged.memberEpoch;
    if (!isOwner || !isAdopted) refusing.set(at, stands);
  }
  return refusing;
}

function commitOffset(database: Database, staged: StagedOffset, committedAtMs: number): void {
  const offsets = offsetsOf(database, staged.groupId);
  const stands = required(offsets.read(staged), 'an offset that does not refuse');
  const { offset, metadata } = staged;
  const committed = { offset, metadata, committedAtMs };
  offsets.put({ ...stands, counter: stands.counter + 1, committed });
}
