// The names of everything stored: S3 keys and DynamoDB keys. Round trip, sort order and prefixes are tested,
// because order in the index is what finds an offset.

import { assert } from '../assert.ts';
import { CROCKFORD, isUlid } from '../ids.ts';

const OFFSET_DIGITS = 20;
const PAGE_PREFIX = 'PAGE#';
const PRODUCER_PREFIX = 'PRODUCER#';

export interface PartitionKey {
  readonly topicId: string;
  readonly partition: number;
}

/** 20 digits, so that text order is number order up to 2^63 − 1; also how Kafka names segment files. */
export function offsetDigits(offset: bigint): string {
  assert(offset >= 0n, 'an offset is not negative');
  return offset.toString().padStart(OFFSET_DIGITS, '0');
}

/** `wal/<2 hex>/<ulid>`: the hex digits come from the ULID's random end and spread the load over S3's key space. */
export function walKey(objectId: string): string {
  assert(isUlid(objectId), `"${objectId}" is a ULID`);
  const [high = 0, low = 0] = [...objectId.slice(-2)].map((digit) => CROCKFORD.indexOf(digit));
  const spread = ((high << 5) | low) & 0xff;
  return `wal/${spread.toString(16).padStart(2, '0')}/${objectId}`;
}

/** The key of a partition in the heads and index tables: `<topicId>/<p>`. */
export function partitionKeyText(partition: PartitionKey): string {
  return `${partition.topicId}/${partition.partition}`;
}

/** What `partitionKeyText` made. */
export function parsePartitionKey(text: string): PartitionKey {
  const slash = text.lastIndexOf('/');
  const partition = Number(text.slice(slash + 1));
  assert(slash > 0 && Number.isInteger(partition), `"${text}" is a partition's key`);
  return { topicId: text.slice(0, slash), partition };
}

/** `PAGE#<20-digit base offset>` */
export function pageSortKey(baseOffset: bigint): string {
  return PAGE_PREFIX + offsetDigits(baseOffset);
}

export function pageBaseOffset(sortKey: string): bigint {
  assert(sortKey.startsWith(PAGE_PREFIX), `"${sortKey}" is a page's key`);
  return BigInt(sortKey.slice(PAGE_PREFIX.length));
}

/** `PRODUCER#<producer id>` */
export function producerSortKey(producerId: bigint): string {
  assert(producerId >= 0n, 'a producer id is not negative');
  return PRODUCER_PREFIX + producerId;
}
