// Rolling: a head's tail becomes an index page. Put the page (whoever puts it puts the same facts), then take its
// entries out of the tail, on the condition that the tail still begins there.
//
// Nothing depends on this being done now: a roll that fails is left to the next append. When much was rolled since the
// last time, the merging job is told.

import { StratalogError } from '../../errors.ts';
import { NUDGE_BYTES } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { crossesMark } from '../../log/merge.ts';
import type { Head } from '../../log/partition.ts';
import { planRoll } from '../../log/roll.ts';
import type { Nudger } from '../../ports/nudger.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';

/** Rolls the tail if the append of `appendedCount` entries, after which `head` stands, has to. Never fails. */
export async function rollTail(
  ports: { readonly partitions: PartitionStore; readonly nudger?: Nudger },
  partition: PartitionKey,
  head: Head,
  appendedCount: number,
): Promise<void> {
  const page = planRoll(head, appendedCount);
  if (page === undefined) return;
  try {
    const put = await ports.partitions.putPage(partition, page);
    const standing = put.kind === 'stored' ? page : put.page;
    const trim = { partition, tailBase: head.tailBase, page: standing };
    const isTrimmed = (await ports.partitions.trimTail(trim)) === 'trimmed';
    if (isTrimmed && crossesMark(standing, NUDGE_BYTES)) await ports.nudger?.nudge(partition);
  } catch (error) {
    // The append is committed whatever became of its roll; the entries stay in the tail until the next one.
    if (!(error instanceof StratalogError)) throw error;
  }
}
