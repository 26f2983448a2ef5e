// What a merger of several partitions reads next: all that is wanted of some objects, each with as few GETs as it takes.
//
// Queues advance by the age of their objects, so partitions that share objects come to them at the same time, and what
// one object holds for all of them is read together. Within a queue the order of offsets is kept, whatever the age of
// its objects: an entry of a slow writer is younger than its object, which is then read twice.

import { RANGE_GAP_BYTES_MAX } from '../limits.ts';
import type { EntryColumns } from './merge-entries.ts';
import { planGets } from './read.ts';

const NONE = 0xffff_ffff;

export interface MergeWindow {
  /** What to read; objects by their numbers. */
  readonly gets: readonly WindowGet[];
  /** In the order in which they are merged. */
  readonly pieces: readonly WindowPiece[];
}

export interface WindowGet {
  readonly object: number;
  readonly positionBytes: number;
  readonly lengthBytes: number;
}

/** One entry of one queue, and which of the GETs brings it. */
export interface WindowPiece {
  readonly queue: number;
  readonly entry: number;
  readonly get: number;
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
    const pieces: WindowPiece[] = [];
    for (let bytes = 0; bytes < maxBytes; ) {
      const rank = this.#oldest();
      if (rank === NONE) break;
      bytes += this.#takeObject(rank, gets, pieces);
    }
    return pieces.length === 0 ? undefined : { gets, pieces };
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
  #takeObject(rank: number, gets: WindowGet[], pieces: WindowPiece[]): number {
    const first = pieces.length;
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
        pieces.push({ queue, entry, get: gets.length });
        this.#advance(queue, entry + 1);
      }
    }
    if (to - from - wanted > RANGE_GAP_BYTES_MAX) this.#readApart(object, first, gets, pieces);
    else gets.push({ object, positionBytes: from, lengthBytes: to - from });
    return wanted;
  }

  /** What is wanted lies far apart in the object: as many GETs as `planGets` makes of it. */
  #readApart(object: number, first: number, gets: WindowGet[], pieces: WindowPiece[]): void {
    const own = pieces.slice(first);
    const ranges = own.map(({ queue, entry }) => {
      const entries = this.#queues[queue] as EntryColumns;
      return {
        key: '',
        positionBytes: entries.positionBytesAt(entry),
        lengthBytes: entries.lengthBytesAt(entry),
      };
    });
    for (const { positionBytes, lengthBytes, ranges: places } of planGets(ranges)) {
      for (const place of places) {
        const piece = own[place] as WindowPiece;
        pieces[first + place] = { ...piece, get: gets.length };
      }
      gets.push({ object, positionBytes, lengthBytes });
    }
  }
}
