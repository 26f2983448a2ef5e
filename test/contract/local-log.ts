// What a partition on disk holds, read as a consumer would, and what a writer puts into its objects.

import { required } from '../../lib/assert.ts';
import { walKey } from '../../lib/log/keys.ts';
import { type LocatedEntry, locateEntries } from '../../lib/log/partition.ts';
import type { LocalStorage } from '../../lib/storage/local/local-storage.ts';
import { PARTITION } from './contract-values.ts';

/** Bytes that only this object has. */
export function bytesOf(objectId: string, lengthBytes: number): Uint8Array {
  return new Uint8Array(Buffer.alloc(lengthBytes, objectId));
}

/** Every entry of the partition by offset, from its start: through all pages, then the tail. */
export async function readEntries(storage: LocalStorage): Promise<readonly LocatedEntry[]> {
  const [standing] = await storage.partitions.readHeads([PARTITION]);
  const head = required(standing, 'the head');
  const entries: LocatedEntry[] = [];
  let offset = 0n;
  while (offset < head.tailBase) {
    const [page] = await storage.partitions.findPages(PARTITION, { offset, limit: 1 });
    if (page?.baseOffset !== offset) throw new Error(`no page begins at ${offset}`);
    entries.push(...locateEntries(page.baseOffset, page.entries));
    offset = page.endOffset;
  }
  return [...entries, ...locateEntries(head.tailBase, head.tail)];
}

/** Whether the bytes of an entry are what its writer put. */
export async function isReadable(storage: LocalStorage, { entry }: LocatedEntry): Promise<boolean> {
  const { objectId, positionBytes, lengthBytes } = entry;
  const range = { key: walKey(objectId), positionBytes, lengthBytes };
  const bytes = await storage.objects.getRange(range);
  return bytes !== undefined && Buffer.compare(bytes, bytesOf(objectId, lengthBytes)) === 0;
}
