import { describe, expect, it } from 'vitest';
import { skewOf } from '../../../lib/log/skew.ts';

describe('skewOf', () => {
  it.each([
    ['even partitions', [1_000n, 1_000n, 1_000n], 1],
    ['half of it in one of four', [3_000n, 1_000n, 1_000n, 1_000n], 2],
    ['all in one of four', [9_000_000_000_000n, 0n, 0n, 0n], 4],
    ['a topic of one partition', [5_000n], 1],
    ['too few records to tell', [999n, 0n], 1],
    ['no partition', [], 1],
  ])('%s', (_, counts, skew) => {
    expect(skewOf(counts)).toBe(skew);
  });
});
