// What every TransactionStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import { TAIL_ENTRIES_CAP, TRANSACTION_ITEMS_MAX } from '../../lib/limits.ts';
import { partitionKeyText } from '../../lib/log/keys.ts';
import type { Head } from '../../lib/log/partition.ts';
import type { Topic } from '../../lib/log/topic.ts';
import {
  type CommitAppend,
  newTransaction,
  type StagedOffset,
  type Transaction,
} from '../../lib/log/transaction.ts';
import type { GroupStore } from '../../lib/ports/group-store.ts';
import type { OffsetStore } from '../../lib/ports/offset-store.ts';
import type { PartitionStore } from '../../lib/ports/partition-store.ts';
import type { TopicStore } from '../../lib/ports/topic-store.ts';
import type { TransactionStore } from '../../lib/ports/transaction-store.ts';
import { entryOf, numbersTo, OTHER_TOPIC_ID, objectIdOf, TOPIC_ID } from './contract-values.ts';
import { createMember, GROUP_ID, MEMBER } from './group-values.ts';

/** Stores over one storage in which nothing is stored. */
export interface TransactionStoreHarness {
  readonly transactions: TransactionStore;
  readonly partitions: PartitionStore;
  readonly groups: GroupStore;
  readonly offsets: OffsetStore;
  readonly topics: TopicStore;
}

export type MakeTransactionStore = () => Promise<TransactionStoreHarness>;

const ID = 'transfers';

