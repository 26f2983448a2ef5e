// Offsets by time or end, of one partition or of many.

import * as z from 'zod';
import { PARTITIONS_PER_FETCH_MAX } from '../../limits.ts';
import type { OffsetAt, OffsetFound } from '../../service/read/offset-finder.ts';
import { type Route, route } from '../operation.ts';
import { errorFields, errorFieldsOf, problem } from '../problem.ts';
import { isoTime, numberText, offsetNumber, timestamp, topicName } from '../schemas/values.ts';

/** Look-ups that go out at once. */
const LOOKUPS_AT_ONCE = 16;

const end = z.enum(['earliest', 'latest', 'max-timestamp']);
const flag = z.literal(['', 'true']).optional();
const query = z
  .strictObject({
    timestamp: timestamp.optional(),
    earliest: flag,
    latest: flag,
    'max-timestamp': flag,
  })
  .refine((asked) => Object.values(asked).filter((one) => one !== undefined).length === 1, {
    message: 'exactly one of timestamp, earliest, latest and max-timestamp says which offset',
  });
const body = z
  .strictObject({
    partitions: z
      .array(
        z.strictObject({
          topic_name: topicName,
          partition_id: z.int(),
          at: end.optional(),
          timestamp: timestamp.optional(),
        }),
      )
      .min(1)
      .max(PARTITIONS_PER_FETCH_MAX),
  })
  .meta({ id: 'ListOffsetsRequest' });

const found = z.object({
  topic_name: z.string(),
  partition_id: z.int(),
  offset: z.int().nullable().describe('null: no record is as late'),
  timestamp: z.string().nullable(),
});

export const listOffsetsRoutes: readonly Route[] = [
  route(
    {
      id: 'getOffset',
      method: 'get',
      path: '/topics/{topic_name}/partitions/{partition_id}/offset',
      function: 'list-offsets',
      summary: 'The offset of a time, or of an end of the log',
      params: z.object({ topic_name: topicName, partition_id: numberText }),
      query,
      answers: { 200: { description: 'The offset', schema: found } },
      errors: [401, 403, 422],
    },
    async ({ params, query: asked }, { listOffsets }) => {
      const place = { topicName: params.topic_name, partition: params.partition_id };
      const kinds = ['earliest', 'latest', 'max-timestamp'] as const;
      const kind = kinds.find((one) => asked[one] !== undefined);
      const result = await listOffsets.find({ ...place, at: whichOffset(kind, asked.timestamp) });
      return result.kind === 'rejected'
        ? problem(result)
        : { status: 200, json: { ...params, ...foundJson(result) } };
    },
  ),
  route(
    {
      id: 'listOffsets',
      method: 'post',
      path: '/offsets/list',
      function: 'list-offsets',
      summary: 'Offsets of many partitions (default: latest)',
      body,
      answers: {
        200: {
          description: 'Each partition for itself',
          schema: z.object({
            partitions: z.array(
              z.union([
                found,
                z.object({ topic_name: z.string(), partition_id: z.int(), ...errorFields }),
              ]),
            ),
          }),
        },
      },
      errors: [401, 403, 413, 415],
    },
    async ({ body: asked }, { listOffsets }) => {
      const wanted = asked?.partitions ?? [];
      const partitions: object[] = [];
      for (let start = 0; start < wanted.length; start += LOOKUPS_AT_ONCE) {
        const some = wanted.slice(start, start + LOOKUPS_AT_ONCE).map(async (one) => {
          const { topic_name, partition_id } = one;
          const result = await listOffsets.find({
            topicName: topic_name,
            partition: partition_id,
            at: whichOffset(one.at, one.timestamp),
          });
          const json = result.kind === 'rejected' ? errorFieldsOf(result) : foundJson(result);
          return { topic_name, partition_id, ...json };
        });
        partitions.push(...(await Promise.all(some)));
      }
      return { status: 200, json: { partitions } };
    },
  ),
];

function whichOffset(
  kind: z.output<typeof end> | undefined,
  timestampMs: number | undefined,
): OffsetAt {
  return timestampMs === undefined || kind !== undefined
    ? { kind: kind ?? 'latest' }
    : { kind: 'timestamp', timestampMs };
}

function foundJson(result: Exclude<OffsetFound, { kind: 'rejected' }>): object {
  if (result.kind === 'none') return { offset: null, timestamp: null };
  const { timestampMs } = result;
  return {
    offset: offsetNumber(result.offset),
    timestamp: timestampMs === undefined ? null : isoTime(timestampMs),
  };
}
