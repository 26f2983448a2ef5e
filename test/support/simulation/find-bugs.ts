// npm run sim:bugs [-- --bug NAME]
//
// Searches, for every planted bug, the first seed that finds it, and records it in test/simulation/planted-bugs.json.
// A bug that no seed finds fails the run.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { PLANTED_BUGS } from './bugs/all.ts';
import type { PlantedBug } from './bugs/planted-bug.ts';
import { runSeeds } from './workers.ts';

const SEEDS_MAX = 1_000;
const STEPS = 500;
const RECORD = new URL('../../simulation/planted-bugs.json', import.meta.url);

interface Found {
  readonly seed: number;
  readonly invariant: string;
}

const { values } = parseArgs({ options: { bug: { type: 'string' } } });
const record = JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, Found>;
for (const name of Object.keys(record)) {
  if (!PLANTED_BUGS.some((bug) => bug.name === name)) delete record[name];
}
for (const bug of PLANTED_BUGS) {
  if (values.bug !== undefined && values.bug !== bug.name) continue;
  const startedMs = performance.now();
  const found = await search(bug);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  if (found === undefined) {
    console.log(`${bug.name}: not found within ${SEEDS_MAX} seeds (${seconds} s)`);
    process.exitCode = 1;
    delete record[bug.name];
  } else {
    console.log(`${bug.name}: seed ${found.seed} breaks ${found.invariant} (${seconds} s)`);
    record[bug.name] = found;
  }
}
const sorted = Object.fromEntries(
  Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)),
);
writeFileSync(RECORD, `${JSON.stringify(sorted, undefined, 2)}\n`);

/** The smallest seed that any worker found. */
async function search({ name }: PlantedBug): Promise<Found | undefined> {
  let first: Found | undefined;
  const job = { firstSeed: 1, count: SEEDS_MAX, steps: STEPS, bugName: name, stopsAtFirst: true };
  await runSeeds(job, (news) => {
    if (news.kind === 'broken') throw new Error(`seed ${news.seed}: ${news.message}`);
    if (news.kind !== 'found' || (first !== undefined && first.seed < news.seed)) return;
    first = { seed: news.seed, invariant: news.invariant };
  });
  return first;
}
