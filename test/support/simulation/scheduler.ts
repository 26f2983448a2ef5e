// Virtual time: what is to happen, in order. One thing happens at a time, and everything that follows from it at once
// (all promises that it settled) is done before the next; so a run depends on nothing but its dice.

/** Turns of Node's loop in which nothing is left to happen, after which nothing will. */
const IDLE_TURNS_MAX = 20;

interface Scheduled {
  readonly atMs: number;
  /** Of two at the same moment the one that was asked for first. */
  readonly order: number;
  readonly happen: () => void;
}

export class Scheduler {
  /** Milliseconds since 1970; the storage's clock. */
  nowMs = 1_760_000_000_000;
  #asked = 0;
  readonly #heap: Scheduled[] = [];

  after(delayMs: number, happen: () => void): void {
    this.#asked += 1;
    this.#push({ atMs: this.nowMs + Math.max(0, delayMs), order: this.#asked, happen });
  }

  /** What would happen later than within this time happens at its end, in the same order. */
  hasten(withinMs: number): void {
    const latestMs = this.nowMs + withinMs;
    const all = this.#heap.splice(0).sort((left, right) => (isBefore(left, right) ? -1 : 1));
    for (const item of all) this.#push({ ...item, atMs: Math.min(item.atMs, latestMs) });
  }

  /** Lets things happen until `isDone`, or nothing is left to happen. */
  run(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let idleTurns = 0;
      const turn = (): void => {
        const next = isDone() ? undefined : this.#pop();
        if (next === undefined) {
          // The storage itself may be asked beside the wire, and answers without any time passing.
          idleTurns += 1;
          if (isDone() || idleTurns > IDLE_TURNS_MAX) resolve();
          else setImmediate(turn);
          return;
        }
        idleTurns = 0;
        this.nowMs = next.atMs;
        try {
          next.happen();
        } catch (error) {
          reject(error);
          return;
        }
        // Node runs every microtask before the next immediate.
        setImmediate(turn);
      };
      turn();
    });
  }

  #push(item: Scheduled): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(item, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = item;
  }

  #pop(): Scheduled | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let index = 0;
    for (;;) {
      const child = this.#smallerChild(index);
      const below = heap[child];
      if (below === undefined || !isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  #smallerChild(index: number): number {
    const left = 2 * index + 1;
    const [one, other] = [this.#heap[left], this.#heap[left + 1]];
    return one !== undefined && other !== undefined && isBefore(other, one) ? left + 1 : left;
  }
}

function isBefore(left: Scheduled, right: Scheduled): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}
