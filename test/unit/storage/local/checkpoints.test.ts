import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  LOCAL_CHECKPOINT_CHANGES,
  LOCAL_CHECKPOINT_PAGES,
  LOCAL_CHECKPOINT_PAUSE_MS,
} from '../../../../lib/limits.ts';
import { openFileDatabase } from '../../../../lib/storage/local/database.ts';

const PUT = 'INSERT INTO objects VALUES (?, ?, ?)';
const COUNT = 'SELECT count(*) AS count, sum(length(bytes)) AS size FROM objects';
const OBJECT_BYTES = 3_000;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
  path = join(directory, 'log.sqlite');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

it('moves the log into the database while it is open, long before a commit would', async () => {
  const database = openFileDatabase(path);
  const objects = LOCAL_CHECKPOINT_CHANGES;
  const sizeBytes = objects * OBJECT_BYTES;
  expect(sizeBytes).toBeLessThan(LOCAL_CHECKPOINT_PAGES * 4_096);
  const put = (number: number) =>
    database.write(() => {
      database.statement(PUT).run(`wal/${number}`, '', new Uint8Array(OBJECT_BYTES));
    });
  await Promise.all(Array.from({ length: objects }, (_, number) => put(number)));
  const until = performance.now() + 100_000;
  while (statSync(path).size < sizeBytes && performance.now() < until) {
    await sleep(LOCAL_CHECKPOINT_PAUSE_MS);
  }
  expect(statSync(path).size).toBeGreaterThan(sizeBytes);
  await database.close();
  const reopened = new DatabaseSync(path);
  const { count, size } = reopened.prepare(COUNT).get() ?? {};
  expect(Number(size)).toBe(Number(count) * OBJECT_BYTES);
  reopened.close();
});

it('closes while a checkpoint runs, and gives the file free', async () => {
  const database = openFileDatabase(path);
  await database.write(() => {
    for (let number = 0; number < LOCAL_CHECKPOINT_CHANGES; number += 1) {
      database.statement(PUT).run(`wal/${number}`, '', new Uint8Array(OBJECT_BYTES));
    }
  });
  await database.close();
  const other = new DatabaseSync(path);
  // Only who is alone may leave the mode.
  expect(other.prepare('PRAGMA journal_mode = DELETE').get()).toEqual({ journal_mode: 'delete' });
  expect(other.prepare(COUNT).get()).toMatchObject({ count: LOCAL_CHECKPOINT_CHANGES });
  other.close();
});
