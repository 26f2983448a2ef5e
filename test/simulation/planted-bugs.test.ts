// The simulation can fail: every bug that is planted breaks the promise that it must break, with the seed that was
// recorded for it. A change to what the log asks its storage for changes what a seed does: then the bug must still be
// found by one of the seeds that a search may take, the table says which, and npm run sim:bugs -- --bug NAME records it.

import { afterAll, describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from '../support/simulation/bugs/all.ts';
import type { PlantedBug } from '../support/simulation/bugs/planted-bug.ts';
import {
  type FoundBug,
  RECORD_SEEDS_MAX,
  RECORD_STEPS,
  readRecord,
} from '../support/simulation/bugs/record.ts';
import { isExpected, runScenario } from '../support/simulation/run.ts';
import { scenarioOf } from '../support/simulation/scenario.ts';

/** A search in vain; a replay takes a fraction of a second. */
const SEARCH_TIMEOUT_MS = 180_000;

const record = readRecord();
const rows: (readonly string[])[] = [];

afterAll(() => {
  const table = [['planted bug', 'seed', 'broken promise', 'story'], ...rows];
  const widths = [0, 1, 2].map((at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  const lines = table.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  '));
  console.log(lines.join('\n'));
});

describe('planted bugs', () => {
  it('are at least fifteen, each recorded with a seed, and nothing else is recorded', () => {
    const names = PLANTED_BUGS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(15);
    expect(Object.keys(record).sort()).toEqual(names.sort());
    for (const { seed } of Object.values(record)) {
      expect(seed).toBeGreaterThanOrEqual(1);
      expect(seed).toBeLessThanOrEqual(RECORD_SEEDS_MAX);
    }
  });

  it.each(PLANTED_BUGS)(
    '$name is found: $story',
    async (bug) => {
      const { name, story, breaks } = bug;
      const recorded = record[name];
      if (recorded === undefined) throw new Error(`${name} has no seed: npm run sim:bugs`);
      const replayed = await find(bug, [recorded.seed]);
      const isFresh = replayed?.invariant === recorded.invariant;
      const found = isFresh ? replayed : await find(bug, numbersTo(RECORD_SEEDS_MAX));
      if (found === undefined) throw new Error(`no seed up to ${RECORD_SEEDS_MAX} finds ${name}`);
      expect(breaks).toContain(found.invariant);
      const seed = isFresh ? `${found.seed}` : `${found.seed} (recorded: ${recorded.seed})`;
      rows.push([name, seed, found.invariant, story]);
    },
    SEARCH_TIMEOUT_MS,
  );
});

/** The first of the seeds that finds a bug. */
async function find(bug: PlantedBug, seeds: readonly number[]): Promise<FoundBug | undefined> {
  for (const seed of seeds) {
    const { violation } = await runScenario(scenarioOf(seed, RECORD_STEPS), { bug });
    if (isExpected(violation, bug)) return { seed, invariant: violation.invariant };
  }
  return undefined;
}

function numbersTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
