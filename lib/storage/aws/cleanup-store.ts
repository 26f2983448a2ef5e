// What garbage collection keeps and asks, in DynamoDB: the item FLOOR and all heads in table `heads`, deleted topics
// in table `topics`. `client` makes exactly one attempt a call.

import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { assert, required } from '../../assert.ts';
import { isUlid } from '../../ids.ts';
import type { GarbagePass } from '../../log/garbage.ts';
import { type PartitionKey, parsePartitionKey } from '../../log/keys.ts';
import type { CleanupStore } from '../../ports/cleanup-store.ts';
import { readText, textValue } from './attributes.ts';
import { conditional, TELL_WHAT_STANDS } from './conditional.ts';
import { sent } from './errors.ts';
import { decodeHead, FLOOR_KEY, FLOOR_NEVER_RAISED, headKey } from './items-head.ts';
import {
  decodeDeletedTopic,
  deletedTopicKey,
  encodeDeletedTopic,
  topicKey,
} from './items-topic.ts';
import type { StorageClock } from './storage-clock.ts';

const FLOOR_ITEM = { pk: textValue(FLOOR_KEY) };
const FLOOR_BELOW = '(attribute_not_exists(#floor) OR #floor < :floor)';
/** A deleted topic's head must not come back. */
const HEAD_EXISTS = 'attribute_exists(pk)';
const HEAD_FLOOR_BELOW = '#floor < :floor';
const SAME_PASSES = 'passes = :from';
const NO_PASSES = '(attribute_not_exists(passes) OR passes = :from)';
const PASS = /^(\d+):(.+)$/;

export function createCleanupStore(
  client: DynamoDBClient,
  tables: { readonly heads: string; readonly topics: string },
  clock: StorageClock,
): CleanupStore {
  return { ...headsPart(client, tables.heads, clock), ...deletedTopicsPart(client, tables.topics) };
}

type DeletedTopicsPart = Pick<
  CleanupStore,
  'listDeletedTopics' | 'putDeletedTopic' | 'forgetDeletedTopic'
>;

function headsPart(
  client: DynamoDBClient,
  table: string,
  clock: StorageClock,
): Omit<CleanupStore, keyof DeletedTopicsPart> {
  const raise = async (
    key: { readonly pk: { S: string } },
    condition: string,
    floor: string,
  ): Promise<'raised' | 'refused'> => {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: key,
      UpdateExpression: 'SET #floor = :floor',
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#floor': 'floor' },
      ExpressionAttributeValues: { ':floor': textValue(floor) },
      ...TELL_WHAT_STANDS,
    });
    const outcome = await conditional('UpdateItem', client.send(command));
    return outcome.kind === 'done' ? 'raised' : 'refused';
  };

  return {
    async readGarbageState() {
      const command = new GetItemCommand({
        TableName: table,
        Key: FLOOR_ITEM,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      });
      const { Item: item } = await sent('GetItem', client.send(command));
      const storageNowMs = clock.answeredMs();
      if (item === undefined) return { floor: FLOOR_NEVER_RAISED, passes: [], storageNowMs };
      const passes = item.passes === undefined ? '' : readText(item, 'passes');
      return { floor: readText(item, 'floor'), passes: decodePasses(passes), storageNowMs };
    },

    raiseFloor: (floor) => raise(FLOOR_ITEM, FLOOR_BELOW, floor),

    async replacePasses({ from, to }) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: FLOOR_ITEM,
        UpdateExpression: 'SET passes = :to',
        ConditionExpression: from.length === 0 ? NO_PASSES : SAME_PASSES,
        ExpressionAttributeValues: {
          ':from': textValue(encodePasses(from)),
          ':to': textValue(encodePasses(to)),
        },
        ...TELL_WHAT_STANDS,
      });
      const outcome = await conditional('UpdateItem', client.send(command));
      return outcome.kind === 'done' ? 'replaced' : 'changed';
    },

    async scanHeads({ after, limit }) {
      const command = new ScanCommand({
        TableName: table,
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: { pk: textValue(after) } }),
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      });
      const answer = await sent('Scan', client.send(command));
      const items = (answer.Items ?? []).filter((item) => readText(item, 'pk') !== FLOOR_KEY);
      const heads = items.map((item) => ({
        partition: parsePartitionKey(readText(item, 'pk')),
        head: decodeHead(item),
      }));
      const last = answer.LastEvaluatedKey;
      return last === undefined ? { heads } : { heads, next: readText(last, 'pk') };
    },

    raiseHeadFloor: (partition: PartitionKey, floor) =>
      raise(headKey(partition), `${HEAD_EXISTS} AND ${HEAD_FLOOR_BELOW}`, floor),
  };
}

function deletedTopicsPart(client: DynamoDBClient, table: string): DeletedTopicsPart {
  return {
    async listDeletedTopics({ after, limit }) {
      const command = new ScanCommand({
        TableName: table,
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: topicKey(after) }),
        FilterExpression: 'attribute_exists(deletedAt)',
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      });
      const answer = await sent('Scan', client.send(command));
      const topics = (answer.Items ?? []).map(decodeDeletedTopic);
      const last = answer.LastEvaluatedKey;
      return last === undefined ? { topics } : { topics, next: readText(last, 'topic') };
    },

    async putDeletedTopic(topic) {
      const command = new PutItemCommand({
        TableName: table,
        Item: encodeDeletedTopic(topic),
        ReturnConsumedCapacity: 'TOTAL',
      });
      await sent('PutItem', client.send(command));
    },

    async forgetDeletedTopic(topicId) {
      const command = new DeleteItemCommand({
        TableName: table,
        Key: deletedTopicKey(topicId),
        ReturnConsumedCapacity: 'TOTAL',
      });
      await sent('DeleteItem', client.send(command));
    },
  };
}

/** `<milliseconds since 1970>:<ulid>`, separated by spaces. */
function encodePasses(passes: readonly GarbagePass[]): string {
  return passes.map(({ endedAtMs, below }) => `${endedAtMs}:${below}`).join(' ');
}

function decodePasses(text: string): readonly GarbagePass[] {
  if (text === '') return [];
  return text.split(' ').map((pass) => {
    const [, endedAtMs, below] = PASS.exec(pass) ?? [];
    assert(below !== undefined && isUlid(below), `"${pass}" is a pass`);
    return { endedAtMs: Number(required(endedAtMs, 'its time')), below };
  });
}
