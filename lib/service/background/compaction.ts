// Log compaction: of each key the latest record stays, with its offset.
//
// Order, and why (`no-loss-by-cleanup`): keys first, then rewrites, oldest segments first, each committed by itself on
// the segments that it was made from. A pass that dies or is overtaken leaves segments that were compared less far;
// they hold back what a later pass takes for compared, and so no tombstone goes while an older record of its key may
// be left.

import { StratalogError } from '../../errors.ts';
import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import { type CleanupSettings, cleanupSettings } from '../../log/cleanup-settings.ts';
import {
  type CompactionPlan,
  comparedTo,
  planCompaction,
  planRewrites,
} from '../../log/compaction.ts';
import { type CompactionPass, compactBatch } from '../../log/compaction-batch.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { Damage, Segment } from '../../log/segment.ts';
import { SegmentBuilder } from '../../log/segment-build.ts';
import { segmentKey } from '../../log/segment-keys.ts';
import { parseBatchHeader } from '../../record/batch.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, type BackgroundSettings, REPEATABLE } from './background-ports.ts';
import { mapKeys } from './compaction-keys.ts';
import { isDamage } from './damage.ts';
import {
  activeTopics,
  failureOf,
  isTimeUp,
  type JobFailure,
  partitionsOf,
  type RunLimit,
} from './job-topics.ts';
import { withLease } from './leases.ts';
import { readLog } from './merge-look.ts';
import { listSegments } from './retention.ts';
import { type BatchWindow, readSegment } from './segment-source.ts';
import { PartSlots, SegmentUpload } from './segment-upload.ts';

export interface CompactionReport {
  /** Partitions that were compacted, some of them in part. */
  readonly partitions: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly damaged: readonly { readonly partition: PartitionKey; readonly damage: Damage }[];
  readonly failures: readonly JobFailure[];
}

export interface CompactionService {
  compactAll(limit: RunLimit): Promise<CompactionReport>;
}

/** A report under way. */
interface Counts {
  partitions: number;
  bytesBefore: number;
  bytesAfter: number;
  readonly damaged: { partition: PartitionKey; damage: Damage }[];
  readonly failures: JobFailure[];
}

export function createCompactionService(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
): CompactionService {
  return {
    async compactAll(limit) {
      const counts: Counts = {
        partitions: 0,
        bytesBefore: 0,
        bytesAfter: 0,
        damaged: [],
        failures: [],
      };
      for await (const topic of activeTopics(ports)) {
        const cleanup = cleanupSettings(topic.configs);
        if (!cleanup.compacts) continue;
        for (const partition of partitionsOf(topic)) {
          if (isTimeUp(ports, limit)) return counts;
          await compactPartition(ports, settings, counts, { partition, cleanup, limit }).catch(
            (error: unknown) => counts.failures.push(failureOf(partition, error)),
          );
        }
      }
      return counts;
    },
  };
}

interface Task {
  readonly partition: PartitionKey;
  readonly cleanup: CleanupSettings;
  readonly limit: RunLimit;
}

async function compactPartition(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  counts: Counts,
  task: Task,
): Promise<void> {
  const isDue = async (): Promise<boolean> => {
    const segments = await listSegments(ports, task.partition);
    return planCompaction(segments, task.cleanup, ports.clock.nowMs()) !== undefined;
  };
  if (!(await isDue())) return;
  const lease = {
    name: `compact/${partitionKeyText(task.partition)}`,
    leaseMs: settings.leaseMs,
  };
  await withLease(ports, lease, () => runPass(ports, settings, counts, task));
}

async function runPass(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  counts: Counts,
  task: Task,
): Promise<void> {
  const segments = await listSegments(ports, task.partition);
  const plan = planCompaction(segments, task.cleanup, ports.clock.nowMs());
  if (plan === undefined) return;
  try {
    await cleanSegments(ports, settings, counts, { ...task, segments, plan });
  } catch (error) {
    // Whoever slept while others replaced what it reads finds nothing there: the next pass looks afresh.
    const named = new Set((await listSegments(ports, task.partition)).map(segmentName));
    if (segments.every((segment) => named.has(segmentName(segment)))) throw error;
  }
}

function segmentName({ baseOffset, segmentId }: Segment): string {
  return `${baseOffset}/${segmentId}`;
}

interface Pass extends Task {
  readonly segments: readonly Segment[];
  readonly plan: CompactionPlan;
}

