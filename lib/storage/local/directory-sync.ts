// Makes directory entries durable, many with one call: who asks while a sync runs shares the next one, since the one
// that runs may have begun before the entry was there.

import { type FileHandle, open } from 'node:fs/promises';

interface Syncs {
  running: Promise<void>;
  next: Promise<void> | undefined;
}

/** For a handful of directories: each stays open. */
export class DirectorySync {
  readonly #handles = new Map<string, Promise<FileHandle>>();
  readonly #syncs = new Map<string, Syncs>();

  /** Resolves after a sync of the directory that began after this call. */
  sync(path: string): Promise<void> {
    // Windows can't sync a directory, and needn't: NTFS logs its entries.
    if (process.platform === 'win32') return Promise.resolve();
    const syncs = this.#syncs.get(path) ?? { running: Promise.resolve(), next: undefined };
    this.#syncs.set(path, syncs);
    syncs.next ??= syncs.running
      .catch(() => undefined)
      .then(() => {
        syncs.running = this.#syncNow(path);
        syncs.next = undefined;
        return syncs.running;
      });
    return syncs.next;
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
