// What an append asks and answers, and the pure decisions in it: how a checked request becomes entries, and what a
// refused conditional write means.

import { type ErrorCode, type Rejected, rejected } from '../errors.ts';
import { ENTRY_BYTES_MAX, TAIL_ENTRIES_CAP } from '../limits.ts';
import type { Head, LocatedEntry, TailEntry } from './partition.ts';

/** The batches of one request for one partition: Kafka record batches (v2) back to back, as their producer made them. */
export interface PartitionBatches {
  readonly topicName: string;
  readonly partition: number;
  readonly batches: Uint8Array;
}

export interface AppendRequest {
  /** At most one element a partition. */
  readonly partitions: readonly PartitionBatches[];
  /** Append only if the next offset is this; allowed for a single partition. */
  readonly matchOffset?: bigint;
  /** All partitions or none, in one transaction; at most TRANSACTION_ITEMS_MAX of them. Default: each for itself. */
  readonly atomic?: boolean;
  /** The WAL object's ULID when it was made before (acks=0, answered earlier). */
  readonly objectId?: string;
}

export interface Appended {
  readonly kind: 'appended';
  readonly topicName: string;
  readonly partition: number;
  readonly baseOffset: bigint;
  readonly recordCount: number;
  /** Set when the topic stamps records on append (message.timestamp.type=LogAppendTime), milliseconds since 1970. */
  readonly logAppendTimeMs?: number;
}

export interface AppendRejected {
  readonly kind: 'rejected';
  readonly topicName: string;
  readonly partition: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** One a partition, in the order asked. */
export type PartitionAppendResult = Appended | AppendRejected;

/** One checked batch of an append: what its header says that the log needs to know. */
export interface CheckedBatch {
  readonly lengthBytes: number;
  readonly recordCount: number;
  readonly maxTimestampMs: number;
  /** −1 when the producer isn't idempotent. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/**
 * The entries of a run of batches that lies in a WAL object from `positionBytes` on. Neighbours share an entry up to
 * ENTRY_BYTES_MAX; an idempotent producer's batch is an entry of its own, so that it can be found by its sequence.
 */
export function planEntries(
  object: { readonly objectId: string; readonly positionBytes: number },
  batches: readonly CheckedBatch[],
): TailEntry[] {
  const entries: TailEntry[] = [];
  let position = object.positionBytes;
  for (const batch of batches) {
    const entry = entryOf(object.objectId, position, batch);
    const last = entries.at(-1);
    const joined = last === undefined ? undefined : join(last, entry);
    if (joined === undefined) entries.push(entry);
    else entries[entries.length - 1] = joined;
    position += batch.lengthBytes;
  }
  return entries;
}

function entryOf(objectId: string, positionBytes: number, batch: CheckedBatch): TailEntry {
  const { lengthBytes, recordCount, maxTimestampMs } = batch;
  const entry = { objectId, positionBytes, lengthBytes, recordCount, maxTimestampMs };
  if (batch.producerId < 0n) return entry;
  const { producerId, producerEpoch, baseSequence } = batch;
  return { ...entry, producer: { producerId, producerEpoch, baseSequence } };
}

function join(left: TailEntry, right: TailEntry): TailEntry | undefined {
  const isPlain = left.producer === undefined && right.producer === undefined;
  if (!isPlain || left.lengthBytes + right.lengthBytes > ENTRY_BYTES_MAX) return undefined;
  return {
    ...left,
    lengthBytes: left.lengthBytes + right.lengthBytes,
    recordCount: left.recordCount + right.recordCount,
    maxTimestampMs: Math.max(left.maxTimestampMs, right.maxTimestampMs),
  };
}

/** Where a run of entries of one object begins, if a run of entries or of pages has it: the answer that was lost. */
export function findObject(located: readonly LocatedEntry[], objectId: string): bigint | undefined {
  return located.find(({ entry }) => entry.objectId === objectId)?.baseOffset;
}

/** What the head that refused an append says about why; `retry`: nothing in it stands against another try. */
export function explainRefusal(
  head: Head | undefined,
  append: { readonly objectId: string; readonly matchOffset?: bigint | undefined },
): Rejected | { readonly kind: 'tail-full'; readonly head: Head } | { readonly kind: 'retry' } {
  if (head === undefined) {
    return rejected(
      'UNKNOWN_TOPIC_OR_PARTITION',
      'the topic was deleted meanwhile; look it up again before the next try',
    );
  }
  const { matchOffset, objectId } = append;
  if (matchOffset !== undefined && head.nextOffset !== matchOffset) {
    return rejected(
      'OFFSET_MISMATCH',
      `the next offset is ${head.nextOffset}, not ${matchOffset}: nothing was appended`,
    );
  }
  if (objectId < head.floor) {
    return rejected(
      'REQUEST_TIMED_OUT',
      'the append took so long that its bytes may have been collected; nothing was appended, send it again',
    );
  }
  return head.tail.length >= TAIL_ENTRIES_CAP ? { kind: 'tail-full', head } : { kind: 'retry' };
}
