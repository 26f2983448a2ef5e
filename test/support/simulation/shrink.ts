// Makes a failing run small: fewer actors, less trouble, fewer steps, as long as the same promise is broken. A smaller
// scenario throws its dice differently, so each is tried with a few seeds.

import { type RunOptions, runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import type { Weather } from './weather.ts';
import type { Violation } from './world.ts';

/** Seeds that a smaller scenario is tried with, and scenarios that are tried in all. */
const SEEDS_EACH = 12;
const RUNS_MAX = 1_500;

export interface Shrunk {
  readonly scenario: Scenario;
  readonly violation: Violation;
}

export async function shrink(failing: Shrunk, options: RunOptions = {}): Promise<Shrunk> {
  let smallest = failing;
  let runsLeft = RUNS_MAX;
  for (let isSmaller = true; isSmaller && runsLeft > 0; ) {
    isSmaller = false;
    for (const candidate of smallerThan(smallest)) {
      const found = await tryOut(candidate, smallest.violation.invariant, options);
      runsLeft -= SEEDS_EACH;
      if (found === undefined) continue;
      smallest = found;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

async function tryOut(
  candidate: Scenario,
  invariant: string,
  options: RunOptions,
): Promise<Shrunk | undefined> {
  for (let offset = 0; offset < SEEDS_EACH; offset += 1) {
    const scenario = { ...candidate, seed: candidate.seed + offset };
    const { violation } = await runScenario(scenario, options);
    if (violation?.invariant === invariant) return { scenario, violation };
  }
  return undefined;
}

/** One thing less each, the most telling first. */
function* smallerThan({ scenario, violation }: Shrunk): Generator<Scenario> {
  const steps = Math.min(scenario.steps, violation.step);
  for (const name of COUNTS) {
    const count = scenario[name];
    if (count > LEAST[name]) yield { ...scenario, steps, [name]: LEAST[name] };
    if (count - 1 > LEAST[name]) yield { ...scenario, steps, [name]: count - 1 };
  }
  for (const name of SWITCHES) if (scenario[name]) yield { ...scenario, steps, [name]: false };
  for (const name of TROUBLES) {
    if (scenario.weather[name] > 0) {
      yield { ...scenario, steps, weather: { ...scenario.weather, [name]: 0 } };
    }
  }
  if (scenario.steps > steps) yield { ...scenario, steps };
  if (steps > 20) yield { ...scenario, steps: Math.floor(steps * 0.7) };
}

const LEAST = {
  plainProducers: 0,
  idempotentProducers: 0,
  crowds: 0,
  knownProducers: 0,
  lateProducers: 0,
  atomicProducers: 0,
  transactionalProducers: 0,
  readers: 0,
  members: 0,
  janitors: 0,
  leaves: 0,
  topics: 1,
  servers: 1,
  partitions: 1,
  prefill: 0,
  crashMs: 0,
  pauseMs: 0,
  skewMs: 0,
  clientSlow: 0,
} as const satisfies Partial<Record<keyof Scenario, number>>;

const COUNTS = Object.keys(LEAST) as readonly (keyof typeof LEAST)[];

const SWITCHES = [
  'compacts',
  'retains',
  'staticMembers',
  'exactlyOnce',
  'sharesTransactionalIds',
  'addsPartitions',
  'recreatesTopics',
  'deletesRecords',
  'resetsOffsets',
] as const satisfies readonly (keyof Scenario)[];

const TROUBLES = [
  'lost',
  'answerLost',
  'late',
  'throttled',
  'unknown',
  'slow',
] as const satisfies readonly (keyof Weather)[];
