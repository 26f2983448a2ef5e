// The header of a Kafka record batch, version 2, big-endian throughout. Offsets of fields in bytes:
//
//    0 baseOffset int64             21 attributes int16        43 producerId int64
//    8 batchLength int32            23 lastOffsetDelta int32   51 producerEpoch int16
//   12 partitionLeaderEpoch int32   27 baseTimestamp int64     53 baseSequence int32
//   16 magic int8 (2)               35 maxTimestamp int64      57 recordCount int32
//   17 crc uint32 (CRC-32C of byte 21 to the end)              61 records
//
// batchLength counts from byte 12. attributes: bits 0–2 compression, 3 timestamp type, 4 transactional, 5 control.
// The CRC leaves out the first 21 bytes, so that an offset is put in place without touching what a producer made.
// Everything here works on the header alone: nothing is decompressed.

import { type Rejected, rejected, StratalogError } from '../errors.ts';
import { crc32c } from './crc32c.ts';

const BATCH_MAGIC = 2;
/** Header bytes of a batch, all that `parseBatchHeader` needs. */
export const BATCH_HEADER_BYTES = 61;
/** Bytes before those that batchLength counts. */
const BATCH_LENGTH_PREFIX_BYTES = 12;

const MAGIC_POSITION = 16;
const CRC_POSITION = 17;
const ATTRIBUTES_POSITION = 21;
const MAX_TIMESTAMP_POSITION = 35;

const COMPRESSION_MASK = 0b111;
const LOG_APPEND_TIME_BIT = 1 << 3;
const TRANSACTIONAL_BIT = 1 << 4;
const CONTROL_BIT = 1 << 5;

/** How a batch's records are compressed; a kind's place is its number in the attributes. */
export const COMPRESSION_KINDS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CompressionKind = (typeof COMPRESSION_KINDS)[number];
export type TimestampType = 'CreateTime' | 'LogAppendTime';

/** What a header says of itself, apart from where it stands and how long it is. */
export interface BatchFields {
  readonly baseOffset: bigint;
  readonly partitionLeaderEpoch: number;
  readonly compression: CompressionKind;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly lastOffsetDelta: number;
  /** Milliseconds since 1970; -1 is Kafka's "none". */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** -1: the producer is not idempotent, and the two fields after it say nothing. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordCount: number;
}

export interface BatchHeader extends BatchFields {
  /** Where the batch begins in the bytes it was parsed from. */
  readonly position: number;
  /** The whole batch, header included. */
  readonly sizeInBytes: number;
  readonly batchLength: number;
  readonly magic: number;
  readonly crc: number;
}

export interface BatchLimits {
  /** Kafka's max.message.bytes: one batch, header included. */
  readonly batchBytesMax: number;
}

export type BatchCheck = { readonly kind: 'ok'; readonly header: BatchHeader } | Rejected;
export type BatchesCheck =
  | { readonly kind: 'ok'; readonly headers: readonly BatchHeader[] }
  | Rejected;

function viewOf(bytes: Uint8Array, position: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + position, bytes.length - position);
}

/** Reads an int64 as a number: exact within ±2^53, and beyond it never looks like one within. */
function readInt64(view: DataView, position: number): number {
  return view.getInt32(position) * 0x1_0000_0000 + view.getUint32(position + 4);
}

/** What keeps the header at the start of `view` from being understood at all. */
function headerProblem(view: DataView): Rejected | undefined {
  const bytesThere = view.byteLength;
  if (bytesThere > MAGIC_POSITION && view.getInt8(MAGIC_POSITION) !== BATCH_MAGIC) {
    const magic = view.getInt8(MAGIC_POSITION);
    return rejected(
      'INVALID_RECORD',
      `record batch has magic ${magic}; only format ${BATCH_MAGIC} (Kafka 0.11 and later) is taken`,
    );
  }
  if (bytesThere < BATCH_HEADER_BYTES) {
    return rejected(
      'CORRUPT_MESSAGE',
      `record batch is cut off: ${bytesThere} bytes, a header alone has ${BATCH_HEADER_BYTES}`,
    );
  }
  const batchLength = view.getInt32(8);
  if (batchLength < BATCH_HEADER_BYTES - BATCH_LENGTH_PREFIX_BYTES) {
    return rejected(
      'CORRUPT_MESSAGE',
      `record batch says that it has ${batchLength} bytes, less than its own header`,
    );
  }
  const compression = view.getInt16(ATTRIBUTES_POSITION) & COMPRESSION_MASK;
  if (compression >= COMPRESSION_KINDS.length) {
    return rejected(
      'UNSUPPORTED_COMPRESSION_TYPE',
      `record batch has compression ${compression}; 0 to 4 are ${COMPRESSION_KINDS.join(', ')}`,
    );
  }
  if (
    !Number.isSafeInteger(readInt64(view, 27)) ||
    !Number.isSafeInteger(readInt64(view, MAX_TIMESTAMP_POSITION))
  ) {
    return rejected('INVALID_TIMESTAMP', 'record batch has a timestamp beyond 2^53 milliseconds');
  }
  return undefined;
}

