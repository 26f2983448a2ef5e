// Creating and removing the heads of a topic's partitions, some to a request.

import { assert } from '../../assert.ts';
import {
  HEADS_PER_DELETE_MAX,
  HEADS_PER_READ_MAX,
  HEADS_PER_TRANSACTION_MAX,
} from '../../limits.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import { readHeads } from '../read/read.ts';
import { type RetryPorts, withRetries } from '../retry.ts';

export interface HeadPorts extends RetryPorts {
  readonly partitions: PartitionStore;
}

/** Partitions `from` (included) to `to` (not included). */
interface PartitionRange {
  readonly from: number;
  readonly to: number;
}

/** How often the floor may move, or another creator be met, while some heads are put. */
const PUT_ATTEMPTS_MAX = 5;

/**
 * Puts the heads that aren't there. Heads that are were left by a creator that died: empty, since nobody knew them.
 * `dead`: the topic was deleted meanwhile, and has no heads any more.
 */
export async function putHeads(
  ports: HeadPorts,
  topicId: string,
  range: PartitionRange,
): Promise<'put' | 'dead'> {
  let outcome: 'put' | 'dead' = 'put';
  await eachPiece(range, HEADS_PER_TRANSACTION_MAX, async (partitions) => {
    if (outcome === 'put') outcome = await putSome(ports, topicId, partitions);
  });
  return outcome;
}

async function putSome(
  ports: HeadPorts,
  topicId: string,
  partitions: readonly number[],
): Promise<'put' | 'dead'> {
  let missing = partitions;
  for (let attempt = 1; missing.length > 0; attempt += 1) {
    assert(attempt <= PUT_ATTEMPTS_MAX, 'heads can be put in a few tries');
    const floor = await withRetries(ports, () => ports.partitions.readFloor(), {
      repeatable: true,
    });
    const request = { topicId, partitions: missing, floor };
    const outcome = await withRetries(ports, () => ports.partitions.createHeads(request), {
      repeatable: true,
    });
    if (outcome === 'created') return 'put';
    if (outcome === 'dead') return 'dead';
    if (outcome === 'exists') missing = await withoutHead(ports, topicId, missing);
  }
  return 'put';
}

async function withoutHead(
  ports: HeadPorts,
  topicId: string,
  partitions: readonly number[],
): Promise<readonly number[]> {
  const heads = await readHeads(
    ports,
    partitions.map((partition) => ({ topicId, partition })),
  );
  return partitions.filter((_, index) => heads[index] === undefined);
}

/** Where the heads of a topic end that was given more partitions than its item says, by somebody who didn't finish. */
export async function endOfHeads(
  ports: HeadPorts,
  topicId: string,
  partitionCount: number,
): Promise<number> {
  for (let end = partitionCount; ; end += HEADS_PER_READ_MAX) {
    const keys = Array.from({ length: HEADS_PER_READ_MAX }, (_, index) => ({
      topicId,
      partition: end + index,
    }));
    const found = (await readHeads(ports, keys)).findLastIndex((head) => head !== undefined);
    if (found < HEADS_PER_READ_MAX - 1) return end + found + 1;
  }
}

/** Removes heads; from then on nothing can be appended to them. */
export async function removeHeads(
  ports: HeadPorts,
  topicId: string,
  range: PartitionRange,
): Promise<void> {
  await eachPiece(range, HEADS_PER_DELETE_MAX, (partitions) =>
    withRetries(ports, () => ports.partitions.deleteHeads({ topicId, partitions }), {
      repeatable: true,
    }),
  );
}

async function eachPiece(
  range: PartitionRange,
  size: number,
  run: (partitions: readonly number[]) => Promise<void>,
): Promise<void> {
  for (let start = range.from; start < range.to; start += size) {
    const length = Math.min(size, range.to - start);
    await run(Array.from({ length }, (_, index) => start + index));
  }
}
