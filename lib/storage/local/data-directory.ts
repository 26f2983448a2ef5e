// What lies in a data directory, and whether it may be used. docs/formats/local.md describes it.
//
// The file `format` is put last, when all else is there and on the disk: with it, whatever is missing was lost; without
// it, the making of the directory was cut short and goes on. Everything here may be done by several processes at once.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StratalogError } from '../../errors.ts';
import { LOCAL_STAGING_KEPT_MS } from '../../limits.ts';
import { type Database, openFileDatabase, readApplicationId } from './database.ts';
import { fileErrorCode, fileFailure } from './errors.ts';
import { APPLICATION_ID } from './schema.ts';

const FORMAT_VERSION = 1;
const FORMAT = /^stratalog (\d{1,9})\n$/;
/** Files are spread over these by their key's hash, so that no directory is made later. */
const SHARDS = [...'0123456789abcdef'];
export const SECRET_BYTES = 32;

const NAMES = {
  format: 'format',
  secret: 'secret',
  database: 'log.sqlite',
  objects: 'objects',
  staging: 'staging',
} as const;
/** What may lie in a directory whose making was cut short. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  ...Object.values(NAMES),
  `${NAMES.database}-wal`,
  `${NAMES.database}-shm`,
]);

export interface DataPaths {
  /** Holds one directory for each of the 16 hex digits. */
  readonly objects: string;
  /** Files that are not whole yet. */
  readonly staging: string;
}

export interface DataDirectory {
  readonly database: Database;
  /** Signs references. */
  readonly secret: Uint8Array;
  readonly paths: DataPaths;
}

/** Opens a data directory, or makes it. */
export function openDataDirectory(directory: string): DataDirectory {
  const root = resolve(directory);
  try {
    const format = readIfThere(join(root, NAMES.format));
    if (format === undefined) make(root);
    else check(root, format);
    const secret = readSecret(root);
    const database = openFileDatabase(join(root, NAMES.database));
    if (format === undefined) publish(root, NAMES.format, `stratalog ${FORMAT_VERSION}\n`);
    const paths = { objects: join(root, NAMES.objects), staging: join(root, NAMES.staging) };
    sweep(paths.staging);
    return { database, secret, paths };
  } catch (error) {
    throw fileFailure(error, `opening the data directory "${root}"`);
  }
}

function make(root: string): void {
  const firstMade = mkdirSync(root, { recursive: true });
  if (firstMade !== undefined) syncDirectory(dirname(firstMade));
  const foreign = readdirSync(root).find((name) => !OWN_NAMES.has(name));
  if (foreign !== undefined) {
    throw unusable(root, `it is not empty ("${foreign}") and no data directory of Stratalog`);
  }
  mkdirSync(join(root, NAMES.staging), { recursive: true });
  for (const shard of SHARDS) {
    mkdirSync(join(root, NAMES.objects, shard), { recursive: true });
    syncDirectory(join(root, NAMES.objects, shard));
  }
  syncDirectory(join(root, NAMES.objects));
  publish(root, NAMES.secret, `${randomBytes(SECRET_BYTES).toString('hex')}\n`);
}

function check(root: string, format: string): void {
  const version = FORMAT.exec(format)?.[1];
  if (version === undefined) throw unusable(root, 'its file "format" is not ours');
  if (Number(version) > FORMAT_VERSION) {
    throw unusable(
      root,
      `it has format ${version} and this version knows formats up to ${FORMAT_VERSION}; use a newer version of Stratalog`,
    );
  }
  for (const name of [NAMES.secret, NAMES.database, NAMES.objects, NAMES.staging]) {
    if (!existsSync(join(root, name))) throw unusable(root, `"${name}" is missing; restore it`);
  }
  if (readApplicationId(join(root, NAMES.database)) !== APPLICATION_ID) {
    throw unusable(root, `"${NAMES.database}" is not a database of Stratalog`);
  }
}

function readSecret(root: string): Uint8Array {
  const secret = Buffer.from(readFileSync(join(root, NAMES.secret), 'utf8').trim(), 'hex');
  if (secret.length !== SECRET_BYTES) throw unusable(root, 'its secret is damaged');
  return secret;
}

function unusable(root: string, why: string): StratalogError {
  return new StratalogError('UNKNOWN_SERVER_ERROR', `can't use the directory "${root}": ${why}`);
}

/** Puts a small file, whole and durable, unless it is there. */
function publish(root: string, name: string, text: string): void {
  const staged = join(root, NAMES.staging, `${name}-${randomBytes(8).toString('hex')}`);
  const file = openSync(staged, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(staged, join(root, name));
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error;
  }
  rmSync(staged);
  syncDirectory(root);
}

/** Removes what processes that died have left half-written. */
function sweep(staging: string): void {
  const oldestMs = Date.now() - LOCAL_STAGING_KEPT_MS;
  for (const name of readdirSync(staging)) {
    const path = join(staging, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs < oldestMs) rmSync(path, { force: true });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the directory's entries durable. Windows can't, and needn't: NTFS logs them. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
