// Immutable objects: WAL objects, and the files of segments that are put whole. One method is one storage request.
//
// Failures are StratalogError as in partition-store. Reading what is not there gives undefined, no failure, because a
// reader that holds an old index entry must look afresh.

import type { ByteRange, RangeReference } from '../log/object-range.ts';

/** Whole batches of one request. */
export interface PutObjectRequest {
  readonly key: string;
  /** Written back to back. */
  readonly chunks: readonly Uint8Array[];
  /** Kept in the object's metadata; tells an own retry's answer from somebody else's. */
  readonly nonce: string;
}

/**
 * `exists`: an object of that key was there, nothing was written. `own` says that it carries this request's nonce:
 * an earlier try of the same call wrote it.
 */
export type PutObjectOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'exists'; readonly own: boolean };

export interface ObjectStore {
  /**
   * Writes an object once (`If-None-Match: *`), durably before it answers. May retry inside, with bounds: the key and
   * the nonce make that safe.
   */
  putObject(request: PutObjectRequest): Promise<PutObjectOutcome>;

  /** Exactly these bytes; undefined when there is no such object. CORRUPT_MESSAGE when it ends before them. */
  getRange(range: ByteRange): Promise<Uint8Array | undefined>;

  /** Signs, asks nobody: not a storage request. */
  referenceRange(range: ByteRange, nowMs: number): Promise<RangeReference>;
}
