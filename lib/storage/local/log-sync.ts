// Makes commits durable without holding up the event loop: SQLite writes a commit into its write-ahead log and leaves
// it to us to bring that to the disk, in another thread, for all who wait.
//
// The rule: whoever answers has first made sure that all it has seen is durable. Writers (`durable`), and readers too,
// whoever committed what they saw, in this process or another: what a power cut can still take away is never shown
// (`visible-once-complete`, and no offset is seen twice with different records, `dense`).
// After a sync that failed nobody knows what the disk has, so nothing is answered any more until the next start.

import { StratalogError } from '../../errors.ts';
import { SharedSync } from './shared-sync.ts';

export class LogSync {
  readonly #version: () => string;
  readonly #shared: SharedSync;
  #askedVersion = '';
  #asked: Promise<void> = Promise.resolve();
  #failure: StratalogError | undefined;

  /** `version` changes with every commit that this connection can see; `syncNow` brings the log to the disk. */
  constructor(version: () => string, syncNow: () => Promise<void>) {
    this.#version = version;
    this.#shared = new SharedSync(() => this.#syncOnce(syncNow));
  }

  /** Resolves when everything is durable that was committed before this call, by anybody. */
  durable(): Promise<void> {
    const version = this.#version();
    if (version !== this.#askedVersion) {
      this.#askedVersion = version;
      this.#asked = this.#shared.sync();
    }
    return this.#asked;
  }

  async #syncOnce(syncNow: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await syncNow();
    } catch (error) {
      this.#failure = failed(error);
      throw this.#failure;
    }
  }
}

function failed(cause: unknown): StratalogError {
  const message = 'the disk of the data directory failed; look at it, then start again';
  return new StratalogError('STORAGE_UNAVAILABLE', message, { cause, effect: 'unknown' });
}
