// Builds the segments of several partitions side by side, and commits each.
//
// Order, and why: everything that will be named is stored before it is named; the LOG item is moved and the segment put
// in one transaction, whose conditions a merger fails that slept too long (`no-loss-by-cleanup`). Pages go after it:
// whoever reads between sees both, and both are right. Nothing is deleted by whoever was refused, because the answer
// to an own earlier try may have been lost: what nothing names is swept.

import { StratalogError } from '../../errors.ts';
import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import type { Damage, Segment } from '../../log/segment.ts';
import { SegmentBuilder } from '../../log/segment-build.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, type BackgroundSettings, REPEATABLE } from './background-ports.ts';
import { deletePages, type Mergeable } from './merge-prepare.ts';
import { type MergeRun, readMergeRuns } from './merge-source.ts';
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

/** One outcome a partition; a partition that can't be merged does not hold up the others. */
export async function buildSegments(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  mergeables: readonly Mergeable[],
): Promise<readonly Merged[]> {
  const uploading = { partBytes: settings.partBytes, slots: new PartSlots() };
  const works = mergeables.map((mergeable) => startWork(ports, uploading, mergeable));
  try {
    await fill(ports, settings, works);
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
    upload: new SegmentUpload(ports, { partition, segmentId, baseOffset }, uploading),
    stopped: undefined,
  };
}

async function fill(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  works: readonly Work[],
): Promise<void> {
  const runs = readMergeRuns(
    ports,
    works.map(({ mergeable }) => mergeable.plan.pages),
    {
      windowBytes: settings.windowBytes,
      isWanted: (index) => works[index]?.stopped === undefined,
    },
  );
  for await (const run of runs) {
    const work = works[run.index];
    if (work === undefined || work.stopped !== undefined) continue;
    work.stopped = await addRun(work, run);
  }
}

async function addRun(work: Work, run: MergeRun): Promise<Work['stopped']> {
  const { bytes, baseOffset, endOffset, key } = run;
  // The object goes only after all that it held was merged.
  if (bytes === undefined) return { kind: 'overtaken' };
  try {
    work.builder.appendRun({ bytes, baseOffset, endOffset });
  } catch (error) {
    if (!(error instanceof StratalogError)) throw error;
    return { kind: 'damaged', damage: { key, offset: baseOffset, problem: error.message } };
  }
  try {
    await work.upload.write(bytes);
    return undefined;
  } catch (error) {
    return { kind: 'failed', error };
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
    maxTimestampMs: plan.pages.at(-1)?.maxTimestampMs ?? uploaded.largestTimestampMs,
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
