// Large uploads, listings and deletions of objects in memory, for tests and the simulator.

import { assert, required } from '../../assert.ts';
import { StratalogError } from '../../errors.ts';
import { OBJECTS_PER_DELETE_MAX, OBJECTS_PER_LIST_MAX } from '../../limits.ts';
import type { ObjectUpkeep } from '../../ports/object-upkeep.ts';
import type { KeptObject } from './memory-objects.ts';

interface Upload {
  readonly key: string;
  readonly startedAtMs: number;
  readonly parts: Map<number, Uint8Array>;
}

/** `objects` is what the object store holds, by key. */
export function createMemoryUpkeep(
  objects: Map<string, KeptObject>,
  nowMs: () => number,
): ObjectUpkeep {
  return { ...uploads(objects, nowMs), ...listings(objects) };
}

type Listings = Pick<ObjectUpkeep, 'listObjects' | 'listFolders' | 'deleteObjects'>;

function uploads(
  objects: Map<string, KeptObject>,
  nowMs: () => number,
): Omit<ObjectUpkeep, keyof Listings> {
  const running = new Map<string, Upload>();
  let begun = 0;
  return {
    async beginUpload({ key }) {
      begun += 1;
      const uploadId = `upload-${begun}`;
      running.set(uploadId, { key, startedAtMs: nowMs(), parts: new Map() });
      return uploadId;
    },

    async putPart({ uploadId, partNumber, bytes }) {
      const upload = running.get(uploadId);
      if (upload === undefined) throw noSuchUpload(uploadId);
      upload.parts.set(partNumber, Uint8Array.from(bytes));
      return { partNumber, tag: `tag-${partNumber}` };
    },

    async completeUpload({ key, uploadId, parts }) {
      const upload = running.get(uploadId);
      if (upload === undefined) {
        if (objects.get(key)?.nonce === uploadId) return;
        throw noSuchUpload(uploadId);
      }
      const bytes = parts.map(({ partNumber }) => required(upload.parts.get(partNumber), 'a part'));
      objects.set(key, { bytes: new Uint8Array(Buffer.concat(bytes)), nonce: uploadId });
      running.delete(uploadId);
    },

    async abortUpload({ uploadId }) {
      running.delete(uploadId);
    },

    async listUploads(prefix) {
      return [...running]
        .filter(([, { key }]) => key.startsWith(prefix))
        .map(([uploadId, { key, startedAtMs }]) => ({ key, uploadId, startedAtMs }));
    },
  };
}

function listings(objects: Map<string, KeptObject>): Listings {
  return {
    async listObjects({ prefix, after, limit }) {
      assert(limit <= OBJECTS_PER_LIST_MAX, `one request lists at most ${OBJECTS_PER_LIST_MAX}`);
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
      return pageOf(
        keys.filter((key) => after === undefined || key > after),
        limit,
        (key) => ({ key, sizeBytes: objects.get(key)?.bytes.length ?? 0 }),
      );
    },

    async listFolders({ prefix }) {
      return { folders: foldersBelow(objects.keys(), prefix) };
    },

    async deleteObjects(keys) {
      assert(
        keys.length <= OBJECTS_PER_DELETE_MAX,
        `one request deletes at most ${OBJECTS_PER_DELETE_MAX} objects`,
      );
      for (const key of keys) objects.delete(key);
    },
  };
}

/** The first `limit` of these keys, as a page of a listing. */
export function pageOf<Listed extends { readonly key: string }>(
  keys: readonly string[],
  limit: number,
  describe: (key: string) => Listed,
): { readonly objects: readonly Listed[]; readonly next?: string } {
  const listed = keys.slice(0, limit).map(describe);
  const last = listed.at(-1);
  return keys.length > limit && last !== undefined
    ? { objects: listed, next: last.key }
    : { objects: listed };
}

/** The names right below a prefix, each once. */
export function foldersBelow(keys: Iterable<string>, prefix: string): readonly string[] {
  const folders = new Set<string>();
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const end = key.indexOf('/', prefix.length);
    if (end > 0) folders.add(key.slice(prefix.length, end));
  }
  return [...folders].sort();
}

export function noSuchUpload(uploadId: string): StratalogError {
  return new StratalogError('UNKNOWN_SERVER_ERROR', `there is no upload "${uploadId}"`);
}
