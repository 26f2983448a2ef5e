// Where an offset's bytes are: in the head's tail, in the one index page that covers it, or in the one segment.
//
// No query where this process has just found the segment, one where it knows which kind to ask for, two where it
// doesn't. A page may still stand, or stand again, inside a range that is merged (its deleter or its writer slept): what
// is found counts only if it covers the offset, and whoever finds its object gone looks here again, after `learn`, and
// is sent to the segment (`no-loss-by-cleanup`).

import type { PartitionKey } from '../../log/keys.ts';
import { type Head, type LocatedEntry, locateEntries, type Page } from '../../log/partition.ts';
import type { Segment } from '../../log/segment.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { SegmentStore } from '../../ports/segment-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import type { SegmentHints } from './segment-hints.ts';

export interface LocatePorts extends RetryPorts {
  readonly partitions: PartitionStore;
  readonly segments: Pick<SegmentStore, 'findSegments'>;
}

/** Entries ascend without gaps. Either begins at or before the offset asked for, and reaches beyond it. */
export type Located =
  | { readonly kind: 'entries'; readonly entries: readonly LocatedEntry[] }
  | { readonly kind: 'segment'; readonly segment: Segment };

/** The index item that covers an offset. */
export type IndexItem =
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'segment'; readonly segment: Segment };

/**
 * Where `offset` is, which lies in the log and below its end. Undefined when what the head said has changed since:
 * read the head again.
 */
export async function locateFrom(
  ports: LocatePorts,
  hints: SegmentHints,
  partition: PartitionKey,
  from: { readonly head: Head; readonly offset: bigint },
): Promise<Located | undefined> {
  const { head, offset } = from;
  const tail = locateEntries(head.tailBase, head.tail);
  if (offset >= head.tailBase) return { kind: 'entries', entries: tail };
  const known = hints.segmentAt(partition, { offset, nowMs: ports.clock.nowMs() });
  if (known !== undefined) return { kind: 'segment', segment: known };
  const item = await findItem(ports, hints, partition, offset);
  if (item?.kind !== 'page') return item;
  const { page } = item;
  const entries = locateEntries(page.baseOffset, page.entries);
  return {
    kind: 'entries',
    entries: page.endOffset === head.tailBase ? [...entries, ...tail] : entries,
  };
}

/** The page or the segment that covers an offset below the tail. */
export async function findItem(
  ports: LocatePorts,
  hints: SegmentHints,
  partition: PartitionKey,
  offset: bigint,
): Promise<IndexItem | undefined> {
  if (hints.isMerged(partition, offset)) {
    return (
      (await findSegment(ports, hints, partition, offset)) ??
      (await findPage(ports, partition, offset))
    );
  }
  return (
    (await findPage(ports, partition, offset)) ??
    (await findSegment(ports, hints, partition, offset))
  );
}

async function findPage(
  ports: LocatePorts,
  partition: PartitionKey,
  offset: bigint,
): Promise<IndexItem | undefined> {
  const [page] = await withRetries(
    ports,
    () => ports.partitions.findPages(partition, { offset, limit: 1 }),
    { repeatable: true },
  );
  return page === undefined || page.endOffset <= offset ? undefined : { kind: 'page', page };
}

async function findSegment(
  ports: LocatePorts,
  hints: SegmentHints,
  partition: PartitionKey,
  offset: bigint,
): Promise<IndexItem | undefined> {
  const [segment] = await withRetries(
    ports,
    () => ports.segments.findSegments(partition, { offset, limit: 1 }),
    { repeatable: true },
  );
  if (segment === undefined) return undefined;
  hints.learn(partition, segment.endOffset);
  hints.keep(partition, segment, ports.clock.nowMs());
  return segment.endOffset <= offset ? undefined : { kind: 'segment', segment };
}
