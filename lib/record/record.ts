// Records inside a batch. Varints are zigzag (varint.ts); a length of -1 says null:
//
//   record = length varint, attributes int8 (0), timestampDelta varlong, offsetDelta varint,
//            keyLength varint, key, valueLength varint, value, headerCount varint, header*
//   header = keyLength varint (not null), key UTF-8, valueLength varint, value
//
// Decoding trusts nothing: a batch may come from anyone whose CRC is right. Keys and values are views of the batch, or
// of its decompressed bytes: nothing is copied, so they live as long as those bytes are left alone.

import { assert } from '../assert.ts';
import { StratalogError } from '../errors.ts';
import { DECOMPRESSED_BATCH_BYTES_MAX } from '../limits.ts';
import {
  BATCH_HEADER_BYTES,
  type BatchFields,
  type BatchHeader,
  batchProblem,
  encodeBatchHeader,
  parseBatchHeader,
} from './batch.ts';
import { compress, decompress } from './compression.ts';
import { malformed } from './faults.ts';
import { VarintReader, varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

/** The least a record takes: its length and six fields of one byte. */
const RECORD_BYTES_MIN = 7;
const HEADER_BYTES_MIN = 2;

/** A key may come twice, and order counts. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface BatchRecord {
  /** Its offset is the batch's base offset plus this. */
  readonly offsetDelta: number;
  /** Milliseconds since 1970; -1 is Kafka's "none". */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/** A record to encode: without an offset delta it follows the one before it. */
export type NewRecord = Pick<BatchRecord, 'timestamp'> & Partial<BatchRecord>;

/** Fields left out say: no compression, create time, no producer, offset 0, leader epoch -1. */
export interface NewBatch extends Partial<Omit<BatchFields, 'recordCount'>> {
  /** At least one, unless `lastOffsetDelta` is given (what compaction may leave of a batch). */
  readonly records: readonly NewRecord[];
}

export interface DecodeOptions {
  /** Bytes of records when decompressed; beyond it MESSAGE_TOO_LARGE. */
  readonly decompressedBytesMax?: number;
  /** Whether to check the CRC-32C first (default). Without it, flipped bits may go unnoticed. */
  readonly checkCrc?: boolean;
}

export interface DecodedBatch {
  readonly header: BatchHeader;
  readonly records: readonly BatchRecord[];
}

/** Says whether to go on with the next record. */
export type RecordVisitor = (record: BatchRecord) => boolean;

function bytesSize(bytes: Uint8Array | null | undefined): number {
  return bytes == null ? 1 : varintSize(bytes.length) + bytes.length;
}

function headersSize(headers: readonly RecordHeader[] | undefined): number {
  if (headers === undefined) return 1;
  let size = varintSize(headers.length);
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key);
    size += varintSize(keyBytes) + keyBytes + bytesSize(value);
  }
  return size;
}

function writeBytes(
  target: Uint8Array,
  position: number,
  bytes: Uint8Array | null | undefined,
): number {
  if (bytes == null) return writeVarint(target, position, -1);
  const start = writeVarint(target, position, bytes.length);
  target.set(bytes, start);
  return start + bytes.length;
}

function writeHeaders(
  target: Buffer,
  position: number,
  headers: readonly RecordHeader[] | undefined,
): number {
  if (headers === undefined) return writeVarint(target, position, 0);
  let at = writeVarint(target, position, headers.length);
  for (const { key, value } of headers) {
    at = writeVarint(target, at, Buffer.byteLength(key));
    at += target.write(key, at);
    at = writeBytes(target, at, value);
  }
  return at;
}

/** What is known of the records before any byte is written. */
interface Layout {
  readonly offsetDeltas: readonly number[];
  /** Bytes of each record after its length. */
  readonly bodySizes: readonly number[];
  readonly sizeInBytes: number;
  readonly maxTimestamp: number;
}

