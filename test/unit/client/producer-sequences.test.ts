import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../../lib/client/api-client.ts';
import { ProducerSequences } from '../../../lib/client/producer-sequences.ts';

const PLACE = { topic: 't', partition: 0 };
const OTHER = { topic: 't', partition: 1 };

let asked: number;
let sequences: ProducerSequences;

/** A log that gives ids from 70 on. */
const log = {
  json: async () => {
    asked += 1;
    return { producer_id: 69 + asked, producer_epoch: 0 };
  },
} as unknown as ApiClient;

beforeEach(async () => {
  asked = 0;
  sequences = new ProducerSequences(log);
  await sequences.open();
});

describe('ProducerSequences', () => {
  it('asks for one id, however often and from wherever it is opened', async () => {
    const fresh = new ProducerSequences(log);
    await Promise.all([fresh.open(), fresh.open()]);
    await fresh.open();
    expect(asked).toBe(2);
  });

  it('asks again where the answer failed', async () => {
    let isAway = true;
    const json = async (): Promise<unknown> => {
      if (isAway) throw new Error('away');
      return { producer_id: 1, producer_epoch: 0 };
    };
    const fresh = new ProducerSequences({ json } as unknown as ApiClient);
    await expect(fresh.open()).rejects.toThrow('away');
    isAway = false;
    await fresh.open();
    expect(fresh.next(PLACE).producerId).toBe(1n);
  });

  it('gives a batch the same numbers until it is stored, and counts its records (no-double-append)', () => {
    const first = { producerId: 70n, producerEpoch: 0, baseSequence: 0 };
    expect([sequences.next(PLACE), sequences.next(PLACE)]).toEqual([first, first]);
    sequences.advance(PLACE, 5);
    expect(sequences.next(PLACE)).toEqual({ ...first, baseSequence: 5 });
    expect(sequences.next(OTHER)).toEqual(first);
  });

  it('wraps at 2^31', () => {
    sequences.advance(PLACE, 2 ** 31 - 1);
    sequences.advance(PLACE, 3);
    expect(sequences.next(PLACE).baseSequence).toBe(2);
  });

  it('begins anew in one partition with its next epoch (fenced)', () => {
    for (const place of [PLACE, OTHER]) sequences.advance(place, 5);
    sequences.restart(PLACE);
    expect(sequences.next(PLACE)).toEqual({
      producerId: 70n,
      producerEpoch: 1,
      baseSequence: 0,
    });
    expect(sequences.next(OTHER).baseSequence).toBe(5);
  });

  it('takes another id when the epochs of one have run out', async () => {
    sequences.next(PLACE);
    for (let epoch = 0; epoch < 32_767; epoch += 1) sequences.restart(PLACE);
    expect(sequences.next(PLACE).producerEpoch).toBe(32_767);
    sequences.restart(PLACE);
    await sequences.open();
    expect(sequences.next(PLACE)).toEqual({
      producerId: 71n,
      producerEpoch: 0,
      baseSequence: 0,
    });
  });

  it('goes on under another id where it was fenced, and elsewhere under its own', async () => {
    for (const place of [PLACE, OTHER]) sequences.advance(place, 5);
    sequences.abandon(PLACE);
    await sequences.open();
    expect(sequences.next(PLACE).producerId).toBe(71n);
    expect(sequences.next(OTHER)).toEqual({
      producerId: 70n,
      producerEpoch: 0,
      baseSequence: 5,
    });
  });
});
