// Objects as files, each written once: `objects/<hash digit>/<key, percent-encoded>`, the object's bytes and behind
// them a trailer of 32 bytes, the SHA-256 of the writer's nonce.
//
// Order, and why:
// 1. Write a staged file, trailer and all: a process that dies here leaves something that nobody looks at.
// 2. Link it to its name, which fails where the name is taken (`If-None-Match: *`). Whoever sees the name sees all of
//    it, and its nonce.
// 3. Make the bytes and the name durable (`durable`), both at once, and only then answer. A power cut before leaves at
//    most a name with bytes missing, which nobody was told of, so no index entry names it.
// Who meets an own earlier try makes that durable before it answers, because the try may not have come to it.

import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '../../assert.ts';
import type { ByteRange } from '../../log/object-range.ts';
import type { PutObjectOutcome, PutObjectRequest } from '../../ports/object-store.ts';
import type { DataPaths } from './data-directory.ts';
import { DirectorySync } from './directory-sync.ts';
import { fileErrorCode, fileFailure, tooShort } from './errors.ts';

export const TRAILER_BYTES = 32;
const FILE_NAME_BYTES_MAX = 255;

export class ObjectFiles {
  readonly #paths: DataPaths;
  readonly #directories = new DirectorySync();
  /** Tells this process's staged files from others'. */
  readonly #writer: string;
  readonly #tidying = new Set<Promise<void>>();
  #stagedCount = 0;

  /** `writer` is a text that no other process has. */
  constructor(paths: DataPaths, writer: string) {
    this.#paths = paths;
    this.#writer = writer;
  }

  async put({ key, chunks, nonce }: PutObjectRequest): Promise<PutObjectOutcome> {
    this.#stagedCount += 1;
    const staged = join(this.#paths.staging, `${this.#writer}-${this.#stagedCount}`);
    try {
      const file = await open(staged, 'wx');
      try {
        await writeAll(file, [...chunks, trailerOf(nonce)]);
        return await this.#publish(staged, file, { key, nonce });
      } finally {
        this.#tidy(Promise.all([file.close(), unlink(staged)]));
      }
    } catch (error) {
      throw fileFailure(error, `writing object "${key}"`);
    }
  }

  /** Is there a file of this key? Asked inside a database transaction, which can't wait. */
  has(key: string): boolean {
    return existsSync(this.#pathOf(key));
  }

  /** Whether the file that is there carries this nonce; then it is durable. */
  async isOwn(key: string, nonce: string): Promise<boolean> {
    const file = await openIfThere(this.#pathOf(key), 'r+');
    if (file === undefined) return false;
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read(Buffer.alloc(TRAILER_BYTES), {
        position: Math.max(0, size - TRAILER_BYTES),
      });
      if (!buffer.equals(trailerOf(nonce))) return false;
      await this.#makeDurable(file, key);
      return true;
    } finally {
      await file.close();
    }
  }

  async remove(key: string): Promise<void> {
    await unlink(this.#pathOf(key));
    await this.#directories.sync(this.#directoryOf(key));
  }

  async readRange(range: ByteRange): Promise<Uint8Array | undefined> {
    try {
      const file = await openIfThere(this.#pathOf(range.key), 'r');
      if (file === undefined) return undefined;
      try {
        // With room for the trailer: who reads that far hasn't read into it. Nothing is handed out that wasn't read.
        const { buffer: memory } = Buffer.allocUnsafeSlow(range.lengthBytes + TRAILER_BYTES);
        const bytes = new Uint8Array(memory);
        const { bytesRead } = await file.read(bytes, { position: range.positionBytes });
        if (bytesRead < bytes.length) throw tooShort(range);
        return bytes.subarray(0, range.lengthBytes);
      } finally {
        this.#tidy(file.close());
      }
    } catch (error) {
      throw fileFailure(error, `reading object "${range.key}"`);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#tidying);
    await this.#directories.close();
  }

  async #publish(
    staged: string,
    file: FileHandle,
    { key, nonce }: { readonly key: string; readonly nonce: string },
  ): Promise<PutObjectOutcome> {
    const path = this.#pathOf(key);
    try {
      await link(staged, path);
    } catch (error) {
      if (fileErrorCode(error) !== 'EEXIST') throw error;
      return { kind: 'exists', own: await this.isOwn(key, nonce) };
    }
    try {
      await this.#makeDurable(file, key);
    } catch (error) {
      // What the disk didn't take must not be met as stored by the next try.
      await unlink(path);
      throw error;
    }
    return { kind: 'stored' };
  }

  async #makeDurable(file: FileHandle, key: string): Promise<void> {
    await Promise.all([file.datasync(), this.#directories.sync(this.#directoryOf(key))]);
  }

  /** Cleaning up is nothing that anybody waits for; what a writer leaves behind is swept at a later start. */
  #tidy(work: Promise<unknown>): void {
    const tidied: Promise<void> = work
      .catch(() => undefined)
      .then(() => {
        this.#tidying.delete(tidied);
      });
    this.#tidying.add(tidied);
  }

  #directoryOf(key: string): string {
    return dirname(objectPath(this.#paths, key));
  }

  #pathOf(key: string): string {
    return objectPath(this.#paths, key);
  }
}

/** Where the file of an object is. */
export function objectPath(paths: DataPaths, key: string): string {
  const name = encodeURIComponent(key);
  assert(name.length <= FILE_NAME_BYTES_MAX, `"${key}" is short enough for a file's name`);
  return join(paths.objects, hash('sha256', key).charAt(0), name);
}

/** What follows an object's bytes in its file. */
export function trailerOf(nonce: string): Buffer {
  return hash('sha256', nonce, 'buffer');
}

async function openIfThere(path: string, flags: 'r' | 'r+'): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes chunks back to back, from `position` on or else where the file stands. The system may take them in several
 * pieces: a disk that is full takes what it has room for, and says so only to whoever asks again.
 */
export async function writeAll(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  position?: number,
): Promise<void> {
  let rest = chunks.filter((chunk) => chunk.length > 0);
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest, at);
    rest = without(rest, bytesWritten);
    if (at !== undefined) at += bytesWritten;
  }
}

function without(chunks: readonly Uint8Array[], byteCount: number): Uint8Array[] {
  let skipped = byteCount;
  return chunks.flatMap((chunk) => {
    const start = Math.min(skipped, chunk.length);
    skipped -= start;
    return start === chunk.length ? [] : [chunk.subarray(start)];
  });
}
