// Between what users write and read (types.ts) and the records of a batch (lib/record).

import { COMPRESSION_KINDS, type CompressionKind } from '../record/batch.ts';
import type { BatchRecord, NewRecord, RecordHeader } from '../record/record.ts';
import { bytesOf, invalid, listOf, nameOf, objectsOf, takenBy } from './arguments.ts';
import type {
  Bytes,
  Compression,
  KafkaMessage,
  Message,
  MessageHeaders,
  ProducerBatch,
  ProducerRecord,
  ReceivedHeaders,
} from './types.ts';

/** Bytes of a record beside its key, value and headers, at most. */
const RECORD_OVERHEAD_BYTES = 40;
const HEADER_OVERHEAD_BYTES = 10;

function headersOf(headers: MessageHeaders | undefined): readonly RecordHeader[] {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== 'object') throw invalid('headers are an object: values by their names');
  return Object.entries(headers).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const values = Array.isArray(value) ? value : [value as Bytes | null];
    return values.map((one: Bytes | null) => ({
      key,
      value: bytesOf('the value of a header', one),
    }));
  });
}

function timestampOf(timestamp: Message['timestamp'], nowMs: number): number {
  if (timestamp === undefined) return nowMs;
  const timeMs = Number(timestamp);
  if (Number.isSafeInteger(timeMs)) return timeMs;
  throw invalid(`a timestamp is milliseconds since 1970 or a Date, not "${String(timestamp)}"`);
}

export function batchOf(record: ProducerRecord): ProducerBatch {
  const { topic, messages, ...options } = takenBy('send()', record);
  return { ...options, topicMessages: [{ topic, messages }] };
}

/** Errors: it is no list of topics with messages; what is in the messages is looked at when they are encoded. */
export function assertBatch(batch: ProducerBatch): void {
  const { topicMessages = [] } = takenBy('sendBatch()', batch);
  for (const { topic, messages } of objectsOf('topicMessages', topicMessages)) {
    nameOf('topic', topic);
    for (const message of listOf('messages', messages)) assertMessage(message);
  }
}

function assertMessage(message: Message): void {
  if (typeof message === 'object' && message !== null) return;
  throw invalid('a message is an object such as { key, value }');
}

/** Errors: something in the message is neither text nor bytes. */
export function recordOf(message: Message, nowMs: number): NewRecord {
  return {
    key: bytesOf('a key', message.key),
    value: bytesOf('a value', message.value),
    headers: headersOf(message.headers),
    timestamp: timestampOf(message.timestamp, nowMs),
  };
}

/** What a record takes in a batch, at most, before compression. */
export function recordSizeBytes({ key, value, headers = [] }: NewRecord): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0) + RECORD_OVERHEAD_BYTES;
  for (const header of headers) {
    size += header.key.length * 3 + (header.value?.length ?? 0) + HEADER_OVERHEAD_BYTES;
  }
  return size;
}

export function compressionKind(compression: Compression): CompressionKind {
  const kind = typeof compression === 'number' ? COMPRESSION_KINDS[compression] : compression;
  if (kind !== undefined && COMPRESSION_KINDS.includes(kind)) return kind;
  throw invalid(
    `compression is one of ${COMPRESSION_KINDS.join(', ')}, or their number, not ${compression}`,
  );
}

/** Keys and values of a batch that was read as a Buffer are Buffers already; of a decompressed one they may not be. */
function bufferOf(bytes: Uint8Array | null): Buffer | null {
  if (bytes === null || Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function receivedHeaders(headers: readonly RecordHeader[]): ReceivedHeaders {
  const received: ReceivedHeaders = {};
  for (const { key, value } of headers) {
    const next = bufferOf(value);
    const before = received[key];
    if (before === undefined) received[key] = next;
    else received[key] = Array.isArray(before) ? [...before, next] : [before, next];
  }
  return received;
}

/** Offset and timestamp are given as text. */
export function messageOf(
  record: BatchRecord,
  { offset, timestamp }: Pick<KafkaMessage, 'offset' | 'timestamp'>,
): KafkaMessage {
  return {
    key: bufferOf(record.key),
    value: bufferOf(record.value),
    timestamp,
    attributes: 0,
    offset,
    headers: receivedHeaders(record.headers),
  };
}
