// npm run sim -- --seed N --steps N [--seeds COUNT] [--bug NAME] [--trace]; exit code 1: a promise was broken, 2: it can't be run.
//
// One seed: runs it and, when a promise is broken, prints the smallest run that still breaks it. Several: runs them on
// all cores and prints the first failure so.

import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { findBug } from './bugs/all.ts';
import { isExpected, runScenario } from './run.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { shrink } from './shrink.ts';
import { runSeeds, type SeedNews } from './workers.ts';

const STEPS_DEFAULT = 500;
const LINE_CHARACTERS_MAX = 220;

const HELP = `npm run sim -- [options]

  --seed N      which run (default 1)
  --steps N     how long it is (default ${STEPS_DEFAULT})
  --seeds N     so many runs, from --seed on, on all cores
  --bug NAME    with a planted bug: the smallest run that shows it is printed
  --trace       print everything that happens in a run
  --help        this text
`;

const { steps, firstSeed, count, bug, trace } = settings();

if (count > 1) await runMany();
else await runOne(firstSeed);

function settings() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: '1' },
        steps: { type: 'string', default: String(STEPS_DEFAULT) },
        seeds: { type: 'string', default: '1' },
        bug: { type: 'string' },
        trace: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    return {
      steps: wholeNumber('steps', values.steps, 1),
      firstSeed: wholeNumber('seed', values.seed, 0),
      count: wholeNumber('seeds', values.seeds, 1),
      bug: values.bug === undefined ? undefined : findBug(values.bug),
      trace: values.trace,
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

function wholeNumber(name: string, text: string, min: number): number {
  if (/^\d+$/.test(text) && Number(text) >= min && Number.isSafeInteger(Number(text))) {
    return Number(text);
  }
  throw new Error(`--${name} is a whole number from ${min} on, not "${text}"`);
}

async function runOne(seed: number): Promise<void> {
  const scenario = scenarioOf(seed, steps);
  const result = await runScenario(scenario, { bug, keepHistory: true });
  const hash = createHash('sha256').update(result.history.join('\n')).digest('hex').slice(0, 16);
  if (trace) print(result.history);
  console.log(`seed ${seed}: ${result.requestCount} requests, history ${hash}`);
  if (result.violation === undefined) return;
  process.exitCode = 1;
  console.log(`${result.violation.invariant} is broken: ${result.violation.message}`);
  if (!isExpected(result.violation, bug)) return;
  const smallest = await shrink({ scenario, violation: result.violation }, { bug });
  await showSmallest(smallest.scenario);
}

async function showSmallest(scenario: Scenario): Promise<void> {
  const { history, violation } = await runScenario(scenario, { bug, keepHistory: true });
  const end = history.findIndex((line) => line.includes(' VIOLATION '));
  console.log('\nthe smallest run that does the same:');
  print(history.slice(0, end + 1));
  console.log(`\n${JSON.stringify(scenario)}\n${violation?.invariant}: ${violation?.message}`);
}

async function runMany(): Promise<void> {
  const startedMs = performance.now();
  const found: number[] = [];
  const sum = { seeds: 0, requests: 0 };
  const hear = (news: SeedNews): void => {
    if (news.kind === 'done') {
      sum.seeds += news.seedCount;
      sum.requests += news.requestCount;
    } else if (news.kind === 'broken') {
      process.exitCode = 1;
      console.log(`seed ${news.seed}: the simulation itself failed: ${news.message}`);
    } else {
      found.push(news.seed);
      console.log(`seed ${news.seed}: ${news.invariant}: ${news.message}`);
    }
  };
  await runSeeds({ firstSeed, count, steps, bugName: bug?.name, stopsAtFirst: false }, hear);
  const seconds = (performance.now() - startedMs) / 1_000;
  console.log(
    `${sum.seeds} seeds, ${sum.requests} requests in ${seconds.toFixed(1)} s; ${found.length} broke a promise`,
  );
  const [first] = found.sort((left, right) => left - right);
  if (first !== undefined) await runOne(first);
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line.slice(0, LINE_CHARACTERS_MAX));
}
