import { describe, expect, it } from 'vitest';
import {
  expectedWithoutHead,
  lastSequence,
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

  it('takes an unknown producer only from sequence 0 on, and binds it to the evictions seen', () => {
    expect(planSequence(head, batch({ producerId: 8n, baseSequence: 0 }))).toEqual({
      kind: 'append',
      expected: { kind: 'absent', evictions: 4 },
    });
    expect(code(planSequence(head, batch({ producerId: 8n })))).toBe('UNKNOWN_PRODUCER_ID');
  });

  it('answers the last batch with its offset (no-double-append)', () => {
    expect(planSequence(head, batch({ baseSequence: 5 }))).toEqual({
      kind: 'duplicate',
      baseOffset: 40n,
    });
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
