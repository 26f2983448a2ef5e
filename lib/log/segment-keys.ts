// The names of segments: their objects' keys in S3, and their items' sort keys in the index.
//
//   log/<topicId>/<partition>/<ulid>/<20-digit base offset>.log | .index | .timeindex
//   LOG · SEG#<20-digit base offset> · GONE#<ulid>
//
// The ulid is the attempt's ✗: a merger that died and its successor never write the same object.

import { assert } from '../assert.ts';
import { isUlid } from '../ids.ts';
import { offsetDigits, type PartitionKey, partitionKeyText } from './keys.ts';
import { SEGMENT_FILES, type SegmentAddress, type SegmentFile } from './segment.ts';

export const LOG_SORT_KEY = 'LOG';
const SEGMENT_PREFIX = 'SEG#';
const RETIRED_PREFIX = 'GONE#';
/** Everything of the log that isn't a WAL object lies below. */
export const LOG_OBJECTS_PREFIX = 'log/';
export const WAL_OBJECTS_PREFIX = 'wal/';
const OBJECT_KEY = /^log\/([\w-]{22})\/(\d+)\/([0-9A-Z]{26})\/(\d{20})\.(log|index|timeindex)$/;
const WAL_KEY = /^wal\/[0-9a-f]{2}\/([0-9A-Z]{26})$/;

/** The prefix of a partition's objects. */
export function partitionObjectsPrefix(partition: PartitionKey): string {
  return `${LOG_OBJECTS_PREFIX}${partitionKeyText(partition)}/`;
}

/** The prefix of a topic's objects. */
export function topicObjectsPrefix(topicId: string): string {
  return `${LOG_OBJECTS_PREFIX}${topicId}/`;
}

export function segmentKey(address: SegmentAddress, file: SegmentFile): string {
  const { partition, segmentId, baseOffset } = address;
  assert(isUlid(segmentId), `"${segmentId}" is a ULID`);
  return `${partitionObjectsPrefix(partition)}${segmentId}/${offsetDigits(baseOffset)}.${file}`;
}

/** The keys of all objects of a segment. */
export function segmentKeys(address: SegmentAddress): readonly string[] {
  return SEGMENT_FILES.map((file) => segmentKey(address, file));
}

/** Whether a key is a segment's records, and not an index or a WAL object. */
export function isSegmentLog(key: string): boolean {
  return key.startsWith(LOG_OBJECTS_PREFIX) && key.endsWith('.log');
}

/** What a key below LOG_OBJECTS_PREFIX names; undefined for what is no segment's. */
export function parseSegmentKey(key: string): SegmentAddress | undefined {
  const [, topicId, partition, segmentId, digits] = OBJECT_KEY.exec(key) ?? [];
  if (topicId === undefined || segmentId === undefined || digits === undefined) return undefined;
  if (!isUlid(segmentId)) return undefined;
  return {
    partition: { topicId, partition: Number(partition) },
    segmentId,
    baseOffset: BigInt(digits),
  };
}

/** The ULID of a WAL object's key; undefined for what is none. */
export function parseWalKey(key: string): string | undefined {
  const [, objectId] = WAL_KEY.exec(key) ?? [];
  return objectId !== undefined && isUlid(objectId) ? objectId : undefined;
}

/** `wal/00/` to `wal/ff/`: within one of them keys sort by time. */
export function walPrefixes(): readonly string[] {
  return Array.from(
    { length: 256 },
    (_, spread) => `${WAL_OBJECTS_PREFIX}${spread.toString(16).padStart(2, '0')}/`,
  );
}

/** `SEG#<20-digit base offset>` */
export function segmentSortKey(baseOffset: bigint): string {
  return SEGMENT_PREFIX + offsetDigits(baseOffset);
}

export function segmentBaseOffset(sortKey: string): bigint {
  assert(sortKey.startsWith(SEGMENT_PREFIX), `"${sortKey}" is a segment's key`);
  return BigInt(sortKey.slice(SEGMENT_PREFIX.length));
}

/** `GONE#<ulid>` */
export function retiredSortKey(retiredId: string): string {
  assert(isUlid(retiredId), `"${retiredId}" is a ULID`);
  return RETIRED_PREFIX + retiredId;
}

export function retiredIdOf(sortKey: string): string {
  assert(sortKey.startsWith(RETIRED_PREFIX), `"${sortKey}" is the key of retired segments`);
  return sortKey.slice(RETIRED_PREFIX.length);
}
