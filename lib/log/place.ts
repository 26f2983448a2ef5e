// Batches read back from a WAL object carry their producer's base offsets; here they get the log's. The CRC leaves
// the field out, so nothing is decoded, decompressed or encoded again.

import { type Rejected, rejected, StratalogError } from '../errors.ts';
import { BatchCursor } from '../record/batch-cursor.ts';

/** No broker leads a partition, so there is one epoch. */
const LEADER_EPOCH = 0;

const TWO_TO_32 = 0x1_0000_0000;

/** Puts offsets in place in batches that follow each other. They are 64-bit; in halves they take no bigint a batch. */
export class OffsetPlacer {
  readonly #high: number;
  readonly #low: number;

  constructor(baseOffset: bigint) {
    this.#high = Number(baseOffset >> 32n);
    this.#low = Number(BigInt.asUintN(32, baseOffset));
  }

  /** `relative` to the base, below 2^32. */
  place(batches: BatchCursor, relative: number): void {
    const low = this.#low + relative;
    const high = low >= TWO_TO_32 ? this.#high + 1 : this.#high;
    batches.place(high, low >>> 0, LEADER_EPOCH);
  }
}

export interface Placement {
  /** The offsets that the bytes hold, by the index. */
  readonly range: { readonly baseOffset: bigint; readonly endOffset: bigint };
  /** Batches that end at or below it are left out. */
  readonly offset: bigint;
}

/**
 * Puts base offsets in place, in `bytes` itself (the same ones every time). Refuses with CORRUPT_MESSAGE when the
 * bytes aren't whole batches of as many records as the index says.
 */
export function placeBatches(
  bytes: Uint8Array,
  { range, offset }: Placement,
): { readonly kind: 'placed'; readonly bytes: Uint8Array } | Rejected {
  const batches = new BatchCursor(bytes);
  const placer = new OffsetPlacer(range.baseOffset);
  const before = Number(offset - range.baseOffset);
  let relative = 0;
  let from = 0;
  try {
    for (let position = 0; position < bytes.length; ) {
      batches.moveTo(position, bytes.length);
      placer.place(batches, relative);
      position += batches.sizeInBytes;
      relative += batches.lastOffsetDelta + 1;
      if (relative <= before) from = position;
    }
  } catch (error) {
    if (error instanceof StratalogError) return rejected('CORRUPT_MESSAGE', error.message);
    throw error;
  }
  const next = range.baseOffset + BigInt(relative);
  if (next !== range.endOffset) {
    return rejected(
      'CORRUPT_MESSAGE',
      `stored batches hold offsets ${range.baseOffset} to ${next}, their index says ${range.endOffset}`,
    );
  }
  return { kind: 'placed', bytes: bytes.subarray(from) };
}
