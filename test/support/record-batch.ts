// Batches that no encoder would make: any body under any header, with a right CRC.

import { BATCH_HEADER_BYTES, type BatchFields, encodeBatchHeader } from '../../lib/record/batch.ts';

const FIELDS: BatchFields = {
  baseOffset: 0n,
  partitionLeaderEpoch: -1,
  compression: 'none',
  timestampType: 'CreateTime',
  isTransactional: false,
  isControl: false,
  lastOffsetDelta: 0,
  baseTimestamp: 1000,
  maxTimestamp: 1000,
  producerId: -1n,
  producerEpoch: -1,
  baseSequence: -1,
  recordCount: 1,
};

/** A batch of these fields over these bytes, whatever they are. */
export function batchOf(body: readonly number[], fields: Partial<BatchFields> = {}): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(BATCH_HEADER_BYTES), Buffer.from(body)]);
  encodeBatchHeader(bytes, { ...FIELDS, ...fields });
  return bytes;
}

/** A whole record without key, value and headers: length, attributes, timestamp and offset delta, -1, -1, 0. */
export const EMPTY_RECORD: readonly number[] = [12, 0, 0, 0, 1, 1, 0];
