// One fetch of many partitions: as bytes in one answer, or by reference, reading the bytes where they lie.

import { ERRORS } from '../../errors.ts';
import { decodeFetchFrames, type FetchFrame } from '../../record/frames.ts';
import type { ApiClient } from '../api-client.ts';
import { type ErrorBody, StratalogRequestError, unreadableAnswer } from '../errors.ts';
import { partitionKey, type TopicPartition } from '../types.ts';
import { messagesFrom, placeOffsets } from './fetched.ts';
import type { FetchResult } from './lease.ts';

interface FetchPlace extends TopicPartition {
  /** Left out: whichever topic has that name. */
  readonly topicId?: string;
  readonly offset: number;
}

export interface FetchRequest {
  readonly partitions: readonly FetchPlace[];
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
  readonly minBytes: number;
  readonly maxWaitMs: number;
  /** Default 0: the caller has a pace of its own. */
  readonly retries?: number;
}

export type PartitionAnswer =
  | ({ readonly kind: 'records' } & FetchResult)
  | { readonly kind: 'error'; readonly error: StratalogRequestError };

/** By partition. */
export type FetchAnswer = ReadonlyMap<string, PartitionAnswer>;

function bodyOf(request: FetchRequest, deliver: 'bytes' | 'reference'): unknown {
  return {
    deliver,
    max_bytes: request.maxBytes,
    min_bytes: request.minBytes,
    max_wait_ms: request.maxWaitMs,
    partitions: request.partitions.map(({ topic, topicId, partition, offset }) => ({
      topic_name: topic,
      topic_id: topicId,
      partition_id: partition,
      offset,
      max_bytes: request.maxBytesPerPartition,
    })),
  };
}

/** An error in a frame has only Kafka's number. */
function errorOfFrame({ kafkaErrorCode, message }: FetchFrame): StratalogRequestError {
  const known = Object.values(ERRORS).find(({ kafkaCode }) => kafkaCode === kafkaErrorCode);
  const body: ErrorBody = {
    message,
    kafka_error_code: kafkaErrorCode,
    kafka_error: known?.kafkaError ?? 'UNKNOWN_SERVER_ERROR',
    error_code: known?.errorCode ?? 50002,
    retriable: known?.retriable ?? false,
  };
  return new StratalogRequestError(body, { status: Math.trunc((known?.errorCode ?? 50002) / 100) });
}

export async function fetchBytes(
  api: ApiClient,
  request: FetchRequest,
  signal: AbortSignal,
): Promise<FetchAnswer> {
  const { body } = await api.call({
    method: 'POST',
    path: '/fetch',
    json: bodyOf(request, 'bytes'),
    acceptRaw: true,
    waitMs: request.maxWaitMs,
    retries: request.retries ?? 0,
    signal,
  });
  const offsets = new Map(request.partitions.map((one) => [partitionKey(one), one.offset]));
  const answers = new Map<string, PartitionAnswer>();
  for (const frame of decodeFetchFrames(body)) {
    const key = partitionKey({ topic: frame.topicName, partition: frame.partition });
    if (frame.kafkaErrorCode !== 0) {
      answers.set(key, { kind: 'error', error: errorOfFrame(frame) });
      continue;
    }
    const batches = bufferOf(frame.batches);
    answers.set(key, {
      kind: 'records',
      messages: messagesFrom(batches, offsets.get(key) ?? 0),
      sizeBytes: batches.length,
      highWatermark: Number(frame.highWatermark),
      nextOffset: Number(frame.nextOffset),
    });
  }
  return whole(answers, request);
}

/** Errors: it leaves out a partition that was asked for, which would be asked for again and again. */
function whole(answers: FetchAnswer, { partitions }: FetchRequest): FetchAnswer {
  const missing = partitions.map(partitionKey).find((key) => !answers.has(key));
  if (missing !== undefined) throw unreadableAnswer(`it says nothing of ${missing}`);
  return answers;
}

interface ReferenceAnswer {
  readonly partitions: readonly (ErrorBody & {
    readonly topic_name: string;
    readonly partition_id: number;
    readonly high_watermark: number;
    readonly next_offset: number;
    readonly references?: readonly Reference[];
  })[];
}

interface Reference {
  readonly url: string;
  /** null: offsets are in place in the bytes. */
  readonly base_offset: number | null;
  /** As signed: the range among them. */
  readonly headers: Readonly<Record<string, string>>;
}

export async function fetchReferences(
  api: ApiClient,
  request: FetchRequest,
  signal: AbortSignal,
): Promise<FetchAnswer> {
  const { partitions } = await api.json<ReferenceAnswer>({
    method: 'POST',
    path: '/fetch',
    json: bodyOf(request, 'reference'),
    retries: 0,
    signal,
  });
  const offsets = new Map(request.partitions.map((one) => [partitionKey(one), one.offset]));
  const answers = await Promise.all(
    partitions.map(async (one): Promise<[string, PartitionAnswer]> => {
      const key = partitionKey({ topic: one.topic_name, partition: one.partition_id });
      if (one.error_code !== undefined) {
        const status = Math.trunc(one.error_code / 100);
        return [key, { kind: 'error', error: new StratalogRequestError(one, { status }) }];
      }
      const parts = await Promise.all(
        (one.references ?? []).map((reference) => readReference(api, reference, signal)),
      );
      const offset = offsets.get(key) ?? 0;
      return [
        key,
        {
          kind: 'records',
          messages: parts.flatMap((bytes) => messagesFrom(bytes, offset)),
          sizeBytes: parts.reduce((bytes, part) => bytes + part.length, 0),
          highWatermark: one.high_watermark,
          nextOffset: one.next_offset,
        },
      ];
    }),
  );
  return whole(new Map(answers), request);
}

async function readReference(
  api: ApiClient,
  { url, base_offset, headers }: Reference,
  signal: AbortSignal,
): Promise<Buffer> {
  const { body } = await api.get(url, headers, signal);
  if (base_offset !== null) placeOffsets(body, base_offset);
  return body;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
