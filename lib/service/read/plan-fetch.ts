// What one partition contributes to a fetch, before any of its bytes are read: ranges of WAL objects or of a segment.

import type { PartitionKey } from '../../log/keys.ts';
import type { ByteRange } from '../../log/object-range.ts';
import type { Head } from '../../log/partition.ts';
import {
  type FetchPartition,
  type PlannedRange,
  planRanges,
  type SegmentRange,
} from '../../log/read.ts';
import {
  indexRange,
  type PartitionSegment,
  planBeginning,
  planSegmentRange,
  planWholeSegment,
} from '../../log/segment-read.ts';
import { type LocatePorts, locateFrom } from './locate.ts';
import type { RangeReader } from './range-reader.ts';
import type { SegmentHints } from './segment-hints.ts';

/** A partition asked for, with the head that stands; the offset is within the log. */
export interface Ready {
  readonly kind: 'ready';
  readonly asked: FetchPartition;
  readonly partition: PartitionKey;
  readonly head: Head;
}

/** What the head said has changed since: look again. */
export interface Moved {
  readonly kind: 'moved';
  readonly asked: FetchPartition;
}

export type Planned = Omit<Ready, 'kind'> & {
  readonly kind: 'planned';
  readonly ranges: readonly PlannedRange[];
  /** Where to go on when there is nothing to read: log compaction left nothing below. */
  readonly emptyTo?: bigint;
};

/** What is warm in this process. */
export interface ReadTools {
  readonly ranges: RangeReader;
  readonly hints: SegmentHints;
  /** Begins to read what a plan for this partition will most likely need, before it is made (early-read.ts). */
  readonly beginEarly?: (asked: FetchPartition, range: ByteRange) => void;
}

/** At most one query and one read of an index beyond what is warm. */
export async function planFetch(
  ports: LocatePorts,
  tools: ReadTools,
  part: Ready,
  maxBytes: number,
): Promise<Planned | Moved> {
  const { asked, head, partition } = part;
  const { offset } = asked;
  if (offset === head.nextOffset) return withRanges(part, []);
  const located = await locateFrom(ports, tools.hints, partition, { head, offset });
  if (located === undefined) return { kind: 'moved', asked };
  const bytes = Math.min(maxBytes, asked.maxBytes ?? maxBytes);
  if (located.kind === 'entries') {
    return withRanges(part, planRanges(located.entries, { offset, maxBytes: bytes }));
  }
  const { segment } = located;
  if (segment.sizeBytes === 0) return { ...withRanges(part, []), emptyTo: segment.endOffset };
  const from = { offset, maxBytes: bytes };
  const beginning = planBeginning({ partition, segment }, from);
  if (beginning !== undefined) tools.beginEarly?.(asked, beginning);
  const range = await planSegment(tools, { partition, segment }, from);
  if (range !== undefined) return withRanges(part, [range]);
  tools.hints.forget(partition);
  return { kind: 'moved', asked };
}

/** What to read of a segment that has bytes, by its index where need be; undefined when its objects are gone. */
export async function planSegment(
  { ranges }: Pick<ReadTools, 'ranges'>,
  segment: PartitionSegment,
  from: { readonly offset: bigint; readonly maxBytes: number },
): Promise<SegmentRange | undefined> {
  const whole = planWholeSegment(segment, from);
  if (whole !== undefined) return whole;
  const index = await readIndex(ranges, segment, 'index');
  return index && planSegmentRange(segment, index, from);
}

export function withRanges(part: Ready, ranges: readonly PlannedRange[]): Planned {
  return { ...part, kind: 'planned', ranges };
}

/** One of a segment's indexes; undefined when the segment's objects are gone. Fails as reading does. */
export async function readIndex(
  ranges: RangeReader,
  segment: PartitionSegment,
  file: 'index' | 'timeindex',
): Promise<Uint8Array | undefined> {
  const range: ByteRange | undefined = indexRange(segment, file);
  if (range === undefined) return new Uint8Array();
  const [bytes] = await ranges.read([range]);
  if (bytes instanceof Error) throw bytes;
  return bytes;
}
