// Reading records one by one, decoded: what JSON needs. Bounded in records, in bytes read and in bytes decoded,
// whatever the batches hold compressed.

import { StratalogError } from '../../errors.ts';
import {
  DECOMPRESSED_BATCH_BYTES_MAX,
  JSON_ANSWER_BYTES_MAX,
  JSON_RECORDS_MAX,
} from '../../limits.ts';
import type { FetchedBytes, FetchPartition, FetchRejected } from '../../log/read.ts';
import { splitBatches, type TimestampType } from '../../record/batch.ts';
import { type BatchRecord, forEachRecord } from '../../record/record.ts';
import { rejectedFetch } from './collect.ts';
import type { ReadService } from './read.ts';

export interface ReadRecord extends Omit<BatchRecord, 'offsetDelta' | 'timestamp'> {
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly timestampType: TimestampType;
}

export interface ReadRecords {
  readonly kind: 'records';
  readonly topicName: string;
  readonly partition: number;
  readonly records: readonly ReadRecord[];
  /** Where to go on. */
  readonly nextOffset: bigint;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
}

export interface ReadRecordsRequest {
  readonly partitions: readonly FetchPartition[];
  readonly maxBytes: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  /** Records at most, over all partitions. */
  readonly maxRecords: number;
}

export interface RecordReader {
  /** Reads and decodes; one result a partition, in the order asked. Waits as a fetch does. */
  read(
    request: ReadRecordsRequest,
    signal?: AbortSignal,
  ): Promise<readonly (ReadRecords | FetchRejected)[]>;
}

/** What one answer may still hold. */
interface Budget {
  records: number;
  bytes: number;
}

export function createRecordReader(reads: ReadService): RecordReader {
  return {
    async read(request, signal) {
      const { maxRecords, ...rest } = request;
      const results = await reads.fetch({ ...rest, deliver: 'bytes' }, signal);
      const budget = {
        records: Math.min(maxRecords, JSON_RECORDS_MAX),
        bytes: JSON_ANSWER_BYTES_MAX,
      };
      return results.map((result, index) => {
        const asked = request.partitions[index];
        if (result.kind !== 'bytes' || asked === undefined) return result as FetchRejected;
        return decode(result, asked, budget);
      });
    },
  };
}

function decode(
  fetched: FetchedBytes,
  asked: FetchPartition,
  budget: Budget,
): ReadRecords | FetchRejected {
  const records: ReadRecord[] = [];
  const progress = { nextOffset: asked.offset };
  try {
    const isAll = fetched.chunks.every((chunk) =>
      decodeChunk(chunk, { records, progress, budget }),
    );
    // Behind the last batch there may be offsets that log compaction has left without records.
    if (isAll) progress.nextOffset = fetched.nextOffset;
  } catch (error) {
    if (!(error instanceof StratalogError)) throw error;
    if (records.length === 0) return rejectedFetch(asked, unreadable(error, progress.nextOffset));
  }
  const { topicName, partition, highWatermark, logStartOffset } = fetched;
  const { nextOffset } = progress;
  return {
    kind: 'records',
    topicName,
    partition,
    records,
    nextOffset,
    highWatermark,
    logStartOffset,
  };
}

interface Decoding {
  readonly records: ReadRecord[];
  readonly progress: { nextOffset: bigint };
  readonly budget: Budget;
}

/** Decodes what fits the budget; `progress` says how far it came. False: not all of it did. */
function decodeChunk(chunk: Uint8Array, { records, progress, budget }: Decoding): boolean {
  for (const header of splitBatches(chunk)) {
    if (isSpent(budget, records)) return false;
    const options = { decompressedBytesMax: DECOMPRESSED_BATCH_BYTES_MAX };
    let isWhole = true;
    forEachRecord(chunk, header.position, options, (record) => {
      const { offsetDelta, timestamp, key, value, headers } = record;
      const offset = header.baseOffset + BigInt(offsetDelta);
      if (offset < progress.nextOffset) return true;
      isWhole = !isSpent(budget, records);
      if (!isWhole) return false;
      const { timestampType } = header;
      records.push({ offset, timestampMs: timestamp, timestampType, key, value, headers });
      budget.records -= 1;
      budget.bytes -= sizeOf(record);
      progress.nextOffset = offset + 1n;
      return true;
    });
    if (!isWhole) return false;
    progress.nextOffset = header.baseOffset + BigInt(header.lastOffsetDelta + 1);
  }
  return true;
}

/** One record is always given, so that a reader gets on. */
function isSpent(budget: Budget, records: readonly ReadRecord[]): boolean {
  return budget.records <= 0 || (budget.bytes <= 0 && records.length > 0);
}

/** About what a record takes in an answer: binary is base64 there. */
function sizeOf(record: BatchRecord): number {
  const headers = record.headers.reduce(
    (bytes, header) => bytes + header.key.length + (header.value?.length ?? 0) + 32,
    0,
  );
  const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0) + headers;
  return Math.ceil((bytes * 4) / 3) + 160;
}

function unreadable(error: StratalogError, offset: bigint): StratalogError {
  const advice =
    'read it raw (Accept: application/vnd.apache.kafka.record-batch), or go on behind it';
  return new StratalogError(
    error.code,
    `the batch at offset ${offset} can't be decoded: ${error.message}; ${advice}`,
    {
      cause: error,
    },
  );
}
