// Index entries as a merger holds them: a million of them at once, so in columns of numbers and not as objects.

import type { TailEntry } from './partition.ts';

const FIRST_CAPACITY = 64;
const COLUMNS = 4;

/** The WAL objects that some partitions' entries name, each once. Numbers stand for their ids. */
export class WalObjects {
  readonly #numbers = new Map<string, number>();
  readonly #ids: string[] = [];
  #next = 0;

  get count(): number {
    return this.#ids.length;
  }

  /** Partitions that share objects come to them in the same order, so what came next will mostly come next again. */
  numberOf(objectId: string): number {
    const isNext = this.#ids[this.#next] === objectId;
    const number = isNext ? this.#next : (this.#numbers.get(objectId) ?? this.#add(objectId));
    this.#next = number + 1;
    return number;
  }

  #add(objectId: string): number {
    const number = this.#ids.length;
    this.#numbers.set(objectId, number);
    this.#ids.push(objectId);
    return number;
  }

  idOf(number: number): string {
    return this.#ids[number] as string;
  }

  /** Each object's place when all that are known by now stand in the order of their age. */
  ranks(): Uint32Array {
    const order = Array.from(this.#ids.keys()).sort((left, right) =>
      this.idOf(left) < this.idOf(right) ? -1 : 1,
    );
    const ranks = new Uint32Array(order.length);
    for (const [rank, number] of order.entries()) ranks[number] = rank;
    return ranks;
  }
}

/** Some of a partition's entries in the order of their offsets. */
export class EntryColumns {
  #columns = new Uint32Array(FIRST_CAPACITY * COLUMNS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(entry: TailEntry, objects: WalObjects): void {
    const at = this.#count * COLUMNS;
    if (at === this.#columns.length) {
      const grown = new Uint32Array(at * 2);
      grown.set(this.#columns);
      this.#columns = grown;
    }
    this.#columns[at] = objects.numberOf(entry.objectId);
    this.#columns[at + 1] = entry.positionBytes;
    this.#columns[at + 2] = entry.lengthBytes;
    this.#columns[at + 3] = entry.recordCount;
    this.#count += 1;
  }

  objectAt(index: number): number {
    return this.#columns[index * COLUMNS] as number;
  }

  positionBytesAt(index: number): number {
    return this.#columns[index * COLUMNS + 1] as number;
  }

  lengthBytesAt(index: number): number {
    return this.#columns[index * COLUMNS + 2] as number;
  }

  recordCountAt(index: number): number {
    return this.#columns[index * COLUMNS + 3] as number;
  }
}
