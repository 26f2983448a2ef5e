// What every PartitionStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import { ulidFloor } from '../../lib/ids.ts';
import {
  HEADS_PER_DELETE_MAX,
  HEADS_PER_READ_MAX,
  HEADS_PER_TRANSACTION_MAX,
  TAIL_ENTRIES_CAP,
} from '../../lib/limits.ts';
import {
  assertHead,
  byteCountOf,
  emptyHead,
  type Head,
  type Page,
  recordCountOf,
  type TailEntry,
} from '../../lib/log/partition.ts';
import type {
  AppendToHeadOutcome,
  AppendToHeadRequest,
  PartitionStore,
  ProducerCondition,
} from '../../lib/ports/partition-store.ts';
import {
  entryOf,
  numbersTo,
  OBJECT_TIME_MS,
  OTHER_TOPIC_ID,
  objectIdOf,
  PARTITION,
  TOPIC_ID,
} from './contract-values.ts';

/** A store in which nothing is stored, and what no port does yet but a job will. */
export interface PartitionStoreHarness {
  readonly store: PartitionStore;
  /** Sets the global floor. */
  raiseFloor(floor: string): Promise<void>;
  /** Puts a topic's tombstone. */
  buryTopic(topicId: string): Promise<void>;
}

export type MakePartitionStore = () => Promise<PartitionStoreHarness>;

const NEVER_RAISED = ulidFloor(0);
const PRODUCER_ID = 4_000_000_001n;

