// Producing: one record, many to a topic, many to many topics, or batches as they are.

import * as z from 'zod';
import { RECORDS_PER_REQUEST_MAX, TRANSACTION_ITEMS_MAX } from '../../limits.ts';
import type { ProduceRecord } from '../../log/produce.ts';
import { decodeFrames } from '../../record/frames.ts';
import type {
  Acks,
  BatchesResult,
  ProduceService,
  RecordResult,
} from '../../service/append/produce.ts';
import { mixedReply } from '../mixed.ts';
import { type Route, route } from '../operation.ts';
import { type ErrorFields, errorFields, errorFieldsOf, problem } from '../problem.ts';
import type { Reply } from '../reply.ts';
import {
  bytesOf,
  flag,
  headers,
  isoTime,
  offset,
  offsetNumber,
  partitionId,
  timestamp,
  topicName,
  typedData,
} from '../schemas/values.ts';

const acks = z
  .literal([0, 1, -1, '0', '1', '-1', 'all'], 'must be 0, 1 or all')
  .transform((asked): Acks => (Number(asked) === 0 ? 'none' : 'stored'))
  .describe('0: answered before it is stored; 1 and all: stored');
const matchOffset = z
  .union(
    [
      offset.min(0),
      z
        .string()
        .regex(/^\d{1,16}$/)
        .transform(Number)
        .pipe(offset),
    ],
    'must be a whole number from 0 to 2^53',
  )
  .describe('Append only if the next offset is this');

const record = {
  partition_id: partitionId.nullable().optional(),
  timestamp: timestamp.nullable().optional(),
  key: typedData.nullable().optional(),
  value: typedData.nullable().optional(),
  headers: headers.nullable().optional(),
};
type RecordBody = z.output<z.ZodObject<typeof record>>;

const id = z
  .union(
    [z.string().max(200), z.int()],
    'must be text of at most 200 characters, or a whole number',
  )
  .transform(String);
const options = { acks: acks.optional(), match_offset: matchOffset.optional() };
const atomic = z
  .boolean()
  .optional()
  .describe(`All or none, over all topics; at most ${TRANSACTION_ITEMS_MAX} partitions`);
const manyOptions = { ...options, atomic };
const optionsQuery = z.strictObject(options);
const manyOptionsQuery = z.strictObject({ ...options, atomic: flag });
const topicParams = z.object({ topic_name: topicName });

const produceOne = z.strictObject({ ...options, ...record }).meta({ id: 'ProduceRequest' });
const entriesOf = <Entry extends z.ZodObject>(entry: Entry) =>
  z.strictObject({ ...manyOptions, entries: z.array(entry).min(1).max(RECORDS_PER_REQUEST_MAX) });
const produceToTopic = entriesOf(z.strictObject({ id, ...record })).meta({
  id: 'ProduceBatchRequest',
});
const produceToTopics = entriesOf(z.strictObject({ id, topic_name: topicName, ...record })).meta({
  id: 'ProduceManyRequest',
});

const dataSize = z.object({ type: z.string(), size: z.int() }).nullable();
const produced = z
  .object({
    error_code: z.literal(200),
    cluster_id: z.string(),
    topic_name: z.string(),
    partition_id: z.int(),
    offset: z.int(),
    timestamp: z.string(),
    key: dataSize,
    value: dataSize,
  })
  .meta({ id: 'ProduceResponse' });
const place = { topic_name: z.string(), partition_id: z.int() };
const results = z
  .object({
    successes: z.array(
      z.object({ id: z.string(), ...place, offset: z.int(), timestamp: z.string() }),
    ),
    failures: z.array(z.object({ id: z.string(), ...errorFields })),
  })
  .meta({ id: 'ProduceResults' });
const batchResults = z
  .object({
    successes: z.array(
      z.object({
        ...place,
        base_offset: z.int(),
        record_count: z.int(),
        timestamp: z.string().optional(),
      }),
    ),
    failures: z.array(z.object({ ...place, ...errorFields })),
  })
  .meta({ id: 'ProduceBatchesResults' });

const MANY_ERRORS = [401, 403, 409, 412, 413, 415, 422] as const;
const accepted = { description: 'Taken over (acks=0), not stored yet' };

export const produceRoutes: readonly Route[] = [
  route(
    {
      id: 'produceRecord',
      method: 'post',
      path: '/topics/{topic_name}/records',
      function: 'produce',
      summary: 'Append one record',
      params: topicParams,
      query: optionsQuery,
      body: produceOne,
      answers: { 200: { description: 'Stored', schema: produced }, 202: accepted },
      errors: MANY_ERRORS,
    },
    async ({ params, query, body = {} }, services) => {
      const wanted = recordOf(params.topic_name, body);
      const [result] = await services.produce.produce({
        ...produceOptions(query, body),
        records: [wanted],
      });
      return oneReply(wanted, body, result);
    },
  ),
  route(
    {
      id: 'produceRecords',
      method: 'post',
      path: '/topics/{topic_name}/records:batch',
      function: 'produce',
      summary: 'Append many records to one topic',
      params: topicParams,
      query: manyOptionsQuery,
      body: produceToTopic,
      answers: {
        200: { description: 'All stored', schema: results },
        202: accepted,
        207: { description: 'Some stored, some not', schema: results },
      },
      errors: MANY_ERRORS,
    },
    async ({ params, query, body = { entries: [] } }, services) =>
      produceMany(
        services.produce,
        { ...produceOptions(query, body) },
        body.entries.map((entry) => ({
          id: entry.id,
          record: recordOf(params.topic_name, entry),
        })),
      ),
  ),
  route(
    {
      id: 'produceToTopics',
      method: 'post',
      path: '/records',
      function: 'produce',
      summary: 'Append many records, or record batches as they are, to many topics with one object',
      query: manyOptionsQuery,
      body: produceToTopics,
      rawBody: true,
      answers: {
        200: { description: 'All stored', schema: z.union([results, batchResults]) },
        202: accepted,
        207: { description: 'Some stored, some not', schema: z.union([results, batchResults]) },
      },
      errors: [404, ...MANY_ERRORS],
    },
    async ({ query, body = { entries: [] }, raw }, services) => {
      if (raw !== undefined) return produceRaw(services.produce, produceOptions(query, {}), raw);
      const entries = body.entries.map((entry) => ({
        id: entry.id,
        record: recordOf(entry.topic_name, entry),
      }));
      return produceMany(services.produce, produceOptions(query, body), entries);
    },
  ),
];