async function cleanSegments(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  counts: Counts,
  { partition, cleanup, limit, segments, plan }: Pass,
): Promise<void> {
  const nowMs = ports.clock.nowMs();
  // What is left of the time is for the rewrites; what they don't come to is the next run's.
  const untilMs = nowMs + (limit.untilMs - nowMs) / 2;
  const mapped = await mapKeys(ports, settings, { partition, plan, limit: { untilMs } });
  const { latest, cleanTo, damage } = mapped;
  if (damage !== undefined) counts.damaged.push({ partition, damage });
  await markDamage(ports, partition, { damage, readFrom: plan.dirtyFrom, readTo: cleanTo });
  if (cleanTo <= plan.dirtyFrom) return;
  const pass = {
    latest,
    cleanTo,
    tombstonesTo: comparedTo(segments),
    lastOffset: (segments.at(-1)?.endOffset ?? 0n) - 1n,
    nowMs,
    deleteRetentionMs: cleanup.deleteRetentionMs,
  };
  for (const run of planRewrites(segments, cleanTo, cleanup.segmentBytes)) {
    if (isTimeUp(ports, limit)) break;
    const rewritten = await rewrite(ports, settings, { partition, run, pass });
    // Somebody else has changed these segments: the next pass looks afresh.
    if (rewritten === undefined) return;
    counts.bytesBefore += run.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
    counts.bytesAfter += rewritten.sizeBytes;
  }
  counts.partitions += 1;
}

/** Notes bytes that are not what was stored, or that those which were noted can be read again: somebody restored them. */
async function markDamage(
  ports: BackgroundPorts,
  partition: PartitionKey,
  found: {
    readonly damage: Damage | undefined;
    readonly readFrom: bigint;
    readonly readTo: bigint;
  },
): Promise<void> {
  const { damage, readFrom, readTo } = found;
  const noted = (await readLog(ports, partition))?.damage;
  const isRestored = noted !== undefined && noted.offset >= readFrom && noted.offset < readTo;
  if (damage === undefined && !isRestored) return;
  await withRetries(ports, () => ports.segments.markDamage(partition, damage), REPEATABLE);
}

interface Rewrite {
  readonly partition: PartitionKey;
  /** Neighbours, at least one. */
  readonly run: readonly Segment[];
  readonly pass: CompactionPass;
}

/** The segment that takes the place of a run; undefined when the run has changed meanwhile. */
async function rewrite(
  ports: BackgroundPorts,
  settings: BackgroundSettings,
  { partition, run, pass }: Rewrite,
): Promise<Segment | undefined> {
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const { baseOffset } = first;
  const segmentId = newId(ports);
  const builder = new SegmentBuilder(baseOffset);
  const uploading = { partBytes: settings.partBytes, slots: new PartSlots() };
  const upload = new SegmentUpload(ports, { partition, segmentId, baseOffset }, uploading);
  try {
    const from = { windowBytes: settings.windowBytes, fromOffset: 0n };
    for (const segment of run) {
      try {
        for await (const window of readSegment(ports, { partition, segment }, from)) {
          await rewriteWindow(window, pass, { builder, upload });
        }
      } catch (error) {
        throw named(error, segmentKey({ partition, ...segment }, 'log'));
      }
    }
    const by: Segment = {
      ...(await upload.finish(builder.finish())),
      baseOffset,
      endOffset: last.endOffset,
      segmentId,
      maxTimestampMs: last.maxTimestampMs,
      cleanedTo: pass.cleanTo,
    };
    const retired = { retiredId: newId(ports), segments: run };
    const request = { partition, replaced: run, by, retired };
    const outcome = await withRetries(
      ports,
      () => ports.segments.replaceSegments(request),
      REPEATABLE,
    );
    return outcome === 'replaced' ? by : undefined;
  } catch (error) {
    await upload.abandon();
    throw error;
  }
}

/** What was compared with its keys before is read again: whoever hears that it is damaged must hear what. */
function named(error: unknown, key: string): unknown {
  if (!isDamage(error)) return error;
  return new StratalogError(error.code, `"${key}" is damaged: ${error.message}`, { cause: error });
}

async function rewriteWindow(
  { bytes, headers }: BatchWindow,
  pass: CompactionPass,
  to: { readonly builder: SegmentBuilder; readonly upload: SegmentUpload },
): Promise<void> {
  for (const header of headers) {
    const outcome = compactBatch(bytes, header, pass);
    if (outcome.kind === 'dropped') continue;
    const left =
      outcome.kind === 'rewritten'
        ? outcome.bytes
        : bytes.subarray(header.position, header.position + header.sizeInBytes);
    to.builder.appendPlaced(parseBatchHeader(left));
    await to.upload.write(left);
  }
}

function newId(ports: BackgroundPorts): string {
  return ulidOf(ports.clock.nowMs(), ports.random.randomBytes(ULID_RANDOM_BYTES));
}
