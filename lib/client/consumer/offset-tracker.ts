// Which records of a partition are handled, and so what may be committed. Handlers may finish in any order; commits
// never leave a hole behind: the watermark is the first offset that is not handled.
//
// Offsets are numbers here: the HTTP API gives none beyond 2^53.

export class OffsetTracker {
  /** Begun and not yet passed by the watermark, ascending from `#first` on. */
  #begun: number[] = [];
  #first = 0;
  readonly #completed = new Set<number>();
  #watermark: number;
  #handledCount = 0;

  /** Everything below `offset` counts as handled. */
  constructor(offset: number) {
    this.#watermark = offset;
  }

  /** What may be committed: everything below it is handled. */
  get watermark(): number {
    return this.#watermark;
  }

  /** How many records the watermark passed. */
  get handledCount(): number {
    return this.#handledCount;
  }

  /** A handler gets this record; offsets come in ascending order, though not without gaps. */
  begin(offset: number): void {
    if (offset >= this.#watermark) this.#begun.push(offset);
  }

  /** Its handler is done. */
  complete(offset: number): void {
    if (offset < this.#watermark) return;
    this.#completed.add(offset);
    for (
      let next = this.#begun[this.#first];
      next !== undefined && this.#completed.delete(next);
      next = this.#begun[this.#first]
    ) {
      this.#first += 1;
      this.#handledCount += 1;
      this.#watermark = next + 1;
    }
    if (this.#first > 1024) this.#compact();
  }

  /** Everything up to `offset`, itself included, is handled, whether it was begun or not. */
  completeThrough(offset: number): void {
    if (offset < this.#watermark) return;
    let passed = 0;
    for (
      let next = this.#begun[this.#first];
      next !== undefined && next <= offset;
      next = this.#begun[this.#first]
    ) {
      this.#first += 1;
      passed += 1;
      this.#completed.delete(next);
    }
    this.#handledCount += Math.max(passed, 1);
    this.#watermark = offset + 1;
    if (this.#first === this.#begun.length || this.#first > 1024) this.#compact();
  }

  /** These were handed out and won't be finished: they will be begun again. */
  abandon(): void {
    this.#begun = [];
    this.#first = 0;
    this.#completed.clear();
  }

  #compact(): void {
    this.#begun = this.#begun.slice(this.#first);
    this.#first = 0;
  }
}
