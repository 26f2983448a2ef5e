// Whether the batches that a producer sent for one partition may be appended, and what their topic makes of them.
// Nothing is decompressed, but for compacted topics, whose every record needs a key.

import { type Rejected, rejected, StratalogError } from '../errors.ts';
import { TRANSACTIONAL_PRODUCER_ID_MIN } from '../limits.ts';
import {
  type BatchHeader,
  checkBatches as checkHeaders,
  clearTransactional,
  stampLogAppendTime,
} from '../record/batch.ts';
import { forEachRecord } from '../record/record.ts';
import type { CheckedBatch } from './append.ts';
import { timestampProblem } from './produce.ts';
import type { TopicLimits } from './topic-config.ts';

/** Whose transaction batches are staged for. */
export interface StagingProducer {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface CheckedBatches {
  readonly kind: 'checked';
  /** What is stored: the producer's bytes, or a copy where the topic stamps the time. */
  readonly bytes: Uint8Array;
  readonly batches: readonly CheckedBatch[];
  readonly logAppendTimeMs?: number;
}

/**
 * Checks a run of batches against their topic. Refuses what `checkBatch` of lib/record refuses, and
 * INVALID_TIMESTAMP by the topic's bounds, INVALID_RECORD for records without key on a compacted topic and for more
 * than one batch of an idempotent producer, INVALID_TXN_STATE for batches that belong to a transaction where none is
 * staged. `staging`: the producer whose transaction they are staged for; INVALID_PRODUCER_ID_MAPPING for any other.
 */
export function checkBatches(
  bytes: Uint8Array,
  limits: TopicLimits,
  nowMs: number,
  staging?: StagingProducer,
): CheckedBatches | Rejected {
  const checked = checkHeaders(bytes, limits);
  if (checked.kind === 'rejected') return checked;
  const { headers } = checked;
  for (const header of headers) {
    const problem =
      headerProblem(header, headers.length, staging) ??
      timestampProblem(header.maxTimestamp, limits, nowMs);
    if (problem !== undefined) return problem;
  }
  if (limits.compacted) {
    const problem = keyProblem(bytes, headers);
    if (problem !== undefined) return problem;
  }
  if (limits.timestampType === 'CreateTime') {
    const batches = headers.map((header) => checkedBatch(header, header.maxTimestamp));
    return { kind: 'checked', bytes: outsideTransactions(bytes, headers), batches };
  }
  const batches = headers.map((header) => checkedBatch(header, nowMs));
  return {
    kind: 'checked',
    bytes: stamp(outsideTransactions(bytes, headers), headers, nowMs),
    batches,
    logAppendTimeMs: nowMs,
  };
}

function headerProblem(
  header: BatchHeader,
  batchCount: number,
  staging: StagingProducer | undefined,
): Rejected | undefined {
  const isOfTransaction =
    header.isTransactional || header.producerId >= TRANSACTIONAL_PRODUCER_ID_MIN;
  if (staging === undefined && isOfTransaction) {
    return rejected(
      'INVALID_TXN_STATE',
      'the batch belongs to a transaction; it can only be sent as part of one',
    );
  }
  const isOwn =
    header.producerId === staging?.producerId && header.producerEpoch === staging.producerEpoch;
  if (staging !== undefined && !isOwn) {
    return rejected(
      'INVALID_PRODUCER_ID_MAPPING',
      `the batch carries producer ${header.producerId} at epoch ${header.producerEpoch}, the transaction is of ${staging.producerId} at ${staging.producerEpoch}`,
    );
  }
  if (header.producerId >= 0n && batchCount > 1) {
    return rejected(
      'INVALID_RECORD',
      `an idempotent producer sends one batch a partition and request, not ${batchCount}`,
    );
  }
  return undefined;
}

function keyProblem(bytes: Uint8Array, headers: readonly BatchHeader[]): Rejected | undefined {
  let hasKeys = true;
  try {
    for (const { position } of headers) {
      forEachRecord(bytes, position, { checkCrc: false }, ({ key }) => {
        hasKeys &&= key !== null;
        return hasKeys;
      });
    }
  } catch (error) {
    if (error instanceof StratalogError) return rejected(error.code, error.message);
    throw error;
  }
  if (hasKeys) return undefined;
  return rejected('INVALID_RECORD', 'the topic is compacted: every record needs a key');
}

/** A committed transaction leaves no trace in its batches; there are no markers that would end it. */
function outsideTransactions(bytes: Uint8Array, headers: readonly BatchHeader[]): Uint8Array {
  if (!headers.some(({ isTransactional }) => isTransactional)) return bytes;
  const cleared = Uint8Array.from(bytes);
  for (const { position } of headers) clearTransactional(cleared, position);
  return cleared;
}

function stamp(bytes: Uint8Array, headers: readonly BatchHeader[], nowMs: number): Uint8Array {
  const stamped = Uint8Array.from(bytes);
  for (const { position } of headers) stampLogAppendTime(stamped, position, nowMs);
  return stamped;
}

function checkedBatch(header: BatchHeader, maxTimestampMs: number): CheckedBatch {
  const { sizeInBytes, recordCount, producerId, producerEpoch, baseSequence } = header;
  return {
    lengthBytes: sizeInBytes,
    recordCount,
    maxTimestampMs,
    producerId,
    producerEpoch,
    baseSequence,
  };
}
