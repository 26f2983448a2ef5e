// What every PartitionStore must do that appends to several heads at once; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import {
  HEAD_HOLD_MS,
  HEADS_PER_TRANSACTION_MAX,
  TAIL_ENTRIES_CAP,
  TRANSACTION_ITEMS_MAX,
} from '../../lib/limits.ts';
import { assertHead, type Head } from '../../lib/log/partition.ts';
import type { AppendToHeadRequest, PartitionStore } from '../../lib/ports/partition-store.ts';
import { entryOf, numbersTo, objectIdOf, TOPIC_ID } from './contract-values.ts';

/** A store in which nothing is stored. */
export type MakeHeads = () => Promise<PartitionStore>;

export function appendToHeadsContract(makeStore: MakeHeads): void {
  let store: PartitionStore;

  beforeEach(async () => {
    store = await makeStore();
    await createHeads(numbersTo(4));
  });

  const createHeads = async (partitions: readonly number[]): Promise<void> => {
    const floor = await store.readFloor();
    await store.createHeads({ topicId: TOPIC_ID, partitions, floor });
  };

  const keyOf = (partition: number) => ({ topicId: TOPIC_ID, partition });

  const readHeads = async (partitions = numbersTo(4)): Promise<readonly Head[]> => {
    const heads = await store.readHeads(partitions.map(keyOf));
    return heads.map((head) => required(head, 'the head'));
  };

  const to = (
    partition: number,
    change: Partial<AppendToHeadRequest> = {},
  ): AppendToHeadRequest => ({
    partition: keyOf(partition),
    entries: [entryOf(7, { recordCount: partition + 1 })],
    objectId: objectIdOf(7),
    ...change,
  });

  const asProducer = (lastSequence: number, expectsLast?: number) => ({
    producer: {
      producerId: 9n,
      expected:
        expectsLast === undefined
          ? ({ kind: 'absent', evictions: 0 } as const)
          : ({ kind: 'state', producerEpoch: 0, lastSequence: expectsLast } as const),
      next: { producerEpoch: 0, lastSequence },
    },
  });

  describe('holdHead', () => {
    const NOW_MS = 1_800_000_000_000;
    const outcomeAt = async (nowMs: number | undefined, partition = 1): Promise<string> => {
      const heeding = nowMs === undefined ? {} : { unlessHeldAtMs: nowMs };
      return (await store.appendToHead(to(partition, heeding))).kind;
    };

    it('keeps away appends that heed it, until it is over', async () => {
      await store.holdHead(keyOf(1), NOW_MS + 100);
      const before = await readHeads();
      expect(await outcomeAt(NOW_MS)).toBe('refused');
      expect(await outcomeAt(NOW_MS + 100)).toBe('refused');
      expect(await readHeads()).toEqual(before);
      expect(await outcomeAt(NOW_MS + 101)).toBe('appended');
    });

    it('keeps away nobody else: not from other heads, and not those that don’t heed it', async () => {
      await store.holdHead(keyOf(1), NOW_MS + 100);
      expect(await outcomeAt(NOW_MS, 2)).toBe('appended');
      expect(await outcomeAt(undefined)).toBe('appended');
    });

    it('that is of a clock far ahead keeps away nobody', async () => {
      await store.holdHead(keyOf(1), NOW_MS + HEAD_HOLD_MS + 1);
      expect(await outcomeAt(NOW_MS)).toBe('appended');
    });

    it('is prolonged by another one, and ended by a transaction', async () => {
      await store.holdHead(keyOf(1), NOW_MS + 50);
      await store.holdHead(keyOf(1), NOW_MS + 150);
      expect(await outcomeAt(NOW_MS + 100)).toBe('refused');
      expect(await store.appendToHeads([to(1), to(2)])).toEqual({ kind: 'appended' });
      expect(await outcomeAt(NOW_MS + 100)).toBe('appended');
    });

    it('makes no head', async () => {
      await store.holdHead(keyOf(9), NOW_MS + 50);
      expect(await store.readHeads([keyOf(9)])).toEqual([undefined]);
    });
  });

  describe('appendToHeads', () => {
    it('appends to every head, and touches no other (atomic-transaction)', async () => {
      const before = await readHeads();
      expect(await store.appendToHeads([to(0), to(2)])).toEqual({ kind: 'appended' });
      const after = await readHeads();
      expect(after.map(({ nextOffset }) => nextOffset)).toEqual([1n, 0n, 3n, 0n]);
      expect(after[2]).toEqual({ ...before[2], nextOffset: 3n, tail: to(2).entries });
      expect([after[1], after[3]]).toEqual([before[1], before[3]]);
    });

    it('moves producers on, each by its own condition', async () => {
      await store.appendToHeads([to(0, asProducer(0)), to(1, asProducer(4))]);
      const outcome = await store.appendToHeads([to(0, asProducer(1, 0)), to(1, asProducer(6, 4))]);
      expect(outcome.kind).toBe('appended');
      const heads = await readHeads([0, 1]);
      expect(heads.map(({ producers }) => producers.get(9n))).toEqual([
        { producerEpoch: 0, lastSequence: 1, lastOffset: 1n },
        { producerEpoch: 0, lastSequence: 6, lastOffset: 2n },
      ]);
    });

    it.each<readonly [string, Partial<AppendToHeadRequest>]>([
      ['an object below its floor', { objectId: '0'.repeat(25) }],
      ['another next offset', { matchOffset: 5n }],
      ['a producer that is elsewhere', asProducer(3, 2)],
    ])(
      'appends to none when one refuses %s, and tells what stands there',
      async (_what, change) => {
        const before = await readHeads();
        const outcome = await store.appendToHeads([to(0), to(1, change), to(2)]);
        expect(outcome).toEqual({ kind: 'refused', heads: new Map([[1, before[1]]]) });
        expect(await readHeads()).toEqual(before);
      },
    );

    it('appends to none when one is not there, or is at the cap', async () => {
      const entries = numbersTo(TAIL_ENTRIES_CAP).map((number) => entryOf(number));
      await store.appendToHead(to(3, { entries }));
      const before = await readHeads();
      expect(await store.appendToHeads([to(0), to(9), to(3)])).toEqual({
        kind: 'refused',
        heads: new Map([
          [1, undefined],
          [2, before[3]],
        ]),
      });
      expect(await readHeads()).toEqual(before);
    });

    it('takes as many heads as a transaction can, and no more', async () => {
      await createHeads(numbersTo(HEADS_PER_TRANSACTION_MAX).slice(4));
      await createHeads([HEADS_PER_TRANSACTION_MAX, HEADS_PER_TRANSACTION_MAX + 1]);
      const all = numbersTo(TRANSACTION_ITEMS_MAX).map((partition) => to(partition));
      expect((await store.appendToHeads(all)).kind).toBe('appended');
      const heads = await readHeads(numbersTo(TRANSACTION_ITEMS_MAX));
      expect(heads.every(({ tail }) => tail.length === 1)).toBe(true);
      await expect(store.appendToHeads([...all, to(100)])).rejects.toThrow('assertion failed');
      await expect(store.appendToHeads([])).rejects.toThrow('assertion failed');
    });

    it('stays dense and whole beside appends to single heads (dense, atomic-transaction)', async () => {
      const tried = await Promise.allSettled([
        ...numbersTo(10).map(() => store.appendToHeads([to(0), to(1)])),
        ...numbersTo(20).map(() => store.appendToHead(to(0, { entries: [entryOf(8)] }))),
      ]);
      const [first, second] = await readHeads([0, 1]);
      for (const head of [first, second]) assertHead(required(head, 'the head'));
      const together = tried
        .slice(0, 10)
        .filter((one) => one.status === 'fulfilled' && one.value.kind === 'appended').length;
      const inFirst = first?.tail.filter(({ objectId }) => objectId === objectIdOf(7)).length;
      expect([inFirst, second?.tail.length]).toEqual([together, together]);
    });
  });
}
