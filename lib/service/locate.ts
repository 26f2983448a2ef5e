// Where an offset's bytes are: in the head's tail, or in the one index page that covers it. At most one request.

import type { PartitionKey } from '../log/keys.ts';
import { type Head, type LocatedEntry, locateEntries } from '../log/partition.ts';
import type { PartitionStore } from '../ports/partition-store.ts';
import { type RetryPorts, withRetries } from './retry.ts';

export interface LocatePorts extends RetryPorts {
  readonly partitions: PartitionStore;
}

/**
 * Entries in ascending order without gaps, beginning at or before `offset`, which lies in the log. Undefined when
 * what the head said has changed since: read the head again.
 */
export async function locateFrom(
  ports: LocatePorts,
  partition: PartitionKey,
  from: { readonly head: Head; readonly offset: bigint },
): Promise<readonly LocatedEntry[] | undefined> {
  const { head, offset } = from;
  const tail = locateEntries(head.tailBase, head.tail);
  if (offset >= head.tailBase) return tail;
  const pages = await withRetries(
    ports,
    () => ports.partitions.findPages(partition, { offset, limit: 1 }),
    { repeatable: true },
  );
  const page = pages[0];
  if (page === undefined || page.endOffset <= offset) return undefined;
  const entries = locateEntries(page.baseOffset, page.entries);
  return page.endOffset === head.tailBase ? [...entries, ...tail] : entries;
}