function layOut(records: readonly NewRecord[], baseTimestamp: number): Layout {
  const offsetDeltas: number[] = [];
  const bodySizes: number[] = [];
  let sizeInBytes = 0;
  let maxTimestamp = records[0]?.timestamp ?? baseTimestamp;
  let last = -1;
  for (const { timestamp, offsetDelta = last + 1, key, value, headers } of records) {
    assert(Number.isSafeInteger(timestamp), 'a timestamp is a whole number of milliseconds');
    assert(offsetDelta > last, 'offset deltas rise from record to record');
    const bodySize =
      1 +
      varlongSize(timestamp - baseTimestamp) +
      varintSize(offsetDelta) +
      bytesSize(key) +
      bytesSize(value) +
      headersSize(headers);
    offsetDeltas.push(offsetDelta);
    bodySizes.push(bodySize);
    sizeInBytes += varintSize(bodySize) + bodySize;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    last = offsetDelta;
  }
  return { offsetDeltas, bodySizes, sizeInBytes, maxTimestamp };
}

function writeRecords(
  target: Buffer,
  position: number,
  batch: { readonly records: readonly NewRecord[]; readonly baseTimestamp: number },
  layout: Layout,
): void {
  let at = position;
  for (const [index, record] of batch.records.entries()) {
    at = writeVarint(target, at, layout.bodySizes[index] as number);
    target[at++] = 0;
    at = writeVarlong(target, at, record.timestamp - batch.baseTimestamp);
    at = writeVarint(target, at, layout.offsetDeltas[index] as number);
    at = writeBytes(target, at, record.key);
    at = writeBytes(target, at, record.value);
    at = writeHeaders(target, at, record.headers);
  }
  assert(at === target.length, 'records are as long as laid out');
}

/** The batch with room for its header, records in place and compressed. */
function encodeBody(batch: NewBatch, baseTimestamp: number, layout: Layout): Uint8Array {
  const { records, compression = 'none' } = batch;
  const isPlain = compression === 'none';
  const start = isPlain ? BATCH_HEADER_BYTES : 0;
  const plain = Buffer.allocUnsafe(start + layout.sizeInBytes);
  writeRecords(plain, start, { records, baseTimestamp }, layout);
  if (isPlain) return plain;
  const compressed = compress(compression, plain);
  const bytes = Buffer.allocUnsafe(BATCH_HEADER_BYTES + compressed.length);
  bytes.set(compressed, BATCH_HEADER_BYTES);
  return bytes;
}

/** The first record's time, or 0 where some other lies too far from it for their difference to be exact. */
function baseTimestampOf(records: readonly NewRecord[]): number {
  const first = records[0]?.timestamp ?? -1;
  return records.every(({ timestamp }) => Number.isSafeInteger(timestamp - first)) ? first : 0;
}

/** Encodes a batch. Timestamps are taken against the first record's; `maxTimestamp` is the largest unless given. */
export function encodeBatch(batch: NewBatch): Uint8Array {
  const { records } = batch;
  const baseTimestamp = batch.baseTimestamp ?? baseTimestampOf(records);
  const layout = layOut(records, baseTimestamp);
  const lastOffsetDelta = batch.lastOffsetDelta ?? layout.offsetDeltas.at(-1) ?? -1;
  assert(lastOffsetDelta >= 0, 'a batch has records or says what its last offset was');
  assert(
    lastOffsetDelta >= (layout.offsetDeltas.at(-1) ?? 0),
    'no record lies beyond its batch’s last offset',
  );
  const bytes = encodeBody(batch, baseTimestamp, layout);
  encodeBatchHeader(bytes, {
    baseOffset: batch.baseOffset ?? 0n,
    partitionLeaderEpoch: batch.partitionLeaderEpoch ?? -1,
    compression: batch.compression ?? 'none',
    timestampType: batch.timestampType ?? 'CreateTime',
    isTransactional: batch.isTransactional ?? false,
    isControl: batch.isControl ?? false,
    lastOffsetDelta,
    baseTimestamp,
    maxTimestamp: batch.maxTimestamp ?? layout.maxTimestamp,
    producerId: batch.producerId ?? -1n,
    producerEpoch: batch.producerEpoch ?? -1,
    baseSequence: batch.baseSequence ?? -1,
    recordCount: records.length,
  });
  return bytes;
}

function readBytes(reader: VarintReader): Uint8Array | null {
  const length = reader.readVarint();
  if (length === -1) return null;
  const start = reader.position;
  if (length < 0 || length > reader.end - start) {
    throw malformed(`a field of a record has ${length} bytes, ${reader.end - start} are left`);
  }
  reader.position = start + length;
  return reader.bytes.subarray(start, start + length);
}

