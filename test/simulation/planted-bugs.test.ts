// The simulation can fail: every bug that is planted breaks the promise that it must break, with the seed that was
// recorded for it. Who changes what the log asks its storage for changes what a seed does; then a bug's seed is searched
// again: npm run sim:bugs -- --bug NAME

import { afterAll, describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from '../support/simulation/bugs/all.ts';
import { RECORD_SEEDS_MAX, RECORD_STEPS, readRecord } from '../support/simulation/bugs/record.ts';
import { runScenario } from '../support/simulation/run.ts';
import { scenarioOf } from '../support/simulation/scenario.ts';

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

  it.each(PLANTED_BUGS)('$name is found: $story', async (bug) => {
    const { name, story, breaks } = bug;
    const found = record[name];
    if (found === undefined) throw new Error(`${name} has no seed: npm run sim:bugs`);
    const { seed, invariant } = found;
    const { violation } = await runScenario(scenarioOf(seed, RECORD_STEPS), { bug });
    const hint = `seed ${seed}; to search another one: npm run sim:bugs -- --bug ${name}`;
    expect(violation?.invariant, hint).toBe(invariant);
    expect(breaks).toContain(invariant);
    rows.push([name, `${seed}`, invariant, story]);
  });
});
