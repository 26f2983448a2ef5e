// What every CleanupStore and LeaseStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { ulidFloor } from '../../lib/ids.ts';
import { partitionKeyText } from '../../lib/log/keys.ts';
import { emptyHead } from '../../lib/log/partition.ts';
import type { CleanupStore, ScannedHead } from '../../lib/ports/cleanup-store.ts';
import type { LeaseStore } from '../../lib/ports/lease-store.ts';
import type { PartitionStore } from '../../lib/ports/partition-store.ts';
import type { DeletedTopic, TopicStore } from '../../lib/ports/topic-store.ts';
import {
  entryOf,
  numbersTo,
  OTHER_TOPIC_ID,
  objectIdOf,
  PARTITION,
  TOPIC_ID,
} from './contract-values.ts';

/** Ports over one storage in which nothing is stored. */
export interface CleanupStoreHarness {
  readonly cleanup: CleanupStore;
  readonly partitions: PartitionStore;
  readonly topics: TopicStore;
  readonly leases: LeaseStore;
}

export type MakeCleanupStore = () => Promise<CleanupStoreHarness>;

const NEVER_RAISED = ulidFloor(0);

export function cleanupStoreContract(makeStore: MakeCleanupStore): void {
  let cleanup: CleanupStore;
  let partitions: PartitionStore;
  let topics: TopicStore;

  beforeEach(async () => {
    ({ cleanup, partitions, topics } = await makeStore());
  });

  const state = async () => {
    const { storageNowMs, ...rest } = await cleanup.readGarbageState();
    return rest;
  };

  const createHeads = async (topicId: string, count: number) =>
    await partitions.createHeads({
      topicId,
      partitions: numbersTo(count),
      floor: await partitions.readFloor(),
    });

  describe('readGarbageState', () => {
    it('says that nothing was ever raised', async () => {
      expect(await state()).toEqual({ floor: NEVER_RAISED, passes: [] });
    });

    it('says what time it is by the storage’s clock, never ahead of it', async () => {
      const before = Date.now();
      const { storageNowMs } = await cleanup.readGarbageState();
      expect(storageNowMs).toBeGreaterThan(before - 60_000);
      expect(storageNowMs).toBeLessThanOrEqual(Date.now());
    });
  });

  describe('raiseFloor', () => {
    it('raises the floor that new heads start at, only upward', async () => {
      expect(await cleanup.raiseFloor(objectIdOf(5))).toBe('raised');
      expect(await cleanup.raiseFloor(objectIdOf(5))).toBe('refused');
      expect(await cleanup.raiseFloor(objectIdOf(4))).toBe('refused');
      expect(await partitions.readFloor()).toBe(objectIdOf(5));
      expect((await state()).floor).toBe(objectIdOf(5));
    });

    it('keeps a head from being created on the floor before (no-loss-by-cleanup)', async () => {
      const request = { topicId: TOPIC_ID, partitions: [0], floor: await partitions.readFloor() };
      await cleanup.raiseFloor(objectIdOf(5));
      expect(await partitions.createHeads(request)).toBe('floor-moved');
    });
  });

  describe('replacePasses', () => {
    const passes = [
      { endedAtMs: 1_000, below: objectIdOf(1) },
      { endedAtMs: 2_000, below: objectIdOf(2) },
    ];

    it('remembers passes on the condition that nobody changed them', async () => {
      await cleanup.raiseFloor(objectIdOf(5));
      expect(await cleanup.replacePasses({ from: [], to: passes })).toBe('replaced');
      expect(await cleanup.replacePasses({ from: [], to: [] })).toBe('changed');
      expect(await cleanup.replacePasses({ from: passes, to: passes.slice(1) })).toBe('replaced');
      expect(await cleanup.replacePasses({ from: passes, to: [] })).toBe('changed');
      expect(await state()).toEqual({ floor: objectIdOf(5), passes: passes.slice(1) });
      expect(await cleanup.replacePasses({ from: passes.slice(1), to: [] })).toBe('replaced');
      expect(await cleanup.replacePasses({ from: [], to: passes })).toBe('replaced');
    });

    it('leaves the floor alone, and the floor leaves them alone', async () => {
      await cleanup.raiseFloor(objectIdOf(5));
      await cleanup.replacePasses({ from: [], to: passes });
      await cleanup.raiseFloor(objectIdOf(6));
      expect(await state()).toEqual({ floor: objectIdOf(6), passes });
    });
  });

  describe('scanHeads', () => {
    const scanAll = async (limit: number): Promise<ScannedHead[]> => {
      const found: ScannedHead[] = [];
      let after: string | undefined;
      do {
        const page: Awaited<ReturnType<CleanupStore['scanHeads']>> = await cleanup.scanHeads({
          limit,
          ...(after === undefined ? {} : { after }),
        });
        found.push(...page.heads);
        after = page.next;
      } while (after !== undefined);
      return found;
    };

    it.each([1, 2, 100])(
      'gives every head once, %i at a time, and the floor not',
      async (limit) => {
        await cleanup.raiseFloor(objectIdOf(5));
        await createHeads(TOPIC_ID, 12);
        await createHeads(OTHER_TOPIC_ID, 2);
        const names = (await scanAll(limit)).map(({ partition }) => partitionKeyText(partition));
        const expected = [
          ...numbersTo(12).map((number) => `${TOPIC_ID}/${number}`),
          ...numbersTo(2).map((number) => `${OTHER_TOPIC_ID}/${number}`),
        ];
        expect([...names].sort()).toEqual(expected.sort());
      },
    );

    it('gives heads as they stand', async () => {
      await createHeads(TOPIC_ID, 1);
      const entries = [entryOf(1)];
      await partitions.appendToHead({ partition: PARTITION, entries, objectId: objectIdOf(1) });
      const [scanned] = await scanAll(10);
      expect(scanned?.partition).toEqual(PARTITION);
      expect(scanned?.head).toEqual((await partitions.readHeads([PARTITION]))[0]);
      expect(scanned?.head.nextOffset).toBe(1n);
    });
  });

  describe('raiseHeadFloor', () => {
    it('raises it, only upward, and appends of older objects are refused (no-loss-by-cleanup)', async () => {
      await createHeads(TOPIC_ID, 1);
      expect(await cleanup.raiseHeadFloor(PARTITION, objectIdOf(5))).toBe('raised');
      expect(await cleanup.raiseHeadFloor(PARTITION, objectIdOf(5))).toBe('refused');
      expect(await cleanup.raiseHeadFloor(PARTITION, objectIdOf(4))).toBe('refused');
      const append = async (number: number) =>
        await partitions.appendToHead({
          partition: PARTITION,
          entries: [entryOf(number)],
          objectId: objectIdOf(number),
        });
      expect((await append(4)).kind).toBe('refused');
      expect((await append(5)).kind).toBe('appended');
    });

    it('makes no head where there is none', async () => {
      expect(await cleanup.raiseHeadFloor(PARTITION, objectIdOf(5))).toBe('refused');
      expect(await partitions.readHeads([PARTITION])).toEqual([undefined]);
    });

    it('changes nothing else of the head', async () => {
      await createHeads(TOPIC_ID, 1);
      await cleanup.raiseHeadFloor(PARTITION, objectIdOf(5));
      expect(await partitions.readHeads([PARTITION])).toEqual([emptyHead(objectIdOf(5))]);
    });
  });

  describe('deleted topics', () => {
    const DELETED: DeletedTopic = {
      topicId: TOPIC_ID,
      name: 'orders',
      partitionCount: 3,
      deletedAtMs: 1_800_000_000_000,
    };
    const listAll = async (limit: number): Promise<DeletedTopic[]> => {
      const found: DeletedTopic[] = [];
      let after: string | undefined;
      do {
        const page: Awaited<ReturnType<CleanupStore['listDeletedTopics']>> =
          await cleanup.listDeletedTopics({ limit, ...(after === undefined ? {} : { after }) });
        found.push(...page.topics);
        after = page.next;
      } while (after !== undefined);
      return found.sort((left, right) => (left.topicId < right.topicId ? -1 : 1));
    };

    it('are those that were released, until they are forgotten', async () => {
      await topics.createTopic({
        name: 'orders',
        topicId: TOPIC_ID,
        state: 'deleting',
        partitionCount: 3,
        configs: {},
        createdAtMs: 1,
        version: 1,
      });
      expect(await listAll(10)).toEqual([]);
      await topics.releaseTopic(DELETED);
      expect(await listAll(10)).toEqual([DELETED]);
      await cleanup.forgetDeletedTopic(TOPIC_ID);
      await cleanup.forgetDeletedTopic(TOPIC_ID);
      expect(await listAll(10)).toEqual([]);
    });

    it('are those that are found later, too', async () => {
      const other = { ...DELETED, topicId: OTHER_TOPIC_ID };
      await cleanup.putDeletedTopic(DELETED);
      await cleanup.putDeletedTopic(other);
      await cleanup.putDeletedTopic(other);
      for (const limit of [1, 10]) expect(await listAll(limit)).toEqual([DELETED, other]);
      expect((await topics.listTopics({ limit: 10 })).topics).toEqual([]);
    });
  });
}

