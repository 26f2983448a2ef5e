// Which producers' states are moved out of a head, and when. The head is charged by its whole size with every append,
// so it keeps the states of the producers that appended last; the others are put beside the index and come back with
// their producer.
//
// As with rolling, the append that crosses the limit does it, not every one above it; at twice the limit any does,
// because that one may have died.

import {
  PRODUCERS_PER_EVICTION_MAX,
  PRODUCERS_PER_HEAD_KEPT,
  PRODUCERS_PER_HEAD_MAX,
} from '../limits.ts';
import type { Head, ProducerState } from './partition.ts';

export interface KnownProducer extends ProducerState {
  readonly producerId: bigint;
}

/** Whether an append, after which `head` stands, must move states out; `added`: it brought its producer in. */
export function mustEvict(head: Head, added: boolean): boolean {
  const count = head.producers.size;
  const crossed = added && count === PRODUCERS_PER_HEAD_MAX + 1;
  return crossed || count >= 2 * PRODUCERS_PER_HEAD_MAX;
}

/** The producers that have been idle longest: all but those that are kept, some at a time. */
export function idleProducers(head: Head): readonly KnownProducer[] {
  const count = Math.max(0, head.producers.size - PRODUCERS_PER_HEAD_KEPT);
  return [...head.producers]
    .map(([producerId, state]) => ({ producerId, ...state }))
    .sort((left, right) => (left.lastOffset < right.lastOffset ? -1 : 1))
    .slice(0, Math.min(count, PRODUCERS_PER_EVICTION_MAX));
}

/** The head without these producers, of which it must have exactly these states; undefined when one has changed. */
export function withoutProducers(
  head: Head,
  producers: readonly Pick<KnownProducer, 'producerId' | 'lastOffset'>[],
): Head | undefined {
  const left = new Map(head.producers);
  for (const { producerId, lastOffset } of producers) {
    if (left.get(producerId)?.lastOffset !== lastOffset) return undefined;
    left.delete(producerId);
  }
  return { ...head, producers: left, evictions: head.evictions + 1 };
}
