// Which partition a record goes to when its sender names none: by its key as Kafka's Java client does, or in turn.

import { assert } from '../assert.ts';
import { murmur2 } from './murmur2.ts';

/** The partition of a key among `partitionCount`: the same for every client, and another one when the count changes. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  assert(partitionCount > 0, 'a topic has partitions');
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

/** The partition of the `index`th record without a key, in turn from `start` on (any whole number from 0). */
export function roundRobin(turn: {
  readonly start: number;
  readonly index: number;
  readonly partitionCount: number;
}): number {
  assert(turn.partitionCount > 0, 'a topic has partitions');
  return (turn.start + turn.index) % turn.partitionCount;
}
