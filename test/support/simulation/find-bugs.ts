// npm run sim:bugs [-- --bug NAME]
//
// Searches, for every planted bug, the first seed that finds it, and records it in test/simulation/planted-bugs.json.
// A bug that no seed finds fails the run.

import { parseArgs } from 'node:util';
import { PLANTED_BUGS } from './bugs/all.ts';
import type { PlantedBug } from './bugs/planted-bug.ts';
import {
  type FoundBug,
  RECORD_SEEDS_MAX,
  RECORD_STEPS,
  readRecord,
  writeRecord,
} from './bugs/record.ts';
import { runSeeds } from './workers.ts';

const { values } = parseArgs({ options: { bug: { type: 'string' } } });
const record: Record<string, FoundBug> = { ...readRecord() };
for (const name of Object.keys(record)) {
  if (!PLANTED_BUGS.some((bug) => bug.name === name)) delete record[name];
}
for (const bug of PLANTED_BUGS) {
  if (values.bug !== undefined && values.bug !== bug.name) continue;
  const startedMs = performance.now();
  const found = await search(bug);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  if (found === undefined) {
    console.log(`${bug.name}: not found within ${RECORD_SEEDS_MAX} seeds (${seconds} s)`);
    process.exitCode = 1;
    delete record[bug.name];
  } else {
    console.log(`${bug.name}: seed ${found.seed} breaks ${found.invariant} (${seconds} s)`);
    record[bug.name] = found;
  }
  writeRecord(record);
}
/** The smallest seed that any worker found. */
async function search({ name }: PlantedBug): Promise<FoundBug | undefined> {
  let first: FoundBug | undefined;
  const job = {
    firstSeed: 1,
    count: RECORD_SEEDS_MAX,
    steps: RECORD_STEPS,
    bugName: name,
    stopsAtFirst: true,
  };
  await runSeeds(job, (news) => {
    if (news.kind === 'broken') throw new Error(`seed ${news.seed}: ${news.message}`);
    if (news.kind !== 'found' || (first !== undefined && first.seed < news.seed)) return;
    first = { seed: news.seed, invariant: news.invariant };
  });
  return first;
}
