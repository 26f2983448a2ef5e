// Background jobs that die, sleep, or meet each other between any two storage requests. Invariant: `no-loss-by-cleanup`.

import { describe, expect, it } from 'vitest';
import {
  collectOnly,
  createScenario,
  expectAllDone,
  expectNothingLeft,
  expectNothingLost,
  runEverything,
  settle,
} from '../support/background-scenario.ts';
import { Died, HOUR_MS, type Interference } from '../support/test-background.ts';
import { SeededRandom } from '../support/test-log.ts';

/** The requests of an undisturbed run. */
async function requestsOfARun(): Promise<readonly string[]> {
  const log = await createScenario();
  const methods: string[] = [];
  const between = async (_: number, method: string): Promise<void> => {
    methods.push(method);
  };
  await runEverything(log.process({ between }));
  return methods;
}

const methods = await requestsOfARun();
/** All of them, but for most of the 256 listings of WAL objects, which are all alike. */
const places = methods
  .map((method, index) => ({ method, number: index + 1 }))
  .filter(({ method, number }, index) => {
    const isAlike = method === 'listObjects' && methods[index - 1] === 'listObjects';
    return !isAlike || number % 50 === 0;
  });

const died = (error: unknown): void => {
  if (!(error instanceof Died)) throw error;
};

describe('all background jobs', () => {
  it('leave what they should and nothing else', async () => {
    const log = await createScenario();
    await runEverything(log.process());
    await expectNothingLost(log.process().services);
    await settle(log);
    await expectNothingLost(log.process().services);
    await expectAllDone(log.process().services);
    await expectNothingLeft(log);
  });

  it('have many places to die at', () => {
    expect(places.length).toBeGreaterThan(100);
    expect(new Set(methods)).toContain('commitSegment');
    expect(new Set(methods)).toContain('replaceSegments');
    expect(new Set(methods)).toContain('deleteObjects');
  });

  it.each(['diesBefore', 'diesAfter'] as const)(
    'lose nothing when a process ends at any request, and another takes over (%s)',
    async (how) => {
      for (const { number } of places) {
        const log = await createScenario();
        const interference: Interference = { [how]: number };
        await runEverything(log.process(interference)).catch(died);
        await expectNothingLost(log.process().services);
        await settle(log);
        await expectNothingLost(log.process().services);
        await expectAllDone(log.process().services);
        await expectNothingLeft(log);
      }
    },
    600_000,
  );

  it('lose nothing when one sleeps at any request while others do all the work and collect all garbage', async () => {
    for (const { number } of places) {
      const log = await createScenario();
      const between = async (request: number): Promise<void> => {
        if (request === number) await settle(log);
      };
      const sleeper = log.process({ between });
      await runEverything(sleeper);
      await expectNothingLost(log.process().services);
      await expectNothingLost(sleeper.services);
      await settle(log);
      await expectNothingLost(log.process().services);
      await expectAllDone(log.process().services);
      await expectNothingLeft(log);
    }
  }, 600_000);

  it('lose nothing when one sleeps at any request while others collect garbage only', async () => {
    for (const { number } of places) {
      const log = await createScenario();
      const between = async (request: number): Promise<void> => {
        if (request === number) await collectOnly(log);
      };
      const sleeper = log.process({ between });
      await runEverything(sleeper);
      await expectNothingLost(log.process().services);
      await expectNothingLost(sleeper.services);
      await settle(log);
      await expectNothingLost(log.process().services);
      await expectAllDone(log.process().services);
      await expectNothingLeft(log);
    }
  }, 600_000);

  it('never let a reader see less, between any two requests', async () => {
    const log = await createScenario();
    const warm = log.process().services;
    await expectNothingLost(warm);
    let looked = 0;
    const between = async (_: number, method: string): Promise<void> => {
      if (method === 'listObjects') return;
      looked += 1;
      await expectNothingLost(warm);
      await expectNothingLost(log.process().services);
    };
    for (let round = 0; round < 4; round += 1) {
      await runEverything(log.process({ between }));
      log.clock.timeMs += 3 * HOUR_MS;
    }
    expect(looked).toBeGreaterThan(150);
    await expectAllDone(warm);
  }, 120_000);

  it('may run several at once', async () => {
    for (let seed = 1; seed <= 30; seed += 1) {
      const log = await createScenario();
      const random = new SeededRandom(seed);
      const between = async (): Promise<void> => {
        const [turns = 0] = random.randomBytes(1);
        for (let turn = 0; turn < turns % 4; turn += 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const processes = [1, 2, 3].map(() => log.process({ between }));
      await Promise.all(processes.map(runEverything));
      await expectNothingLost(log.process().services);
      await settle(log);
      await expectNothingLost(log.process().services);
      await expectAllDone(log.process().services);
      await expectNothingLeft(log);
    }
  }, 120_000);
});
