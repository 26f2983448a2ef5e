import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { planLanes, runInLanes } from '../../../../lib/client/consumer/lanes.ts';

interface Item {
  readonly key?: string;
  readonly number: number;
}

const items: Item[] = Array.from({ length: 40 }, (_, number) => ({
  key: `k${number % 5}`,
  number,
}));
const options = {
  concurrency: 4,
  keyOf: ({ key }: Item) => key,
  shouldStop: () => false,
};

describe('runInLanes', () => {
  it('keeps the order of each key while several keys run at once', async () => {
    const seen = new Map<string, number[]>();
    let running = 0;
    let most = 0;
    await runInLanes(items, options, async ({ key = '', number }) => {
      running += 1;
      most = Math.max(most, running);
      await sleep(number % 3);
      seen.set(key, [...(seen.get(key) ?? []), number]);
      running -= 1;
    });
    expect(most).toBe(4);
    for (const [key, numbers] of seen) {
      expect(numbers, key).toEqual(numbers.toSorted((left, right) => left - right));
    }
    expect([...seen.values()].flat()).toHaveLength(40);
  });

  it('runs in the order of the log with a concurrency of one', async () => {
    const seen: number[] = [];
    await runInLanes(items, { ...options, concurrency: 1 }, async ({ number }) => {
      await sleep(0);
      seen.push(number);
    });
    expect(seen).toEqual(items.map(({ number }) => number));
  });

  it('awaits what is under way when one fails, begins nothing more, and throws the first failure', async () => {
    let begun = 0;
    let finished = 0;
    const run = runInLanes(items, options, async ({ number }) => {
      begun += 1;
      await sleep(number === 0 ? 1 : 10);
      finished += 1;
      if (number === 0) throw new Error('poison');
    });
    await expect(run).rejects.toThrow('poison');
    expect(finished).toBe(begun);
    expect(begun).toBeLessThanOrEqual(5);
  });

  it('begins nothing more when told to stop', async () => {
    let begun = 0;
    await runInLanes(items, { ...options, shouldStop: () => begun >= 6 }, async () => {
      begun += 1;
      await sleep(1);
    });
    expect(begun).toBeLessThanOrEqual(6);
  });
});

describe('planLanes', () => {
  it('gives a message without a key a lane of its own', () => {
    const lanes = planLanes(
      [{ number: 1 }, { number: 2 }, { key: 'a', number: 3 }, { key: 'a', number: 4 }],
      ({ key }: Item) => key,
    );
    expect(lanes.map((lane) => lane.map(({ number }) => number))).toEqual([[1], [2], [3, 4]]);
  });
});
