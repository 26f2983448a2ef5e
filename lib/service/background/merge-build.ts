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
import { type BatchRun, SegmentBuilder } from '../../log/segment-build.ts';
import { BatchCursor } from '../../record/batch-cursor.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, type BackgroundSettings, REPEATABLE } from './background-ports.ts';
import { isDamage } from './damage.ts';
import { deletePages, readHead, readLog } from './merge-look.ts';
import type { Mergeable } from './merge-prepare.ts';
import { type ReadStretch, type ReadWindow, readWindows } from './merge-source.ts';
import { PartSlots, SegmentUpload } from './segment-upload.ts';

export type Merged =
  | {
      readonly kind: 'merged';
      readonly segment: Segment;
      readonly pagesDeleted: number;
      /** Pages were left for another segment. */
      readonly isMoreThere: boolean;
    }
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
  stopped: Stopped | undefined;
}

/** `missing`: an object is gone, because what it held was merged meanwhile, or because it was lost. */
type Stopped =
  | Exclude<Merged, { readonly kind: 'merged' }>
  | { readonly kind: 'missing'; readonly damage: Damage };

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
    builder: new SegmentBuilder(baseOffset, plan.skippedRecords),
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
  for (let place = 0; place < pieces.count; place += 1) {
    const entry = pieces.entryAt(place);
    const work = works[pieces.queueAt(place)];
    const stretch = stretches[pieces.getAt(place)];
    if (work === undefined || stretch === undefined || work.stopped !== undefined) continue;
    const { batches } = stretch;
    if (!(batches instanceof BatchCursor)) {
      work.stopped = stoppedAt(work, stretch, batches);
      continue;
    }
    const { entries } = work.mergeable.plan;
    const start = entries.positionBytesAt(entry) - stretch.positionBytes;
    const end = start + entries.lengthBytesAt(entry);
    const run = { batches, start, end, recordCount: entries.recordCountAt(entry) };
    work.stopped = appendRun(work, stretch, run);
    if (work.stopped !== undefined) continue;
    let copied = work.upload.copy(batches.bytes, start, end);
    while (copied < end) {
      try {
        await work.upload.sendPart();
      } catch (error) {
        work.stopped = { kind: 'failed', error };
        break;
      }
      copied = work.upload.copy(batches.bytes, copied, end);
    }
  }
}

/** Puts offsets in place where the run's bytes lie; or what keeps it from being merged. */
function appendRun(work: Work, stretch: ReadStretch, run: BatchRun): Stopped | undefined {
  const { nextOffset } = work.builder;
  try {
    work.builder.appendRun(run);
    return undefined;
  } catch (error) {
    if (!(error instanceof StratalogError)) throw error;
    return stoppedAt(work, stretch, error, nextOffset);
  }
}

/** Why the run at `nextOffset` can't be merged: its object is gone, or reading it, or what was read, failed. */
function stoppedAt(
  { builder, mergeable }: Work,
  { key }: ReadStretch,
  error: StratalogError | undefined,
  nextOffset = builder.nextOffset,
): Stopped {
  const offset = mergeable.plan.baseOffset + BigInt(nextOffset);
  if (error === undefined) {
    return { kind: 'missing', damage: { key, offset, problem: 'the object is gone' } };
  }
  return isDamage(error)
    ? { kind: 'damaged', damage: { key, offset, problem: error.message } }
    : { kind: 'failed', error };
}

async function finishWork(ports: BackgroundPorts, work: Work): Promise<Merged> {
  const { stopped, upload } = work;
  try {
    if (stopped === undefined) return await commit(ports, work);
    await upload.abandon();
    return await conclude(ports, work, stopped);
  } catch (error) {
    await upload.abandon();
    return { kind: 'failed', error };
  }
}

async function conclude(ports: BackgroundPorts, work: Work, stopped: Stopped): Promise<Merged> {
  if (stopped.kind === 'failed' || stopped.kind === 'overtaken') return stopped;
  if (stopped.kind === 'missing' && (await isOvertaken(ports, work))) return { kind: 'overtaken' };
  const { damage } = stopped;
  await markDamage(ports, work, damage);
  return { kind: 'damaged', damage };
}

/** An object goes only after all that it held was merged or skipped, or with its topic; else it was lost. */
async function isOvertaken(ports: BackgroundPorts, { mergeable }: Work): Promise<boolean> {
  const { partition, log } = mergeable;
  const now = await readLog(ports, partition);
  if (now?.segmentedTo !== log.segmentedTo) return true;
  return (await readHead(ports, partition)) === undefined;
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
  const pagesDeleted = plan.pages.length;
  return { kind: 'merged', segment, pagesDeleted, isMoreThere: plan.isFull };
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
