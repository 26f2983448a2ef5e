// Reading: one partition, or many in one call; as JSON, as batches, or as references to where the bytes are.

import * as z from 'zod';
import { ERRORS } from '../../errors.ts';
import {
  FETCH_BYTES_DEFAULT,
  FETCH_BYTES_MAX,
  FETCH_MIN_BYTES_DEFAULT,
  FETCH_WAIT_MS_MAX,
  JSON_RECORDS_MAX,
  PARTITIONS_PER_FETCH_MAX,
  REFERENCE_BYTES_MAX,
} from '../../limits.ts';
import type { FetchedReferences, FetchRejected, PartitionFetchResult } from '../../log/read.ts';
import { encodeFetchFrameHead } from '../../record/frames.ts';
import type { OffsetAt } from '../../service/read/offset-finder.ts';
import type { ReadRecord, ReadRecords } from '../../service/read/record-reader.ts';
import type { Services } from '../../service/services.ts';
import { type Route, route } from '../operation.ts';
import { errorFields, problem } from '../problem.ts';
import type { Reply } from '../reply.ts';
import {
  boundedNumberText,
  isoTime,
  numberText,
  offset,
  offsetNumber,
  type ShowAs,
  show,
  showAs,
  shownData,
  timestamp,
  topicId,
  topicName,
} from '../schemas/values.ts';

const readQuery = z
  .strictObject({
    offset: numberText.optional(),
    timestamp: timestamp.optional(),
    from: z.enum(['earliest', 'latest']).optional(),
    max_bytes: boundedNumberText({ min: 1, max: FETCH_BYTES_MAX }).optional(),
    max_records: boundedNumberText({ min: 1, max: JSON_RECORDS_MAX }).optional(),
    min_bytes: boundedNumberText({ min: 0, max: FETCH_BYTES_MAX }).optional(),
    max_wait_ms: boundedNumberText({ min: 0, max: FETCH_WAIT_MS_MAX }).optional(),
    as: showAs.optional(),
  })
  .refine(
    (query) =>
      [query.offset, query.timestamp, query.from].filter((at) => at !== undefined).length < 2,
    'only one of offset, timestamp and from can say where to begin',
  );
type ReadQuery = z.output<typeof readQuery>;

const bounded = (max: number) =>
  z
    .int()
    .min(0)
    .transform((number) => Math.min(number, max));
const fetchBody = z
  .strictObject({
    deliver: z.enum(['bytes', 'reference']).default('bytes'),
    max_bytes: bounded(REFERENCE_BYTES_MAX).default(FETCH_BYTES_DEFAULT),
    min_bytes: bounded(FETCH_BYTES_MAX).default(FETCH_MIN_BYTES_DEFAULT),
    max_wait_ms: bounded(FETCH_WAIT_MS_MAX).default(0),
    as: showAs.default('auto'),
    partitions: z
      .array(
        z.strictObject({
          topic_name: topicName,
          topic_id: topicId.optional(),
          partition_id: z.int(),
          offset,
          max_bytes: z.int().min(1).optional(),
        }),
      )
      .min(1)
      .max(PARTITIONS_PER_FETCH_MAX),
  })
  .meta({ id: 'FetchRequest' });

const readRecord = z
  .object({
    offset: z.int(),
    timestamp: z.string(),
    timestamp_type: z.enum(['CreateTime', 'LogAppendTime']),
    key: shownData,
    value: shownData,
    headers: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
  })
  .meta({ id: 'ReadRecord' });
