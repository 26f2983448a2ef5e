import { describe, expect, it } from 'vitest';
import {
  expectedWithoutHead,
  lastSequence,
  planReturn,
  planSequence,
  type SequencedBatch,
} from '../../../lib/log/sequence.ts';
import { entry, headWith } from '../../support/log.ts';

const batch = (change: Partial<SequencedBatch> = {}): SequencedBatch => ({
  producerId: 7n,
  producerEpoch: 3,
  baseSequence: 10,
  recordCount: 5,
  ...change,
});

/** The producer's last batch had sequences 5 to 9 and got offset 40. */
const head = headWith(
  [
    entry({ recordCount: 5, producer: { producerId: 7n, producerEpoch: 3, baseSequence: 0 } }),
    entry({ recordCount: 5, producer: { producerId: 7n, producerEpoch: 3, baseSequence: 5 } }),
  ],
  {
    tailBase: 35n,
    evictions: 4,
    producers: new Map([[7n, { producerEpoch: 3, lastSequence: 9, lastOffset: 40n }]]),
  },
);

const code = (plan: ReturnType<typeof planSequence>): string =>
  plan.kind === 'rejected' ? plan.code : plan.kind;

describe('lastSequence', () => {
  it('counts records and wraps from 2^31 − 1 to 0', () => {
    expect(lastSequence(batch())).toBe(14);
    expect(lastSequence(batch({ baseSequence: 2 ** 31 - 2, recordCount: 3 }))).toBe(0);
  });
});

describe('expectedWithoutHead', () => {
  it('expects the batch before it, and asks for the head when there is none', () => {
    expect(expectedWithoutHead(batch())).toEqual({
      kind: 'state',
      producerEpoch: 3,
      lastSequence: 9,
    });
    expect(expectedWithoutHead(batch({ baseSequence: 0 }))).toBeUndefined();
  });
});

describe('planSequence', () => {
  it('appends the next batch on the state that stands', () => {
    expect(planSequence(head, batch())).toEqual({
      kind: 'append',
      expected: { kind: 'state', producerEpoch: 3, lastSequence: 9 },
    });
  });

  it('looks an absent producer up when states were ever moved out, and only then', () => {
    const first = batch({ producerId: 8n, baseSequence: 0 });
    expect(planSequence(head, first)).toEqual({ kind: 'look-up' });
    expect(planSequence({ ...head, evictions: 0 }, first)).toEqual({
      kind: 'append',
      expected: { kind: 'absent', evictions: 0 },
    });
    const later = batch({ producerId: 8n });
    expect(code(planSequence({ ...head, evictions: 0 }, later))).toBe('UNKNOWN_PRODUCER_ID');
  });

  it('answers the last batch with its offset (no-double-append)', () => {
    expect(planSequence(head, batch({ baseSequence: 5 }))).toEqual({
      kind: 'duplicate',
      baseOffset: 40n,
    });
  });

  it('says of one that was cut differently that it was appended before, and not where (no-double-append)', () => {
    for (const change of [
      { baseSequence: 3, recordCount: 7 },
      { baseSequence: 7, recordCount: 3 },
      { baseSequence: 0, recordCount: 10 },
    ]) {
      expect(code(planSequence(head, batch(change)))).toBe('DUPLICATE_SEQUENCE_NUMBER');
    }
  });

  it('refuses one of which only a part was appended: its producer must not take it for stored (durable)', () => {
    const overlapping = batch({ baseSequence: 8, recordCount: 5 });
    expect(code(planSequence(head, overlapping))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    const wrapped = headWith([], {
      producers: new Map([[7n, { producerEpoch: 3, lastSequence: 2 ** 31 - 1, lastOffset: 0n }]]),
    });
    const over = batch({ baseSequence: 2 ** 31 - 2, recordCount: 4 });
    expect(code(planSequence(wrapped, over))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });

  it('finds an older batch in the tail (no-double-append)', () => {
    expect(planSequence(head, batch({ baseSequence: 0 }))).toEqual({
      kind: 'duplicate',
      baseOffset: 35n,
    });
  });

  it('says that a batch older than the tail was appended before (no-double-append)', () => {
    const rolled = { ...head, tail: [], tailBase: 45n };
    expect(code(planSequence(rolled, batch({ baseSequence: 0 })))).toBe(
      'DUPLICATE_SEQUENCE_NUMBER',
    );
  });

  it('refuses a gap (ordered)', () => {
    expect(code(planSequence(head, batch({ baseSequence: 11 })))).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
  });

  it('refuses an older epoch and starts a newer one at sequence 0 (fenced)', () => {
    expect(code(planSequence(head, batch({ producerEpoch: 2 })))).toBe('INVALID_PRODUCER_EPOCH');
    expect(code(planSequence(head, batch({ producerEpoch: 4 })))).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
    expect(code(planSequence(head, batch({ producerEpoch: 4, baseSequence: 0 })))).toBe('append');
  });

  it('goes on after the sequence wrapped', () => {
    const last = { producerEpoch: 3, lastSequence: 2 ** 31 - 1, lastOffset: 40n };
    const wrapping = { ...head, producers: new Map([[7n, last]]) };
    expect(code(planSequence(wrapping, batch({ baseSequence: 0 })))).toBe('append');
  });
});

describe('planReturn', () => {
  const absent = { kind: 'absent', evictions: 4 };
  const outside = { producerEpoch: 3, lastSequence: 9, lastOffset: 20n };

  it('takes an unknown producer only from sequence 0 on, and binds it to the evictions seen', () => {
    const first = batch({ producerId: 8n, baseSequence: 0 });
    expect(planReturn(head, first, undefined)).toEqual({ kind: 'append', expected: absent });
    expect(code(planReturn(head, batch(), undefined))).toBe('UNKNOWN_PRODUCER_ID');
  });

  it('goes on from the state outside, and binds it to the evictions seen (no-double-append)', () => {
    const plan = planReturn(head, batch({ producerId: 8n }), outside);
    expect(plan).toEqual({ kind: 'append', expected: absent });
  });

  it('takes an evicted producer’s first batch for no new one (no-double-append)', () => {
    const again = batch({ producerId: 8n, baseSequence: 0, recordCount: 10 });
    expect(planReturn(head, again, outside)).toEqual({ kind: 'duplicate', baseOffset: 20n });
  });

  it.each([
    ['an older epoch (fenced)', { producerEpoch: 2 }, 'INVALID_PRODUCER_EPOCH'],
    ['a gap (ordered)', { baseSequence: 11 }, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
    ['an old batch (no-double-append)', { baseSequence: 2 }, 'DUPLICATE_SEQUENCE_NUMBER'],
    ['a new epoch that starts late', { producerEpoch: 4 }, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
  ])('refuses %s by the state outside', (_what, change, expected) => {
    expect(code(planReturn(head, batch({ producerId: 8n, ...change }), outside))).toBe(expected);
  });
});
