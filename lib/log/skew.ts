// How unevenly a topic's records lie over its partitions: what a hot key, or too few keys, looks like from outside.

import { largest } from './order.ts';

/** Below it, chance alone is uneven. */
const RECORDS_MIN = 1_000n;

/**
 * Records of the fullest partition as a multiple of the topic's mean, to two decimals: 1 is even, and the number of
 * partitions is all in one. 1, too, where there is nothing to compare. `recordCounts`: one a partition.
 */
export function skewOf(recordCounts: readonly bigint[]): number {
  const sum = recordCounts.reduce((total, count) => total + count, 0n);
  if (sum < RECORDS_MIN) return 1;
  const fullest = largest(0n, ...recordCounts);
  return Number((fullest * BigInt(recordCounts.length) * 100n) / sum) / 100;
}
