// Collects what one fetch answers, once its heads are known: index look-ups, a budget over all partitions in their
// order, and the bytes (or references to them).

import { type Rejected, rejected, StratalogError } from '../../errors.ts';
import { FETCH_BYTES_MAX, REFERENCE_BYTES_MAX } from '../../limits.ts';
import { placeBatches } from '../../log/place.ts';
import type {
  FetchedBytes,
  FetchedReferences,
  FetchPartition,
  FetchRejected,
  FetchRequest,
  PartitionFetchResult,
  PlannedRange,
  SegmentRange,
} from '../../log/read.ts';
import { cutBatches } from '../../log/segment-read.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { BATCH_HEADER_BYTES, parseBatchHeader } from '../../record/batch.ts';
import { withRetries } from '../retry.ts';
import type { LocatePorts } from './locate.ts';
import {
  type Moved,
  type Planned,
  planFetch,
  type ReadTools,
  type Ready,
  withRanges,
} from './plan-fetch.ts';

export interface CollectPorts extends LocatePorts {
  readonly objects: ObjectStore;
}

/** Index look-ups that go out at once. */
const LOOKUPS_AT_ONCE = 16;

export async function collect(
  ports: CollectPorts,
  tools: ReadTools,
  request: FetchRequest,
  looked: readonly (Ready | FetchRejected)[],
): Promise<readonly (PartitionFetchResult | Moved)[]> {
  const planned = await planAll(ports, tools, request, looked);
  return request.deliver === 'reference'
    ? Promise.all(
        planned.map((part) => (part.kind === 'planned' ? refer(ports, tools, part) : part)),
      )
    : readAll(tools, request, planned);
}

/** Plans partition after partition until the budget is spent; a few look-ups at a time, since the budget may end. */
async function planAll(
  ports: CollectPorts,
  tools: ReadTools,
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
        return isSpent ? withRanges(part, []) : planFetch(ports, tools, part, maxBytes);
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
  tools: ReadTools,
  request: FetchRequest,
  planned: readonly (Planned | FetchRejected | Moved)[],
): Promise<readonly (PartitionFetchResult | Moved)[]> {
  const ranges = planned.flatMap((part) => (part.kind === 'planned' ? part.ranges : []));
  const bytes = await tools.ranges.read(ranges);
  let next = 0;
  return planned.map((part) => {
    if (part.kind !== 'planned') return part;
    const own = bytes.slice(next, next + part.ranges.length);
    next += part.ranges.length;
    return assemble(tools, part, { bytes: own, maxBytes: request.maxBytes });
  });
}

/** Leaves out the batches that end before the offset asked for; those of WAL objects get their offsets. */
function assemble(
  tools: ReadTools,
  part: Planned,
  read: { readonly bytes: readonly (Uint8Array | Error | undefined)[]; readonly maxBytes: number },
): FetchedBytes | FetchRejected | Moved {
  const chunks: Uint8Array[] = [];
  const { offset } = part.asked;
  const maxBytes = Math.min(read.maxBytes, part.asked.maxBytes ?? FETCH_BYTES_MAX, FETCH_BYTES_MAX);
  let nextOffset = part.emptyTo ?? part.asked.offset;
  for (const [index, range] of part.ranges.entries()) {
    const chunk = read.bytes[index];
    if (chunk === undefined) return moved(tools, part, range);
    if (chunk instanceof Error) return rejectedFetch(part.asked, refusalOf(chunk));
    const placed = place(chunk, range, { offset, maxBytes });
    if (placed.kind === 'rejected') return rejectedFetch(part.asked, placed);
    chunks.push(placed.bytes);
    nextOffset = placed.endOffset;
  }
  return {
    kind: 'bytes',
    ...watermarks(part),
    nextOffset,
    chunks,
    byteCount: chunks.reduce((count, chunk) => count + chunk.length, 0),
  };
}

function place(
  bytes: Uint8Array,
  range: PlannedRange,
  from: { readonly offset: bigint; readonly maxBytes: number },
): ReturnType<typeof cutBatches> {
  if (range.kind === 'segment') return cutBatches(bytes, { range, ...from });
  const placed = placeBatches(bytes, { range, offset: from.offset });
  return placed.kind === 'rejected' ? placed : { ...placed, endOffset: range.endOffset };
}

/** An object goes only after what it held was merged: look for the segment next. */
function moved(tools: ReadTools, { asked, partition }: Planned, range: PlannedRange): Moved {
  if (range.kind === 'wal') tools.hints.learn(partition, range.endOffset);
  else tools.hints.forget(partition);
  return { kind: 'moved', asked };
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
  tools: ReadTools,
  part: Planned,
): Promise<FetchedReferences | FetchRejected | Moved> {
  const nowMs = ports.clock.nowMs();
  const last = part.ranges.at(-1);
  const behind = last === undefined ? (part.emptyTo ?? part.asked.offset) : endOf(ports, last);
  // Signed while the end is looked for: it takes the processor, and asks nobody.
  const signing = Promise.all(
    part.ranges.map(async (range) => {
      const { key, positionBytes, lengthBytes } = range;
      const place = { key, positionBytes, lengthBytes };
      const reference = await ports.objects.referenceRange(place, nowMs);
      const baseOffset = range.kind === 'wal' ? range.baseOffset : undefined;
      return { ...reference, baseOffset, positionBytes, lengthBytes };
    }),
  );
  const [nextOffset, references] = await Promise.all([behind, signing]);
  if (nextOffset === undefined) {
    tools.hints.forget(part.partition);
    return { kind: 'moved', asked: part.asked };
  }
  if (typeof nextOffset !== 'bigint') return rejectedFetch(part.asked, nextOffset);
  return {
    kind: 'references',
    ...watermarks(part),
    nextOffset,
    references,
    byteCount: lengthOf(part.ranges),
  };
}

/** Where to go on behind a range whose bytes aren't read here; undefined when its object is gone. */
async function endOf(
  ports: CollectPorts,
  range: PlannedRange,
): Promise<bigint | Rejected | undefined> {
  if (range.kind === 'wal') return range.endOffset;
  return range.endOffset ?? (await nextBatchOffset(ports, range));
}

/** Behind a range that ends within a segment another batch begins. */
async function nextBatchOffset(
  ports: CollectPorts,
  { key, positionBytes, lengthBytes }: SegmentRange,
): Promise<bigint | Rejected | undefined> {
  const header = {
    key,
    positionBytes: positionBytes + lengthBytes,
    lengthBytes: BATCH_HEADER_BYTES,
  };
  const bytes = await withRetries(ports, () => ports.objects.getRange(header), {
    repeatable: true,
  });
  if (bytes === undefined) return undefined;
  try {
    return parseBatchHeader(bytes).baseOffset;
  } catch (error) {
    if (error instanceof StratalogError) return rejected('CORRUPT_MESSAGE', error.message);
    throw error;
  }
}

function watermarks({
  asked,
  head,
}: Planned): Omit<FetchedBytes, 'kind' | 'chunks' | 'byteCount' | 'nextOffset'> {
  return {
    topicName: asked.topicName,
    partition: asked.partition,
    highWatermark: head.nextOffset,
    logStartOffset: head.logStartOffset,
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
