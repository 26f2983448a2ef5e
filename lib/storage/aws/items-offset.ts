// The item of a group's offset in a partition, table `groups`. Attribute names and values: docs/formats/dynamodb.md.

import { assert } from '../../assert.ts';
import type { TopicPartition } from '../../group/assignment.ts';
import type { OffsetItem } from '../../group/offset.ts';
import {
  type Item,
  numberValue,
  readBigint,
  readNumber,
  readOptionalText,
  readText,
  textValue,
} from './attributes.ts';
import { type GroupItemKey, groupItemKey } from './items-group.ts';

export const OFFSET_PREFIX = 'OFFSET#';
const OFFSET_KEY = /^OFFSET#(.+)#(\d+)$/;

export function offsetKey(groupId: string, { topicId, partition }: TopicPartition): GroupItemKey {
  return groupItemKey(groupId, `${OFFSET_PREFIX}${topicId}#${partition}`);
}

export function encodeOffset(groupId: string, item: OffsetItem): Record<string, Item[string]> {
  const { committed, ownerMemberId } = item;
  return {
    ...offsetKey(groupId, item),
    topic: textValue(item.topicName),
    ownerEpoch: numberValue(item.ownerEpoch),
    ...(ownerMemberId === undefined ? {} : { owner: textValue(ownerMemberId) }),
    counter: numberValue(item.counter),
    ...(committed === undefined
      ? {}
      : {
          offset: numberValue(committed.offset),
          metadata: textValue(committed.metadata),
          committedAt: numberValue(committed.committedAtMs),
        }),
  };
}

export function decodeOffset(item: Item): OffsetItem {
  const sortKey = readText(item, 'sk');
  const [, topicId, partition] = OFFSET_KEY.exec(sortKey) ?? [];
  assert(topicId !== undefined, `"${sortKey}" is an offset's key`);
  const owner = readOptionalText(item, 'owner');
  return {
    topicId,
    partition: Number(partition),
    topicName: readText(item, 'topic'),
    ownerEpoch: readNumber(item, 'ownerEpoch'),
    ...(owner === undefined ? {} : { ownerMemberId: owner }),
    counter: readNumber(item, 'counter'),
    ...(item.offset === undefined
      ? {}
      : {
          committed: {
            offset: readBigint(item, 'offset'),
            metadata: readText(item, 'metadata'),
            committedAtMs: readNumber(item, 'committedAt'),
          },
        }),
  };
}
