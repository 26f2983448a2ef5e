// The items of table `topics`: a topic under its name, and what is left of a deleted one under its id, behind a
// character that no topic's name may hold. Attribute names and values: docs/formats/dynamodb.md.

import { assert, required } from '../../assert.ts';
import type { Topic, TopicState } from '../../log/topic.ts';
import type { DeletedTopic } from '../../ports/topic-store.ts';
import { type Item, numberValue, readMap, readNumber, readText, textValue } from './attributes.ts';

const DELETED_PREFIX = '#deleted/';
const STATES: readonly TopicState[] = ['active', 'deleting'];

/** A topic's key. */
export function topicKey(name: string): { topic: { S: string } } {
  return { topic: textValue(name) };
}

export function encodeTopic(topic: Topic): Record<string, Item[string]> {
  const configs: Record<string, Item[string]> = {};
  for (const [key, value] of Object.entries(topic.configs)) configs[key] = textValue(value);
  return {
    ...topicKey(topic.name),
    topicId: textValue(topic.topicId),
    state: textValue(topic.state),
    partitions: numberValue(topic.partitionCount),
    configs: { M: configs },
    createdAt: numberValue(topic.createdAtMs),
    version: numberValue(topic.version),
  };
}

export function decodeTopic(item: Item): Topic {
  const stored = readText(item, 'state');
  const state = required(
    STATES.find((known) => known === stored),
    `topic state "${stored}"`,
  );
  const configs = readMap(item, 'configs');
  return {
    name: readText(item, 'topic'),
    topicId: readText(item, 'topicId'),
    state,
    partitionCount: readNumber(item, 'partitions'),
    configs: Object.fromEntries(Object.keys(configs).map((key) => [key, readText(configs, key)])),
    createdAtMs: readNumber(item, 'createdAt'),
    version: readNumber(item, 'version'),
  };
}

/** The key of what is left of a deleted topic. */
export function deletedTopicKey(topicId: string): { topic: { S: string } } {
  return topicKey(DELETED_PREFIX + topicId);
}

/** The condition of a transaction that the topic of this id has no tombstone. */
export function notBuried(tableName: string, topicId: string) {
  return {
    ConditionCheck: {
      TableName: tableName,
      Key: deletedTopicKey(topicId),
      ConditionExpression: 'attribute_not_exists(topic)',
    },
  };
}

export function encodeDeletedTopic(deleted: DeletedTopic): Record<string, Item[string]> {
  return {
    ...deletedTopicKey(deleted.topicId),
    name: textValue(deleted.name),
    partitions: numberValue(deleted.partitionCount),
    deletedAt: numberValue(deleted.deletedAtMs),
  };
}

export function decodeDeletedTopic(item: Item): DeletedTopic {
  const key = readText(item, 'topic');
  assert(key.startsWith(DELETED_PREFIX), `"${key}" is a deleted topic's key`);
  return {
    topicId: key.slice(DELETED_PREFIX.length),
    name: readText(item, 'name'),
    partitionCount: readNumber(item, 'partitions'),
    deletedAtMs: readNumber(item, 'deletedAt'),
  };
}
