// What is stored of a topic, and what garbage collection would delete: for people who look after a log. Nothing here
// changes anything.

import * as z from 'zod';
import type { Segment } from '../../log/segment.ts';
import type { GarbageReport } from '../../service/background/garbage.ts';
import type { InspectServices } from '../../service/background/inspect-services.ts';
import type { PartitionInspection } from '../../service/background/segment-inspect.ts';
import type { Call, Operation, Route } from '../operation.ts';
import { problem } from '../problem.ts';
import { isoTime, numberText, offsetNumber, topicName } from '../schemas/values.ts';

/** A gateway waits 30 seconds for an answer. */
const PREVIEW_MS_MAX = 20_000;
const NO_TIME = -1;

const storageFields = {
  topic_name: z.string(),
  partition_id: z.int(),
  log_start_offset: z.int(),
  next_offset: z.int(),
  segmented_to: z.int().describe('Everything below it is in segments'),
  segments_count: z.int(),
  segments_bytes: z.int(),
  pages_count: z.int().describe('Waiting to be merged; at most 500 are counted'),
  pages_bytes: z.int(),
  tail_entries: z.int(),
  tail_bytes: z.int(),
  objects_count: z
    .int()
    .describe('That hold these bytes; WAL objects may be shared with other partitions'),
  retired_segments_count: z.int().describe('Named by nothing, to be deleted after the grace time'),
  uncompacted_bytes: z
    .int()
    .nullable()
    .describe(
      'Of segments with records that log compaction has not compared yet; null without compaction',
    ),
  first_timestamp: z.string().nullable(),
  largest_timestamp: z.string().nullable(),
  damage: z
    .object({ object_key: z.string(), offset: z.int(), problem: z.string() })
    .nullable()
    .describe('Where merging or compaction stands still, because bytes are not what was stored'),
};
const storageShape = z.object(storageFields).meta({ id: 'PartitionStorage' });
const segmentShape = z
  .object({
    base_offset: z.int(),
    end_offset: z.int(),
    segment_id: z.string(),
    size_bytes: z.int(),
    index_bytes: z.int(),
    time_index_bytes: z.int(),
    records_count: z.int(),
    first_timestamp: z.string().nullable(),
    largest_timestamp: z.string().nullable(),
    cleaned_to: z.int().describe('Compared with the keys of all offsets below'),
  })
  .meta({ id: 'Segment' });
const segmentsShape = z
  .object({ ...storageFields, segments: z.array(segmentShape) })
  .meta({ id: 'PartitionSegments' });
const garbageShape = z
  .object({
    is_complete: z.boolean().describe('False: there was no time to look everywhere'),
    wal_objects: z.int(),
    wal_bytes: z.int(),
    segment_objects: z.int(),
    segment_bytes: z.int(),
    unfinished_uploads: z.int(),
    deleted_topics: z.int(),
    keys: z.array(z.string()).describe('The first thousand'),
  })
  .meta({ id: 'Garbage' });

const topicParams = z.object({ topic_name: topicName });
const partitionParams = z.object({ topic_name: topicName, partition_id: numberText });
const READ_ERRORS = [401, 403] as const;

