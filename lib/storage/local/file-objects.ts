// Objects on disk: small ones are rows of the table `objects`, where they share commits with everything else, larger
// ones are files, which are written beside each other. A key is taken in both places or in none: a row is put only
// where no file is, seen under the write lock; who has put a file looks for a row afterwards, under the same lock.

import { randomBytes } from 'node:crypto';
import { LOCAL_FILES_OPEN_MAX, LOCAL_ROW_OBJECT_BYTES_MAX } from '../../limits.ts';
import type { ByteRange } from '../../log/object-range.ts';
import type { PutObjectOutcome, PutObjectRequest } from '../../ports/object-store.ts';
import type { DataPaths } from './data-directory.ts';
import type { Database } from './database.ts';
import { tooShort } from './errors.ts';
import { Limiter } from './limiter.ts';
import type { ObjectBytes } from './memory-objects.ts';
import { ObjectFiles } from './object-files.ts';
import { readBytes, readNumber, readText } from './rows.ts';

const SELECT_NONCE = 'SELECT nonce FROM objects WHERE key = ?';
const SELECT_RANGE =
  'SELECT length(bytes) AS size, substr(bytes, ?, ?) AS part FROM objects WHERE key = ?';
const INSERT = 'INSERT INTO objects VALUES (?, ?, ?)';

export function createFileObjects(
  database: Database,
  paths: DataPaths,
): ObjectBytes & { close(): Promise<void> } {
  const files = new ObjectFiles(paths, `${process.pid}-${randomBytes(8).toString('hex')}`);
  const slots = new Limiter(LOCAL_FILES_OPEN_MAX);

  /** Who wrote the row; undefined when there is none. */
  const rowNonce = (key: string): string | undefined => {
    const row = database.statement(SELECT_NONCE).get(key);
    return row === undefined ? undefined : readText(row, 'nonce');
  };

  const putRow = async ({ key, chunks, nonce }: PutObjectRequest): Promise<PutObjectOutcome> => {
    const outcome = await database.write((): PutObjectOutcome | undefined => {
      const standing = rowNonce(key);
      if (standing !== undefined) return { kind: 'exists', own: standing === nonce };
      if (files.has(key)) return undefined;
      database.statement(INSERT).run(key, nonce, Buffer.concat(chunks));
      return { kind: 'stored' };
    });
    return outcome ?? { kind: 'exists', own: await files.isOwn(key, nonce) };
  };

  const putFile = async (request: PutObjectRequest): Promise<PutObjectOutcome> => {
    const outcome = await files.put(request);
    if (outcome.kind === 'exists') return outcome;
    const standing = await database.write(() => rowNonce(request.key));
    if (standing === undefined) return outcome;
    await files.remove(request.key);
    return { kind: 'exists', own: standing === request.nonce };
  };

  const readRow = (range: ByteRange): Uint8Array | undefined => {
    const { key, positionBytes, lengthBytes } = range;
    const row = database.statement(SELECT_RANGE).get(positionBytes + 1, lengthBytes, key);
    if (row === undefined) return undefined;
    if (positionBytes + lengthBytes > readNumber(row, 'size')) throw tooShort(range);
    return readBytes(row, 'part');
  };

  return {
    putObject(request) {
      const bytes = request.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      return bytes <= LOCAL_ROW_OBJECT_BYTES_MAX
        ? putRow(request)
        : slots.run(() => putFile(request));
    },

    async getRange(range) {
      const readFile = () => slots.run(() => files.readRange(range));
      // No row has as many bytes; where there is one all the same, it says that they are too few.
      const inFile = range.lengthBytes > LOCAL_ROW_OBJECT_BYTES_MAX ? await readFile() : undefined;
      return inFile ?? (await database.read(() => readRow(range))) ?? (await readFile());
    },

    async close() {
      await slots.idle();
      await files.close();
    },
  };
}