interface ProduceOptionsBody {
  readonly acks?: Acks | undefined;
  readonly match_offset?: number | undefined;
  readonly atomic?: boolean | undefined;
}

interface ProduceAsked {
  readonly acks: Acks;
  readonly atomic: boolean;
  readonly matchOffset?: bigint;
}

/** Options may stand in the query (for raw bodies) or in the body. */
function produceOptions(query: ProduceOptionsBody, body: ProduceOptionsBody): ProduceAsked {
  const match = body.match_offset ?? query.match_offset;
  const asked = {
    acks: body.acks ?? query.acks ?? 'stored',
    atomic: body.atomic ?? query.atomic ?? false,
  };
  return match === undefined ? asked : { ...asked, matchOffset: BigInt(match) };
}

function recordOf(name: string, body: RecordBody): ProduceRecord {
  return {
    topicName: name,
    key: bytesOf(body.key),
    value: bytesOf(body.value),
    headers: (body.headers ?? []).map((one) => ({ key: one.name, value: one.value ?? null })),
    ...(typeof body.partition_id === 'number' ? { partition: body.partition_id } : {}),
    ...(typeof body.timestamp === 'number' ? { timestampMs: body.timestamp } : {}),
  };
}

function oneReply(
  wanted: ProduceRecord,
  body: RecordBody,
  result: RecordResult | undefined,
): Reply {
  if (result === undefined) throw new Error('a record has no result');
  if (result.kind === 'rejected') return problem(result);
  if (result.kind === 'accepted') return { status: 202 };
  const size = (typed: RecordBody['key'], bytes: Uint8Array | null) =>
    bytes === null ? null : { type: typed?.type ?? 'BINARY', size: bytes.length };
  return {
    status: 200,
    json: {
      error_code: 200,
      cluster_id: '-',
      topic_name: result.topicName,
      partition_id: result.partition,
      offset: offsetNumber(result.offset),
      timestamp: isoTime(result.timestampMs),
      key: size(body.key, wanted.key),
      value: size(body.value, wanted.value),
    },
  };
}

async function produceMany(
  produce: ProduceService,
  asked: ProduceAsked,
  entries: readonly { readonly id: string; readonly record: ProduceRecord }[],
): Promise<Reply> {
  const seen = new Set<string>();
  for (const { id: one } of entries) {
    if (seen.has(one)) {
      const message = `two entries have the id "${one}"; each needs its own, to tell their results apart`;
      return problem({ code: 'INVALID_REQUEST', message });
    }
    seen.add(one);
  }
  const outcomes = await produce.produce({ ...asked, records: entries.map((one) => one.record) });
  const successes: object[] = [];
  const failures: (ErrorFields & { readonly id: string })[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const entryId = entries[index]?.id ?? '';
    if (outcome.kind === 'rejected') failures.push({ id: entryId, ...errorFieldsOf(outcome) });
    else if (outcome.kind === 'produced') {
      successes.push({
        id: entryId,
        topic_name: outcome.topicName,
        partition_id: outcome.partition,
        offset: offsetNumber(outcome.offset),
        timestamp: isoTime(outcome.timestampMs),
      });
    }
  }
  return producedReply(outcomes, { successes, failures });
}

async function produceRaw(
  produce: ProduceService,
  asked: ProduceAsked,
  body: Uint8Array,
): Promise<Reply> {
  const partitions = decodeFrames(body);
  if (partitions.length === 0) {
    return problem({ code: 'INVALID_REQUEST', message: 'the body has no frame' });
  }
  const outcomes = await produce.produceBatches({ ...asked, partitions });
  const successes: object[] = [];
  const failures: object[] = [];
  for (const outcome of outcomes) {
    const where = { topic_name: outcome.topicName, partition_id: outcome.partition };
    if (outcome.kind === 'rejected') failures.push({ ...where, ...errorFieldsOf(outcome) });
    else if (outcome.kind === 'appended') {
      const { baseOffset, recordCount, logAppendTimeMs } = outcome;
      const stamped = logAppendTimeMs === undefined ? {} : { timestamp: isoTime(logAppendTimeMs) };
      successes.push({
        ...where,
        base_offset: offsetNumber(baseOffset),
        record_count: recordCount,
        ...stamped,
      });
    }
  }
  return producedReply(outcomes, { successes, failures });
}

/** With acks=0 the answer is empty, unless something was refused. */
function producedReply(
  outcomes: readonly (RecordResult | BatchesResult)[],
  json: { readonly successes: readonly object[]; readonly failures: readonly object[] },
): Reply {
  const isAccepted = outcomes.every((outcome) => outcome.kind === 'accepted');
  return isAccepted ? { status: 202 } : mixedReply(outcomes, json);
}
