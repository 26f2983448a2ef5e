import { describe, expect, it } from 'vitest';
import {
  PRODUCERS_PER_EVICTION_MAX,
  PRODUCERS_PER_HEAD_CAP,
  PRODUCERS_PER_HEAD_KEPT,
  PRODUCERS_PER_HEAD_MAX,
} from '../../../lib/limits.ts';
import type { Head } from '../../../lib/log/partition.ts';
import { idleProducers, mustEvict, withoutProducers } from '../../../lib/log/producer-states.ts';
import { headWith } from '../../support/log.ts';

/** Producer n appended last at offset 1000 − n: the larger the id, the longer idle. */
const headOf = (count: number): Head => {
  const states = Array.from({ length: count }, (_, number) => {
    const state = { producerEpoch: 0, lastSequence: 0, lastOffset: BigInt(1_000 - number) };
    return [BigInt(number), state] as const;
  });
  return headWith([], { producers: new Map(states), evictions: 2 });
};
const ids = (producers: readonly { readonly producerId: bigint }[]) =>
  producers.map(({ producerId }) => Number(producerId));

describe('mustEvict', () => {
  it('is the append’s that crosses the limit, not of those above it', () => {
    expect(mustEvict(headOf(PRODUCERS_PER_HEAD_MAX), true)).toBe(false);
    expect(mustEvict(headOf(PRODUCERS_PER_HEAD_MAX + 1), true)).toBe(true);
    expect(mustEvict(headOf(PRODUCERS_PER_HEAD_MAX + 1), false)).toBe(false);
    expect(mustEvict(headOf(PRODUCERS_PER_HEAD_MAX + 2), true)).toBe(false);
  });

  it('is everybody’s at twice the limit', () => {
    expect(mustEvict(headOf(2 * PRODUCERS_PER_HEAD_MAX - 1), false)).toBe(false);
    expect(mustEvict(headOf(2 * PRODUCERS_PER_HEAD_MAX), false)).toBe(true);
  });
});

describe('idleProducers', () => {
  it('are those that appended longest ago, all but the kept ones', () => {
    const idle = idleProducers(headOf(PRODUCERS_PER_HEAD_KEPT + 3));
    const last = PRODUCERS_PER_HEAD_KEPT + 2;
    expect(ids(idle)).toEqual([last, last - 1, last - 2]);
    expect(idle[0]).toEqual({
      producerId: BigInt(last),
      producerEpoch: 0,
      lastSequence: 0,
      lastOffset: BigInt(1_000 - last),
    });
  });

  it('are none where only the kept ones are, and at most what one request takes', () => {
    expect(idleProducers(headOf(PRODUCERS_PER_HEAD_KEPT))).toEqual([]);
    expect(idleProducers(headOf(3))).toEqual([]);
    const idle = idleProducers(headOf(PRODUCERS_PER_HEAD_CAP));
    expect(idle.length).toBe(PRODUCERS_PER_EVICTION_MAX);
  });
});

describe('withoutProducers', () => {
  it('takes them out and counts one eviction', () => {
    const head = headOf(3);
    const next = withoutProducers(head, [
      { producerId: 0n, lastOffset: 1_000n },
      { producerId: 2n, lastOffset: 998n },
    ]);
    expect(next).toEqual({
      ...head,
      producers: new Map([...head.producers].filter(([id]) => id === 1n)),
      evictions: 3,
    });
  });

  it.each([
    ['has appended since', 1n, 1_000n],
    ['is not there', 9n, 1_000n],
  ])('takes none where one %s (no-double-append)', (_what, producerId, lastOffset) => {
    const producers = [
      { producerId: 0n, lastOffset: 1_000n },
      { producerId, lastOffset },
    ];
    expect(withoutProducers(headOf(3), producers)).toBeUndefined();
  });
});
