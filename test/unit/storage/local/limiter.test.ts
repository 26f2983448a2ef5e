import { describe, expect, it } from 'vitest';
import { Limiter } from '../../../../lib/storage/local/limiter.ts';

/** Works that end when they are told to. */
const workbench = (limiter: Limiter) => {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const start = (number: number) =>
    limiter.run(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.set(number, resolve));
      return number;
    });
  const turn = () => new Promise(setImmediate);
  return { begun, start, turn, end: (number: number) => ends.get(number)?.() };
};

describe('Limiter.run', () => {
  it('runs so many at a time, the others in the order in which they came', async () => {
    const { begun, start, turn, end } = workbench(new Limiter(2));
    const works = [1, 2, 3, 4].map(start);
    await turn();
    expect(begun).toEqual([1, 2]);
    end(2);
    await turn();
    expect(begun).toEqual([1, 2, 3]);
    end(1);
    await turn();
    end(3);
    end(4);
    expect(await Promise.all(works)).toEqual([1, 2, 3, 4]);
  });

  it('gives the slot of a work that fails to the next', async () => {
    const limiter = new Limiter(1);
    const failing = limiter.run(() => Promise.reject(new Error('no')));
    const next = limiter.run(() => Promise.resolve('fine'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('fine');
  });
});

describe('Limiter.idle', () => {
  it('waits for what runs and for what waits', async () => {
    const limiter = new Limiter(1);
    await limiter.idle();
    const { start, turn, end } = workbench(limiter);
    const works = [start(1), start(2)];
    let idle = false;
    const waiting = limiter.idle().then(() => {
      idle = true;
    });
    await turn();
    end(1);
    await turn();
    expect(idle).toBe(false);
    end(2);
    await waiting;
    expect(await Promise.all(works)).toEqual([1, 2]);
  });
});
