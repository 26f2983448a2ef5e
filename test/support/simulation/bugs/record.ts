// The record of planted bugs: by name the seed that finds it, and the promise that is seen broken then.

import { readFileSync, writeFileSync } from 'node:fs';

export interface FoundBug {
  readonly seed: number;
  readonly invariant: string;
}

/** Steps of every recorded run, and seeds within which a bug must be found. */
export const RECORD_STEPS = 500;
export const RECORD_SEEDS_MAX = 1_000;

const FILE = new URL('../../../simulation/planted-bugs.json', import.meta.url);

export function readRecord(): Readonly<Record<string, FoundBug>> {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, FoundBug>;
}

export function writeRecord(record: Readonly<Record<string, FoundBug>>): void {
  const sorted = Object.fromEntries(
    Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)),
  );
  writeFileSync(FILE, `${JSON.stringify(sorted, undefined, 2)}\n`);
}
