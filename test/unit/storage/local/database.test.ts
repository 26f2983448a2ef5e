import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../../../lib/assert.ts';
import { ITEM_BYTES_MAX } from '../../../../lib/limits.ts';
import { emptyHead } from '../../../../lib/log/partition.ts';
import {
  type Database,
  openFileDatabase,
  openMemoryDatabase,
} from '../../../../lib/storage/local/database.ts';
import { HeadRows } from '../../../../lib/storage/local/heads.ts';
import { putMember, readMember } from '../../../../lib/storage/local/members.ts';
import { ULID_ZERO } from '../../../support/log.ts';

const RAISE = 'INSERT OR REPLACE INTO floor VALUES (0, ?)';
const PARTITION = { topicId: 'topic', partition: 0 };

let directory: string;
let path: string;
let opened: Database[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
  path = join(directory, 'log.sqlite');
});

afterEach(async () => {
  for (const database of opened) await database.close();
  opened = [];
  rmSync(directory, { recursive: true });
});

const keep = (database: Database): Database => {
  opened.push(database);
  return database;
};
const floorOf = (database: Database) =>
  database.read(() => database.statement('SELECT floor FROM floor').get()?.floor);
const raise = (database: Database, floor: string) =>
  database.write(() => {
    database.statement(RAISE).run(floor);
  });

describe.each([
  ['in memory', () => keep(openMemoryDatabase())],
  ['on disk', () => keep(openFileDatabase(path))],
])('a database %s', (_where, open) => {
  it('undoes a change that throws half-way', async () => {
    const database = open();
    await raise(database, 'first');
    const change = database.write(() => {
      database.statement(RAISE).run('second');
      throw new Error('half-way');
    });
    await expect(change).rejects.toThrow('half-way');
    expect(await floorOf(database)).toBe('first');
    await raise(database, 'third');
    expect(await floorOf(database)).toBe('third');
  });

  it('refuses a head beyond the size of an item, and leaves the one that stands', async () => {
    const database = open();
    const heads = new HeadRows(database);
    await database.write(() => heads.insert(PARTITION, emptyHead(ULID_ZERO)));
    const state = { producerEpoch: 0, lastSequence: 0, lastOffset: 0n };
    const producers = new Map(
      Array.from({ length: ITEM_BYTES_MAX / 16 }, (_, number) => [
        BigInt(10 ** 10 + number),
        state,
      ]),
    );
    const update = database.write(() =>
      heads.update(PARTITION, { ...emptyHead(ULID_ZERO), producers }),
    );
    await expect(update).rejects.toThrow(`the limit is ${ITEM_BYTES_MAX}; nothing was changed`);
    expect(await database.read(() => heads.read(PARTITION))).toEqual(emptyHead(ULID_ZERO));
  });
});

describe('a database that another connection has locked', () => {
  it('waits for it without the event loop, then writes', async () => {
    const database = keep(openFileDatabase(path));
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    let answered = false;
    const write = raise(database, 'late').then(() => {
      answered = true;
    });
    await sleep(30);
    expect(answered).toBe(false);
    expect(await floorOf(database)).toBeUndefined();
    other.exec('COMMIT');
    await write;
    expect(await floorOf(database)).toBe('late');
    other.close();
  });

  it('sees what the other one has written', async () => {
    const [one, other] = [keep(openFileDatabase(path)), keep(openFileDatabase(path))];
    const heads = [new HeadRows(one), new HeadRows(other)] as const;
    await one.write(() => heads[0].insert(PARTITION, emptyHead(ULID_ZERO)));
    expect(await other.read(() => heads[1].read(PARTITION))).toEqual(emptyHead(ULID_ZERO));
    const raised = { ...emptyHead(ULID_ZERO), evictions: 1 };
    await other.write(() => heads[1].update(PARTITION, raised));
    expect(await one.read(() => heads[0].read(PARTITION))).toEqual(raised);
  });

  it('leaves the log to LogSync, and orders the rest by SQLite', async () => {
    const database = keep(openFileDatabase(path));
    const settings = ['journal_mode', 'synchronous', 'fullfsync', 'checkpoint_fullfsync'].map(
      (name) => database.statement(`PRAGMA ${name}`).get()?.[name],
    );
    expect(settings).toEqual(['wal', 1n, 1n, 1n]);
  });
});

describe('a database that was made before a column was added', () => {
  it('gets the column, and keeps what is in its rows', async () => {
    keep(openFileDatabase(path));
    const before = new DatabaseSync(path);
    before.exec('ALTER TABLE members DROP COLUMN principal');
    before.exec(`INSERT INTO members VALUES
      ('g', 'm', 'live', NULL, 1, 1, 1, NULL, 'orders', 'o.*', NULL, NULL, NULL, 1, 1, 1, 'stable', '')`);
    before.close();
    const key = { groupId: 'g', memberId: 'm' };
    const database = keep(openFileDatabase(path));
    const found = await database.read(() => readMember(database, key));
    expect(found?.subscription).toEqual({ topicNames: ['orders'], topicRegex: 'o.*' });
    const subscription = { topicNames: [], topicRegex: 'o.*', principal: 'User:alice' };
    const member = { ...required(found, 'the member'), subscription };
    await database.write(() => putMember(database, member));
    expect(await database.read(() => readMember(database, key))).toEqual(member);
    keep(openFileDatabase(path));
  });
});
