// What every store of producers' states must do, in the head and outside; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import {
  PRODUCER_EXPIRATION_MS,
  PRODUCERS_PER_EVICTION_MAX,
  PRODUCERS_PER_HEAD_CAP,
} from '../../lib/limits.ts';
import type { PartitionKey } from '../../lib/log/keys.ts';
import type { Head } from '../../lib/log/partition.ts';
import type { KnownProducer } from '../../lib/log/producer-states.ts';
import type { PartitionStore } from '../../lib/ports/partition-store.ts';
import { entryOf, numbersTo, OTHER_TOPIC_ID, objectIdOf, PARTITION } from './contract-values.ts';

/** A store in which nothing is stored. */
export interface ProducerStateHarness {
  readonly store: PartitionStore;
  /** The storage's clock goes on by so much, for what is put outside heads. */
  passTime(partition: PartitionKey, producerId: bigint, durationMs: number): Promise<void>;
}

export type MakeProducerStates = () => Promise<ProducerStateHarness>;

const FIRST: KnownProducer = {
  producerId: 4_000_000_001n,
  producerEpoch: 3,
  lastSequence: 2 ** 31 - 1,
  lastOffset: 2n ** 53n,
};

export function producerStateContract(makeStore: MakeProducerStates): void {
  let harness: ProducerStateHarness;
  let store: PartitionStore;

  beforeEach(async () => {
    harness = await makeStore();
    store = harness.store;
    const floor = await store.readFloor();
    await store.createHeads({ topicId: PARTITION.topicId, partitions: [0], floor });
  });

  const readHead = async (): Promise<Head> => {
    const [head] = await store.readHeads([PARTITION]);
    return required(head, 'the head');
  };

  /** Each of these producers appends a record: producer n has offset n. */
  const appendAs = async (producerIds: readonly number[]): Promise<Head> => {
    const floor = objectIdOf(1);
    for (const number of producerIds) {
      const { evictions } = await readHead();
      await store.appendToHead({
        partition: PARTITION,
        entries: [entryOf(1)],
        objectId: floor,
        producer: {
          producerId: BigInt(number),
          expected: { kind: 'absent', evictions },
          next: { producerEpoch: 0, lastSequence: 0 },
        },
      });
    }
    return await readHead();
  };

  const stateOf = ({ producerEpoch, lastSequence, lastOffset }: KnownProducer) => ({
    producerEpoch,
    lastSequence,
    lastOffset,
  });
  const readFirst = () => store.readProducer(PARTITION, FIRST.producerId);

  describe('putProducer', () => {
    it('puts a state that is read back whole', async () => {
      expect(await store.putProducer(PARTITION, FIRST)).toBe('put');
      expect(await readFirst()).toEqual(stateOf(FIRST));
    });

    it('keeps producers and partitions apart', async () => {
      await store.putProducer(PARTITION, FIRST);
      await store.putProducer(PARTITION, { ...FIRST, producerId: 7n, lastOffset: 7n });
      expect(await readFirst()).toEqual(stateOf(FIRST));
      expect(await store.readProducer(PARTITION, 4_000_000_000n)).toBeUndefined();
      for (const other of [
        { ...PARTITION, partition: 1 },
        { ...PARTITION, topicId: OTHER_TOPIC_ID },
      ]) {
        expect(await store.readProducer(other, FIRST.producerId)).toBeUndefined();
      }
    });

    it('replaces an older state', async () => {
      await store.putProducer(PARTITION, FIRST);
      const newer = { ...FIRST, producerEpoch: 4, lastSequence: 0, lastOffset: 2n ** 53n + 1n };
      expect(await store.putProducer(PARTITION, newer)).toBe('put');
      expect(await readFirst()).toEqual(stateOf(newer));
    });

    it('puts no older state over a newer one (no-double-append)', async () => {
      await store.putProducer(PARTITION, FIRST);
      const older = { ...FIRST, lastSequence: 9, lastOffset: FIRST.lastOffset - 1n };
      expect(await store.putProducer(PARTITION, older)).toBe('newer');
      expect(await readFirst()).toEqual(stateOf(FIRST));
    });

    it('leaves the newest of 10 that are put at once', async () => {
      const states = numbersTo(10).map((number) => ({ ...FIRST, lastOffset: BigInt(number) }));
      await Promise.all(states.map((state) => store.putProducer(PARTITION, state)));
      expect((await readFirst())?.lastOffset).toBe(9n);
    });

    it('touches no head', async () => {
      const head = await appendAs([1, 2]);
      await store.putProducer(PARTITION, { ...FIRST, producerId: 1n });
      expect(await readHead()).toEqual(head);
    });
  });

  describe('readProducer', () => {
    it('remembers a state until it has expired', async () => {
      await store.putProducer(PARTITION, FIRST);
      await harness.passTime(PARTITION, FIRST.producerId, PRODUCER_EXPIRATION_MS - 60_000);
      expect(await readFirst()).toEqual(stateOf(FIRST));
      await harness.passTime(PARTITION, FIRST.producerId, 120_000);
      expect(await readFirst()).toBeUndefined();
    });

    it('remembers a state that was put again from then on', async () => {
      await store.putProducer(PARTITION, FIRST);
      await harness.passTime(PARTITION, FIRST.producerId, PRODUCER_EXPIRATION_MS - 60_000);
      expect(await store.putProducer(PARTITION, FIRST)).toBe('put');
      await harness.passTime(PARTITION, FIRST.producerId, PRODUCER_EXPIRATION_MS - 60_000);
      expect(await readFirst()).toEqual(stateOf(FIRST));
    });
  });

  describe('removeProducers', () => {
    const at = (number: number, offset = number) => ({
      producerId: BigInt(number),
      lastOffset: BigInt(offset),
    });

    it('takes states out, leaves the others, and raises evictions', async () => {
      const head = await appendAs([0, 1, 2, 3]);
      const outcome = await store.removeProducers(PARTITION, [at(1), at(3)]);
      const left = new Map([...head.producers].filter(([id]) => id === 0n || id === 2n));
      const expected = { ...head, producers: left, evictions: 1 };
      expect(outcome).toEqual({ kind: 'removed', head: expected });
      expect(await readHead()).toEqual(expected);
    });

    it.each([
      ['has appended since', [at(0), at(1, 0)]],
      ['is not there', [at(0), at(9)]],
    ])('takes none when one of them %s (no-double-append)', async (_what, producers) => {
      const head = await appendAs([0, 1]);
      const outcome = await store.removeProducers(PARTITION, producers);
      expect(outcome).toEqual({ kind: 'changed', head });
      expect(await readHead()).toEqual(head);
    });

    it('lets one of 10 rivals take a state', async () => {
      await appendAs([0, 1]);
      const outcomes = await Promise.all(
        numbersTo(10).map(() => store.removeProducers(PARTITION, [at(0)])),
      );
      expect(outcomes.filter(({ kind }) => kind === 'removed').length).toBe(1);
      expect((await readHead()).evictions).toBe(1);
    });

    it('says changed where there is no head, and makes none', async () => {
      await store.deleteHeads({ topicId: PARTITION.topicId, partitions: [0] });
      const outcome = await store.removeProducers(PARTITION, [at(0)]);
      expect(outcome).toEqual({ kind: 'changed', head: undefined });
      expect(await store.readHeads([PARTITION])).toEqual([undefined]);
    });

    it('takes as many as one request can, and no more', async () => {
      await appendAs(numbersTo(PRODUCERS_PER_EVICTION_MAX + 1));
      const all = numbersTo(PRODUCERS_PER_EVICTION_MAX + 1).map((number) => at(number));
      await expect(store.removeProducers(PARTITION, all)).rejects.toThrow('assertion failed');
      await expect(store.removeProducers(PARTITION, [])).rejects.toThrow('assertion failed');
      const outcome = await store.removeProducers(PARTITION, all.slice(1));
      expect(outcome.kind).toBe('removed');
      expect([...(await readHead()).producers.keys()]).toEqual([0n]);
    });
  });

  describe('appendToHead at the cap of producers', () => {
    it('keeps a producer out that is not there, and lets those in that are (bounded)', async () => {
      await appendAs(numbersTo(PRODUCERS_PER_HEAD_CAP));
      const head = await appendAs([PRODUCERS_PER_HEAD_CAP]);
      expect(head.producers.size).toBe(PRODUCERS_PER_HEAD_CAP);
      const outcome = await store.appendToHead({
        partition: PARTITION,
        entries: [entryOf(1)],
        objectId: objectIdOf(1),
        producer: {
          producerId: 5n,
          expected: { kind: 'state', producerEpoch: 0, lastSequence: 0 },
          next: { producerEpoch: 0, lastSequence: 1 },
        },
      });
      expect(outcome.kind).toBe('appended');
    });
  });
}