export const inspectRoutes: readonly Route<InspectServices>[] = [
  inspectRoute(
    {
      id: 'listPartitionStorage',
      method: 'get',
      path: '/topics/{topic_name}/segments',
      function: 'inspect',
      summary: 'What each partition is made of: segments, pages, tail, damage',
      params: topicParams,
      answers: {
        200: { description: 'All partitions', schema: z.object({ data: z.array(storageShape) }) },
      },
      errors: READ_ERRORS,
    },
    async ({ params }, { inspector }) => {
      const found = await inspector.inspect(params.topic_name);
      if (found.kind === 'rejected') return problem(found);
      const data = found.partitions.map((one) => storageJson(params.topic_name, one));
      return { status: 200, json: { data } };
    },
  ),
  inspectRoute(
    {
      id: 'getPartitionSegments',
      method: 'get',
      path: '/topics/{topic_name}/partitions/{partition_id}/segments',
      function: 'inspect',
      summary: 'What one partition is made of, segment by segment',
      params: partitionParams,
      answers: { 200: { description: 'The partition', schema: segmentsShape } },
      errors: READ_ERRORS,
    },
    async ({ params }, { inspector }) => {
      const { topic_name, partition_id } = params;
      const found = await inspector.inspect(topic_name, partition_id);
      if (found.kind === 'rejected') return problem(found);
      const [one] = found.partitions;
      if (one === undefined) {
        const message = `topic "${topic_name}" is being deleted`;
        return problem({ code: 'UNKNOWN_TOPIC_OR_PARTITION', message });
      }
      const segments = one.segments.map(segmentJson);
      return { status: 200, json: { ...storageJson(topic_name, one), segments } };
    },
  ),
  inspectRoute(
    {
      id: 'previewGarbage',
      method: 'get',
      path: '/garbage',
      function: 'inspect',
      summary: 'What a run of garbage collection would delete now; nothing is deleted',
      answers: { 200: { description: 'What nothing names any more', schema: garbageShape } },
      errors: READ_ERRORS,
    },
    async (_call, { previewGarbage, nowMs }) => {
      const report = await previewGarbage({ untilMs: nowMs() + PREVIEW_MS_MAX });
      return { status: 200, json: garbageJson(report) };
    },
  ),
];

function inspectRoute<const Of extends Operation>(
  operation: Of,
  handle: (call: Call<Of>, services: InspectServices) => ReturnType<Route['handle']>,
): Route<InspectServices> {
  return { operation, handle: handle as Route<InspectServices>['handle'] };
}

function storageJson(topic_name: string, one: PartitionInspection): object {
  const { damage } = one;
  const newest = one.segments.at(-1);
  return {
    topic_name,
    partition_id: one.partition,
    log_start_offset: offsetNumber(one.logStartOffset),
    next_offset: offsetNumber(one.nextOffset),
    segmented_to: offsetNumber(one.segmentedTo),
    segments_count: one.segments.length,
    segments_bytes: one.segmentBytes,
    pages_count: one.pageCount,
    pages_bytes: one.pageBytes,
    tail_entries: one.tailEntries,
    tail_bytes: one.tailBytes,
    objects_count: one.objectCount,
    retired_segments_count: one.retiredSegments,
    uncompacted_bytes: one.dirtyBytes ?? null,
    first_timestamp: timeOrNull(one.segments[0]?.firstTimestampMs),
    largest_timestamp: timeOrNull(newest?.maxTimestampMs),
    damage:
      damage === undefined
        ? null
        : { object_key: damage.key, offset: offsetNumber(damage.offset), problem: damage.problem },
  };
}

function segmentJson(segment: Segment): object {
  return {
    base_offset: offsetNumber(segment.baseOffset),
    end_offset: offsetNumber(segment.endOffset),
    segment_id: segment.segmentId,
    size_bytes: segment.sizeBytes,
    index_bytes: segment.indexBytes,
    time_index_bytes: segment.timeIndexBytes,
    records_count: segment.recordCount,
    first_timestamp: timeOrNull(segment.firstTimestampMs),
    largest_timestamp: timeOrNull(segment.largestTimestampMs),
    cleaned_to: offsetNumber(segment.cleanedTo),
  };
}

function garbageJson(report: GarbageReport): object {
  return {
    is_complete: report.complete,
    wal_objects: report.walObjects,
    wal_bytes: report.walBytes,
    segment_objects: report.segmentObjects,
    segment_bytes: report.segmentBytes,
    unfinished_uploads: report.uploads,
    deleted_topics: report.topics,
    keys: report.keys,
  };
}

function timeOrNull(timeMs: number | undefined): string | null {
  return timeMs === undefined || timeMs === NO_TIME ? null : isoTime(timeMs);
}
