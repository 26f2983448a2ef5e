// Objects on disk beyond the contract: rows and files as one key space, and what a crash may leave.

import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../../../lib/assert.ts';
import { LOCAL_ROW_OBJECT_BYTES_MAX } from '../../../../lib/limits.ts';
import { walKey } from '../../../../lib/log/keys.ts';
import {
  createLocalStorage,
  type LocalStorage,
} from '../../../../lib/storage/local/local-storage.ts';

const KEY = walKey('01JD0000000000000000000001');
const SMALL = new Uint8Array(LOCAL_ROW_OBJECT_BYTES_MAX).fill(1);
const LARGE = new Uint8Array(LOCAL_ROW_OBJECT_BYTES_MAX + 1).fill(2);

let directory: string;
let storage: LocalStorage;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
  storage = createLocalStorage({ directory });
});

afterEach(async () => {
  await storage.close();
  rmSync(directory, { recursive: true });
});

const put = (bytes: Uint8Array, nonce = 'nonce-a') =>
  storage.objects.putObject({ key: KEY, chunks: [bytes], nonce });
const firstByte = async () =>
  (await storage.objects.getRange({ key: KEY, positionBytes: 0, lengthBytes: 1 }))?.[0];

const objectFiles = (): string[] =>
  readdirSync(join(directory, 'objects'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('putObject on disk', () => {
  it('keeps objects up to the limit as rows, larger ones as files with their bytes in front', async () => {
    await put(SMALL);
    expect(objectFiles()).toEqual([]);
    const key = walKey('01JD0000000000000000000002');
    await storage.objects.putObject({ key, chunks: [LARGE], nonce: 'n' });
    const [path] = objectFiles();
    const file = readFileSync(required(path, 'the file'));
    expect(path).toMatch(/objects\/[0-9a-f]\/wal%2F[0-9a-f]{2}%2F01JD0000000000000000000002$/);
    expect(file.length).toBe(LARGE.length + 32);
    expect(file.subarray(0, LARGE.length).equals(LARGE)).toBe(true);
  });

  it('leaves nothing staged behind', async () => {
    await put(LARGE);
    await put(LARGE, 'nonce-b');
    await storage.close();
    expect(readdirSync(join(directory, 'staging'))).toEqual([]);
    storage = createLocalStorage({ directory });
    expect(await firstByte()).toBe(2);
  });

  it('puts no file where a row has the key, and says whose it is', async () => {
    await put(SMALL, 'nonce-a');
    expect(await put(LARGE, 'nonce-b')).toEqual({ kind: 'exists', own: false });
    expect(await put(LARGE, 'nonce-a')).toEqual({ kind: 'exists', own: true });
    expect(await firstByte()).toBe(1);
    expect(objectFiles()).toEqual([]);
  });

  it('puts no row where a file has the key, and says whose it is', async () => {
    await put(LARGE, 'nonce-a');
    expect(await put(SMALL, 'nonce-b')).toEqual({ kind: 'exists', own: false });
    expect(await put(SMALL, 'nonce-a')).toEqual({ kind: 'exists', own: true });
    expect(await firstByte()).toBe(2);
  });

  it('lets one of 20 rivals write, rows and files against each other', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, rival) =>
        put(rival % 2 === 0 ? SMALL : LARGE, `nonce-${rival}`),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'stored').length).toBe(1);
    const winner = outcomes.findIndex(({ kind }) => kind === 'stored');
    expect(await firstByte()).toBe(1 + (winner % 2));
  });

  it('takes a name whose bytes a power cut has taken for somebody else’s object', async () => {
    await put(LARGE);
    writeFileSync(required(objectFiles()[0], 'the file'), '');
    expect(await put(LARGE)).toEqual({ kind: 'exists', own: false });
  });

  it('ignores what a dead writer has left staged', async () => {
    const staged = join(directory, 'staging', '1-0-1');
    writeFileSync(staged, 'half');
    expect(await put(LARGE)).toEqual({ kind: 'stored' });
    linkSync(staged, join(directory, 'staging', '1-0-2'));
    expect(await firstByte()).toBe(2);
  });
});

describe('getRange on disk', () => {
  it('never reads into the trailer', async () => {
    await put(LARGE);
    const end = { key: KEY, positionBytes: LARGE.length - 1, lengthBytes: 1 };
    expect(await storage.objects.getRange(end)).toEqual(Uint8Array.of(2));
    const beyond = storage.objects.getRange({ ...end, lengthBytes: 2 });
    await expect(beyond).rejects.toThrow(/ends before byte/);
  });
});
