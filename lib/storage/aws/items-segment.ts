// The items of segments, table `index`: `LOG`, `SEG#<base>` and `GONE#<ulid>`. Attribute names and values:
// docs/formats/segments.md.

import { required } from '../../assert.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { Damage, Log, Retired, RetiredSegment, Segment } from '../../log/segment.ts';
import {
  LOG_SORT_KEY,
  retiredIdOf,
  retiredSortKey,
  segmentBaseOffset,
  segmentSortKey,
} from '../../log/segment-keys.ts';
import {
  type Item,
  numberValue,
  readBigint,
  readMap,
  readNumber,
  readText,
  textValue,
} from './attributes.ts';

export type IndexKey = { readonly pk: { S: string }; readonly sk: { S: string } };

export function indexKey(partition: PartitionKey, sortKey: string): IndexKey {
  return { pk: textValue(partitionKeyText(partition)), sk: textValue(sortKey) };
}

export function encodeLog(partition: PartitionKey, log: Log): Record<string, Item[string]> {
  return {
    ...indexKey(partition, LOG_SORT_KEY),
    segmentedTo: numberValue(log.segmentedTo),
    floor: textValue(log.floor),
    ...(log.damage === undefined ? {} : { damage: encodeDamage(log.damage) }),
  };
}

export function decodeLog(item: Item): Log {
  const log = { segmentedTo: readBigint(item, 'segmentedTo'), floor: readText(item, 'floor') };
  if (item.damage === undefined) return log;
  const damage = readMap(item, 'damage');
  return {
    ...log,
    damage: {
      key: readText(damage, 'key'),
      offset: readBigint(damage, 'offset'),
      problem: readText(damage, 'problem'),
    },
  };
}

export function encodeDamage(damage: Damage): { M: Record<string, Item[string]> } {
  return {
    M: {
      key: textValue(damage.key),
      offset: numberValue(damage.offset),
      problem: textValue(damage.problem),
    },
  };
}

export function encodeSegment(
  partition: PartitionKey,
  segment: Segment,
): Record<string, Item[string]> {
  return {
    ...indexKey(partition, segmentSortKey(segment.baseOffset)),
    end: numberValue(segment.endOffset),
    ulid: textValue(segment.segmentId),
    bytes: numberValue(segment.sizeBytes),
    indexBytes: numberValue(segment.indexBytes),
    timeIndexBytes: numberValue(segment.timeIndexBytes),
    records: numberValue(segment.recordCount),
    maxTime: numberValue(segment.maxTimestampMs),
    lastTime: numberValue(segment.largestTimestampMs),
    firstTime: numberValue(segment.firstTimestampMs),
    cleanedTo: numberValue(segment.cleanedTo),
  };
}

export function decodeSegment(item: Item): Segment {
  return {
    baseOffset: segmentBaseOffset(readText(item, 'sk')),
    endOffset: readBigint(item, 'end'),
    segmentId: readText(item, 'ulid'),
    sizeBytes: readNumber(item, 'bytes'),
    indexBytes: readNumber(item, 'indexBytes'),
    timeIndexBytes: readNumber(item, 'timeIndexBytes'),
    recordCount: readNumber(item, 'records'),
    maxTimestampMs: readNumber(item, 'maxTime'),
    largestTimestampMs: readNumber(item, 'lastTime'),
    firstTimestampMs: readNumber(item, 'firstTime'),
    cleanedTo: readBigint(item, 'cleanedTo'),
  };
}

export function encodeRetired(
  partition: PartitionKey,
  retired: Retired,
): Record<string, Item[string]> {
  return {
    ...indexKey(partition, retiredSortKey(retired.retiredId)),
    segments: {
      L: retired.segments.map(({ baseOffset, segmentId, sizeBytes }) => ({
        M: {
          base: numberValue(baseOffset),
          ulid: textValue(segmentId),
          bytes: numberValue(sizeBytes),
        },
      })),
    },
  };
}

export function decodeRetired(item: Item): Retired {
  const list = required(item.segments?.L, 'attribute "segments" of type L');
  return {
    retiredId: retiredIdOf(readText(item, 'sk')),
    segments: list.map((element): RetiredSegment => {
      const segment = required(element.M, 'element of "segments" of type M');
      return {
        baseOffset: readBigint(segment, 'base'),
        segmentId: readText(segment, 'ulid'),
        sizeBytes: readNumber(segment, 'bytes'),
      };
    }),
  };
}
