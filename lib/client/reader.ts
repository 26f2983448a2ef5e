// Reads a topic without a group: from a place on, to where it ended when the reading began, or on and on.

import { type ApiClient, pathOf } from './api-client.ts';
import { nameOf, takenBy } from './arguments.ts';
import { fetchBytes, type PartitionAnswer } from './consumer/fetch-request.ts';
import { listOffsets, type OffsetQuestion } from './offsets.ts';
import { type KafkaMessage, partitionKey, type TopicPartition } from './types.ts';

export type StartPosition = OffsetQuestion | { readonly kind: 'offset'; readonly offset: number };

export interface ReadOptions {
  readonly topic: string;
  /** Default: all. */
  readonly partitions?: readonly number[];
  /** Default: earliest. */
  readonly from?: StartPosition;
  /** Go on with what comes; ended by `signal` or by leaving the loop. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** Milliseconds the log may wait for records while following; default 5 s. */
  readonly maxWaitMs?: number;
}

/** Records of one partition, in order. */
export interface ReadBatch extends TopicPartition {
  readonly messages: readonly KafkaMessage[];
  readonly highWatermark: number;
}

interface Cursor extends TopicPartition {
  readonly key: string;
  offset: number;
  /** Read up to here; following has no end. */
  end: number;
}

const READ_BYTES = 4 * 1_048_576;
const WAIT_MS = 5_000;
const RETRIES = 8;

/** Errors: OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION, StratalogConnectionError. */
export async function* readTopic(
  api: ApiClient,
  options: ReadOptions,
): AsyncGenerator<ReadBatch, void, undefined> {
  const { follow = false, signal = new AbortController().signal } = takenBy('read()', options);
  nameOf('topic', options.topic);
  const pace = {
    maxBytes: READ_BYTES,
    maxBytesPerPartition: READ_BYTES,
    minBytes: follow ? 1 : 0,
    maxWaitMs: follow ? (options.maxWaitMs ?? WAIT_MS) : 0,
    retries: RETRIES,
  };
  let cursors = await openCursors(api, options);
  while (cursors.length > 0 && !signal.aborted) {
    const answers = await fetchUntil(api, { ...pace, partitions: cursors }, signal);
    for (const cursor of cursors) {
      const batch = advance(cursor, answers.get(cursor.key));
      if (batch !== undefined) yield batch;
    }
    cursors = cursors.filter(({ offset, end }) => offset < end);
  }
}

/** Moves the cursor past the answer; returns what of it is to be read. */
function advance(cursor: Cursor, answer: PartitionAnswer | undefined): ReadBatch | undefined {
  if (answer === undefined) return undefined;
  if (answer.kind === 'error') throw answer.error;
  cursor.offset = answer.nextOffset;
  const messages = answer.messages.filter(({ offset }) => Number(offset) < cursor.end);
  if (messages.length === 0) return undefined;
  const { topic, partition } = cursor;
  return { topic, partition, messages, highWatermark: answer.highWatermark };
}

/** Nothing when it was aborted. */
async function fetchUntil(
  api: ApiClient,
  request: Parameters<typeof fetchBytes>[1],
  signal: AbortSignal,
): ReturnType<typeof fetchBytes> {
  try {
    return await fetchBytes(api, request, signal);
  } catch (error) {
    if (signal.aborted) return new Map();
    throw error;
  }
}

async function openCursors(api: ApiClient, options: ReadOptions): Promise<Cursor[]> {
  const { topic, from = { kind: 'earliest' }, follow = false } = options;
  const partitions = options.partitions ?? (await allPartitions(api, topic));
  const places = partitions.map((partition) => ({ topic, partition }));
  const [starts, ends] = await Promise.all([
    from.kind === 'offset' ? undefined : listOffsets(api, places, from),
    listOffsets(api, places, { kind: 'latest' }),
  ]);
  return places
    .map((place) => {
      const key = partitionKey(place);
      const end = ends.get(key) ?? 0;
      const offset = from.kind === 'offset' ? from.offset : (starts?.get(key) ?? end);
      return { ...place, key, offset, end: follow ? Number.POSITIVE_INFINITY : end };
    })
    .filter(({ offset, end }) => offset < end || from.kind === 'offset');
}

async function allPartitions(api: ApiClient, topic: string): Promise<readonly number[]> {
  const path = pathOf('topics', topic);
  const { partitions_count } = await api.json<{ partitions_count: number }>({
    method: 'GET',
    path,
  });
  return Array.from({ length: partitions_count }, (_, partition) => partition);
}
