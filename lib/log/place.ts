// Batches read back from a WAL object carry their producer's base offsets; here they get the log's. The CRC leaves
// the field out, so nothing is decoded, decompressed or encoded again.

import { type Rejected, rejected, StratalogError } from '../errors.ts';
import { patchBaseOffset, splitBatches } from '../record/batch.ts';

/** No broker leads a partition, so there is one epoch. */
export const LEADER_EPOCH = 0;

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
  let next = range.baseOffset;
  let from = 0;
  try {
    for (const header of splitBatches(bytes)) {
      patchBaseOffset(bytes, header.position, next, LEADER_EPOCH);
      next += BigInt(header.lastOffsetDelta + 1);
      if (next <= offset) from = header.position + header.sizeInBytes;
    }
  } catch (error) {
    if (error instanceof StratalogError) return rejected('CORRUPT_MESSAGE', error.message);
    throw error;
  }
  if (next !== range.endOffset) {
    return rejected(
      'CORRUPT_MESSAGE',
      `stored batches hold offsets ${range.baseOffset} to ${next}, their index says ${range.endOffset}`,
    );
  }
  return { kind: 'placed', bytes: bytes.subarray(from) };
}
