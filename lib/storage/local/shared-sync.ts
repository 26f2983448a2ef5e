// Makes something durable for many who ask at once: who asks while a sync runs shares the next one, since the one that
// runs may have begun before the change that is to be durable.

export class SharedSync {
  readonly #syncNow: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(syncNow: () => Promise<void>) {
    this.#syncNow = syncNow;
  }

  /** Resolves after a sync that began after this call. */
  sync(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#running = this.#syncNow();
        return this.#running;
      });
    return this.#next;
  }
}
