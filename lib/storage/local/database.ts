// One connection to SQLite: its settings, its prepared statements, and how it reads and writes.
//
// On disk: WAL. A commit survives the death of the process as it is, and a power cut once the log is synchronised, which
// nobody is answered before (log-sync.ts). `synchronous=NORMAL` leaves that to us and orders all the rest; with FULL
// every commit would hold up the event loop for as long as the disk takes. fullfsync: macOS otherwise only hands the
// bytes to the drive. In memory nothing waits and nothing is shared, so a write runs at once, the same way every time.

import { closeSync, fdatasync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { required } from '../../assert.ts';
import {
  LOCAL_BUSY_ATTEMPTS_MAX,
  LOCAL_BUSY_PAUSE_MS,
  LOCAL_CHECKPOINT_PAGES,
  LOCAL_OPEN_WAIT_MS,
} from '../../limits.ts';
import { Checkpoints } from './checkpoints.ts';
import { databaseFailure, isBusy } from './errors.ts';
import { GroupCommit, type Transactions } from './group-commit.ts';
import { LogSync } from './log-sync.ts';
import { readBigint } from './rows.ts';
import { ADDED_COLUMNS, APPLICATION_ID, SCHEMA } from './schema.ts';

/** Changes whenever another connection has committed. As a table in a SELECT it would be prepared each time. */
const OTHERS_VERSION = 'PRAGMA data_version';
/** Changes of this connection, those that were undone too. */
const OWN_CHANGES = 'SELECT total_changes() AS changes';

const syncData = promisify(fdatasync);

export interface Database {
  /** The statement for a text, prepared once; its integers come as bigint. */
  statement(sql: string): StatementSync;
  /** Runs a query on what is committed. */
  read<Result>(query: () => Result): Promise<Result>;
  /** Runs a change: all of it or, when it throws, nothing. Resolves when it is durable. */
  write<Result>(change: () => Result): Promise<Result>;
  /** Waits for the writes that were asked for, then closes. */
  close(): Promise<void>;
}

/** A database that lives as long as it is open. */
export function openMemoryDatabase(): Database {
  const sqlite = new DatabaseSync(':memory:');
  sqlite.exec(SCHEMA);
  const statement = statements(sqlite);
  const { savepoint, release, undo } = steps(statement);
  return {
    statement,
    async read(query) {
      return query();
    },
    async write(change) {
      savepoint();
      try {
        const result = change();
        release();
        return result;
      } catch (error) {
        undo();
        throw databaseFailure(error, 'none');
      }
    },
    async close() {
      sqlite.close();
    },
  };
}

/** A database in a file, made when it isn't there. Several processes may have it open. */
export function openFileDatabase(path: string): Database {
  const sqlite = openFile(path);
  const statement = statements(sqlite);
  // SQLite's locks aren't on this file: a descriptor of it may be closed without losing any.
  const logFile = openSync(`${path}-wal`, 'r+');
  const { commit, ...transactions } = steps(statement);
  const checkpoints = new Checkpoints(path);
  let ownChanges = 0n;
  const version = (): string => {
    const { data_version: others } = required(statement(OTHERS_VERSION).get(), 'the version');
    return `${ownChanges} ${others}`;
  };
  const log = new LogSync(version, () => syncData(logFile));
  const commits = new GroupCommit({
    ...transactions,
    commit() {
      const changes = readBigint(required(statement(OWN_CHANGES).get(), 'them'), 'changes');
      const changed = Number(changes - ownChanges);
      ownChanges = changes;
      commit();
      checkpoints.note(changed);
    },
    begin: () => whileBusy(() => statement('BEGIN IMMEDIATE').run()),
    isOpen: () => sqlite.isTransaction,
    durable: () => log.durable(),
  });
  return {
    statement,
    async read(query) {
      const result = await whileBusy(query);
      await log.durable();
      return result;
    },
    write: (change) => commits.write(change),
    async close() {
      await commits.idle();
      await checkpoints.close();
      closeSync(logFile);
      sqlite.close();
    },
  };
}

function openFile(path: string): DatabaseSync {
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path, { timeout: LOCAL_OPEN_WAIT_MS });
    sqlite.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA fullfsync = ON;
      PRAGMA checkpoint_fullfsync = ON;
      PRAGMA wal_autocheckpoint = ${LOCAL_CHECKPOINT_PAGES};
      BEGIN IMMEDIATE;
      ${SCHEMA}
    `);
    addColumns(sqlite);
    sqlite.exec(`
      PRAGMA application_id = ${APPLICATION_ID};
      COMMIT;
      PRAGMA synchronous = NORMAL;
      PRAGMA busy_timeout = 0;
    `);
    return sqlite;
  } catch (error) {
    sqlite?.close();
    throw databaseFailure(error, 'none');
  }
}

/** Brings tables of a database that was made before up to the schema. */
function addColumns(sqlite: DatabaseSync): void {
  for (const { table, column, type } of ADDED_COLUMNS) {
    const found = sqlite
      .prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?')
      .get(table, column);
    if (found === undefined) sqlite.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
  }
}

/** Whose file it is, by the number in its header. */
export function readApplicationId(path: string): number {
  let sqlite: DatabaseSync | undefined;
  try {
    sqlite = new DatabaseSync(path, { readOnly: true, timeout: LOCAL_OPEN_WAIT_MS });
    const row = required(sqlite.prepare('PRAGMA application_id').get(), 'the application id');
    return Number(row.application_id);
  } catch (error) {
    throw databaseFailure(error, 'none');
  } finally {
    sqlite?.close();
  }
}

function statements(sqlite: DatabaseSync): Database['statement'] {
  const prepared = new Map<string, StatementSync>();
  return (sql) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = sqlite.prepare(sql);
    statement.setReadBigInts(true);
    prepared.set(sql, statement);
    return statement;
  };
}

type Steps = Omit<Transactions, 'begin' | 'isOpen' | 'durable'>;

function steps(statement: Database['statement']): Steps {
  const run = (sql: string) => {
    statement(sql).run();
  };
  return {
    commit: () => run('COMMIT'),
    rollback: () => run('ROLLBACK'),
    savepoint: () => run('SAVEPOINT change'),
    release: () => run('RELEASE change'),
    undo: () => {
      run('ROLLBACK TO change');
      run('RELEASE change');
    },
  };
}

/** Comes back, leaving the event loop free meanwhile, while another process holds a lock. */
async function whileBusy<Result>(action: () => Result): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return action();
    } catch (error) {
      const mayWait = isBusy(error) && attempt < LOCAL_BUSY_ATTEMPTS_MAX;
      if (!mayWait) throw databaseFailure(error, 'none');
      await sleep(LOCAL_BUSY_PAUSE_MS);
    }
  }
}
