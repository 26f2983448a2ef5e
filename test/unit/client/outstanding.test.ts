import { describe, expect, it } from 'vitest';
import { Outstanding } from '../../../lib/client/outstanding.ts';

describe('Outstanding', () => {
  it('knows of each mark whether something from before it is out, and nothing later', () => {
    const outstanding = new Outstanding();
    expect(outstanding.mark()()).toBe(false);
    const first = outstanding.begin();
    const isFirstOut = outstanding.mark();
    const second = outstanding.begin();
    const isEitherOut = outstanding.mark();
    outstanding.begin();
    expect([isFirstOut(), isEitherOut()]).toEqual([true, true]);
    first();
    expect([isFirstOut(), isEitherOut()]).toEqual([false, true]);
    second();
    expect([isFirstOut(), isEitherOut()]).toEqual([false, false]);
    expect(outstanding.mark()()).toBe(true);
  });
});
