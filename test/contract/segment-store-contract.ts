// What every SegmentStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { PAGES_PER_DELETE_MAX, SEGMENTS_PER_REWRITE_MAX } from '../../lib/limits.ts';
import type { Page } from '../../lib/log/partition.ts';
import type { Retired, Segment } from '../../lib/log/segment.ts';
import type { PartitionStore } from '../../lib/ports/partition-store.ts';
import type { SegmentStore } from '../../lib/ports/segment-store.ts';
import { entryOf, numbersTo, objectIdOf, PARTITION, TOPIC_ID } from './contract-values.ts';

/** Two ports over one index in which nothing is stored. */
export interface SegmentStoreHarness {
  readonly segments: SegmentStore;
  readonly partitions: PartitionStore;
}

export type MakeSegmentStore = () => Promise<SegmentStoreHarness>;

const FLOOR = objectIdOf(100);
const OTHER_PARTITION = { topicId: TOPIC_ID, partition: 1 };

/** Ten offsets from `10 * number` on, uploaded above the floor. */
function segmentOf(number: number, change: Partial<Segment> = {}): Segment {
  return {
    baseOffset: BigInt(10 * number),
    endOffset: BigInt(10 * number + 10),
    segmentId: objectIdOf(200 + number),
    sizeBytes: 1_000 + number,
    indexBytes: 16,
    timeIndexBytes: 24,
    recordCount: 10,
    maxTimestampMs: 1_800_000_000_000 + number,
    largestTimestampMs: -1,
    firstTimestampMs: 1_700_000_000_000,
    cleanedTo: 0n,
    ...change,
  };
}

function pageOf(number: number): Page {
  return {
    baseOffset: BigInt(number),
    endOffset: BigInt(number + 1),
    entries: [entryOf(number)],
    maxTimestampMs: 5,
    bytesBefore: number * 100,
  };
}

const retiredOf = (number: number, segments: readonly Segment[]): Retired => ({
  retiredId: objectIdOf(number),
  segments: segments.map(({ baseOffset, segmentId, sizeBytes }) => ({
    baseOffset,
    segmentId,
    sizeBytes,
  })),
});

