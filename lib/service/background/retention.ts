// Retention: whole segments that are too old or too many go, and so do those that delete-records left below the log's
// start.
//
// Order, and why (`no-loss-by-cleanup`): the log start offset moves first, so that no reader is sent to what is about
// to go; then the index stops naming the segments, each on the condition that it is the one that was looked at, and
// says that their objects may go; a grace time later garbage collection deletes them.

import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import { JOB_PAGES_PER_LIST, SEGMENTS_PER_REWRITE_MAX } from '../../limits.ts';
import { type CleanupSettings, cleanupSettings } from '../../log/cleanup-settings.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { mergeDebtBytes } from '../../log/merge.ts';
import { byteCountOf } from '../../log/partition.ts';
import { planLogStart, segmentsBelow } from '../../log/retention.ts';
import type { Segment } from '../../log/segment.ts';
import { skewOf } from '../../log/skew.ts';
import type { Topic } from '../../log/topic.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';
import {
  activeTopics,
  failureOf,
  isTimeUp,
  type JobFailure,
  partitionsOf,
  type RunLimit,
} from './job-topics.ts';
import { readHead, readLog } from './merge-look.ts';

export interface RetentionReport {
  /** Partitions whose log start was moved. */
  readonly raised: number;
  readonly segments: number;
  readonly sizeBytes: number;
  /** Of the most uneven topic: the records that its fullest partition holds, as a multiple of the topic's mean. */
  readonly skew: number;
  /** Its name, where there is one. */
  readonly skewedTopic?: string;
  readonly failures: readonly JobFailure[];
}

export interface RetentionService {
  applyAll(limit: RunLimit): Promise<RetentionReport>;
}

interface Applied {
  readonly raised: number;
  readonly segments: number;
  readonly sizeBytes: number;
  /** Records that the partition holds. */
  readonly recordCount: bigint;
}

type Skewed = Pick<RetentionReport, 'skew' | 'skewedTopic'>;

const NOTHING: Applied = { raised: 0, segments: 0, sizeBytes: 0, recordCount: 0n };

export function createRetentionService(ports: BackgroundPorts): RetentionService {
  return {
    async applyAll(limit) {
      let sum = NOTHING;
      let skewed: Skewed = { skew: 1 };
      const failures: JobFailure[] = [];
      for await (const topic of activeTopics(ports)) {
        const recordCounts: bigint[] = [];
        for await (const applied of applyToTopic(ports, topic, { limit, failures })) {
          sum = add(sum, applied);
          recordCounts.push(applied.recordCount);
        }
        if (isTimeUp(ports, limit)) break;
        const skew = skewOf(recordCounts);
        if (skew > skewed.skew) skewed = { skew, skewedTopic: topic.name };
      }
      const { recordCount: _, ...counts } = sum;
      return { ...counts, ...skewed, failures };
    },
  };
}

/** What was done for each partition, one after the other, until the time is up. */
async function* applyToTopic(
  ports: BackgroundPorts,
  topic: Topic,
  { limit, failures }: { readonly limit: RunLimit; readonly failures: JobFailure[] },
): AsyncGenerator<Applied, void, undefined> {
  const settings = cleanupSettings(topic.configs);
  for (const partition of partitionsOf(topic)) {
    if (isTimeUp(ports, limit)) return;
    try {
      yield await applyRetention(ports, partition, settings);
    } catch (error) {
      failures.push(failureOf(partition, error));
    }
  }
}

function add(left: Applied, right: Applied): Applied {
  return {
    raised: left.raised + right.raised,
    segments: left.segments + right.segments,
    sizeBytes: left.sizeBytes + right.sizeBytes,
    recordCount: left.recordCount + right.recordCount,
  };
}

async function applyRetention(
  ports: BackgroundPorts,
  partition: PartitionKey,
  settings: CleanupSettings,
): Promise<Applied> {
  const head = await readHead(ports, partition);
  if (head === undefined || head.nextOffset === 0n) return NOTHING;
  const log = await readLog(ports, partition);
  const segments = log === undefined ? [] : await listSegments(ports, partition);
  const query = { from: log?.segmentedTo ?? 0n, to: head.tailBase, limit: 1 };
  const { pages } = await withRetries(
    ports,
    () => ports.segments.listPages(partition, query),
    REPEATABLE,
  );
  const unmergedBytes = mergeDebtBytes(head, pages[0]) + byteCountOf(head.tail);
  const nowMs = ports.clock.nowMs();
  const logStartOffset = planLogStart({ head, segments, unmergedBytes, nowMs }, settings);
  const isRaised = logStartOffset > head.logStartOffset;
  if (isRaised) {
    await withRetries(
      ports,
      () => ports.partitions.raiseLogStart(partition, logStartOffset),
      REPEATABLE,
    );
  }
  const dropped = await dropSegments(ports, partition, segmentsBelow(segments, logStartOffset));
  const recordCount = head.nextOffset - logStartOffset;
  return { ...dropped, raised: isRaised ? 1 : 0, recordCount };
}

export async function listSegments(
  ports: BackgroundPorts,
  partition: PartitionKey,
): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  let from: bigint | undefined = 0n;
  while (from !== undefined) {
    const query: { from: bigint; limit: number } = { from, limit: JOB_PAGES_PER_LIST };
    const listed: Awaited<ReturnType<BackgroundPorts['segments']['listSegments']>> =
      await withRetries(ports, () => ports.segments.listSegments(partition, query), REPEATABLE);
    segments.push(...listed.segments);
    from = listed.next;
  }
  return segments;
}

/** From the front on; stops where somebody else has changed them. */
async function dropSegments(
  ports: BackgroundPorts,
  partition: PartitionKey,
  segments: readonly Segment[],
): Promise<Applied> {
  let applied = NOTHING;
  for (let start = 0; start < segments.length; start += SEGMENTS_PER_REWRITE_MAX) {
    const replaced = segments.slice(start, start + SEGMENTS_PER_REWRITE_MAX);
    const retiredId = ulidOf(ports.clock.nowMs(), ports.random.randomBytes(ULID_RANDOM_BYTES));
    const retired = { retiredId, segments: replaced };
    const request = { partition, replaced, by: undefined, retired };
    const outcome = await withRetries(
      ports,
      () => ports.segments.replaceSegments(request),
      REPEATABLE,
    );
    if (outcome === 'refused') return applied;
    const sizeBytes = replaced.reduce((bytes, segment) => bytes + segment.sizeBytes, 0);
    applied = add(applied, { ...NOTHING, segments: replaced.length, sizeBytes });
  }
  return applied;
}
