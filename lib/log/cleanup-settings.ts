// What the background jobs ask of a topic's configuration. Read anew by every job, so that a change counts from the
// next one on.

import { required } from '../assert.ts';
import { SEGMENT_AGE_MS_MAX, SEGMENT_BYTES_MAX } from '../limits.ts';
import { effectiveConfigs } from './topic-config.ts';

export interface CleanupSettings {
  /** cleanup.policy contains delete. */
  readonly deletes: boolean;
  /** cleanup.policy contains compact. */
  readonly compacts: boolean;
  /** A segment's bytes at most; no more than SEGMENT_BYTES_MAX. */
  readonly segmentBytes: number;
  /** What is older becomes a segment even if it is small; no more than SEGMENT_AGE_MS_MAX. */
  readonly segmentMs: number;
  /** −1: no bound. */
  readonly retentionMs: number;
  /** −1: no bound. */
  readonly retentionBytes: number;
  readonly deleteRetentionMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
}

export function cleanupSettings(configs: Readonly<Record<string, string>>): CleanupSettings {
  const values = new Map(effectiveConfigs(configs).map(({ name, value }) => [name, value]));
  const number = (name: string): number => Number(required(values.get(name), name));
  const policies = required(values.get('cleanup.policy'), 'cleanup.policy').split(',');
  const compacts = policies.includes('compact');
  const maxCompactionLagMs = number('max.compaction.lag.ms');
  const segmentMs = Math.min(number('segment.ms'), SEGMENT_AGE_MS_MAX);
  return {
    deletes: policies.includes('delete'),
    compacts,
    segmentBytes: Math.min(number('segment.bytes'), SEGMENT_BYTES_MAX),
    // Only segments are compacted, so what must be compacted soon must be a segment soon.
    segmentMs: compacts ? Math.min(segmentMs, maxCompactionLagMs) : segmentMs,
    retentionMs: number('retention.ms'),
    retentionBytes: number('retention.bytes'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs,
  };
}
