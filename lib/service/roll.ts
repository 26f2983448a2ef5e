// Rolling: a head's tail becomes an index page. Put the page (whoever puts it puts the same facts), then take its
// entries out of the tail, on the condition that the tail still begins there.
//
// Nothing depends on this being done now: a roll that fails is left to the next append.

import { StratalogError } from '../errors.ts';
import type { PartitionKey } from '../log/keys.ts';
import type { Head } from '../log/partition.ts';
import { planRoll } from '../log/roll.ts';
import type { PartitionStore } from '../ports/partition-store.ts';

/** Rolls the tail if the append of `appendedCount` entries, after which `head` stands, has to. Never fails. */
export async function rollTail(
  ports: { readonly partitions: PartitionStore },
  partition: PartitionKey,
  head: Head,
  appendedCount: number,
): Promise<void> {
  const page = planRoll(head, appendedCount);
  if (page === undefined) return;
  try {
    const put = await ports.partitions.putPage(partition, page);
    const standing = put.kind === 'stored' ? page : put.page;
    await ports.partitions.trimTail({ partition, tailBase: head.tailBase, page: standing });
  } catch (error) {
    // The append is committed whatever became of its roll; the entries stay in the tail until the next one.
    if (!(error instanceof StratalogError)) throw error;
  }
}
