// The largest timestamp of what a partition holds now. The head knows the largest that it ever had, whose record may be
// gone: by retention, by delete-records, by log compaction.

import { JOB_PAGES_PER_LIST } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { type Head, locateEntries, type TailEntry } from '../../log/partition.ts';
import { withRetries } from '../retry.ts';
import type { LocatePorts } from './locate.ts';

const READ = { repeatable: true };

/** The largest that it ever had; −1 when it never had one. */
export function largestEver(head: Head): number {
  return Math.max(head.rolledMaxTimestampMs, ...timesOf(head.tail));
}

/** The largest among the newest 500 segments and pages and the tail, nothing below the log's start. */
export async function largestNow(
  ports: LocatePorts,
  partition: PartitionKey,
  head: Head,
): Promise<number> {
  const query = { offset: head.nextOffset, limit: JOB_PAGES_PER_LIST };
  const [segments, pages] = await Promise.all([
    withRetries(ports, () => ports.segments.findSegments(partition, query), READ),
    withRetries(ports, () => ports.partitions.findPages(partition, query), READ),
  ]);
  const merged = segments.filter(({ endOffset }) => endOffset > head.logStartOffset);
  const waiting = pages
    .flatMap((page) => locateEntries(page.baseOffset, page.entries))
    .filter((located) => located.baseOffset >= head.logStartOffset)
    .map(({ entry }) => entry);
  return Math.max(
    -1,
    ...merged.map(({ largestTimestampMs }) => largestTimestampMs),
    ...timesOf(waiting),
    ...timesOf(head.tail),
  );
}

function timesOf(entries: readonly TailEntry[]): number[] {
  return entries.map((entry) => entry.maxTimestampMs);
}