const ends = { next_offset: z.int(), high_watermark: z.int(), log_start_offset: z.int() };
const readRecords = z.object({ records: z.array(readRecord), ...ends }).meta({ id: 'ReadRecords' });
const reference = z.object({
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  range: z.tuple([z.int(), z.int()]),
  /** null: offsets are in place in the bytes. */
  base_offset: z.int().nullable(),
  expires_at: z.string(),
});
const place = { topic_name: z.string(), partition_id: z.int() };
const fetched = z
  .object({
    partitions: z.array(
      z.union([
        z.object({ ...place, records: z.array(readRecord), ...ends }),
        z.object({ ...place, references: z.array(reference), ...ends }),
        z.object({ ...place, ...errorFields }).loose(),
      ]),
    ),
  })
  .meta({ id: 'FetchResponse' });

export const fetchRoutes: readonly Route[] = [
  route(
    {
      id: 'readRecords',
      method: 'get',
      path: '/topics/{topic_name}/partitions/{partition_id}/records',
      function: 'fetch',
      summary: 'Read one partition from an offset, a time or an end (default: earliest)',
      params: z.object({ topic_name: topicName, partition_id: numberText }),
      query: readQuery,
      answers: { 200: { description: 'Records', schema: readRecords, raw: true } },
      errors: [401, 403, 406, 416, 422],
    },
    async ({ params, query, wantsRaw, signal }, services) => {
      const at = { topicName: params.topic_name, partition: params.partition_id };
      const start = await findStart(services, at, query);
      if (typeof start !== 'bigint') return start;
      const asked = {
        partitions: [{ ...at, offset: start }],
        maxBytes: query.max_bytes ?? FETCH_BYTES_DEFAULT,
        minBytes: query.min_bytes ?? FETCH_MIN_BYTES_DEFAULT,
        maxWaitMs: query.max_wait_ms ?? 0,
      };
      if (wantsRaw) {
        const [result] = await services.read.fetch({ ...asked, deliver: 'bytes' }, signal);
        return rawReply(result);
      }
      const maxRecords = query.max_records ?? JSON_RECORDS_MAX;
      const [result] = await services.records.read({ ...asked, maxRecords }, signal);
      if (result === undefined) throw new Error('a partition has no result');
      if (result.kind === 'rejected') return problem(result);
      return { status: 200, json: recordsJson(result, query.as ?? 'auto') };
    },
  ),
  route(
    {
      id: 'fetch',
      method: 'post',
      path: '/fetch',
      function: 'fetch',
      summary: 'Read many partitions in one call',
      body: fetchBody,
      answers: { 200: { description: 'Each partition for itself', schema: fetched, raw: true } },
      errors: [401, 403, 406, 413, 415],
    },
    async ({ body, wantsRaw, signal }, services) => {
      if (body === undefined) throw new Error('a body was checked');
      const asked = {
        maxBytes: body.max_bytes,
        minBytes: body.min_bytes,
        maxWaitMs: body.max_wait_ms,
        partitions: body.partitions.map((one) => ({
          topicName: one.topic_name,
          topicId: one.topic_id,
          partition: one.partition_id,
          offset: BigInt(one.offset),
          ...(one.max_bytes === undefined ? {} : { maxBytes: one.max_bytes }),
        })),
      };
      if (body.deliver === 'reference' || wantsRaw) {
        const results = await services.read.fetch({ ...asked, deliver: body.deliver }, signal);
        if (body.deliver === 'bytes') return { status: 200, raw: results.flatMap(frameOf) };
        return { status: 200, json: { partitions: results.map(partitionJson) } };
      }
      const maxRecords = JSON_RECORDS_MAX;
      const results = await services.records.read({ ...asked, maxRecords }, signal);
      const partitions = results.map((result) =>
        result.kind === 'rejected'
          ? rejectedJson(result)
          : { ...placeOf(result), ...recordsJson(result, body.as) },
      );
      return { status: 200, json: { partitions } };
    },
  ),
];