function headerOf(view: DataView, position: number): BatchHeader {
  const attributes = view.getInt16(ATTRIBUTES_POSITION);
  const batchLength = view.getInt32(8);
  return {
    position,
    sizeInBytes: BATCH_LENGTH_PREFIX_BYTES + batchLength,
    baseOffset: view.getBigInt64(0),
    batchLength,
    partitionLeaderEpoch: view.getInt32(12),
    magic: view.getInt8(MAGIC_POSITION),
    crc: view.getUint32(CRC_POSITION),
    compression: COMPRESSION_KINDS[attributes & COMPRESSION_MASK] as CompressionKind,
    timestampType: (attributes & LOG_APPEND_TIME_BIT) === 0 ? 'CreateTime' : 'LogAppendTime',
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    lastOffsetDelta: view.getInt32(23),
    baseTimestamp: readInt64(view, 27),
    maxTimestamp: readInt64(view, MAX_TIMESTAMP_POSITION),
    producerId: view.getBigInt64(43),
    producerEpoch: view.getInt16(51),
    baseSequence: view.getInt32(53),
    recordCount: view.getInt32(57),
  };
}

/**
 * Reads the header at `position`; the batch itself may reach beyond `bytes`.
 * Throws what `checkBatch` rejects a header for, if it can't be understood.
 */
export function parseBatchHeader(bytes: Uint8Array, position = 0): BatchHeader {
  const view = viewOf(bytes, position);
  const problem = headerProblem(view);
  if (problem !== undefined) throw new StratalogError(problem.code, problem.message);
  return headerOf(view, position);
}

function isCrcRight(bytes: Uint8Array, header: BatchHeader): boolean {
  const { position, sizeInBytes } = header;
  return crc32c(bytes, position + ATTRIBUTES_POSITION, position + sizeInBytes) === header.crc;
}

/** Why a batch isn't whole or isn't what was sent: cut off, or (if asked) its CRC-32C is not that of its bytes. */
export function batchProblem(
  bytes: Uint8Array,
  header: BatchHeader,
  checkCrc: boolean,
): Rejected | undefined {
  const bytesThere = bytes.length - header.position;
  if (header.sizeInBytes > bytesThere) {
    return rejected(
      'CORRUPT_MESSAGE',
      `record batch is cut off: ${bytesThere} of ${header.sizeInBytes} bytes`,
    );
  }
  return !checkCrc || isCrcRight(bytes, header)
    ? undefined
    : rejected('CORRUPT_MESSAGE', 'record batch does not match its CRC-32C; send it again');
}

/** What a producer may not say in a header that is otherwise right. */
function claimProblem(header: BatchHeader): Rejected | undefined {
  const { recordCount, lastOffsetDelta } = header;
  if (recordCount <= 0) {
    return rejected('INVALID_RECORD', `record batch says that it has ${recordCount} records`);
  }
  if (recordCount !== lastOffsetDelta + 1) {
    return rejected(
      'INVALID_RECORD',
      `record batch has ${recordCount} records but offsets up to ${lastOffsetDelta}`,
    );
  }
  if (header.isControl) {
    return rejected('INVALID_RECORD', 'clients are not allowed to write control records');
  }
  if (header.producerId >= 0n && (header.baseSequence < 0 || header.producerEpoch < 0)) {
    return rejected(
      'INVALID_RECORD',
      `record batch of producer ${header.producerId} has epoch ${header.producerEpoch} and sequence ${header.baseSequence}`,
    );
  }
  if (header.timestampType === 'LogAppendTime') {
    return rejected('INVALID_TIMESTAMP', 'only the log sets the timestamp type LogAppendTime');
  }
  if (header.maxTimestamp < header.baseTimestamp) {
    return rejected(
      'INVALID_TIMESTAMP',
      `record batch has max timestamp ${header.maxTimestamp}, before its first, ${header.baseTimestamp}`,
    );
  }
  return undefined;
}

/**
 * Decides whether the untrusted batch at `position` may be appended. Its records are not opened.
 * Rejects: CORRUPT_MESSAGE (cut off, wrong length, wrong CRC), MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE,
 * INVALID_TIMESTAMP, INVALID_RECORD (old format, count against offsets, control records, half a producer state).
 */
