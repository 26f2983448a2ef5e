// Contestants measured against each other: they take turns within one run, so that whatever else the machine does falls
// on all of them, and medians over the turns leave out what falls on one.

/** One piece of work, done over and over; what it returns is looked at, so that it can't be optimised away. */
export interface Contestant {
  readonly name: string;
  readonly run: () => unknown;
}

export interface TurnOptions {
  readonly turns: number;
  /** How long a turn takes, at least. */
  readonly turnMs: number;
}

/** The median over turns of each contestant's microseconds per run, in order. Promises are awaited. */
export async function interleave(
  contestants: readonly Contestant[],
  options: TurnOptions,
): Promise<readonly number[]> {
  const samples: number[][] = contestants.map(() => []);
  for (let turn = -1; turn < options.turns; turn += 1) {
    for (const [index, contestant] of contestants.entries()) {
      const microseconds = await takeTurn(contestant, options.turnMs);
      // The first turn warms up.
      if (turn >= 0) samples[index]?.push(microseconds);
    }
  }
  return samples.map(median);
}

async function takeTurn(contestant: Contestant, turnMs: number): Promise<number> {
  const started = performance.now();
  let runs = 0;
  let elapsed = 0;
  do {
    for (let index = 0; index < 10; index += 1) {
      const result = contestant.run();
      if (result === undefined) throw new Error(`${contestant.name} gave nothing`);
      if (result instanceof Promise) await result;
    }
    runs += 10;
    elapsed = performance.now() - started;
  } while (elapsed < turnMs);
  return (elapsed * 1_000) / runs;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no values, no median');
  return middle;
}
