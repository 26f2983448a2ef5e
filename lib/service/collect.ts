// Collects what one fetch answers, once its heads are known: index look-ups, a budget over all partitions in their
// order, and the bytes (or references to them).

import { StratalogError } from '../errors.ts';
import { FETCH_BYTES_MAX, REFERENCE_BYTES_MAX } from '../limits.ts';
import { type PartitionKey, walKey } from '../log/keys.ts';
import type { Head } from '../log/partition.ts';
import { placeBatches } from '../log/place.ts';
import {
  type FetchedBytes,
  type FetchedReferences,
  type FetchPartition,
  type FetchRejected,
  type FetchRequest,
  type PartitionFetchResult,
  type PlannedRange,
  planRanges,
} from '../log/read.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type LocatePorts, locateFrom } from './locate.ts';
import type { RangeReader } from './range-reader.ts';

export interface CollectPorts extends LocatePorts {
  readonly objects: ObjectStore;
}

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

type Planned = Omit<Ready, 'kind'> & {
  readonly kind: 'planned';
  readonly ranges: readonly PlannedRange[];
};

/** Index look-ups that go out at once. */
const LOOKUPS_AT_ONCE = 16;

export async function collect(
  ports: CollectPorts,
  ranges: RangeReader,
  request: FetchRequest,
  looked: readonly (Ready | FetchRejected)[],
): Promise<readonly (PartitionFetchResult | Moved)[]> {
  const planned = await planAll(ports, request, looked);
  return request.deliver === 'reference'
    ? Promise.all(planned.map((part) => refer(ports, part)))
    : readAll(ranges, planned);
}

/** Plans partition after partition until the budget is spent; a few look-ups at a time, since the budget may end. */
async function planAll(
  ports: CollectPorts,
  request: FetchRequest,
  looked: readonly (Ready | FetchRejected)[],
): Promise<readonly (Planned | FetchRejected | Moved)[]> {
  const limit = request.deliver === 'reference' ? REFERENCE_BYTES_MAX : FETCH_BYTES_MAX;
  const maxBytes = Math.min(request.maxBytes, limit);
  const planned: (Planned | FetchRejected | Moved)[] = [];
  let spentBytes = 0;
  for (let start = 0; start < looked.length; start += LOOKUPS_AT_ONCE) {
    const some = looked.slice(start, start + LOOKUPS_AT_ONCE);
    const isSpent = spentBytes >= maxBytes;
    const plans = await Promise.all(
      some.map((part) => {
        if (part.kind === 'rejected') return part;
        return isSpent ? withRanges(part, []) : plan(ports, part, maxBytes);
      }),
    );
    for (const part of plans) {
      if (part.kind !== 'planned') {
        planned.push(part);
        continue;
      }
      const kept = withinBudget(part, { spentBytes, maxBytes });
      spentBytes += lengthOf(kept.ranges);
      planned.push(kept);
    }
  }
  return planned;
}

async function plan(ports: CollectPorts, part: Ready, maxBytes: number): Promise<Planned | Moved> {
  const { asked, head, partition } = part;
  if (asked.offset === head.nextOffset) return withRanges(part, []);
  const entries = await locateFrom(ports, partition, { head, offset: asked.offset });
  if (entries === undefined) return { kind: 'moved', asked };
  const bytes = Math.min(maxBytes, asked.maxBytes ?? maxBytes);
  return withRanges(part, planRanges(entries, { offset: asked.offset, maxBytes: bytes }));
}

function withRanges(part: Ready, ranges: readonly PlannedRange[]): Planned {
  return { ...part, kind: 'planned', ranges };
}

/** The ranges that still fit; the very first of a fetch always does, so that a reader gets on. */
function withinBudget(
  part: Planned,
  budget: { readonly spentBytes: number; readonly maxBytes: number },
): Planned {
  let spentBytes = budget.spentBytes;
  const kept: PlannedRange[] = [];
  for (const range of part.ranges) {
    if (spentBytes > 0 && spentBytes + range.lengthBytes > budget.maxBytes) break;
    spentBytes += range.lengthBytes;
    kept.push(range);
  }
  return { ...part, ranges: kept };
}

function lengthOf(ranges: readonly PlannedRange[]): number {
  return ranges.reduce((bytes, range) => bytes + range.lengthBytes, 0);
}

async function readAll(
  reader: RangeReader,
  planned: readonly (Planned | FetchRejected | Moved)[],
): Promise<readonly (PartitionFetchResult | Moved)[]> {
  const ranges = planned.flatMap((part) => (part.kind === 'planned' ? part.ranges : []));
  const bytes = await reader.read(ranges);
  let next = 0;
  return planned.map((part) => {
    if (part.kind !== 'planned') return part;
    const own = bytes.slice(next, next + part.ranges.length);
    next += part.ranges.length;
    return assemble(part, own);
  });
}

/** Puts base offsets in place, and leaves out the batches that end before the offset asked for. */
function assemble(
  part: Planned,
  bytes: readonly (Uint8Array | Error | undefined)[],
): FetchedBytes | FetchRejected | Moved {
  const chunks: Uint8Array[] = [];
  for (const [index, range] of part.ranges.entries()) {
    const chunk = bytes[index];
    if (chunk === undefined) return { kind: 'moved', asked: part.asked };
    if (chunk instanceof Error) return rejectedFetch(part.asked, refusalOf(chunk));
    const placed = placeBatches(chunk, { range, offset: part.asked.offset });
    if (placed.kind === 'rejected') return rejectedFetch(part.asked, placed);
    chunks.push(placed.bytes);
  }
  return {
    kind: 'bytes',
    ...watermarks(part),
    chunks,
    byteCount: chunks.reduce((count, chunk) => count + chunk.length, 0),
  };
}

function refusalOf(error: Error): {
  readonly code: StratalogError['code'];
  readonly message: string;
} {
  if (error instanceof StratalogError) return error;
  throw error;
}

async function refer(
  ports: CollectPorts,
  part: Planned | FetchRejected | Moved,
): Promise<FetchedReferences | FetchRejected | Moved> {
  if (part.kind !== 'planned') return part;
  const nowMs = ports.clock.nowMs();
  const references = await Promise.all(
    part.ranges.map(async ({ objectId, positionBytes, lengthBytes, baseOffset }) => {
      const key = walKey(objectId);
      const reference = await ports.objects.referenceRange(
        { key, positionBytes, lengthBytes },
        nowMs,
      );
      return { ...reference, baseOffset, positionBytes, lengthBytes };
    }),
  );
  return {
    kind: 'references',
    ...watermarks(part),
    references,
    byteCount: lengthOf(part.ranges),
  };
}

function watermarks({
  asked,
  head,
  ranges,
}: Planned): Omit<FetchedBytes, 'kind' | 'chunks' | 'byteCount'> {
  return {
    topicName: asked.topicName,
    partition: asked.partition,
    highWatermark: head.nextOffset,
    logStartOffset: head.logStartOffset,
    nextOffset: ranges.at(-1)?.endOffset ?? asked.offset,
  };
}

export function rejectedFetch(
  asked: FetchPartition,
  refusal: { readonly code: FetchRejected['code']; readonly message: string },
): FetchRejected {
  return {
    kind: 'rejected',
    topicName: asked.topicName,
    partition: asked.partition,
    code: refusal.code,
    message: refusal.message,
  };
}
