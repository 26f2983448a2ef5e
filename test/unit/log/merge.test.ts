import { describe, expect, it } from 'vitest';
import { ulidFloor } from '../../../lib/ids.ts';
import {
  crossesMark,
  isTailDue,
  isWorthPlanning,
  type MergePlan,
  MergePlanner,
  type MergeTarget,
  mergeDebtBytes,
} from '../../../lib/log/merge.ts';
import { WalObjects } from '../../../lib/log/merge-entries.ts';
import type { Page, TailEntry } from '../../../lib/log/partition.ts';
import { entry, headWith, ulid } from '../../support/log.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_800_000_000_000;
const SETTINGS = { segmentBytes: 1_000, segmentMs: HOUR_MS };
const TARGET = { entriesMax: 1_000, logStartOffset: 0n };

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

/** The plan over pages that are all there are. */
function planOf(
  some: readonly Page[],
  options: { readonly nowMs?: number } & Partial<MergeTarget> = {},
): MergePlan | undefined {
  const { nowMs = NOW_MS, ...target } = options;
  const objects = new WalObjects();
  const planner = new MergePlanner(SETTINGS, { ...TARGET, objects, ...target });
  for (const each of some) if (!planner.add(each)) break;
  return planner.plan(nowMs);
}

describe('MergePlanner', () => {
  it('merges nothing where there is nothing', () => {
    expect(planOf([])).toBeUndefined();
  });

  it('waits while it is neither full nor old', () => {
    expect(planOf(pages(1, 100))).toBeUndefined();
  });

  it('leaves out entries below the log’s start', () => {
    const plan = planOf(pages(1, 100, HOUR_MS), { logStartOffset: 15n });
    expect(plan).toMatchObject({ baseOffset: 0n, endOffset: 40n, sizeBytes: 300 });
    expect([plan?.entries.count, plan?.skippedRecords]).toEqual([3, 10]);
    expect(planOf(pages(1, 100, HOUR_MS))?.skippedRecords).toBe(0);
  });

  it('goes along with others that are due when it is half full', () => {
    expect(planOf(pages(2, 100))).toMatchObject({ isDue: false, sizeBytes: 800 });
    expect(planOf(pages(3, 100))).toMatchObject({ isDue: true, sizeBytes: 800 });
    expect(planOf(pages(1, 10, HOUR_MS))).toMatchObject({ isDue: true, sizeBytes: 40 });
  });

  it('takes as many whole pages as fit a segment', () => {
    const plan = planOf(pages(5, 100));
    expect(plan).toMatchObject({
      baseOffset: 0n,
      endOffset: 80n,
      sizeBytes: 800,
      pages: [0n, 40n],
    });
    expect(plan?.entries.count).toBe(8);
  });

  it('takes no more entries than a job can hold', () => {
    expect(planOf(pages(5, 10), { entriesMax: 10 })?.pages).toEqual([0n, 40n]);
    expect(planOf(pages(5, 10), { entriesMax: 1 })?.pages).toEqual([0n]);
  });

  it('says when no page is taken any more', () => {
    const planner = new MergePlanner(SETTINGS, { ...TARGET, objects: new WalObjects() });
    const [first, second, third] = pages(3, 125);
    expect([planner.add(first!), planner.isFull]).toEqual([true, false]);
    expect([planner.add(second!), planner.isFull]).toEqual([true, true]);
    expect(planner.add(third!)).toBe(false);
  });

  it('merges what is old however little it is', () => {
    const old = pages(1, 10, HOUR_MS);
    expect(planOf(old)?.endOffset).toBe(40n);
    expect(planOf(old, { nowMs: NOW_MS - 1 })).toBeUndefined();
  });

  it('goes by the oldest entry, wherever it stands in the page', () => {
    const young = entry({ objectId: ulidFloor(NOW_MS) });
    const old = entry({ objectId: ulidFloor(NOW_MS - HOUR_MS) });
    expect(planOf([page(0n, [young, old])])).toBeDefined();
  });

  it('takes a page that is larger than a segment by itself', () => {
    expect(planOf(pages(2, 5_000))).toMatchObject({ endOffset: 40n, sizeBytes: 20_000 });
  });

  it('keeps relative offsets within 31 bits', () => {
    const wide = entry({ objectId: ulid(1), lengthBytes: 1, recordCount: 1_500_000_000 });
    const plan = planOf([page(0n, [wide]), page(1_500_000_000n, [wide])]);
    expect(plan?.endOffset).toBe(1_500_000_000n);
  });

  it('merges at once what lies before damaged bytes, and then their page by itself', () => {
    expect(planOf(pages(5, 10), { damagedAt: 95n })?.endOffset).toBe(80n);
    expect(planOf(pages(5, 10).slice(2), { damagedAt: 95n })).toMatchObject({ pages: [80n] });
  });
});

describe('isWorthPlanning', () => {
  const [first] = pages(1, 10);
  const isWorth = (rolledBytes: number, nowMs = NOW_MS): boolean =>
    isWorthPlanning(headWith([], { rolledBytes }), first!, { settings: SETTINGS, nowMs });

  it('says by the first page whether half a segment waits, or something old', () => {
    expect([isWorth(499), isWorth(500)]).toEqual([false, true]);
    expect([isWorth(1, NOW_MS + HOUR_MS - 1), isWorth(1, NOW_MS + HOUR_MS)]).toEqual([false, true]);
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