export function checkBatch(bytes: Uint8Array, limits: BatchLimits, position = 0): BatchCheck {
  const view = viewOf(bytes, position);
  const unreadable = headerProblem(view);
  if (unreadable !== undefined) return unreadable;
  const header = headerOf(view, position);
  if (header.sizeInBytes > limits.batchBytesMax) {
    return rejected(
      'MESSAGE_TOO_LARGE',
      `record batch has ${header.sizeInBytes} bytes, the topic's max.message.bytes is ${limits.batchBytesMax}; send smaller batches`,
    );
  }
  return batchProblem(bytes, header, true) ?? claimProblem(header) ?? { kind: 'ok', header };
}

/** `checkBatch` for batches back to back: all of them, or the first refusal. Nothing at all is INVALID_RECORD. */
export function checkBatches(bytes: Uint8Array, limits: BatchLimits): BatchesCheck {
  const headers: BatchHeader[] = [];
  for (let position = 0; position < bytes.length; ) {
    const check = checkBatch(bytes, limits, position);
    if (check.kind === 'rejected') return check;
    headers.push(check.header);
    position += check.header.sizeInBytes;
  }
  return headers.length > 0
    ? { kind: 'ok', headers }
    : rejected('INVALID_RECORD', 'there is no record batch');
}

/** The headers of whole batches that stand back to back, in order. Throws CORRUPT_MESSAGE at one that is cut off. */
export function* splitBatches(bytes: Uint8Array): Generator<BatchHeader, void, undefined> {
  for (let position = 0; position < bytes.length; ) {
    const header = parseBatchHeader(bytes, position);
    position += header.sizeInBytes;
    if (position > bytes.length) {
      throw new StratalogError(
        'CORRUPT_MESSAGE',
        `record batch is cut off: ${bytes.length - header.position} of ${header.sizeInBytes} bytes`,
      );
    }
    yield header;
  }
}

/** Puts a batch's base offset and leader epoch in place, in `bytes` itself; the CRC leaves them out. */
export function patchBaseOffset(
  bytes: Uint8Array,
  position: number,
  baseOffset: bigint,
  partitionLeaderEpoch: number,
): void {
  const view = viewOf(bytes, position);
  view.setBigInt64(0, baseOffset);
  view.setInt32(12, partitionLeaderEpoch);
}

function writeCrc(view: DataView, bytes: Uint8Array, position: number): void {
  const end = position + BATCH_LENGTH_PREFIX_BYTES + view.getInt32(8);
  view.setUint32(CRC_POSITION, crc32c(bytes, position + ATTRIBUTES_POSITION, end));
}

/** Gives every record of a checked batch the time `nowMs` (message.timestamp.type=LogAppendTime), in `bytes` itself. */
export function stampLogAppendTime(bytes: Uint8Array, position: number, nowMs: number): void {
  const view = viewOf(bytes, position);
  view.setInt16(ATTRIBUTES_POSITION, view.getInt16(ATTRIBUTES_POSITION) | LOG_APPEND_TIME_BIT);
  view.setBigInt64(MAX_TIMESTAMP_POSITION, BigInt(nowMs));
  writeCrc(view, bytes, position);
}

/** Makes a checked batch one outside of any transaction, in `bytes` itself: what a committed transaction leaves. */
export function clearTransactional(bytes: Uint8Array, position: number): void {
  const view = viewOf(bytes, position);
  view.setInt16(ATTRIBUTES_POSITION, view.getInt16(ATTRIBUTES_POSITION) & ~TRANSACTIONAL_BIT);
  writeCrc(view, bytes, position);
}

function attributesOf(fields: BatchFields): number {
  return (
    COMPRESSION_KINDS.indexOf(fields.compression) |
    (fields.timestampType === 'LogAppendTime' ? LOG_APPEND_TIME_BIT : 0) |
    (fields.isTransactional ? TRANSACTIONAL_BIT : 0) |
    (fields.isControl ? CONTROL_BIT : 0)
  );
}

/** Writes the header of the batch that fills `bytes`, whose records are already in place after it, CRC included. */
export function encodeBatchHeader(bytes: Uint8Array, fields: BatchFields): void {
  const view = viewOf(bytes, 0);
  view.setBigInt64(0, fields.baseOffset);
  view.setInt32(8, bytes.length - BATCH_LENGTH_PREFIX_BYTES);
  view.setInt32(12, fields.partitionLeaderEpoch);
  view.setInt8(MAGIC_POSITION, BATCH_MAGIC);
  view.setInt16(ATTRIBUTES_POSITION, attributesOf(fields));
  view.setInt32(23, fields.lastOffsetDelta);
  view.setBigInt64(27, BigInt(fields.baseTimestamp));
  view.setBigInt64(MAX_TIMESTAMP_POSITION, BigInt(fields.maxTimestamp));
  view.setBigInt64(43, fields.producerId);
  view.setInt16(51, fields.producerEpoch);
  view.setInt32(53, fields.baseSequence);
  view.setInt32(57, fields.recordCount);
  writeCrc(view, bytes, 0);
}
