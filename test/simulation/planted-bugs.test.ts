// The simulation can fail: every bug that is planted breaks the promise that it must break, with the seed that was
// recorded for it. A change to what the log asks its storage for changes what a seed does: such a record is stale. Then the
// bug must still be found by one of the seeds that a search may take, and the table says which. All searches share so many
// seeds, and few records may be stale, so that the list is brought up to date and the test stays short: npm run sim:bugs.

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
/** Of all searches together. */
const SEARCHED_SEEDS_MAX = 2_000;
const STALE_RECORDS_MAX = 5;

const record = readRecord();
const rows: (readonly string[])[] = [];
const stale: string[] = [];
let seedsLeft = SEARCHED_SEEDS_MAX;

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
      if (!isFresh) stale.push(name);
      const found = isFresh ? replayed : await search(bug);
      expect(breaks).toContain(found.invariant);
      const seed = isFresh ? `${found.seed}` : `${found.seed} (stale: ${recorded.seed})`;
      rows.push([name, seed, found.invariant, story]);
    },
    SEARCH_TIMEOUT_MS,
  );

  it('are recorded as they are found now, but for a few', () => {
    expect(stale.length, `stale records, npm run sim:bugs: ${stale}`).toBeLessThanOrEqual(
      STALE_RECORDS_MAX,
    );
  });
});

async function search(bug: PlantedBug): Promise<FoundBug> {
  const count = Math.min(RECORD_SEEDS_MAX, seedsLeft);
  const found = await find(bug, numbersTo(count));
  seedsLeft -= found?.seed ?? count;
  if (found !== undefined) return found;
  throw new Error(
    `${bug.name}: its record is stale, and no seed up to ${count} finds it; npm run sim:bugs -- --bug ${bug.name}`,
  );
}

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