export function leaseStoreContract(makeStore: MakeCleanupStore): void {
  let leases: LeaseStore;

  beforeEach(async () => {
    ({ leases } = await makeStore());
  });

  const take = async (owner: string, nowMs: number, name = 'merge/t/0') =>
    await leases.takeLease({ name, owner, nowMs, untilMs: nowMs + 100 });

  describe('takeLease', () => {
    it('gives work to one until its time is over', async () => {
      expect(await take('a', 1_000)).toBe('taken');
      expect(await take('b', 1_099)).toBe('held');
      expect(await take('b', 1_100)).toBe('taken');
      expect(await take('a', 1_150)).toBe('held');
    });

    it('prolongs one’s own', async () => {
      await take('a', 1_000);
      expect(await take('a', 1_050)).toBe('taken');
      expect(await take('b', 1_149)).toBe('held');
    });

    it('keeps leases of different work apart', async () => {
      await take('a', 1_000);
      expect(await take('b', 1_000, 'merge/t/1')).toBe('taken');
    });

    it('gives it to one of 10 rivals', async () => {
      const outcomes = await Promise.all(numbersTo(10).map((number) => take(`r${number}`, 1_000)));
      expect(outcomes.filter((outcome) => outcome === 'taken').length).toBe(1);
    });
  });

  describe('releaseLease', () => {
    it('gives it back at once', async () => {
      await take('a', 1_000);
      await leases.releaseLease({ name: 'merge/t/0', owner: 'a' });
      expect(await take('b', 1_001)).toBe('taken');
    });

    it('gives back nobody else’s', async () => {
      await take('a', 1_000);
      await leases.releaseLease({ name: 'merge/t/0', owner: 'b' });
      await leases.releaseLease({ name: 'other', owner: 'b' });
      expect(await take('b', 1_001)).toBe('held');
    });
  });
}