const NO_HEADERS: readonly RecordHeader[] = [];

function readHeaders(reader: VarintReader): readonly RecordHeader[] {
  const count = reader.readVarint();
  if (count === 0) return NO_HEADERS;
  if (count < 0 || count * HEADER_BYTES_MIN > reader.end - reader.position) {
    throw malformed(`a record says that it has ${count} headers`);
  }
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = readBytes(reader);
    if (key === null) throw malformed('a record has a header without a key');
    headers.push({ key: textOf(key), value: readBytes(reader) });
  }
  return headers;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

function readRecord(reader: VarintReader, header: BatchHeader): BatchRecord {
  const length = reader.readVarint();
  const end = reader.position + length;
  if (length < 0 || end > reader.end) {
    throw malformed(`a record has ${length} bytes, ${reader.end - reader.position} are left`);
  }
  reader.readByte();
  const timestampDelta = reader.readVarlong();
  const offsetDelta = reader.readVarint();
  const key = readBytes(reader);
  const value = readBytes(reader);
  const headers = readHeaders(reader);
  if (reader.position !== end) throw malformed('a record is not as long as it says');
  const timestamp =
    header.timestampType === 'LogAppendTime'
      ? header.maxTimestamp
      : header.baseTimestamp + timestampDelta;
  if (!Number.isSafeInteger(timestampDelta) || !Number.isSafeInteger(timestamp))
    throw malformed('a record’s timestamp is beyond 2^53');
  return { offsetDelta, timestamp, key, value, headers };
}

/** The header of the batch at `position`, and its records as one run of plain bytes. */
function openBatch(
  bytes: Uint8Array,
  position: number,
  options: DecodeOptions,
): { readonly header: BatchHeader; readonly reader: VarintReader } {
  const header = parseBatchHeader(bytes, position);
  const problem = batchProblem(bytes, header, options.checkCrc ?? true);
  if (problem !== undefined) throw new StratalogError(problem.code, problem.message);
  const start = position + BATCH_HEADER_BYTES;
  const end = position + header.sizeInBytes;
  if (header.compression === 'none') return { header, reader: new VarintReader(bytes, start, end) };
  const bytesMax = options.decompressedBytesMax ?? DECOMPRESSED_BATCH_BYTES_MAX;
  const plain = decompress(header.compression, bytes.subarray(start, end), bytesMax);
  return { header, reader: new VarintReader(plain, 0, plain.length) };
}

/**
 * Visits the records of the batch at `position` in order, until there are no more or the visitor returns false.
 * Errors: CORRUPT_MESSAGE (cut off, wrong CRC, not decompressible), MESSAGE_TOO_LARGE (decompressed),
 * INVALID_RECORD (contradicts its header or itself; records before the fault have been visited).
 */
export function forEachRecord(
  bytes: Uint8Array,
  position: number,
  options: DecodeOptions,
  visit: RecordVisitor,
): BatchHeader {
  const { header, reader } = openBatch(bytes, position, options);
  const { recordCount, lastOffsetDelta } = header;
  if (recordCount < 0 || recordCount * RECORD_BYTES_MIN > reader.end - reader.position) {
    throw malformed(`record batch says that it has ${recordCount} records`);
  }
  let lastDelta = -1;
  for (let index = 0; index < recordCount; index += 1) {
    const record = readRecord(reader, header);
    if (record.offsetDelta <= lastDelta || record.offsetDelta > lastOffsetDelta) {
      throw malformed(`a record has offset delta ${record.offsetDelta} after ${lastDelta}`);
    }
    lastDelta = record.offsetDelta;
    if (!visit(record)) return header;
  }
  if (reader.position !== reader.end) {
    throw malformed(`record batch holds more than the ${recordCount} records it says`);
  }
  return header;
}

/** Decodes the whole batch at `position`. Errors as of `forEachRecord`. */
export function decodeBatch(
  bytes: Uint8Array,
  position = 0,
  options: DecodeOptions = {},
): DecodedBatch {
  const records: BatchRecord[] = [];
  const header = forEachRecord(bytes, position, options, (record) => {
    records.push(record);
    return true;
  });
  return { header, records };
}
