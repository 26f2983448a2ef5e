// The one place where SQLite's and the file system's errors become ours. As on AWS, two questions decide: may it work
// later (the code), and may the request have taken effect (`effect`)?

import { type FailureEffect, StratalogError } from '../../errors.ts';
import type { ByteRange } from '../../log/object-range.ts';

/** SQLite's primary result codes, https://sqlite.org/rescode.html; the extended ones hold more in the upper bytes. */
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;
const PRIMARY_CODE = 0xff;

/** Another connection holds the lock: nothing was done, and it soon lets go. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === BUSY || code === LOCKED;
}

/** The failure that an error of SQLite means; other errors (bugs of ours) come back as they are. */
export function databaseFailure(error: unknown, effect: FailureEffect): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  if (isBusy(error)) {
    const message = 'other processes keep the database locked; send fewer requests at once';
    return new StratalogError('THROTTLED', message, { cause: error });
  }
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    const message = 'the database file is damaged, or not ours: restore the data directory';
    return new StratalogError('STORAGE_UNAVAILABLE', message, { cause: error, effect });
  }
  const message =
    code === FULL
      ? 'the disk of the data directory is full'
      : `the database failed (SQLite result code ${code}): look at the disk of the data directory`;
  return new StratalogError('STORAGE_UNAVAILABLE', message, { cause: error, effect });
}

/** The failure that an error of the file system means; `what` was being done. */
export function fileFailure(error: unknown, what: string): unknown {
  const code = fileErrorCode(error);
  if (code === undefined) return error;
  const message = `${what} failed (${code}): look at the disk and the rights of the data directory`;
  return new StratalogError('STORAGE_UNAVAILABLE', message, { cause: error, effect: 'unknown' });
}

/** Node's name for what the operating system said (`ENOENT`, `EEXIST`); undefined for any other error. */
export function fileErrorCode(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'syscall' in error && 'code' in error;
  return isSystemError && typeof error.code === 'string' ? error.code : undefined;
}

function sqliteCode(error: unknown): number | undefined {
  const isSqliteError = error instanceof Error && 'errcode' in error;
  return isSqliteError && typeof error.errcode === 'number'
    ? error.errcode & PRIMARY_CODE
    : undefined;
}

export function tooShort(range: ByteRange): StratalogError {
  const end = range.positionBytes + range.lengthBytes;
  const message = `object "${range.key}" ends before byte ${end}, which the index says it has`;
  return new StratalogError('CORRUPT_MESSAGE', message);
}