export function transactionStoreContract(makeStore: MakeTransactionStore): void {
  let harness: TransactionStoreHarness;
  let store: TransactionStore;

  beforeEach(async () => {
    harness = await makeStore();
    store = harness.transactions;
  });

  const first = newTransaction({ transactionalId: ID, producerId: 2n ** 52n, timeoutMs: 60_000 });
  const nextOf = (before: Transaction, change: Partial<Transaction> = {}): Transaction => ({
    ...before,
    version: before.version + 1,
    ...change,
  });
  const read = async (transactionalId = ID) =>
    (await store.readTransaction(transactionalId)).transaction;

  const createHeads = async (count: number): Promise<void> => {
    const floor = await harness.partitions.readFloor();
    const partitions = numbersTo(count);
    await harness.partitions.createHeads({ topicId: TOPIC_ID, partitions, floor });
  };
  const readHeads = async (count: number): Promise<readonly (Head | undefined)[]> =>
    await harness.partitions.readHeads(
      numbersTo(count).map((partition) => ({ topicId: TOPIC_ID, partition })),
    );
  const appendTo = (partition: number, change: Partial<CommitAppend> = {}): CommitAppend => ({
    partition: { topicId: TOPIC_ID, partition },
    entries: [entryOf(3), entryOf(4, { recordCount: 2 })],
    objectId: objectIdOf(3),
    ...change,
  });

  describe('readTransaction', () => {
    it('reads the ids of active topics with it, whether or not there is a transaction', async () => {
      const topic = (name: string, topicId: string): Topic => ({
        name,
        topicId,
        state: 'active',
        partitionCount: 1,
        configs: {},
        createdAtMs: 1_800_000_000_000,
        version: 1,
      });
      const gone = topic('gone', OTHER_TOPIC_ID);
      await harness.topics.createTopic(topic('orders', TOPIC_ID));
      await harness.topics.createTopic(gone);
      await harness.topics.updateTopic({ ...gone, state: 'deleting', version: 2 }, gone);
      const names = ['orders', 'gone', 'never'];
      const topicIds = new Map([['orders', TOPIC_ID]]);
      expect(await store.readTransaction(ID, names)).toMatchObject({
        transaction: undefined,
        topicIds,
      });
      await store.writeTransaction(first);
      expect(await store.readTransaction(ID, names)).toMatchObject({
        transaction: first,
        topicIds,
      });
      expect((await store.readTransaction(ID)).topicIds.size).toBe(0);
    });
  });

  describe('writeTransaction', () => {
    it('puts the first version where there is none, and reads it back whole', async () => {
      expect(await read()).toBeUndefined();
      expect(await store.writeTransaction(first)).toBe('written');
      expect(await read()).toEqual(first);
      expect(await store.writeTransaction(first)).toBe('changed');
      expect(await read('other')).toBeUndefined();
    });

    it('keeps everything that a transaction may hold', async () => {
      const key = partitionKeyText({ topicId: TOPIC_ID, partition: 7 });
      const full = nextOf(first, {
        producerEpoch: 32_767,
        number: 2 ** 40,
        last: 'aborted',
        deadlineMs: 1_900_000_000_000,
        sequences: new Map([[key, 2 ** 31 - 1]]),
        staged: new Map([[key, [entryOf(1), entryOf(2, { positionBytes: 9 })]]]),
        offsets: [offsetOf(0, { offset: 2n ** 62n, metadata: 'größer "als"' })],
      });
      await store.writeTransaction(first);
      expect(await store.writeTransaction(full)).toBe('written');
      expect(await read()).toEqual(full);
    });

    it('is refused on any version but the next (fenced)', async () => {
      await store.writeTransaction(first);
      const second = nextOf(first, { number: 2 });
      expect(await store.writeTransaction(second)).toBe('written');
      for (const version of [1, 2, 4]) {
        expect(await store.writeTransaction({ ...second, version })).toBe('changed');
      }
      expect(await read()).toEqual(second);
    });

    it('lets one of 10 rivals win', async () => {
      await store.writeTransaction(first);
      const outcomes = await Promise.all(
        numbersTo(10).map((number) => store.writeTransaction(nextOf(first, { number }))),
      );
      expect(outcomes.filter((outcome) => outcome === 'written').length).toBe(1);
    });

    it('says what time it is by the storage’s clock, never ahead of it', async () => {
      const { storageNowMs } = await store.readTransaction(ID);
      expect(storageNowMs).toBeLessThanOrEqual(Date.now());
      expect(storageNowMs).toBeGreaterThan(Date.now() - 60_000);
    });
  });

  const offsetOf = (partition: number, change: Partial<StagedOffset> = {}): StagedOffset => ({
    ...MEMBER,
    memberEpoch: 3,
    topicId: TOPIC_ID,
    topicName: 'orders',
    partition,
    offset: 17n,
    metadata: 'done',
    ...change,
  });
  /** The member claims partitions at epoch 3. */
  const claim = async (count: number): Promise<void> => {
    await createMember(harness.groups);
    for (const partition of numbersTo(count)) {
      await harness.offsets.claimFirst({
        ...MEMBER,
        epoch: 3,
        partition: { topicId: TOPIC_ID, topicName: 'orders', partition },
      });
    }
  };
  const readOffsets = async () =>
    (await harness.offsets.readOffsets({ groupId: GROUP_ID })).offsets;

  describe('commitTransaction', () => {
    beforeEach(async () => {
      await store.writeTransaction(first);
      await createHeads(3);
      await claim(2);
    });

    const next = nextOf(first, { number: 2, last: 'committed' });

    it('closes the item, appends to the heads and commits the offsets (atomic-transaction)', async () => {
      const before = await readHeads(3);
      const commit = {
        next,
        appends: [appendTo(0), appendTo(2)],
        offsets: [offsetOf(0), offsetOf(1, { offset: 0n, metadata: '' })],
      };
      expect(await store.commitTransaction(commit)).toEqual({ kind: 'committed' });
      expect(await read()).toEqual(next);
      const heads = await readHeads(3);
      expect(heads.map((head) => head?.nextOffset)).toEqual([3n, 0n, 3n]);
      expect(heads[0]?.tail).toEqual(appendTo(0).entries);
      expect(heads[1]).toEqual(before[1]);
      const offsets = await readOffsets();
      expect(
        offsets.map(({ counter, committed }) => [counter, committed?.offset, committed?.metadata]),
      ).toEqual([
        [1, 17n, 'done'],
        [1, 0n, ''],
      ]);
    });

    const unchanged = async (): Promise<void> => {
      expect(await read()).toEqual(first);
      expect((await readHeads(3)).map((head) => head?.nextOffset)).toEqual([0n, 0n, 0n]);
      for (const { committed } of await readOffsets()) expect(committed).toBeUndefined();
    };

    it('does nothing when the item has changed (fenced)', async () => {
      const stale = { next: nextOf(next), appends: [appendTo(0)], offsets: [offsetOf(0)] };
      const outcome = await store.commitTransaction(stale);
      expect(outcome).toMatchObject({ kind: 'refused', changed: true });
      await unchanged();
    });

    it.each<readonly [string, StagedOffset]>([
      ['of another member', offsetOf(1, { memberId: 'member-2' })],
      ['of an older epoch', offsetOf(1, { memberEpoch: 2 })],
      ['of nobody', offsetOf(2)],
    ])(
      'does nothing when an offset is %s (one-owner, atomic-transaction)',
      async (_what, wrong) => {
        const offsets = [offsetOf(0), wrong];
        const outcome = await store.commitTransaction({ next, appends: [appendTo(0)], offsets });
        const standing = (await readOffsets()).find(
          ({ partition }) => partition === wrong.partition,
        );
        expect(outcome).toEqual({
          kind: 'refused',
          changed: false,
          heads: new Map(),
          offsets: new Map([[1, standing]]),
        });
        await unchanged();
      },
    );

    it('does nothing when a head is gone, or its floor is above the oldest object (no-loss-by-cleanup)', async () => {
      const heads = await readHeads(3);
      const appends = [
        appendTo(0),
        appendTo(9),
        appendTo(1, { objectId: '0'.repeat(25) }),
        appendTo(2),
      ];
      const outcome = await store.commitTransaction({ next, appends, offsets: [] });
      expect(outcome).toEqual({
        kind: 'refused',
        changed: false,
        heads: new Map([
          [1, undefined],
          [2, heads[1]],
        ]),
        offsets: new Map(),
      });
      await unchanged();
    });

    it('does nothing when a tail is at its cap', async () => {
      const entries = numbersTo(TAIL_ENTRIES_CAP).map((number) => entryOf(number));
      const partition = { topicId: TOPIC_ID, partition: 1 };
      await harness.partitions.appendToHead({ partition, entries, objectId: objectIdOf(0) });
      const appends = [appendTo(0), appendTo(1)];
      const outcome = await store.commitTransaction({ next, appends, offsets: [] });
      expect(outcome).toMatchObject({ kind: 'refused', changed: false });
      expect((await readHeads(1))[0]?.nextOffset).toBe(0n);
    });

    it('lets one of 10 commits of the same version win (no-double-append)', async () => {
      const commit = { next, appends: [appendTo(0)], offsets: [offsetOf(0)] };
      const outcomes = await Promise.allSettled(
        numbersTo(10).map(() => store.commitTransaction(commit)),
      );
      const won = outcomes.filter(
        (one) => one.status === 'fulfilled' && one.value.kind === 'committed',
      );
      expect(won.length).toBe(1);
      expect(required((await readHeads(1))[0], 'the head').nextOffset).toBe(3n);
    });

    it('takes as many items as a transaction can, and no more', async () => {
      const floor = await harness.partitions.readFloor();
      const partitions = numbersTo(TRANSACTION_ITEMS_MAX).slice(3);
      await harness.partitions.createHeads({ topicId: TOPIC_ID, partitions, floor });
      const appends = numbersTo(TRANSACTION_ITEMS_MAX - 2).map((number) => appendTo(number));
      const offsets = [offsetOf(0)];
      const tooMany = { next, appends: [...appends, appendTo(99)], offsets };
      await expect(store.commitTransaction(tooMany)).rejects.toThrow('assertion failed');
      expect((await store.commitTransaction({ next, appends, offsets })).kind).toBe('committed');
    });
  });
}
