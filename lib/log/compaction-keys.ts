// The latest offset of each key, in memory that is bounded and known beforehand: 24 bytes a slot, whatever the keys'
// length. Keys are known by the first 16 bytes of their SHA-256, so that nobody can make two keys that are taken for
// one (Kafka's own map uses MD5); by chance it happens once in 10^26 pairs of a million keys.

import { hash } from 'node:crypto';
import { assert } from '../assert.ts';

const WORDS_PER_KEY = 4;
/** Slots per key: linear probing stays short while a fifth of them is free. */
const SLOTS_PER_KEY = 1.25;
const FREE = -1;

export class LatestOffsets {
  readonly keysMax: number;
  readonly #slots: number;
  readonly #hashes: Uint32Array;
  /** Relative to the first offset, exact up to 2^53. */
  readonly #offsets: Float64Array;
  readonly #firstOffset: bigint;
  #count = 0;

  /** For at most `keysMax` keys of records from `firstOffset` on. */
  constructor(keysMax: number, firstOffset: bigint) {
    this.keysMax = keysMax;
    this.#firstOffset = firstOffset;
    this.#slots = Math.ceil(keysMax * SLOTS_PER_KEY) + 1;
    this.#hashes = new Uint32Array(this.#slots * WORDS_PER_KEY);
    this.#offsets = new Float64Array(this.#slots).fill(FREE);
  }

  /** Keys that are in it. */
  get size(): number {
    return this.#count;
  }

  /** Notes a record; later ones must follow, offsets ascend. */
  put(key: Uint8Array, offset: bigint): void {
    const words = wordsOf(key);
    const slot = this.#find(words);
    if (this.#offsets[slot] === FREE) {
      assert(this.#count < this.keysMax, 'there is room for another key');
      this.#count += 1;
      this.#hashes.set(words, slot * WORDS_PER_KEY);
    }
    this.#offsets[slot] = Number(offset - this.#firstOffset);
  }

  /** The offset of the key's latest record; undefined when it has none in here. */
  get(key: Uint8Array): bigint | undefined {
    const relative = this.#offsets[this.#find(wordsOf(key))];
    return relative === undefined || relative === FREE
      ? undefined
      : this.#firstOffset + BigInt(relative);
  }

  /** The key's slot, or the free one that it would take. */
  #find(words: Uint32Array): number {
    let slot = (words[0] ?? 0) % this.#slots;
    while (this.#offsets[slot] !== FREE && !this.#holds(slot, words)) {
      slot = slot + 1 === this.#slots ? 0 : slot + 1;
    }
    return slot;
  }

  #holds(slot: number, words: Uint32Array): boolean {
    const at = slot * WORDS_PER_KEY;
    return (
      this.#hashes[at] === words[0] &&
      this.#hashes[at + 1] === words[1] &&
      this.#hashes[at + 2] === words[2] &&
      this.#hashes[at + 3] === words[3]
    );
  }
}

function wordsOf(key: Uint8Array): Uint32Array {
  const digest = hash('sha256', key, 'buffer');
  return Uint32Array.of(
    digest.readUInt32LE(0),
    digest.readUInt32LE(4),
    digest.readUInt32LE(8),
    digest.readUInt32LE(12),
  );
}
