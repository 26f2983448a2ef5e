// What to fetch next. Waiting costs money while it lasts, so at most one request waits for records, for all partitions
// that have none; partitions that are known to have more are fetched beside it, without waiting.

import { FETCH_BYTES_MAX, PARTITIONS_PER_FETCH_MAX, REFERENCE_BYTES_MAX } from '../../limits.ts';
import type { PartitionLease } from './lease.ts';

export interface FetchLimits {
  /** Bytes of one partition that may wait for their handler (max.partition.fetch.bytes). */
  readonly maxBytesPerPartition: number;
  /** Bytes of one answer (fetch.max.bytes). */
  readonly maxBytes: number;
  /** By reference from this many bytes an answer on, where the transport can open URLs; undefined: never. */
  readonly referenceFromBytes: number | undefined;
}

export interface FetchState {
  readonly leases: Iterable<PartitionLease>;
  /** Partitions of requests under way. */
  readonly busy: ReadonlySet<PartitionLease>;
  /** A request that waits for records is under way. */
  readonly isWaiting: boolean;
  readonly isPaused: (lease: PartitionLease) => boolean;
  readonly nowMs: number;
}

export interface PlannedFetch {
  readonly deliver: 'bytes' | 'reference';
  /** Wait for records when there are none. */
  readonly wait: boolean;
  readonly leases: readonly PartitionLease[];
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
}

/** The requests to send now. */
export function planFetches(state: FetchState, limits: FetchLimits): readonly PlannedFetch[] {
  const ready = [...state.leases].filter((lease) => isFetchable(lease, state, limits));
  const far = ready.filter((lease) => isFarBehind(lease, limits));
  const near = ready.filter((lease) => !far.includes(lease));
  const fetches: PlannedFetch[] = [];
  if (far.length > 0) {
    fetches.push({
      deliver: 'reference',
      wait: false,
      leases: far.slice(0, PARTITIONS_PER_FETCH_MAX),
      maxBytes: Math.min(limits.maxBytes * 4, REFERENCE_BYTES_MAX),
      maxBytesPerPartition: limits.maxBytesPerPartition * 4,
    });
  }
  const chosen = state.isWaiting ? near.filter((lease) => !lease.isDrained) : near;
  if (chosen.length > 0) {
    fetches.push({
      deliver: 'bytes',
      wait: !state.isWaiting,
      leases: chosen.slice(0, PARTITIONS_PER_FETCH_MAX),
      maxBytes: Math.min(limits.maxBytes, FETCH_BYTES_MAX),
      maxBytesPerPartition: limits.maxBytesPerPartition,
    });
  }
  return fetches;
}

/** It may be read, there is room for more of it, and nobody is at it. */
export function isFetchable(
  lease: PartitionLease,
  state: Pick<FetchState, 'busy' | 'isPaused' | 'nowMs'>,
  limits: FetchLimits,
): boolean {
  return (
    lease.state === 'held' &&
    !state.busy.has(lease) &&
    !state.isPaused(lease) &&
    lease.queuedBytes < 2 * limits.maxBytesPerPartition &&
    lease.blockedUntilMs <= state.nowMs
  );
}

/** Its last answer was large and there is more: then bytes are cheaper straight from S3 than through the API. */
function isFarBehind(lease: PartitionLease, { referenceFromBytes }: FetchLimits): boolean {
  return (
    referenceFromBytes !== undefined &&
    !lease.isDrained &&
    lease.lastFetchBytes >= referenceFromBytes
  );
}