export function partitionStoreContract(makeStore: MakePartitionStore): void {
  let harness: PartitionStoreHarness;
  let store: PartitionStore;

  beforeEach(async () => {
    harness = await makeStore();
    store = harness.store;
  });

  const createHeads = async (partitions: readonly number[] = [0], topicId = TOPIC_ID) => {
    const floor = await store.readFloor();
    return await store.createHeads({ topicId, partitions, floor });
  };

  const readHead = async (partition = PARTITION): Promise<Head> => {
    const [head] = await store.readHeads([partition]);
    return required(head, 'the head');
  };

  const append = async (
    number: number,
    overrides: Partial<AppendToHeadRequest> = {},
  ): Promise<AppendToHeadOutcome> =>
    await store.appendToHead({
      partition: PARTITION,
      entries: [entryOf(number)],
      objectId: objectIdOf(number),
      ...overrides,
    });

  const appendEach = async (count: number): Promise<Head> => {
    for (const number of numbersTo(count)) await append(number);
    return await readHead();
  };

  describe('readFloor', () => {
    it('gives the smallest ULID when the floor was never raised', async () => {
      expect(await store.readFloor()).toBe(NEVER_RAISED);
    });

    it('gives the floor that was raised', async () => {
      await harness.raiseFloor(objectIdOf(1));
      expect(await store.readFloor()).toBe(objectIdOf(1));
    });
  });

  describe('createHeads', () => {
    it('puts empty heads that start at the floor', async () => {
      await harness.raiseFloor(objectIdOf(1));
      expect(await createHeads([0, 1])).toBe('created');
      expect(await readHead()).toEqual(emptyHead(objectIdOf(1)));
      expect(await readHead({ topicId: TOPIC_ID, partition: 1 })).toEqual(emptyHead(objectIdOf(1)));
    });

    it('puts none when one of them exists, and leaves that one alone', async () => {
      await createHeads([1]);
      await append(1, { partition: { topicId: TOPIC_ID, partition: 1 } });
      expect(await createHeads([0, 1, 2])).toBe('exists');
      const heads = await store.readHeads(
        [0, 1, 2].map((partition) => ({ topicId: TOPIC_ID, partition })),
      );
      expect(heads.map((head) => head?.nextOffset)).toEqual([undefined, 1n, undefined]);
    });

    it('puts none when the floor moved (no-loss-by-cleanup)', async () => {
      await harness.raiseFloor(objectIdOf(1));
      const request = { topicId: TOPIC_ID, partitions: [0], floor: objectIdOf(1) };
      await harness.raiseFloor(objectIdOf(2));
      expect(await store.createHeads(request)).toBe('floor-moved');
      expect(await store.readHeads([PARTITION])).toEqual([undefined]);
    });

    it('puts none when the floor was raised for the first time since it was read', async () => {
      await harness.raiseFloor(objectIdOf(1));
      const request = { topicId: TOPIC_ID, partitions: [0], floor: NEVER_RAISED };
      expect(await store.createHeads(request)).toBe('floor-moved');
    });

    it('puts none on a floor above the one that stands', async () => {
      const request = { topicId: TOPIC_ID, partitions: [0], floor: objectIdOf(9) };
      expect(await store.createHeads(request)).toBe('floor-moved');
    });

    it('puts none for a topic that was deleted, however late it comes (durable)', async () => {
      await harness.buryTopic(TOPIC_ID);
      expect(await createHeads()).toBe('dead');
      expect(await store.readHeads([PARTITION])).toEqual([undefined]);
      expect(await createHeads([0], OTHER_TOPIC_ID)).toBe('created');
    });

    it('takes as many heads as a transaction can, and no more', async () => {
      expect(await createHeads(numbersTo(HEADS_PER_TRANSACTION_MAX))).toBe('created');
      const last = { topicId: TOPIC_ID, partition: HEADS_PER_TRANSACTION_MAX - 1 };
      expect(await readHead(last)).toEqual(emptyHead(NEVER_RAISED));
      const tooMany = createHeads(numbersTo(HEADS_PER_TRANSACTION_MAX + 1), OTHER_TOPIC_ID);
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });

  describe('appendToHead', () => {
    it('counts the records into the next offset and puts the entry at the end of the tail', async () => {
      await createHeads();
      const first = entryOf(1, { recordCount: 5 });
      const second = entryOf(2, { recordCount: 7, positionBytes: 9, maxTimestampMs: -1 });
      const base = emptyHead(NEVER_RAISED);
      expect(await append(1, { entries: [first] })).toEqual({
        kind: 'appended',
        head: { ...base, nextOffset: 5n, tail: [first] },
      });
      expect(await append(2, { entries: [second] })).toEqual({
        kind: 'appended',
        head: { ...base, nextOffset: 12n, tail: [first, second] },
      });
      expect(await readHead()).toEqual({ ...base, nextOffset: 12n, tail: [first, second] });
    });

    it('keeps the order of several entries', async () => {
      await createHeads();
      const entries = [3, 1, 2].map((count) =>
        entryOf(7, { recordCount: count, positionBytes: count }),
      );
      const outcome = await append(7, { entries });
      expect(outcome.head?.tail).toEqual(entries);
      expect(outcome.head?.nextOffset).toBe(6n);
    });

    it('touches no other partition', async () => {
      await createHeads([0, 1]);
      await append(1);
      expect(await readHead({ topicId: TOPIC_ID, partition: 1 })).toEqual(emptyHead(NEVER_RAISED));
    });

    it('is refused where there is no head', async () => {
      expect(await append(1)).toEqual({ kind: 'refused', head: undefined });
      expect(await store.readHeads([PARTITION])).toEqual([undefined]);
    });

    it('is refused for an object below the floor, and takes one at the floor (no-loss-by-cleanup)', async () => {
      await harness.raiseFloor(objectIdOf(5));
      await createHeads();
      const empty = emptyHead(objectIdOf(5));
      expect(await append(4)).toEqual({ kind: 'refused', head: empty });
      expect((await append(5)).kind).toBe('appended');
    });

    it('is refused from the cap on, with the head that stands', async () => {
      await createHeads();
      const entries = numbersTo(TAIL_ENTRIES_CAP - 1).map((number) =>
        entryOf(1, { positionBytes: number }),
      );
      await append(1, { entries });
      expect((await append(2)).kind).toBe('appended');
      const refused = await append(3);
      expect(refused.kind).toBe('refused');
      expect(refused.head).toEqual(await readHead());
      expect(refused.head?.tail.length).toBe(TAIL_ENTRIES_CAP);
    });

    it('gives 50 concurrent appends offsets without gap or overlap (dense)', async () => {
      await createHeads();
      const outcomes = await Promise.all(
        numbersTo(50).map((number) =>
          append(number, { entries: [entryOf(number, { recordCount: 3 })] }),
        ),
      );
      const baseOffsets = outcomes.map((outcome) => required(outcome.head, 'head').nextOffset - 3n);
      baseOffsets.sort((a, b) => Number(a - b));
      expect(baseOffsets).toEqual(numbersTo(50).map((number) => BigInt(3 * number)));
      for (const outcome of outcomes) assertHead(required(outcome.head, 'head'));
      expect((await readHead()).tail.length).toBe(50);
    });

    it('refuses no entries at all', async () => {
      await createHeads();
      await expect(append(1, { entries: [] })).rejects.toThrow('assertion failed');
    });
  });

  describe('appendToHead with matchOffset', () => {
    it('appends at the offset asked for', async () => {
      await createHeads();
      expect((await append(1, { matchOffset: 0n })).kind).toBe('appended');
      expect((await append(2, { matchOffset: 1n })).kind).toBe('appended');
    });

    it('is refused at any other offset, with the head that stands', async () => {
      await createHeads();
      await append(1);
      const head = await readHead();
      expect(await append(2, { matchOffset: 0n })).toEqual({ kind: 'refused', head });
      expect(await append(2, { matchOffset: 2n })).toEqual({ kind: 'refused', head });
    });

    it('lets one of 20 rivals win (dense)', async () => {
      await createHeads();
      const outcomes = await Promise.all(
        numbersTo(20).map((number) => append(number, { matchOffset: 0n })),
      );
      expect(outcomes.filter((outcome) => outcome.kind === 'appended').length).toBe(1);
      expect((await readHead()).nextOffset).toBe(1n);
    });
  });

  describe('appendToHead with a producer', () => {
    const produced = (options: {
      readonly number: number;
      readonly epoch?: number;
      readonly baseSequence: number;
      readonly recordCount?: number;
    }): TailEntry => ({
      ...entryOf(options.number, { recordCount: options.recordCount ?? 1 }),
      producer: {
        producerId: PRODUCER_ID,
        producerEpoch: options.epoch ?? 0,
        baseSequence: options.baseSequence,
      },
    });
    const absent = (next: ProducerCondition['next'], evictions = 0): ProducerCondition => ({
      producerId: PRODUCER_ID,
      expected: { kind: 'absent', evictions },
      next,
    });
    const known = (
      expected: ProducerCondition['next'],
      next: ProducerCondition['next'],
    ): ProducerCondition => ({
      producerId: PRODUCER_ID,
      expected: { kind: 'state', ...expected },
      next,
    });
    const state = (producerEpoch: number, lastSequence: number) => ({
      producerEpoch,
      lastSequence,
    });

    /** The producer's batches 0–4 stand at offset 1, after a plain record. */
    const withFirstBatch = async (): Promise<Head> => {
      await createHeads();
      await append(1);
      const outcome = await append(2, {
        entries: [produced({ number: 2, baseSequence: 0, recordCount: 5 })],
        producer: absent(state(0, 4)),
      });
      return required(outcome.head, 'the head');
    };

    it('remembers epoch, last sequence and the offset of a producer that was absent', async () => {
      const head = await withFirstBatch();
      expect(head.producers).toEqual(new Map([[PRODUCER_ID, { ...state(0, 4), lastOffset: 1n }]]));
      expect(head.tail[1]).toEqual(produced({ number: 2, baseSequence: 0, recordCount: 5 }));
      expect(await readHead()).toEqual(head);
    });

    it('moves the state on from exactly the state expected', async () => {
      await withFirstBatch();
      const outcome = await append(3, {
        entries: [produced({ number: 3, baseSequence: 5, recordCount: 2 })],
        producer: known(state(0, 4), state(0, 6)),
      });
      expect(outcome.kind).toBe('appended');
      expect(outcome.head?.producers.get(PRODUCER_ID)).toEqual({ ...state(0, 6), lastOffset: 6n });
    });

    it('takes a new epoch on from the old epoch’s state', async () => {
      await withFirstBatch();
      const outcome = await append(3, {
        entries: [produced({ number: 3, epoch: 1, baseSequence: 0 })],
        producer: known(state(0, 4), state(1, 0)),
      });
      expect(outcome.head?.producers.get(PRODUCER_ID)).toEqual({ ...state(1, 0), lastOffset: 6n });
    });

    it.each([
      ['another last sequence', known(state(0, 3), state(0, 5))],
      ['another epoch', known(state(1, 4), state(1, 5))],
      ['an absent producer that is there', absent(state(0, 5))],
    ])('is refused on %s, and the loser learns the state', async (_what, producer) => {
      const head = await withFirstBatch();
      const entries = [produced({ number: 3, baseSequence: 5 })];
      expect(await append(3, { entries, producer })).toEqual({ kind: 'refused', head });
      expect(await readHead()).toEqual(head);
    });

    it('is refused on a state of a producer that is not there', async () => {
      await createHeads();
      const outcome = await append(1, {
        entries: [produced({ number: 1, baseSequence: 5 })],
        producer: known(state(0, 4), state(0, 5)),
      });
      expect(outcome).toEqual({ kind: 'refused', head: emptyHead(NEVER_RAISED) });
    });

    it('is refused when producers were evicted since the stored state was read (no-double-append)', async () => {
      await withFirstBatch();
      await store.removeProducers(PARTITION, [{ producerId: PRODUCER_ID, lastOffset: 1n }]);
      const entries = [produced({ number: 3, baseSequence: 5 })];
      const stale = await append(3, { entries, producer: absent(state(0, 5), 0) });
      expect(stale.kind).toBe('refused');
      expect(stale.head?.evictions).toBe(1);
      expect(stale.head?.producers.size).toBe(0);
      const fresh = await append(3, { entries, producer: absent(state(0, 5), 1) });
      expect(fresh.kind).toBe('appended');
    });

    it('appends one of 20 identical sends (no-double-append)', async () => {
      await createHeads();
      const outcomes = await Promise.all(
        numbersTo(20).map((number) =>
          append(number, {
            entries: [produced({ number, baseSequence: 0 })],
            producer: absent(state(0, 0)),
          }),
        ),
      );
      expect(outcomes.filter((outcome) => outcome.kind === 'appended').length).toBe(1);
      for (const outcome of outcomes) {
        expect(outcome.head?.producers.get(PRODUCER_ID)?.lastOffset).toBe(0n);
      }
      expect((await readHead()).tail.length).toBe(1);
    });

    it('keeps 20 concurrent producers apart', async () => {
      await createHeads();
      await Promise.all(
        numbersTo(20).map((number) =>
          append(number, {
            producer: { ...absent(state(number, 0)), producerId: BigInt(number) },
          }),
        ),
      );
      const head = await readHead();
      expect(head.producers.size).toBe(20);
      const lastOffsets = [...head.producers.values()].map(({ lastOffset }) => Number(lastOffset));
      expect(lastOffsets.sort((a, b) => a - b)).toEqual(numbersTo(20));
      for (const number of numbersTo(20)) {
        expect(head.producers.get(BigInt(number))?.producerEpoch).toBe(number);
      }
    });

    it('is refused where there is no head', async () => {
      const outcome = await append(1, { producer: absent(state(0, 0)) });
      expect(outcome).toEqual({ kind: 'refused', head: undefined });
    });

    it('holds matchOffset beside the producer', async () => {
      const head = await withFirstBatch();
      const entries = [produced({ number: 3, baseSequence: 5 })];
      const producer = known(state(0, 4), state(0, 5));
      const refused = await append(3, { entries, producer, matchOffset: 5n });
      expect(refused).toEqual({ kind: 'refused', head });
      expect((await append(3, { entries, producer, matchOffset: 6n })).kind).toBe('appended');
    });
  });

  describe('readHeads', () => {
    it('answers in the order asked, undefined where there is none', async () => {
      await createHeads([0, 1, 2]);
      await append(1, { partition: { topicId: TOPIC_ID, partition: 2 } });
      const heads = await store.readHeads([
        { topicId: TOPIC_ID, partition: 2 },
        { topicId: OTHER_TOPIC_ID, partition: 0 },
        { topicId: TOPIC_ID, partition: 0 },
      ]);
      expect(heads.map((head) => head?.nextOffset)).toEqual([1n, undefined, 0n]);
    });

    it('reads nothing when asked for nothing', async () => {
      expect(await store.readHeads([])).toEqual([]);
    });

    it('answers a partition that is asked for twice twice', async () => {
      await createHeads();
      const empty = emptyHead(NEVER_RAISED);
      expect(await store.readHeads([PARTITION, PARTITION])).toEqual([empty, empty]);
    });

    it('reads as many heads as one request can, and no more', async () => {
      await createHeads(numbersTo(HEADS_PER_TRANSACTION_MAX));
      const keys = numbersTo(HEADS_PER_READ_MAX).map((partition) => ({
        topicId: TOPIC_ID,
        partition,
      }));
      const heads = await store.readHeads(keys);
      expect(heads.map((head) => head?.nextOffset)).toEqual(
        keys.map(({ partition }) => (partition < HEADS_PER_TRANSACTION_MAX ? 0n : undefined)),
      );
      const tooMany = store.readHeads([...keys, PARTITION]);
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });

  /** The page of a head's first entries, as the roller makes it. */
  const pageOf = (head: Head, count: number): Page => {
    const entries = head.tail.slice(0, count);
    return {
      baseOffset: head.tailBase,
      endOffset: head.tailBase + BigInt(recordCountOf(entries)),
      entries,
      maxTimestampMs: Math.max(
        head.rolledMaxTimestampMs,
        ...entries.map((entry) => entry.maxTimestampMs),
      ),
      bytesBefore: head.rolledBytes,
    };
  };

  describe('putPage', () => {
    it('stores a page that can be found whole', async () => {
      await createHeads();
      const page = pageOf(await appendEach(16), 16);
      expect(await store.putPage(PARTITION, page)).toEqual({ kind: 'stored' });
      expect(await store.findPages(PARTITION, { offset: 15n, limit: 1 })).toEqual([page]);
    });

    it('gives back the page that is there instead of replacing it', async () => {
      await createHeads();
      const head = await appendEach(3);
      const page = pageOf(head, 3);
      await store.putPage(PARTITION, page);
      expect(await store.putPage(PARTITION, pageOf(head, 2))).toEqual({ kind: 'exists', page });
      expect(await store.findPages(PARTITION, { offset: 0n, limit: 2 })).toEqual([page]);
    });

    it('lets one of 10 rivals store it, and shows it to the others', async () => {
      await createHeads();
      const head = await appendEach(10);
      const outcomes = await Promise.all(
        numbersTo(10).map(
          async (number) => await store.putPage(PARTITION, pageOf(head, number + 1)),
        ),
      );
      const [stored] = await store.findPages(PARTITION, { offset: 0n, limit: 1 });
      expect(outcomes.filter(({ kind }) => kind === 'stored').length).toBe(1);
      for (const outcome of outcomes) {
        if (outcome.kind === 'exists') expect(outcome.page).toEqual(stored);
      }
    });

    it('keeps a page of as many entries as a tail can hold, producers and all', async () => {
      const producer = { producerId: 2n ** 62n, producerEpoch: 32_767, baseSequence: 2 ** 31 - 1 };
      const entries = numbersTo(TAIL_ENTRIES_CAP).map((number) => entryOf(number, { producer }));
      const page: Page = {
        baseOffset: 2n ** 53n,
        endOffset: 2n ** 53n + BigInt(TAIL_ENTRIES_CAP),
        entries,
        maxTimestampMs: -1,
        bytesBefore: 2 ** 50,
      };
      await store.putPage(PARTITION, page);
      expect(await store.findPages(PARTITION, { offset: 2n ** 62n, limit: 1 })).toEqual([page]);
    });
  });

  describe('findPages', () => {
    const page = (baseOffset: bigint, length = 10n): Page => ({
      baseOffset,
      endOffset: baseOffset + length,
      entries: [entryOf(Number(baseOffset % 1_000n), { recordCount: Number(length) })],
      maxTimestampMs: OBJECT_TIME_MS,
      bytesBefore: Number(baseOffset),
    });
    const bases = (pages: readonly Page[]) => pages.map(({ baseOffset }) => baseOffset);

    beforeEach(async () => {
      for (const base of [0n, 10n, 20n, 90n, 100n, 1_000n, 10_000_000_000n]) {
        await store.putPage(PARTITION, page(base));
      }
    });

    it('finds the newest page at or below the offset', async () => {
      const find = async (offset: bigint) =>
        bases(await store.findPages(PARTITION, { offset, limit: 1 }));
      expect(await find(0n)).toEqual([0n]);
      expect(await find(9n)).toEqual([0n]);
      expect(await find(10n)).toEqual([10n]);
      expect(await find(99n)).toEqual([90n]);
      expect(await find(9_999_999_999n)).toEqual([1_000n]);
      expect(await find(2n ** 63n - 1n)).toEqual([10_000_000_000n]);
    });

    it('gives pages newest first, at most as many as asked', async () => {
      const found = await store.findPages(PARTITION, { offset: 100n, limit: 3 });
      expect(found).toEqual([page(100n), page(90n), page(20n)]);
      const all = await store.findPages(PARTITION, { offset: 15n, limit: 100 });
      expect(bases(all)).toEqual([10n, 0n]);
    });

    it('finds nothing below the first page, nor in other partitions', async () => {
      const other = { topicId: TOPIC_ID, partition: 1 };
      await store.putPage(other, page(50n));
      expect(await store.findPages(other, { offset: 49n, limit: 1 })).toEqual([]);
      expect(bases(await store.findPages(other, { offset: 10_000n, limit: 9 }))).toEqual([50n]);
      const unknown = { topicId: OTHER_TOPIC_ID, partition: 0 };
      expect(await store.findPages(unknown, { offset: 100n, limit: 9 })).toEqual([]);
    });
  });

  describe('trimTail', () => {
    const trim = async (page: Page, tailBase = page.baseOffset) =>
      await store.trimTail({ partition: PARTITION, tailBase, page });

    it('removes the page’s entries from the front, in their order, and moves tailBase to its end', async () => {
      await createHeads();
      const head = await appendEach(20);
      const page = pageOf(head, 16);
      expect(await trim(page)).toBe('trimmed');
      expect(await readHead()).toEqual({
        ...head,
        tailBase: page.endOffset,
        tail: head.tail.slice(16),
        rolledMaxTimestampMs: page.maxTimestampMs,
        rolledBytes: byteCountOf(page.entries),
      });
    });

    it('adds up the rolled bytes over trims, and appends go on behind', async () => {
      await createHeads();
      const first = pageOf(await appendEach(4), 4);
      await trim(first);
      await append(9, { entries: [entryOf(9, { recordCount: 2, lengthBytes: 11 })] });
      const second = pageOf(await readHead(), 1);
      expect(await trim(second)).toBe('trimmed');
      expect(await readHead()).toEqual({
        ...emptyHead(NEVER_RAISED),
        nextOffset: 6n,
        tailBase: 6n,
        rolledMaxTimestampMs: OBJECT_TIME_MS + 9,
        rolledBytes: 411,
      });
      expect((await append(10)).head?.nextOffset).toBe(7n);
    });

    it('removes as many entries at once as a tail can ever hold', async () => {
      await createHeads();
      const entries = (count: number) =>
        numbersTo(count).map((number) => entryOf(number, { positionBytes: number }));
      await append(1, { entries: entries(TAIL_ENTRIES_CAP - 1) });
      // The last append below the cap may bring a whole request's entries.
      const { head } = await append(2, { entries: entries(20) });
      const full = required(head, 'the head');
      expect(await trim(pageOf(full, full.tail.length))).toBe('trimmed');
      const after = await readHead();
      expect([after.tail, after.tailBase]).toEqual([[], full.nextOffset]);
    });

    it('changes nothing when tailBase moved (dense)', async () => {
      await createHeads();
      const head = await appendEach(8);
      await trim(pageOf(head, 3));
      const standing = await readHead();
      expect(await trim(pageOf(head, 3))).toBe('moved');
      expect(await trim(pageOf(head, 8))).toBe('moved');
      expect(await readHead()).toEqual(standing);
    });

    it('says moved where there is no head, and makes none', async () => {
      await createHeads();
      const page = pageOf(await appendEach(2), 2);
      await store.deleteHeads({ topicId: TOPIC_ID, partitions: [0] });
      expect(await trim(page)).toBe('moved');
      expect(await store.readHeads([PARTITION])).toEqual([undefined]);
    });

    it('lets one of 10 rivals trim', async () => {
      await createHeads();
      const head = await appendEach(12);
      const outcomes = await Promise.all(
        numbersTo(10).map(async (number) => await trim(pageOf(head, 1 + number))),
      );
      expect(outcomes.filter((outcome) => outcome === 'trimmed').length).toBe(1);
      assertHead(await readHead());
    });

    it('loses nothing while others append (durable, dense)', async () => {
      await createHeads();
      const head = await appendEach(16);
      const page = pageOf(head, 16);
      await Promise.all([trim(page), ...numbersTo(20).map((number) => append(100 + number))]);
      const after = await readHead();
      assertHead(after);
      expect(after.tailBase).toBe(16n);
      expect(after.nextOffset).toBe(36n);
      const appended = numbersTo(20).map((number) => objectIdOf(100 + number));
      expect(after.tail.map(({ objectId }) => objectId).sort()).toEqual(appended);
    });
  });

  describe('raiseLogStart', () => {
    it('raises to an offset up to the next one', async () => {
      await createHeads();
      const head = await appendEach(5);
      const raised = { ...head, logStartOffset: 2n };
      expect(await store.raiseLogStart(PARTITION, 2n)).toEqual({ kind: 'raised', head: raised });
      expect(await readHead()).toEqual(raised);
      const toTheEnd = { ...head, logStartOffset: 5n };
      expect(await store.raiseLogStart(PARTITION, 5n)).toEqual({ kind: 'raised', head: toTheEnd });
    });

    it('never lowers it, nor raises it beyond the next offset', async () => {
      await createHeads();
      await appendEach(5);
      await store.raiseLogStart(PARTITION, 3n);
      const head = await readHead();
      for (const offset of [0n, 2n, 3n, 6n]) {
        expect(await store.raiseLogStart(PARTITION, offset)).toEqual({ kind: 'refused', head });
      }
      expect(await readHead()).toEqual(head);
    });

    it('is refused where there is no head, and makes none', async () => {
      const outcome = await store.raiseLogStart(PARTITION, 1n);
      expect(outcome).toEqual({ kind: 'refused', head: undefined });
      expect(await store.readHeads([PARTITION])).toEqual([undefined]);
    });
  });

  describe('deleteHeads', () => {
    it('removes heads, leaves the others, and does not mind what is not there', async () => {
      await createHeads([0, 1, 2]);
      await store.deleteHeads({ topicId: TOPIC_ID, partitions: [0, 2, 7] });
      const keys = [0, 1, 2].map((partition) => ({ topicId: TOPIC_ID, partition }));
      const heads = await store.readHeads(keys);
      expect(heads).toEqual([undefined, emptyHead(NEVER_RAISED), undefined]);
      await store.deleteHeads({ topicId: TOPIC_ID, partitions: [0, 2, 7] });
    });

    it('refuses appends from then on', async () => {
      await createHeads();
      await store.deleteHeads({ topicId: TOPIC_ID, partitions: [0] });
      expect(await append(1)).toEqual({ kind: 'refused', head: undefined });
    });

    it('takes as many heads as one request can, and no more', async () => {
      const partitions = numbersTo(HEADS_PER_DELETE_MAX);
      await createHeads(partitions);
      await store.deleteHeads({ topicId: TOPIC_ID, partitions });
      const heads = await store.readHeads(
        partitions.map((partition) => ({ topicId: TOPIC_ID, partition })),
      );
      expect(heads.every((head) => head === undefined)).toBe(true);
      const tooMany = store.deleteHeads({
        topicId: TOPIC_ID,
        partitions: numbersTo(HEADS_PER_DELETE_MAX + 1),
      });
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });
}
