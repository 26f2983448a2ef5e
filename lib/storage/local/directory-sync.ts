// Makes directory entries durable, many with one call.

import { type FileHandle, open } from 'node:fs/promises';
import { SharedSync } from './shared-sync.ts';

/** For a handful of directories: each stays open. */
export class DirectorySync {
  readonly #handles = new Map<string, Promise<FileHandle>>();
  readonly #syncs = new Map<string, SharedSync>();

  /** Resolves after a sync of the directory that began after this call. */
  sync(path: string): Promise<void> {
    // Windows can't sync a directory, and needn't: NTFS logs its entries.
    if (process.platform === 'win32') return Promise.resolve();
    const shared = this.#syncs.get(path) ?? new SharedSync(() => this.#syncNow(path));
    this.#syncs.set(path, shared);
    return shared.sync();
  }

  async close(): Promise<void> {
    const handles = await Promise.allSettled(this.#handles.values());
    for (const handle of handles) if (handle.status === 'fulfilled') await handle.value.close();
  }

  async #syncNow(path: string): Promise<void> {
    const opening = this.#handles.get(path) ?? open(path, 'r');
    this.#handles.set(path, opening);
    await (await opening).sync();
  }
}
