// Which WAL objects nothing can name any more.
//
// A pass: (1) raise the floor F everywhere, so that no append or commit can bring in an older object, however long its
// writer slept. (2) Then read every head, then its pages from LOG.segmentedTo on: the smallest object id over all
// entries ✗ (a slow writer's entry is younger than its object). What lies below both is named by nothing, for good.
// (3) Delete below what a pass found that ended a grace time ago ✗: what was named until just now may still be read,
// or was handed out by reference.

import { ulidFloor } from '../ids.ts';
import { smallest } from './order.ts';
import type { TailEntry } from './partition.ts';

/** A pass that has looked at everything. */
export interface GarbagePass {
  readonly endedAtMs: number;
  /** Object ids below it are named by nothing, and never will be. */
  readonly below: string;
}

/** What is known between passes: the floor, and the passes that still wait for their grace to end, oldest first. */
export interface GarbageState {
  readonly floor: string;
  readonly passes: readonly GarbagePass[];
}

/** The floor that a pass at `nowMs` raises to. */
export function planFloor(nowMs: number, graceMs: number): string {
  return ulidFloor(Math.max(0, nowMs - graceMs));
}

/** The smaller of `bound` and the smallest object id of all entries. */
export function lowestObject(bound: string, entries: readonly TailEntry[]): string {
  return smallest(bound, ...entries.map(({ objectId }) => objectId));
}

/** Below which objects may be deleted now; undefined when no pass's grace is over. */
export function deletableBelow(
  passes: readonly GarbagePass[],
  now: { readonly nowMs: number; readonly graceMs: number },
): string | undefined {
  let below: string | undefined;
  for (const pass of passes) {
    const isOver = pass.endedAtMs + now.graceMs <= now.nowMs;
    if (isOver && (below === undefined || pass.below > below)) below = pass.below;
  }
  return below;
}

/** Of passes that wait, as many as this are remembered for one grace time, spread over it. */
const PASSES_PER_GRACE = 8;

/**
 * The passes to remember after another one. What a pass found stays true, so one whose grace is over is kept until a
 * later one's is; a pass soon after another is left out, or frequent passes would push out all that wait.
 */
export function addPass(
  passes: readonly GarbagePass[],
  pass: GarbagePass,
  graceMs: number,
): readonly GarbagePass[] {
  const isOver = ({ endedAtMs }: GarbagePass): boolean => endedAtMs + graceMs <= pass.endedAtMs;
  const waiting = passes.filter((each) => !isOver(each));
  const kept = [...passes.filter(isOver).slice(-1), ...waiting];
  const last = waiting.at(-1);
  const isSoon = last !== undefined && pass.endedAtMs - last.endedAtMs < graceMs / PASSES_PER_GRACE;
  return isSoon ? kept : [...kept, pass];
}
