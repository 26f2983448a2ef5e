import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { NUDGE_BYTES } from '../../../../lib/limits.ts';
import type { PartitionKey } from '../../../../lib/log/keys.ts';
import type { Head } from '../../../../lib/log/partition.ts';
import { rollTail } from '../../../../lib/service/append/roll.ts';
import { createLocalStorage } from '../../../../lib/storage/local/local-storage.ts';
import { entry, ulid } from '../../../support/log.ts';

const PARTITION = { topicId: 'AAAAAAAAQACAAAAAAAAAAA', partition: 3 };
const ENTRIES = 16;

/** A head whose tail is to be rolled, of entries of so many bytes. */
async function fullHead(lengthBytes: number) {
  const { partitions } = createLocalStorage({ directory: ':memory:' });
  const floor = await partitions.readFloor();
  await partitions.createHeads({ topicId: PARTITION.topicId, partitions: [3], floor });
  const entries = Array.from({ length: ENTRIES }, () => entry({ objectId: ulid(1), lengthBytes }));
  await partitions.appendToHead({ partition: PARTITION, entries, objectId: ulid(1) });
  const [head] = await partitions.readHeads([PARTITION]);
  return { partitions, head: head as Head };
}

describe('rollTail', () => {
  it('nudges the merging job when much has been rolled since the last time', async () => {
    const nudged: PartitionKey[] = [];
    const nudger = {
      nudge: async (partition: PartitionKey) => {
        nudged.push(partition);
      },
    };
    const large = await fullHead(NUDGE_BYTES / ENTRIES);
    await rollTail({ ...large, nudger }, PARTITION, large.head, ENTRIES);
    expect(nudged).toEqual([PARTITION]);
    // Whoever comes second has not rolled anything.
    await rollTail({ ...large, nudger }, PARTITION, large.head, ENTRIES);
    const small = await fullHead(100);
    await rollTail({ ...small, nudger }, PARTITION, small.head, ENTRIES);
    expect(nudged.length).toBe(1);
  });

  it('does not mind a nudge that fails', async () => {
    const nudger = {
      nudge: () => Promise.reject(new StratalogError('THROTTLED', 'too many')),
    };
    const large = await fullHead(NUDGE_BYTES / ENTRIES);
    await rollTail({ ...large, nudger }, PARTITION, large.head, ENTRIES);
    const [head] = await large.partitions.readHeads([PARTITION]);
    expect(head?.tail).toEqual([]);
  });
});
