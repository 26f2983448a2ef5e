// What was sent and has no outcome yet, counted so that a flush can tell what was sent before it from what came later.

interface Group {
  count: number;
}

export class Outstanding {
  /** What is sent now joins this one; a flush closes it. */
  #latest: Group = { count: 0 };
  readonly #closed = new Set<Group>();

  /** Something is sent. Call what it returns when there is an outcome. */
  begin(): () => void {
    const group = this.#latest;
    group.count += 1;
    return () => {
      group.count -= 1;
    };
  }

  /** Says, as often as it is called, whether anything that was begun before this call is still out. */
  mark(): () => boolean {
    this.#closed.add(this.#latest);
    this.#latest = { count: 0 };
    for (const group of this.#closed) if (group.count === 0) this.#closed.delete(group);
    const before = [...this.#closed];
    return () => before.some(({ count }) => count > 0);
  }
}
