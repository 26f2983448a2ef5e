// What log compaction leaves of one batch. Offsets, times, producer and codec stay, as in Kafka (snappy comes out in
// xerial's framing, which is what Kafka writes, whichever it came in); a batch of which all records stay keeps its bytes.
//
// A tombstone (a record without value) says that its key is gone. Consumers must have time to see it, so the first pass
// that cleans it notes in its batch until when it stays, as Kafka does (KIP-534): attribute bit 6 says that the field
// of the base timestamp holds that time, the delete horizon, which record timestamps are then relative to.

import type { BatchHeader } from '../record/batch.ts';
import { crc32c } from '../record/crc32c.ts';
import { type BatchRecord, decodeBatch, encodeBatch } from '../record/record.ts';
import type { LatestOffsets } from './compaction-keys.ts';

const CRC_POSITION = 17;
const ATTRIBUTES_POSITION = 21;
const DELETE_HORIZON_BIT = 1 << 6;

/** What a pass knows. */
export interface CompactionPass {
  readonly latest: LatestOffsets;
  /** Keys were looked at up to here; records from here on stay. */
  readonly cleanTo: bigint;
  /**
   * Tombstones below it may go when their time is over: before this pass, all that is older had been compared with
   * their keys ✗, so no older record of such a key is left that would come back.
   */
  readonly tombstonesTo: bigint;
  /**
   * The last offset in any segment: its record stays even when it is a tombstone whose time is over, as in Kafka, which
   * never cleans the segment that is appended to.
   */
  readonly lastOffset: bigint;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

export type CompactedBatch =
  | { readonly kind: 'kept' }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'rewritten'; readonly bytes: Uint8Array };

/**
 * Decides over the batch at `header.position`, whose offsets are in place. Throws what decoding it throws: nothing
 * may be dropped that can't be read.
 */
export function compactBatch(
  bytes: Uint8Array,
  header: BatchHeader,
  pass: CompactionPass,
): CompactedBatch {
  if (header.baseOffset >= pass.cleanTo) return { kind: 'kept' };
  const { records } = decodeBatch(bytes, header.position);
  const horizonMs = deleteHorizonMs(bytes, header);
  const stays = (record: BatchRecord) => isRetained(record, header, horizonMs, pass);
  const retained = records.filter(stays);
  if (retained.length === 0) return { kind: 'dropped' };
  const hasTombstone = retained.some((record) => record.value === null);
  const needsHorizon = hasTombstone && horizonMs === undefined;
  if (retained.length === records.length && !needsHorizon) return { kind: 'kept' };
  const horizon = needsHorizon ? pass.nowMs + pass.deleteRetentionMs : horizonMs;
  return {
    kind: 'rewritten',
    bytes: rewrite(header, retained, hasTombstone ? horizon : undefined),
  };
}

function isRetained(
  record: BatchRecord,
  header: BatchHeader,
  horizonMs: number | undefined,
  pass: CompactionPass,
): boolean {
  // Kafka drops them too: a topic that became compacted may hold some.
  if (record.key === null) return false;
  const offset = header.baseOffset + BigInt(record.offsetDelta);
  const latest = pass.latest.get(record.key);
  if (latest !== undefined && latest > offset) return false;
  if (record.value !== null) return true;
  const isOver = horizonMs !== undefined && horizonMs <= pass.nowMs;
  return !(isOver && offset < pass.tombstonesTo) || offset === pass.lastOffset;
}

/** Until when the batch's tombstones stay, if a pass has said so. */
export function deleteHorizonMs(bytes: Uint8Array, header: BatchHeader): number | undefined {
  const view = viewOf(bytes, header.position);
  const hasHorizon = (view.getInt16(ATTRIBUTES_POSITION) & DELETE_HORIZON_BIT) !== 0;
  return hasHorizon ? header.baseTimestamp : undefined;
}

function rewrite(
  header: BatchHeader,
  records: readonly BatchRecord[],
  horizonMs: number | undefined,
): Uint8Array {
  const isLogAppendTime = header.timestampType === 'LogAppendTime';
  const bytes = encodeBatch({
    baseOffset: header.baseOffset,
    partitionLeaderEpoch: header.partitionLeaderEpoch,
    compression: header.compression,
    timestampType: header.timestampType,
    isTransactional: header.isTransactional,
    isControl: header.isControl,
    lastOffsetDelta: header.lastOffsetDelta,
    producerId: header.producerId,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    ...(horizonMs === undefined ? {} : { baseTimestamp: horizonMs }),
    ...(isLogAppendTime ? { maxTimestamp: header.maxTimestamp } : {}),
    records,
  });
  if (horizonMs !== undefined) setDeleteHorizon(bytes);
  return bytes;
}

function setDeleteHorizon(bytes: Uint8Array): void {
  const view = viewOf(bytes, 0);
  view.setInt16(ATTRIBUTES_POSITION, view.getInt16(ATTRIBUTES_POSITION) | DELETE_HORIZON_BIT);
  view.setUint32(CRC_POSITION, crc32c(bytes, ATTRIBUTES_POSITION));
}

function viewOf(bytes: Uint8Array, position: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + position, bytes.length - position);
}
