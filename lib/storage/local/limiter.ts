// So many at a time; the rest wait in the order in which they came.

export class Limiter {
  readonly #slots: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #whenIdle: (() => void)[] = [];

  constructor(slots: number) {
    this.#slots = slots;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken < this.#slots) this.#taken += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /** Resolves when nothing runs and nothing waits. */
  async idle(): Promise<void> {
    if (this.#taken > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** A slot is handed on without being freed, so that nobody jumps the queue. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#taken -= 1;
    if (this.#taken > 0) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle = [];
  }
}
