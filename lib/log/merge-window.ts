// What a merger of several partitions reads next: all that is wanted of some objects, each with as few GETs as it takes.
//
// Queues advance by the age of their objects, so partitions that share objects come to them at the same time, and what
// one object holds for all of them is read together. Within a queue the order of offsets is kept, whatever the age of
// its objects: an entry of a slow writer is younger than its object, which is then read twice.

import { RANGE_GAP_BYTES_MAX } from '../limits.ts';
import type { EntryColumns } from './merge-entries.ts';
import type { ByteRange } from './object-range.ts';
import { planGets } from './read.ts';

const NONE = 0xffff_ffff;
const FIRST_PIECES = 1_024;
const NUMBERS_A_PIECE = 3;

export interface MergeWindow {
  /** What to read; objects by their numbers. */
  readonly gets: readonly WindowGet[];
  readonly pieces: WindowPieces;
}

export interface WindowGet {
  readonly object: number;
  readonly positionBytes: number;
  readonly lengthBytes: number;
}

/**
 * Entries in the order in which they are merged: of which queue, which one of it, and which of the GETs brings it. They
 * are many and small, so in numbers and not as objects.
 */
export class WindowPieces {
  #numbers = new Uint32Array(FIRST_PIECES * NUMBERS_A_PIECE);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(queue: number, entry: number, get: number): void {
    const at = this.#count * NUMBERS_A_PIECE;
    if (at === this.#numbers.length) {
      const grown = new Uint32Array(at * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[at] = queue;
    this.#numbers[at + 1] = entry;
    this.#numbers[at + 2] = get;
    this.#count += 1;
  }

  queueAt(place: number): number {
    return this.#numbers[place * NUMBERS_A_PIECE] as number;
  }

  entryAt(place: number): number {
    return this.#numbers[place * NUMBERS_A_PIECE + 1] as number;
  }

  getAt(place: number): number {
    return this.#numbers[place * NUMBERS_A_PIECE + 2] as number;
  }

  moveTo(place: number, get: number): void {
    this.#numbers[place * NUMBERS_A_PIECE + 2] = get;
  }
}

export class WindowPlanner {
  readonly #queues: readonly EntryColumns[];
  readonly #ranks: Uint32Array;
  readonly #taken: Uint32Array;
  /** The rank of the object that each queue needs next. */
  readonly #heads: Uint32Array;

  constructor(queues: readonly EntryColumns[], ranks: Uint32Array) {
    this.#queues = queues;
    this.#ranks = ranks;
    this.#taken = new Uint32Array(queues.length);
    this.#heads = new Uint32Array(queues.length);
    for (const queue of queues.keys()) this.#advance(queue, 0);
  }

  /** Whole objects, together about `maxBytes` (at least one); undefined when nothing is left. */
  next(maxBytes: number): MergeWindow | undefined {
    const gets: WindowGet[] = [];
    const pieces = new WindowPieces();
    for (let bytes = 0; bytes < maxBytes; ) {
      const rank = this.#oldest();
      if (rank === NONE) break;
      bytes += this.#takeObject(rank, gets, pieces);
    }
    return pieces.count === 0 ? undefined : { gets, pieces };
  }

  /** Nothing more of this queue. */
  drop(queue: number): void {
    this.#heads[queue] = NONE;
  }

  #oldest(): number {
    let oldest = NONE;
    for (const rank of this.#heads) if (rank < oldest) oldest = rank;
    return oldest;
  }

  #advance(queue: number, taken: number): void {
    const entries = this.#queues[queue] as EntryColumns;
    this.#taken[queue] = taken;
    const isDone = taken >= entries.count;
    this.#heads[queue] = isDone ? NONE : (this.#ranks[entries.objectAt(taken)] as number);
  }

  /** Whatever queues need next of one object; the bytes that are wanted of it. */
  #takeObject(rank: number, gets: WindowGet[], pieces: WindowPieces): number {
    const first = pieces.count;
    let object = 0;
    let wanted = 0;
    let from = NONE;
    let to = 0;
    for (let queue = 0; queue < this.#heads.length; queue += 1) {
      const entries = this.#queues[queue] as EntryColumns;
      while (this.#heads[queue] === rank) {
        const entry = this.#taken[queue] as number;
        const position = entries.positionBytesAt(entry);
        const length = entries.lengthBytesAt(entry);
        object = entries.objectAt(entry);
        wanted += length;
        from = Math.min(from, position);
        to = Math.max(to, position + length);
        pieces.push(queue, entry, gets.length);
        this.#advance(queue, entry + 1);
      }
    }
    if (to - from - wanted > RANGE_GAP_BYTES_MAX) this.#readApart(object, first, gets, pieces);
    else gets.push({ object, positionBytes: from, lengthBytes: to - from });
    return wanted;
  }

  /** What is wanted lies far apart in the object: as many GETs as `planGets` makes of it. */
  #readApart(object: number, first: number, gets: WindowGet[], pieces: WindowPieces): void {
    const ranges: ByteRange[] = [];
    for (let place = first; place < pieces.count; place += 1) {
      const entries = this.#queues[pieces.queueAt(place)] as EntryColumns;
      const entry = pieces.entryAt(place);
      const positionBytes = entries.positionBytesAt(entry);
      ranges.push({ key: '', positionBytes, lengthBytes: entries.lengthBytesAt(entry) });
    }
    for (const { positionBytes, lengthBytes, ranges: own } of planGets(ranges)) {
      for (const place of own) pieces.moveTo(first + place, gets.length);
      gets.push({ object, positionBytes, lengthBytes });
    }
  }
}
