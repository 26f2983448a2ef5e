// What operators look at: what a topic's partitions are made of, and what garbage collection would delete. kafkajs has
// no such verbs.

import { type ApiClient, pathOf } from './api-client.ts';

/** A partition as it is stored. */
export interface PartitionStorage {
  readonly partition: number;
  readonly logStartOffset: string;
  readonly nextOffset: string;
  /** Everything below it is in segments. */
  readonly segmentedTo: string;
  readonly segmentCount: number;
  readonly segmentBytes: number;
  /** Waiting to be merged; at most 500 are counted. */
  readonly pageCount: number;
  readonly pageBytes: number;
  readonly tailEntries: number;
  readonly tailBytes: number;
  /** Objects that hold these bytes; other partitions may share some of them. */
  readonly objectCount: number;
  /** Replaced or expired, to be deleted after the grace time. */
  readonly retiredSegmentCount: number;
  /** What log compaction has not compared yet; undefined on a topic that isn't compacted. */
  readonly uncompactedBytes: number | undefined;
  /** ISO 8601; undefined without records that are merged. */
  readonly firstTimestamp: string | undefined;
  readonly largestTimestamp: string | undefined;
  /** Where jobs stand still because bytes are not what was stored. */
  readonly damage: StorageDamage | undefined;
}

export interface StorageDamage {
  readonly objectKey: string;
  readonly offset: string;
  readonly problem: string;
}

export interface SegmentDescription {
  readonly baseOffset: string;
  readonly endOffset: string;
  readonly segmentId: string;
  readonly sizeBytes: number;
  readonly recordCount: number;
  readonly firstTimestamp: string | undefined;
  readonly largestTimestamp: string | undefined;
  /** Compared with the keys of all offsets below; 0: never. */
  readonly cleanedTo: string;
}

export type PartitionSegments = PartitionStorage & {
  readonly segments: readonly SegmentDescription[];
};

export interface GarbagePreview {
  /** False: there was no time to look everywhere. */
  readonly isComplete: boolean;
  readonly walObjects: number;
  readonly walBytes: number;
  readonly segmentObjects: number;
  readonly segmentBytes: number;
  readonly unfinishedUploads: number;
  readonly deletedTopics: number;
  /** The first thousand. */
  readonly keys: readonly string[];
}

interface StorageBody {
  readonly partition_id: number;
  readonly log_start_offset: number;
  readonly next_offset: number;
  readonly segmented_to: number;
  readonly segments_count: number;
  readonly segments_bytes: number;
  readonly pages_count: number;
  readonly pages_bytes: number;
  readonly tail_entries: number;
  readonly tail_bytes: number;
  readonly objects_count: number;
  readonly retired_segments_count: number;
  readonly uncompacted_bytes: number | null;
  readonly first_timestamp: string | null;
  readonly largest_timestamp: string | null;
  readonly damage: {
    readonly object_key: string;
    readonly offset: number;
    readonly problem: string;
  } | null;
}

interface SegmentBody {
  readonly base_offset: number;
  readonly end_offset: number;
  readonly segment_id: string;
  readonly size_bytes: number;
  readonly records_count: number;
  readonly first_timestamp: string | null;
  readonly largest_timestamp: string | null;
  readonly cleaned_to: number;
}

interface GarbageBody {
  readonly is_complete: boolean;
  readonly wal_objects: number;
  readonly wal_bytes: number;
  readonly segment_objects: number;
  readonly segment_bytes: number;
  readonly unfinished_uploads: number;
  readonly deleted_topics: number;
  readonly keys: readonly string[];
}

export async function describeStorage(api: ApiClient, topic: string): Promise<PartitionStorage[]> {
  const path = pathOf('topics', topic, 'segments');
  const { data } = await api.json<{ data: readonly StorageBody[] }>({ method: 'GET', path });
  return data.map(storageOf);
}

export async function describeSegments(
  api: ApiClient,
  topic: string,
  partition: number,
): Promise<PartitionSegments> {
  const path = pathOf('topics', topic, 'partitions', partition, 'segments');
  type Body = StorageBody & { readonly segments: readonly SegmentBody[] };
  const body = await api.json<Body>({ method: 'GET', path });
  return { ...storageOf(body), segments: body.segments.map(segmentOf) };
}

export async function previewGarbage(api: ApiClient): Promise<GarbagePreview> {
  const body = await api.json<GarbageBody>({ method: 'GET', path: '/garbage' });
  return {
    isComplete: body.is_complete,
    walObjects: body.wal_objects,
    walBytes: body.wal_bytes,
    segmentObjects: body.segment_objects,
    segmentBytes: body.segment_bytes,
    unfinishedUploads: body.unfinished_uploads,
    deletedTopics: body.deleted_topics,
    keys: body.keys,
  };
}

function storageOf(body: StorageBody): PartitionStorage {
  const { damage } = body;
  return {
    partition: body.partition_id,
    logStartOffset: String(body.log_start_offset),
    nextOffset: String(body.next_offset),
    segmentedTo: String(body.segmented_to),
    segmentCount: body.segments_count,
    segmentBytes: body.segments_bytes,
    pageCount: body.pages_count,
    pageBytes: body.pages_bytes,
    tailEntries: body.tail_entries,
    tailBytes: body.tail_bytes,
    objectCount: body.objects_count,
    retiredSegmentCount: body.retired_segments_count,
    uncompactedBytes: body.uncompacted_bytes ?? undefined,
    firstTimestamp: body.first_timestamp ?? undefined,
    largestTimestamp: body.largest_timestamp ?? undefined,
    damage:
      damage === null
        ? undefined
        : { objectKey: damage.object_key, offset: String(damage.offset), problem: damage.problem },
  };
}

function segmentOf(body: SegmentBody): SegmentDescription {
  return {
    baseOffset: String(body.base_offset),
    endOffset: String(body.end_offset),
    segmentId: body.segment_id,
    sizeBytes: body.size_bytes,
    recordCount: body.records_count,
    firstTimestamp: body.first_timestamp ?? undefined,
    largestTimestamp: body.largest_timestamp ?? undefined,
    cleanedTo: String(body.cleaned_to),
  };
}
