// Bytes that are not what was stored, told from a storage that can't be asked: the first is for people to mend, the
// second may be over at the next try.

import { StratalogError } from '../../errors.ts';

const OF_STORAGE: ReadonlySet<string> = new Set([
  'THROTTLED',
  'STORAGE_UNAVAILABLE',
  'REQUEST_TIMED_OUT',
  'UNKNOWN_SERVER_ERROR',
]);

/** Whether what reading or decoding an object failed with says that its bytes are wrong. */
export function isDamage(error: unknown): error is StratalogError {
  return error instanceof StratalogError && !OF_STORAGE.has(error.code);
}
