import { describe, expect, it } from 'vitest';
import { ulidFloor } from '../../../lib/ids.ts';
import {
  crossesMark,
  isTailDue,
  mergeDebtBytes,
  planMerge,
  planWindow,
} from '../../../lib/log/merge.ts';
import type { Page, TailEntry } from '../../../lib/log/partition.ts';
import { entry, headWith, ulid } from '../../support/log.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_800_000_000_000;
const SETTINGS = { segmentBytes: 1_000, segmentMs: HOUR_MS };

function page(baseOffset: bigint, entries: readonly TailEntry[]): Page {
  const endOffset = entries.reduce((end, each) => end + BigInt(each.recordCount), baseOffset);
  return { baseOffset, endOffset, entries, maxTimestampMs: 1_000, bytesBefore: Number(baseOffset) };
}

/** `count` pages of four entries of `bytes` each, ten records an entry. */
function pages(count: number, bytes: number, ageMs = 0): Page[] {
  const objectId = ulidFloor(NOW_MS - ageMs);
  const entries = Array.from({ length: 4 }, () =>
    entry({ objectId, lengthBytes: bytes, recordCount: 10 }),
  );
  return Array.from({ length: count }, (_, index) => page(BigInt(index * 40), entries));
}

describe('planMerge', () => {
  it('merges nothing where there is nothing', () => {
    expect(planMerge({ pages: [], hasMore: false, nowMs: NOW_MS }, SETTINGS)).toBeUndefined();
  });

  it('waits while it is neither full nor old', () => {
    const state = { pages: pages(2, 100), hasMore: false, nowMs: NOW_MS };
    expect(planMerge(state, SETTINGS)).toBeUndefined();
  });

  it('takes as many whole pages as fit a segment', () => {
    const plan = planMerge({ pages: pages(5, 100), hasMore: false, nowMs: NOW_MS }, SETTINGS);
    expect(plan).toMatchObject({ baseOffset: 0n, endOffset: 80n, sizeBytes: 800 });
    expect(plan?.pages.length).toBe(2);
  });

  it('knows that a segment is full when there are more pages than were read', () => {
    const plan = planMerge({ pages: pages(2, 100), hasMore: true, nowMs: NOW_MS }, SETTINGS);
    expect(plan?.pages.length).toBe(2);
  });

  it('merges what is old however little it is', () => {
    const state = { pages: pages(1, 10, HOUR_MS), hasMore: false, nowMs: NOW_MS };
    expect(planMerge(state, SETTINGS)?.endOffset).toBe(40n);
    expect(planMerge({ ...state, nowMs: NOW_MS - 1 }, SETTINGS)).toBeUndefined();
  });

  it('goes by the oldest entry, wherever it stands in the page', () => {
    const young = entry({ objectId: ulidFloor(NOW_MS) });
    const old = entry({ objectId: ulidFloor(NOW_MS - HOUR_MS) });
    const state = { pages: [page(0n, [young, old])], hasMore: false, nowMs: NOW_MS };
    expect(planMerge(state, SETTINGS)).toBeDefined();
  });

  it('takes a page that is larger than a segment by itself', () => {
    const plan = planMerge({ pages: pages(2, 5_000), hasMore: false, nowMs: NOW_MS }, SETTINGS);
    expect(plan).toMatchObject({ endOffset: 40n, sizeBytes: 20_000 });
  });

  it('keeps relative offsets within 31 bits', () => {
    const wide = entry({ objectId: ulid(1), lengthBytes: 1, recordCount: 1_500_000_000 });
    const state = {
      pages: [page(0n, [wide]), page(1_500_000_000n, [wide])],
      hasMore: false,
      nowMs: NOW_MS,
    };
    expect(planMerge(state, SETTINGS)?.endOffset).toBe(1_500_000_000n);
  });
});

describe('isTailDue', () => {
  it('says when an idle tail pins objects that are too old', () => {
    const head = headWith([entry({ objectId: ulidFloor(NOW_MS - HOUR_MS) })]);
    expect(isTailDue(head, SETTINGS, NOW_MS)).toBe(true);
    expect(isTailDue(head, SETTINGS, NOW_MS - 1)).toBe(false);
    expect(isTailDue(headWith([]), SETTINGS, NOW_MS)).toBe(false);
  });
});

describe('mergeDebtBytes', () => {
  it('is what was rolled since the first page that is not merged', () => {
    const head = headWith([], { rolledBytes: 900 });
    expect(mergeDebtBytes(head, { ...page(40n, [entry()]), bytesBefore: 400 })).toBe(500);
    expect(mergeDebtBytes(head, undefined)).toBe(0);
  });
});

describe('planWindow', () => {
  const queue = (ids: readonly number[], taken = 0) => ({
    entries: ids.map((id) => entry({ objectId: ulid(id), lengthBytes: 100 })),
    taken,
  });

  it('lets partitions that share objects come to them together', () => {
    const queues = [queue([1, 2, 3, 4]), queue([2, 3, 9]), queue([3])];
    expect(planWindow(queues, 600)).toEqual([3, 2, 1]);
  });

  it('keeps the order of offsets where objects are out of order', () => {
    expect(planWindow([queue([5, 1, 2]), queue([3, 4])], 300)).toEqual([1, 2]);
  });

  it('goes on where it stopped', () => {
    expect(planWindow([queue([1, 2, 3], 2), queue([1], 1)], 1_000)).toEqual([1, 0]);
  });

  it('takes one entry that is larger than the window, and nothing when all is read', () => {
    expect(planWindow([queue([1, 2])], 10)).toEqual([1]);
    expect(planWindow([queue([1], 1)], 10)).toEqual([0]);
  });
});

describe('crossesMark', () => {
  const rolled = (bytesBefore: number, bytes: number) =>
    crossesMark({ ...page(0n, [entry({ lengthBytes: bytes })]), bytesBefore }, 1_000);

  it('is true once for every mark that is passed', () => {
    expect([rolled(0, 999), rolled(999, 1), rolled(1_000, 999), rolled(1_999, 5_000)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });
});
