// Large uploads, listings and deletions of objects on disk. An upload is one staged file, into which parts are written
// where they belong; completed, it gets its trailer and its name, as every object's file does (object-files.ts).
//
//   staging/upload-<16 hex>-<bytes of a part>-<key, percent-encoded>

import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '../../assert.ts';
import { OBJECTS_PER_DELETE_MAX, OBJECTS_PER_LIST_MAX } from '../../limits.ts';
import type { ListedObject, ObjectUpkeep } from '../../ports/object-upkeep.ts';
import type { DataPaths } from './data-directory.ts';
import type { Database } from './database.ts';
import { DirectorySync } from './directory-sync.ts';
import { fileErrorCode, fileFailure } from './errors.ts';
import { foldersBelow, noSuchUpload, pageOf } from './memory-upkeep.ts';
import { objectPath, TRAILER_BYTES, trailerOf, writeAll } from './object-files.ts';
import { readNumber, readText } from './rows.ts';

const UPLOAD = /^upload-[0-9a-f]{16}-(\d+)-(.+)$/;
const SELECT_KEYS = 'SELECT key, length(bytes) AS size FROM objects WHERE key >= ? AND key < ?';
const DELETE = 'DELETE FROM objects WHERE key = ?';
/** Sorts behind every key. */
const LAST_CHARACTER = '\u{10FFFF}';

export function createFileUpkeep(
  database: Database,
  paths: DataPaths,
): ObjectUpkeep & { close(): Promise<void> } {
  const directories = new DirectorySync();
  return {
    ...uploads(paths, directories),
    ...listings(database, paths, directories),
    close: () => directories.close(),
  };
}

type CompletedUpload = Parameters<ObjectUpkeep['completeUpload']>[0];
type Listings = Pick<ObjectUpkeep, 'listObjects' | 'listFolders' | 'deleteObjects'>;

function uploads(paths: DataPaths, directories: DirectorySync): Omit<ObjectUpkeep, keyof Listings> {
  const staged = (uploadId: string): string => join(paths.staging, uploadId);
  /** An earlier try may have come as far as the trailer. */
  const publish = async (file: FileHandle, upload: CompletedUpload): Promise<void> => {
    const { key, uploadId, parts } = upload;
    const sizeBytes = parts.reduce((bytes, { tag }) => bytes + Number(tag), 0);
    const { size } = await file.stat();
    assert(size === sizeBytes || size === sizeBytes + TRAILER_BYTES, 'all parts are there');
    await writeAll(file, [trailerOf(uploadId)], sizeBytes);
    await file.datasync();
    const path = objectPath(paths, key);
    await link(staged(uploadId), path);
    await directories.sync(dirname(path));
    await unlink(staged(uploadId));
  };
  return {
    async beginUpload({ key, partBytes }) {
      const id = `upload-${randomBytes(8).toString('hex')}-${partBytes}-${encodeURIComponent(key)}`;
      try {
        await (await open(staged(id), 'wx')).close();
      } catch (error) {
        throw fileFailure(error, `beginning the upload of "${key}"`);
      }
      return id;
    },

    putPart: ({ key, uploadId, partNumber, bytes }) =>
      withUpload(staged(uploadId), `writing a part of "${key}"`, async (file) => {
        await writeAll(file, [bytes], (partNumber - 1) * partBytesOf(uploadId));
        return { partNumber, tag: String(bytes.length) };
      }),

    async completeUpload(upload) {
      const { key, uploadId } = upload;
      const isDone = await isThere(objectPath(paths, key));
      if (isDone && !(await isThere(staged(uploadId)))) return;
      await withUpload(staged(uploadId), `completing "${key}"`, (file) => publish(file, upload));
    },

    async abortUpload({ uploadId }) {
      await removeIfThere(staged(uploadId));
    },

    async listUploads(prefix) {
      const found = [];
      for (const uploadId of await readdir(paths.staging)) {
        const [, , encoded] = UPLOAD.exec(uploadId) ?? [];
        const key = encoded === undefined ? undefined : decodeURIComponent(encoded);
        if (key === undefined || !key.startsWith(prefix)) continue;
        const { birthtimeMs } = await stat(staged(uploadId));
        found.push({ key, uploadId, startedAtMs: birthtimeMs });
      }
      return found;
    },
  };
}

function listings(database: Database, paths: DataPaths, directories: DirectorySync): Listings {
  const listAll = async (prefix: string): Promise<Map<string, ListedObject>> => {
    const found = new Map<string, ListedObject>();
    const rows = await database.read(() =>
      database.statement(SELECT_KEYS).all(prefix, prefix + LAST_CHARACTER),
    );
    for (const row of rows) {
      const key = readText(row, 'key');
      found.set(key, { key, sizeBytes: readNumber(row, 'size') });
    }
    const start = encodeURIComponent(prefix);
    for (const shard of await readdir(paths.objects)) {
      for (const name of await readdir(join(paths.objects, shard))) {
        if (!name.startsWith(start)) continue;
        const key = decodeURIComponent(name);
        const size = await sizeIfThere(join(paths.objects, shard, name));
        if (size !== undefined) found.set(key, { key, sizeBytes: size - TRAILER_BYTES });
      }
    }
    return found;
  };

  return {
    async listObjects({ prefix, after, limit }) {
      assert(limit <= OBJECTS_PER_LIST_MAX, `one request lists at most ${OBJECTS_PER_LIST_MAX}`);
      const found = await listAll(prefix);
      const keys = [...found.keys()].filter((key) => after === undefined || key > after).sort();
      return pageOf(keys, limit, (key) => found.get(key) ?? { key, sizeBytes: 0 });
    },

    async listFolders({ prefix }) {
      return { folders: foldersBelow((await listAll(prefix)).keys(), prefix) };
    },

    async deleteObjects(keys) {
      assert(
        keys.length <= OBJECTS_PER_DELETE_MAX,
        `one request deletes at most ${OBJECTS_PER_DELETE_MAX} objects`,
      );
      await database.write(() => {
        for (const key of keys) database.statement(DELETE).run(key);
      });
      const changed = new Set<string>();
      for (const key of keys) {
        const path = objectPath(paths, key);
        if (await removeIfThere(path)) changed.add(dirname(path));
      }
      for (const directory of changed) await directories.sync(directory);
    },
  };
}

function partBytesOf(uploadId: string): number {
  const [, partBytes] = UPLOAD.exec(uploadId) ?? [];
  assert(partBytes !== undefined, `"${uploadId}" is an upload`);
  return Number(partBytes);
}

async function withUpload<Answer>(
  path: string,
  what: string,
  work: (file: FileHandle) => Promise<Answer>,
): Promise<Answer> {
  try {
    const file = await open(path, 'r+');
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') throw noSuchUpload(path);
    throw fileFailure(error, what);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await sizeIfThere(path)) !== undefined;
}

async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw fileFailure(error, 'looking for an object');
  }
}

/** Whether it was there. */
async function removeIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return false;
    throw fileFailure(error, 'removing an object');
  }
}
