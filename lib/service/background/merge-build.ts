// Builds the segments of several partitions side by side, and commits each.
//
// Order, and why: everything that will be named is stored before it is named; the LOG item is moved and the segment put
// in one transaction, whose conditions a merger fails that slept too long (`no-loss-by-cleanup`). Pages go after it:
// whoever reads between sees both, and both are right. Nothing is deleted by whoever was refused, because the answer
// to an own earlier try may have been lost: what nothing names is swept.

import { StratalogError } from '../../errors.ts';
import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import type { WalObjects } from '../../log/merge-entries.ts';
import type { Damage, Segment } from '../../log/segment.ts';
import { SegmentBuilder } from '../../log/segment-build.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, type BackgroundSettings, REPEATABLE } from './background-ports.ts';
import { deletePages, type Mergeable } from './merge-prepare.ts';
import { type ReadStretch, type ReadWindow, readWindows } from './merge-source.ts';
import { PartSlots, SegmentUpload } from './segment-upload.ts';

export type Merged =
  | { readonly kind: 'merged'; readonly segment: Segment; readonly pagesDeleted: number }
  /** Somebody else merged it, or its topic is gone. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'damaged'; readonly damage: Damage }
  | { readonly kind: 'failed'; readonly error: unknown };

/** One partition's segment under way. */
interface Work {
  readonly mergeable: Mergeable;
  readonly segmentId: string;
  readonly builder: SegmentBuilder;
  readonly upload: SegmentUpload;
  stopped: Exclude<Merged, { readonly kind: 'merged' }> | undefined;
}

/** Partitions that are merged side by side. */
export interface MergeGroup {
  readonly mergeables: readonly Mergeable[];
  /** What their entries name. */
  readonly objects: WalObjects;
}

/** One outcome a partition; a partition that can't be merged does not hold up the others. */
export async function buildSegments(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  { mergeables, objects }: MergeGroup,
): Promise<readonly Merged[]> {
  const uploading = { partBytes: settings.partBytes, slots: new PartSlots() };
  const works = mergeables.map((mergeable) => startWork(ports, uploading, mergeable));
  try {
    await fill(ports, settings, { works, objects });
  } catch (error) {
    for (const work of works) work.stopped ??= { kind: 'failed', error };
  }
  return await Promise.all(works.map((work) => finishWork(ports, work)));
}

function startWork(
  ports: BackgroundPorts,
  uploading: { readonly partBytes: number; readonly slots: PartSlots },
  mergeable: Mergeable,
): Work {
  const { partition, plan } = mergeable;
  const { baseOffset } = plan;
  const segmentId = ulidOf(ports.clock.nowMs(), ports.random.randomBytes(ULID_RANDOM_BYTES));
  return {
    mergeable,
    segmentId,
    builder: new SegmentBuilder(baseOffset),
    upload: new SegmentUpload(
      ports,
      { partition, segmentId, baseOffset },
      { ...uploading, sizeBytes: plan.sizeBytes },
    ),
    stopped: undefined,
  };
}

async function fill(
  ports: BackgroundPorts,
  { windowBytes }: BackgroundSettings,
  { works, objects }: { readonly works: readonly Work[]; readonly objects: WalObjects },
): Promise<void> {
  const queues = works.map(({ mergeable }) => mergeable.plan.entries);
  const isWanted = (queue: number): boolean => works[queue]?.stopped === undefined;
  const windows = readWindows(ports, { queues, objects }, { windowBytes, isWanted });
  for await (const window of windows) await addWindow(works, window);
}

/** Awaits nothing but parts that are full: pieces may be small, and millions. */
async function addWindow(works: readonly Work[], window: ReadWindow): Promise<void> {
  const { pieces, stretches } = window;
  for (const { queue, entry, get } of pieces) {
    const work = works[queue];
    const stretch = stretches[get];
    if (work === undefined || stretch === undefined || work.stopped !== undefined) continue;
    const { entries } = work.mergeable.plan;
    const start = entries.positionBytesAt(entry) - stretch.positionBytes;
    const piece = { start, end: start + entries.lengthBytesAt(entry) };
    work.stopped = appendPiece(work, stretch, {
      ...piece,
      recordCount: entries.recordCountAt(entry),
    });
    if (work.stopped !== undefined || stretch.batches === undefined) continue;
    const { bytes } = stretch.batches;
    let copied = work.upload.copy(bytes, piece.start, piece.end);
    while (copied < piece.end) {
      try {
        await work.upload.sendPart();
      } catch (error) {
        work.stopped = { kind: 'failed', error };
        break;
      }
      copied = work.upload.copy(bytes, copied, piece.end);
    }
  }
}

function appendPiece(
  { builder, mergeable }: Work,
  { key, batches }: ReadStretch,
  piece: { readonly start: number; readonly end: number; readonly recordCount: number },
): Work['stopped'] {
  // The object goes only after all that it held was merged.
  if (batches === undefined) return { kind: 'overtaken' };
  const { nextOffset } = builder;
  try {
    builder.appendRun({ ...piece, batches });
    return undefined;
  } catch (error) {
    if (!(error instanceof StratalogError)) throw error;
    const offset = mergeable.plan.baseOffset + BigInt(nextOffset);
    return { kind: 'damaged', damage: { key, offset, problem: error.message } };
  }
}

async function finishWork(ports: BackgroundPorts, work: Work): Promise<Merged> {
  if (work.stopped === undefined) {
    try {
      return await commit(ports, work);
    } catch (error) {
      work.stopped = { kind: 'failed', error };
    }
  }
  await work.upload.abandon();
  if (work.stopped.kind === 'damaged') await markDamage(ports, work, work.stopped.damage);
  return work.stopped;
}

async function commit(ports: BackgroundPorts, work: Work): Promise<Merged> {
  const { mergeable, segmentId, builder, upload } = work;
  const { partition, plan } = mergeable;
  const uploaded = await upload.finish(builder.finish());
  const segment: Segment = {
    ...uploaded,
    baseOffset: plan.baseOffset,
    endOffset: plan.endOffset,
    segmentId,
    maxTimestampMs: plan.maxTimestampMs,
    cleanedTo: 0n,
  };
  const outcome = await withRetries(
    ports,
    () => ports.segments.commitSegment(partition, segment),
    REPEATABLE,
  );
  // Refused after an answer that was lost may be an own success; the next run sees which.
  if (outcome === 'refused') return { kind: 'overtaken' };
  const { damage } = mergeable.log;
  const { baseOffset, endOffset } = segment;
  if (damage !== undefined && damage.offset >= baseOffset && damage.offset < endOffset) {
    await markDamage(ports, work, undefined);
  }
  await deletePages(ports, partition, plan.pages);
  return { kind: 'merged', segment, pagesDeleted: plan.pages.length };
}

/** Merging stops there; what reads other offsets goes on, and nothing is deleted. */
async function markDamage(
  ports: BackgroundPorts,
  { mergeable }: Work,
  damage: Damage | undefined,
): Promise<void> {
  await withRetries(
    ports,
    () => ports.segments.markDamage(mergeable.partition, damage),
    REPEATABLE,
  );
}