/** The offset to begin with; past the last record where nothing is as late as asked. */
async function findStart(
  services: Services,
  place: { readonly topicName: string; readonly partition: number },
  query: ReadQuery,
): Promise<bigint | Reply> {
  if (query.offset !== undefined) return BigInt(query.offset);
  const at: OffsetAt =
    query.timestamp === undefined
      ? { kind: query.from ?? 'earliest' }
      : { kind: 'timestamp', timestampMs: query.timestamp };
  const found = await services.listOffsets.find({ ...place, at });
  if (found.kind === 'found') return found.offset;
  if (found.kind === 'rejected') return problem(found);
  const end = await services.listOffsets.find({ ...place, at: { kind: 'latest' } });
  return end.kind === 'found'
    ? end.offset
    : problem(end as Extract<typeof end, { kind: 'rejected' }>);
}

function rawReply(result: PartitionFetchResult | undefined): Reply {
  if (result === undefined || result.kind === 'references') throw new Error('bytes were asked for');
  if (result.kind === 'rejected') return problem(result);
  return {
    status: 200,
    raw: result.chunks,
    headers: {
      'stratalog-next-offset': String(result.nextOffset),
      'stratalog-high-watermark': String(result.highWatermark),
      'stratalog-log-start-offset': String(result.logStartOffset),
    },
  };
}

function frameOf(result: PartitionFetchResult): readonly Uint8Array[] {
  const { topicName: name, partition } = result;
  if (result.kind !== 'bytes') {
    const { code, message, highWatermark = -1n, logStartOffset = -1n } = result as FetchRejected;
    const kafkaErrorCode = ERRORS[code].kafkaCode;
    const bounds = { highWatermark, logStartOffset, nextOffset: -1n };
    return [
      encodeFetchFrameHead({ topicName: name, partition, kafkaErrorCode, message, ...bounds }, 0),
    ];
  }
  const { highWatermark, logStartOffset, nextOffset, byteCount, chunks } = result;
  const bounds = { highWatermark, logStartOffset, nextOffset };
  const none = { kafkaErrorCode: 0, message: '' };
  return [
    encodeFetchFrameHead({ topicName: name, partition, ...none, ...bounds }, byteCount),
    ...chunks,
  ];
}

function partitionJson(result: PartitionFetchResult): object {
  if (result.kind === 'rejected') return rejectedJson(result);
  if (result.kind === 'bytes') throw new Error('references were asked for');
  return {
    ...placeOf(result),
    references: result.references.map(referenceJson),
    ...endsOf(result),
  };
}

function referenceJson(one: FetchedReferences['references'][number]): object {
  return {
    url: one.url,
    headers: one.headers,
    range: [one.positionBytes, one.positionBytes + one.lengthBytes - 1],
    base_offset: one.baseOffset === undefined ? null : offsetNumber(one.baseOffset),
    expires_at: isoTime(one.expiresAtMs),
  };
}

function rejectedJson(result: FetchRejected): object {
  const { json } = problem(result);
  return { ...placeOf(result), ...(json as object) };
}

function placeOf(result: { readonly topicName: string; readonly partition: number }): object {
  return { topic_name: result.topicName, partition_id: result.partition };
}

interface Ends {
  readonly nextOffset: bigint;
  readonly highWatermark: bigint;
  readonly logStartOffset: bigint;
}

function endsOf({ nextOffset, highWatermark, logStartOffset }: Ends): object {
  return {
    next_offset: offsetNumber(nextOffset),
    high_watermark: offsetNumber(highWatermark),
    log_start_offset: offsetNumber(logStartOffset),
  };
}

function recordsJson(read: ReadRecords, as: ShowAs): object {
  return { records: read.records.map((one) => recordJson(one, as)), ...endsOf(read) };
}

function recordJson(read: ReadRecord, as: ShowAs): object {
  return {
    offset: offsetNumber(read.offset),
    timestamp: isoTime(read.timestampMs),
    timestamp_type: read.timestampType,
    key: show(read.key, as),
    value: show(read.value, as),
    headers: read.headers.map(({ key, value }) => ({
      name: key,
      value: value === null ? null : Buffer.from(value).toString('base64'),
    })),
  };
}
