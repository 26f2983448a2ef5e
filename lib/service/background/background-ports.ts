// What background jobs work on, and the sizes of their work.

import {
  COMPACTION_KEYS_MAX,
  GARBAGE_GRACE_MS,
  JOB_LEASE_MS,
  JOB_PART_MEMORY_BYTES,
  JOB_PARTITIONS_AT_ONCE,
  JOB_WINDOW_BYTES,
  UPLOAD_PART_BYTES_MIN,
} from '../../limits.ts';
import type { CleanupStore } from '../../ports/cleanup-store.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { ObjectUpkeep } from '../../ports/object-upkeep.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { SegmentStore } from '../../ports/segment-store.ts';
import type { TopicStore } from '../../ports/topic-store.ts';
import type { RetryPorts } from '../retry.ts';

export interface BackgroundPorts extends RetryPorts {
  readonly topics: TopicStore;
  readonly partitions: PartitionStore;
  readonly segments: SegmentStore;
  readonly objects: ObjectStore;
  readonly upkeep: ObjectUpkeep;
  readonly cleanup: CleanupStore;
  readonly leases: LeaseStore;
}

export interface BackgroundSettings {
  /** How long what nothing names any more stays. */
  readonly graceMs: number;
  readonly leaseMs: number;
  /** Bytes of one part of an upload; each segment under way holds one. */
  readonly partBytes: number;
  /** Memory for parts that are being filled. */
  readonly partMemoryBytes: number;
  /** Bytes read at a time; two such windows are held. */
  readonly windowBytes: number;
  /** Partitions looked at together; those that are due are merged side by side, and share what they read. */
  readonly partitionsAtOnce: number;
  /** Keys that a pass of log compaction remembers. */
  readonly keysMax: number;
}

export const BACKGROUND_SETTINGS: BackgroundSettings = {
  graceMs: GARBAGE_GRACE_MS,
  leaseMs: JOB_LEASE_MS,
  partBytes: UPLOAD_PART_BYTES_MIN,
  partMemoryBytes: JOB_PART_MEMORY_BYTES,
  windowBytes: JOB_WINDOW_BYTES,
  partitionsAtOnce: JOB_PARTITIONS_AT_ONCE,
  keysMax: COMPACTION_KEYS_MAX,
};

/** Storage requests of jobs that may be repeated whatever became of them: reads, and writes that are idempotent. */
export const REPEATABLE = { repeatable: true } as const;
