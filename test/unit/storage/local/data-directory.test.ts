import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { LOCAL_STAGING_KEPT_MS } from '../../../../lib/limits.ts';
import {
  type DataDirectory,
  openDataDirectory,
} from '../../../../lib/storage/local/data-directory.ts';

const ALL = ['format', 'log.sqlite', 'objects', 'secret', 'staging'];

let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'stratalog-'));
  directory = join(parent, 'a', 'data');
});

afterEach(() => rmSync(parent, { recursive: true }));

const openAndClose = async (): Promise<DataDirectory> => {
  const opened = openDataDirectory(directory);
  await opened.database.close();
  return opened;
};

/** Why the directory can't be used. */
const refusal = (): StratalogError => {
  try {
    openDataDirectory(directory);
  } catch (error) {
    if (error instanceof StratalogError) return error;
    throw error;
  }
  throw new Error('the directory was opened');
};

describe('openDataDirectory', () => {
  it('makes a directory that is not there, with its parents', async () => {
    await openAndClose();
    expect(readdirSync(directory).sort()).toEqual(ALL);
    expect(readFileSync(join(directory, 'format'), 'utf8')).toBe('stratalog 1\n');
    expect(readdirSync(join(directory, 'objects')).join('')).toBe('0123456789abcdef');
    expect(readdirSync(join(directory, 'staging'))).toEqual([]);
  });

  it('opens what it made, with the same secret', async () => {
    const first = await openAndClose();
    const second = await openAndClose();
    expect(first.secret.length).toBe(32);
    expect(second.secret).toEqual(first.secret);
  });

  it('takes an empty directory, and one whose making was cut short', async () => {
    mkdirSync(join(directory, 'objects', '0'), { recursive: true });
    await openAndClose();
    const { secret } = await openAndClose();
    rmSync(join(directory, 'format'));
    expect((await openAndClose()).secret).toEqual(secret);
    expect(readdirSync(directory).sort()).toEqual(ALL);
  });

  it('refuses a directory that holds other things', () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'thesis.tex'), 'x');
    expect(refusal().message).toContain('it is not empty ("thesis.tex")');
    expect(readdirSync(directory)).toEqual(['thesis.tex']);
  });

  it('refuses a path that is a file', () => {
    mkdirSync(join(parent, 'a'));
    writeFileSync(directory, 'x');
    expect(refusal().message).toMatch(/opening the data directory ".*" failed \(E\w+\)/);
  });

  it('refuses a newer format, and says what to do', async () => {
    await openAndClose();
    writeFileSync(join(directory, 'format'), 'stratalog 2\n');
    const { message, retriable } = refusal();
    expect(message).toContain('it has format 2 and this version knows formats up to 1');
    expect(message).toContain('use a newer version');
    expect(retriable).toBe(false);
  });

  it.each(['', 'stratalog one\n', 'something else'])(
    'refuses a format file that says "%s"',
    async (format) => {
      await openAndClose();
      writeFileSync(join(directory, 'format'), format);
      expect(refusal().message).toContain('its file "format" is not ours');
    },
  );

  it.each(['log.sqlite', 'objects', 'secret', 'staging'])(
    'refuses a directory from which "%s" was lost, and does not begin afresh (durable)',
    async (name) => {
      await openAndClose();
      rmSync(join(directory, name), { recursive: true });
      expect(refusal().message).toContain(`"${name}" is missing; restore it`);
    },
  );

  it('refuses a database that is damaged', async () => {
    await openAndClose();
    writeFileSync(join(directory, 'log.sqlite'), 'no database, for sure: '.repeat(1_000));
    expect(refusal().message).toContain('the database file is damaged, or not ours');
  });

  it('refuses a database of another application', async () => {
    await openAndClose();
    rmSync(join(directory, 'log.sqlite'));
    const other = new DatabaseSync(join(directory, 'log.sqlite'));
    other.exec('CREATE TABLE notes (text TEXT)');
    other.close();
    expect(refusal().message).toContain('"log.sqlite" is not a database of Stratalog');
  });

  it('refuses a secret that is damaged', async () => {
    await openAndClose();
    writeFileSync(join(directory, 'secret'), 'abc\n');
    expect(refusal().message).toContain('its secret is damaged');
  });

  it('sweeps what dead writers have left half-written, a day later', async () => {
    await openAndClose();
    const staging = join(directory, 'staging');
    for (const name of ['old', 'new']) writeFileSync(join(staging, name), 'half');
    const longAgo = (Date.now() - LOCAL_STAGING_KEPT_MS - 60_000) / 1_000;
    utimesSync(join(staging, 'old'), longAgo, longAgo);
    await openAndClose();
    expect(readdirSync(staging)).toEqual(['new']);
  });
});
