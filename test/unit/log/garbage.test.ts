import { describe, expect, it } from 'vitest';
import { ulidFloor } from '../../../lib/ids.ts';
import { addPass, deletableBelow, lowestObject, planFloor } from '../../../lib/log/garbage.ts';
import { entry, ulid } from '../../support/log.ts';

const GRACE_MS = 800;
const passAt = (endedAtMs: number) => ({ endedAtMs, below: ulid(endedAtMs) });

describe('planFloor', () => {
  it('lies a grace time back', () => {
    expect(planFloor(10_000, 4_000)).toBe(ulidFloor(6_000));
    expect(planFloor(10, 4_000)).toBe(ulidFloor(0));
  });
});

describe('lowestObject', () => {
  it('is the smallest over all entries, wherever it stands (no-loss-by-cleanup)', () => {
    const entries = [7, 9, 3, 8].map((number) => entry({ objectId: ulid(number) }));
    expect(lowestObject(ulid(100), entries)).toBe(ulid(3));
    expect(lowestObject(ulid(2), entries)).toBe(ulid(2));
    expect(lowestObject(ulid(2), [])).toBe(ulid(2));
  });
});

describe('deletableBelow', () => {
  it('is nothing before the grace of a pass is over (no-loss-by-cleanup)', () => {
    expect(deletableBelow([], { nowMs: 1_000, graceMs: GRACE_MS })).toBeUndefined();
    const passes = [passAt(1_000)];
    expect(deletableBelow(passes, { nowMs: 1_799, graceMs: GRACE_MS })).toBeUndefined();
    expect(deletableBelow(passes, { nowMs: 1_800, graceMs: GRACE_MS })).toBe(ulid(1_000));
  });

  it('is what the last pass found whose grace is over', () => {
    const passes = [passAt(1_000), passAt(1_100), passAt(1_200)];
    expect(deletableBelow(passes, { nowMs: 1_950, graceMs: GRACE_MS })).toBe(ulid(1_100));
  });
});

describe('addPass', () => {
  it('remembers passes that wait and the last one that is over', () => {
    const passes = [1_000, 1_200, 1_400, 2_100].map(passAt);
    expect(addPass(passes, passAt(2_300), GRACE_MS)).toEqual([1_400, 2_100, 2_300].map(passAt));
  });

  it('lets garbage go however often passes come', () => {
    let passes: ReturnType<typeof addPass> = [];
    let deletable = 0;
    for (let nowMs = 0; nowMs <= 5_000; nowMs += 10) {
      passes = addPass(passes, passAt(nowMs), GRACE_MS);
      expect(passes.length).toBeLessThanOrEqual(10);
      if (deletableBelow(passes, { nowMs, graceMs: GRACE_MS }) !== undefined) deletable += 1;
    }
    expect(deletable).toBeGreaterThan(400);
    const below = deletableBelow(passes, { nowMs: 5_000, graceMs: GRACE_MS });
    expect(below !== undefined && below >= ulid(4_000)).toBe(true);
  });
});
