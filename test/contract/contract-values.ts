// Values that the contract suites share: topic ids, object ids and entries made from counters, so that a failure
// reads the same every time.

import { ULID_RANDOM_BYTES, ulidOf } from '../../lib/ids.ts';
import type { PartitionKey } from '../../lib/log/keys.ts';
import type { TailEntry } from '../../lib/log/partition.ts';

/** When the suites' objects were made; floors lie around it. */
export const OBJECT_TIME_MS = 1_800_000_000_000;

/** The ULID of a WAL object; larger numbers sort later. */
export function objectIdOf(number: number, timeMs: number = OBJECT_TIME_MS): string {
  const random = new Uint8Array(ULID_RANDOM_BYTES);
  new DataView(random.buffer).setUint32(6, number);
  return ulidOf(timeMs, random);
}

export const TOPIC_ID = 'AAAAAAAAQACAAAAAAAAAAA';
export const OTHER_TOPIC_ID = 'BBBBBBBBQBCBBBBBBBBBBA';
export const PARTITION: PartitionKey = { topicId: TOPIC_ID, partition: 0 };

/** An entry of `recordCount` records in the object of that number. */
export function entryOf(number: number, overrides: Partial<TailEntry> = {}): TailEntry {
  return {
    objectId: objectIdOf(number),
    positionBytes: 0,
    lengthBytes: 100,
    recordCount: 1,
    maxTimestampMs: OBJECT_TIME_MS + number,
    ...overrides,
  };
}

/** `[0, 1, … count − 1]` */
export function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