export function segmentStoreContract(makeStore: MakeSegmentStore): void {
  let store: SegmentStore;
  let partitions: PartitionStore;

  beforeEach(async () => {
    const harness = await makeStore();
    store = harness.segments;
    partitions = harness.partitions;
  });

  const commitEach = async (count: number): Promise<Segment[]> => {
    await store.openLog(PARTITION, FLOOR);
    const segments = numbersTo(count).map((number) => segmentOf(number));
    for (const segment of segments) await store.commitSegment(PARTITION, segment);
    return segments;
  };

  const listed = async (): Promise<readonly Segment[]> =>
    (await store.listSegments(PARTITION, { from: 0n, limit: 1_000 })).segments;

  describe('openLog', () => {
    it('puts a log in which nothing is merged', async () => {
      expect(await store.readLog(PARTITION)).toBeUndefined();
      expect(await store.openLog(PARTITION, FLOOR)).toBe('opened');
      expect(await store.readLog(PARTITION)).toEqual({ segmentedTo: 0n, floor: FLOOR });
    });

    it('leaves alone what is there', async () => {
      await commitEach(1);
      expect(await store.openLog(PARTITION, objectIdOf(999))).toBe('exists');
      expect(await store.readLog(PARTITION)).toEqual({ segmentedTo: 10n, floor: FLOOR });
    });
  });

  describe('commitSegment', () => {
    it('puts the segment and moves what is merged to its end', async () => {
      const [first, second] = await commitEach(2);
      expect(await listed()).toEqual([first, second]);
      expect((await store.readLog(PARTITION))?.segmentedTo).toBe(20n);
    });

    it('refuses what was merged by somebody else, and changes nothing (no-loss-by-cleanup)', async () => {
      const [first] = await commitEach(1);
      const late = segmentOf(0, { endOffset: 20n, segmentId: objectIdOf(300) });
      expect(await store.commitSegment(PARTITION, late)).toBe('refused');
      expect(await listed()).toEqual([first]);
      expect((await store.readLog(PARTITION))?.segmentedTo).toBe(10n);
    });

    it('refuses a merger that slept while its upload was swept (no-loss-by-cleanup)', async () => {
      await store.openLog(PARTITION, FLOOR);
      await store.raiseLogFloor(PARTITION, objectIdOf(201));
      expect(await store.commitSegment(PARTITION, segmentOf(0))).toBe('refused');
      expect(await listed()).toEqual([]);
      const fresh = segmentOf(0, { segmentId: objectIdOf(201) });
      expect(await store.commitSegment(PARTITION, fresh)).toBe('committed');
    });

    it('refuses where there is no log', async () => {
      expect(await store.commitSegment(PARTITION, segmentOf(0))).toBe('refused');
      expect(await listed()).toEqual([]);
      expect(await store.readLog(PARTITION)).toBeUndefined();
    });

    it('lets one of 10 rivals merge (no-loss-by-cleanup)', async () => {
      await store.openLog(PARTITION, FLOOR);
      const rivals = numbersTo(10).map((number) =>
        segmentOf(0, { segmentId: objectIdOf(300 + number) }),
      );
      const outcomes = await Promise.allSettled(
        rivals.map((segment) => store.commitSegment(PARTITION, segment)),
      );
      const winners = rivals.filter((_, index) => {
        const outcome = outcomes[index];
        return outcome?.status === 'fulfilled' && outcome.value === 'committed';
      });
      expect(winners.length).toBe(1);
      expect(await listed()).toEqual(winners);
    });
  });

  describe('skipTo', () => {
    it('moves what is merged on the condition that nobody did', async () => {
      await store.openLog(PARTITION, FLOOR);
      expect(await store.skipTo(PARTITION, { from: 0n, to: 7n })).toBe('moved');
      expect(await store.skipTo(PARTITION, { from: 0n, to: 9n })).toBe('refused');
      expect((await store.readLog(PARTITION))?.segmentedTo).toBe(7n);
    });

    it('refuses where there is no log', async () => {
      expect(await store.skipTo(PARTITION, { from: 0n, to: 7n })).toBe('refused');
      expect(await store.readLog(PARTITION)).toBeUndefined();
    });
  });

  describe('replaceSegments', () => {
    it('puts one in the place of several, and says what may go', async () => {
      const segments = await commitEach(4);
      const replaced = segments.slice(1, 3);
      const by = segmentOf(1, { endOffset: 30n, segmentId: objectIdOf(400), cleanedTo: 30n });
      const retired = retiredOf(500, replaced);
      const request = { partition: PARTITION, replaced, by, retired };
      expect(await store.replaceSegments(request)).toBe('replaced');
      expect(await listed()).toEqual([segments[0], by, segments[3]]);
      expect(await store.listRetired(PARTITION, { limit: 10 })).toEqual({ retired: [retired] });
      expect((await store.readLog(PARTITION))?.segmentedTo).toBe(40n);
    });

    it('takes segments away', async () => {
      const segments = await commitEach(3);
      const replaced = segments.slice(0, 2);
      const retired = retiredOf(500, replaced);
      const request = { partition: PARTITION, replaced, by: undefined, retired };
      expect(await store.replaceSegments(request)).toBe('replaced');
      expect(await listed()).toEqual([segments[2]]);
    });

    it('changes nothing when one of them is another one by now (no-loss-by-cleanup)', async () => {
      const segments = await commitEach(3);
      const replaced = segments.map((segment, index) =>
        index === 1 ? { ...segment, segmentId: objectIdOf(999) } : segment,
      );
      const by = segmentOf(0, { endOffset: 30n, segmentId: objectIdOf(400) });
      for (const next of [by, undefined]) {
        const retired = retiredOf(500, replaced);
        const request = { partition: PARTITION, replaced, by: next, retired };
        expect(await store.replaceSegments(request)).toBe('refused');
      }
      expect(await listed()).toEqual(segments);
      expect(await store.listRetired(PARTITION, { limit: 10 })).toEqual({ retired: [] });
    });

    it('changes nothing when one of them is gone', async () => {
      const [first] = await commitEach(1);
      const replaced = [segmentOf(0), segmentOf(1)];
      const request = { partition: PARTITION, replaced, by: undefined, retired: retiredOf(5, []) };
      expect(await store.replaceSegments(request)).toBe('refused');
      expect(await listed()).toEqual([first]);
    });

    it('refuses an upload below the floor (no-loss-by-cleanup)', async () => {
      const segments = await commitEach(1);
      await store.raiseLogFloor(PARTITION, objectIdOf(401));
      const by = segmentOf(0, { segmentId: objectIdOf(400) });
      const retired = retiredOf(500, segments);
      const request = { partition: PARTITION, replaced: segments, by, retired };
      expect(await store.replaceSegments(request)).toBe('refused');
      expect(await listed()).toEqual(segments);
    });

    it('replaces as many as a transaction takes, and no more', async () => {
      const segments = await commitEach(SEGMENTS_PER_REWRITE_MAX + 1);
      const replaced = segments.slice(0, SEGMENTS_PER_REWRITE_MAX);
      const by = segmentOf(0, {
        endOffset: BigInt(10 * SEGMENTS_PER_REWRITE_MAX),
        segmentId: objectIdOf(900),
      });
      const retired = retiredOf(950, replaced);
      const whole = { partition: PARTITION, replaced: segments, by, retired };
      await expect(store.replaceSegments(whole)).rejects.toThrow('assertion failed');
      const request = { partition: PARTITION, replaced, by, retired };
      expect(await store.replaceSegments(request)).toBe('replaced');
      expect(await listed()).toEqual([by, segments.at(-1)]);
      expect(await store.listRetired(PARTITION, { limit: 10 })).toEqual({ retired: [retired] });
    });
  });

  describe('findSegments', () => {
    it('gives the newest at or below an offset first', async () => {
      const segments = await commitEach(3);
      const find = async (offset: bigint, limit = 1) =>
        await store.findSegments(PARTITION, { offset, limit });
      expect(await find(19n)).toEqual([segments[1]]);
      expect(await find(20n)).toEqual([segments[2]]);
      expect(await find(999n, 2)).toEqual([segments[2], segments[1]]);
      expect(await find(0n)).toEqual([segments[0]]);
    });

    it('gives nothing of other partitions, and no pages', async () => {
      await commitEach(1);
      await partitions.putPage(OTHER_PARTITION, pageOf(0));
      expect(await store.findSegments(OTHER_PARTITION, { offset: 99n, limit: 5 })).toEqual([]);
      await partitions.putPage(PARTITION, pageOf(5));
      expect((await store.findSegments(PARTITION, { offset: 99n, limit: 5 })).length).toBe(1);
      expect((await partitions.findPages(PARTITION, { offset: 99n, limit: 5 })).length).toBe(1);
    });
  });

  describe('listSegments', () => {
    it.each([1, 2, 3, 100])('lists all, ascending, %i at a time', async (limit) => {
      const segments = await commitEach(5);
      const found: Segment[] = [];
      let from: bigint | undefined = 0n;
      while (from !== undefined) {
        const page: Awaited<ReturnType<SegmentStore['listSegments']>> = await store.listSegments(
          PARTITION,
          { from, limit },
        );
        found.push(...page.segments);
        from = page.next;
      }
      expect(found).toEqual(segments);
    });
  });

  describe('listPages', () => {
    it('lists those in between, ascending, a few at a time', async () => {
      for (const number of numbersTo(6)) await partitions.putPage(PARTITION, pageOf(number));
      const first = await store.listPages(PARTITION, { from: 1n, to: 5n, limit: 3 });
      expect(first.pages).toEqual([1, 2, 3].map(pageOf));
      const rest = await store.listPages(PARTITION, { from: first.next ?? -1n, to: 5n, limit: 3 });
      expect(rest).toEqual({ pages: [pageOf(4)] });
      const none = await store.listPages(PARTITION, { from: 5n, to: 5n, limit: 3 });
      expect(none).toEqual({ pages: [] });
    });
  });

  describe('deletePages', () => {
    it('deletes them and nothing else, whether they are there or not', async () => {
      for (const number of numbersTo(3)) await partitions.putPage(PARTITION, pageOf(number));
      await commitEach(1);
      await store.deletePages(PARTITION, [0n, 2n, 77n]);
      await store.deletePages(PARTITION, []);
      const left = await store.listPages(PARTITION, { from: 0n, to: 99n, limit: 9 });
      expect(left.pages).toEqual([pageOf(1)]);
      expect((await listed()).length).toBe(1);
    });

    it('deletes as many as a request can, and no more', async () => {
      const offsets = numbersTo(PAGES_PER_DELETE_MAX).map(BigInt);
      await store.deletePages(PARTITION, offsets);
      const tooMany = store.deletePages(PARTITION, [...offsets, 99n]);
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });

  describe('raiseLogFloor', () => {
    it('raises it, only upward, and only where there is a log', async () => {
      expect(await store.raiseLogFloor(PARTITION, FLOOR)).toBe('refused');
      expect(await store.readLog(PARTITION)).toBeUndefined();
      await store.openLog(PARTITION, FLOOR);
      expect(await store.raiseLogFloor(PARTITION, objectIdOf(150))).toBe('raised');
      expect(await store.raiseLogFloor(PARTITION, objectIdOf(150))).toBe('refused');
      expect(await store.raiseLogFloor(PARTITION, objectIdOf(120))).toBe('refused');
      expect((await store.readLog(PARTITION))?.floor).toBe(objectIdOf(150));
    });
  });

  describe('markDamage', () => {
    it('says where merging stopped, and that it goes on', async () => {
      const damage = { key: 'wal/00/x', offset: 2n ** 60n, problem: 'wrong CRC' };
      await store.markDamage(PARTITION, damage);
      expect(await store.readLog(PARTITION)).toBeUndefined();
      await store.openLog(PARTITION, FLOOR);
      await store.markDamage(PARTITION, damage);
      expect(await store.readLog(PARTITION)).toEqual({ segmentedTo: 0n, floor: FLOOR, damage });
      await store.markDamage(PARTITION, undefined);
      expect(await store.readLog(PARTITION)).toEqual({ segmentedTo: 0n, floor: FLOOR });
    });

    it('stays while segments are committed', async () => {
      await store.openLog(PARTITION, FLOOR);
      const damage = { key: 'wal/00/x', offset: 10n, problem: 'wrong CRC' };
      await store.markDamage(PARTITION, damage);
      await store.commitSegment(PARTITION, segmentOf(0));
      expect(await store.readLog(PARTITION)).toEqual({ segmentedTo: 10n, floor: FLOOR, damage });
    });
  });

  describe('listRetired', () => {
    it('lists what may go, longest ago first, until it is forgotten', async () => {
      const segments = await commitEach(3);
      for (const [number, segment] of [...segments.entries()].reverse()) {
        const retired = retiredOf(500 + number, [segment]);
        const replaced = [segment];
        await store.replaceSegments({ partition: PARTITION, replaced, by: undefined, retired });
      }
      const all = segments.map((segment, number) => retiredOf(500 + number, [segment]));
      const list = (query: { after?: string; limit: number }) =>
        store.listRetired(PARTITION, query);
      expect(await list({ limit: 10 })).toEqual({ retired: all });
      const next = objectIdOf(501);
      expect(await list({ limit: 2 })).toEqual({ retired: all.slice(0, 2), next });
      expect(await list({ after: next, limit: 2 })).toEqual({ retired: all.slice(2) });
      await store.deleteRetired(PARTITION, objectIdOf(500));
      await store.deleteRetired(PARTITION, objectIdOf(555));
      expect(await list({ limit: 10 })).toEqual({ retired: all.slice(1) });
    });
  });

  describe('listEntries', () => {
    it('lists all that the index holds of a partition, and deletes it', async () => {
      const segments = await commitEach(3);
      const [first] = segments;
      for (const number of numbersTo(3)) await partitions.putPage(PARTITION, pageOf(50 + number));
      const retired = retiredOf(500, segments.slice(0, 1));
      const replaced = first === undefined ? [] : [first];
      await store.replaceSegments({ partition: PARTITION, replaced, by: undefined, retired });
      await store.openLog(OTHER_PARTITION, FLOOR);
      expect((await store.listEntries(PARTITION, 2)).length).toBe(2);
      const entries = await store.listEntries(PARTITION, 100);
      expect(entries.length).toBe(7);
      await store.deleteEntries(PARTITION, entries);
      expect(await store.listEntries(PARTITION, 100)).toEqual([]);
      expect(await store.readLog(PARTITION)).toBeUndefined();
      expect((await store.listEntries(OTHER_PARTITION, 100)).length).toBe(1);
    });
  });
}
