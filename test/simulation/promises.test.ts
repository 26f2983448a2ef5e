// Many small worlds in which messages are lost and late, clocks are wrong and processes die: no promise is broken. More
// of them: npm run sim -- --seeds 10000

import { describe, expect, it } from 'vitest';
import { runScenario } from '../support/simulation/run.ts';
import { scenarioOf } from '../support/simulation/scenario.ts';

const STEPS = 500;
const SEEDS = 100;
/** A page left behind whose bytes are gone; a topic's name with two lives; tombstones at a log's start; a sequence used twice. */
const SEEDS_OF_NOTE = [1525, 3109, 3294, 3455, 5270, 8246];

describe('the log under faults', () => {
  it('durable, dense, ordered, visible-once-complete, no-double-append, fenced, one-owner, monotonic-ownership, atomic-transaction, no-loss-by-cleanup, bounded: hold for a hundred seeds', async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { violation } = await runScenario(scenarioOf(seed, STEPS));
      expect(violation, `npm run sim -- --seed ${seed}`).toBeUndefined();
    }
  });

  it('hold for seeds that have found something once', async () => {
    for (const seed of SEEDS_OF_NOTE) {
      const { violation } = await runScenario(scenarioOf(seed, STEPS));
      expect(violation, `npm run sim -- --seed ${seed}`).toBeUndefined();
    }
  });

  it('does the same thing byte for byte when a seed is run again', async () => {
    for (const seed of [3, 5, 8, 13]) {
      const scenario = scenarioOf(seed, STEPS);
      const first = await runScenario(scenario, { keepHistory: true });
      const second = await runScenario(scenario, { keepHistory: true });
      expect(first.history.length).toBeGreaterThan(STEPS);
      expect(second.history.join('\n')).toBe(first.history.join('\n'));
    }
  });

  it('does something else when the seed is another one', async () => {
    const one = await runScenario(scenarioOf(21, STEPS), { keepHistory: true });
    const other = await runScenario({ ...scenarioOf(21, STEPS), seed: 22 }, { keepHistory: true });
    expect(other.history).not.toEqual(one.history);
  });
});
