// What an append asks and answers, and the pure decisions in it: how a checked request becomes entries, and what a
// refused conditional write means.

import type { ErrorCode } from '../errors.ts';

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
