// Heads and entries for tests.

import { emptyHead, type Head, recordCountOf, type TailEntry } from '../../lib/log/partition.ts';

/** The smallest ULID, and ULIDs that differ in their last digits. */
export const ULID_ZERO = '0'.repeat(26);

export function ulid(number: number): string {
  return `01JD000000${String(number).padStart(16, '0')}`;
}

export function entry(change: Partial<TailEntry> = {}): TailEntry {
  return {
    objectId: ulid(1),
    positionBytes: 0,
    lengthBytes: 100,
    recordCount: 1,
    maxTimestampMs: 1_000,
    ...change,
  };
}

/** A head whose tail holds these entries from offset `tailBase` on. */
export function headWith(tail: readonly TailEntry[], change: Partial<Head> = {}): Head {
  const tailBase = change.tailBase ?? 0n;
  return {
    ...emptyHead(ULID_ZERO),
    tail,
    tailBase,
    nextOffset: tailBase + BigInt(recordCountOf(tail)),
    ...change,
  };
}
