// What a fetch asks and answers, and the pure decisions in it.

import type { ErrorCode } from '../errors.ts';
import type { RangeReference } from './object-range.ts';

export interface FetchPartition {
  readonly topicName: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Bytes of batches at most from this partition; the first batch comes whole even when it is larger. */
  readonly maxBytes?: number;
}

export interface FetchRequest {
  readonly deliver: 'bytes' | 'reference';
  readonly partitions: readonly FetchPartition[];
  /** Bytes over all partitions. */
  readonly maxBytes: number;
  /** Answer as soon as this many bytes are there (0: at once) … */
  readonly minBytes: number;
  /** … or when this time is over. */
  readonly maxWaitMs: number;
}

interface Watermarks {
  readonly topicName: string;
  readonly partition: number;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
}

/** Whole batches with base offsets in place. The first may begin before the offset asked for, as Kafka's do. */
export interface FetchedBytes extends Watermarks {
  readonly kind: 'bytes';
  readonly chunks: readonly Uint8Array[];
  readonly byteCount: number;
  /** Where to go on. */
  readonly nextOffset: bigint;
}

/** Where the bytes are. Base offsets in them are not in place: batch by batch they count up from `baseOffset`. */
export interface FetchedReferences extends Watermarks {
  readonly kind: 'references';
  readonly references: readonly (RangeReference & {
    readonly baseOffset: bigint;
    readonly positionBytes: number;
    readonly lengthBytes: number;
  })[];
  readonly byteCount: number;
  readonly nextOffset: bigint;
}

export interface FetchRejected {
  readonly kind: 'rejected';
  readonly topicName: string;
  readonly partition: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** With OFFSET_OUT_OF_RANGE: the bounds. */
  readonly highWatermark?: bigint;
  readonly logStartOffset?: bigint;
}

/** One a partition, in the order asked. */
export type PartitionFetchResult = FetchedBytes | FetchedReferences | FetchRejected;
