// Topics in DynamoDB: table `topics`, one item a name, and one a deleted topic.

import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { assert } from '../../assert.ts';
import { TOPICS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type { TopicStore } from '../../ports/topic-store.ts';
import { numberValue, readText, textValue } from './attributes.ts';
import { conditional, transacted } from './conditional.ts';
import { sent } from './errors.ts';
import {
  decodeTopic,
  encodeDeletedTopic,
  encodeTopic,
  notBuried,
  topicKey,
} from './items-topic.ts';

const NAME_IS_FREE = 'attribute_not_exists(topic)';
const SAME_TOPIC = 'topicId = :topicId';
const SAME_VERSION = '#version = :version';
const NOT_ALIVE = `${NAME_IS_FREE} OR topicId <> :topicId OR #state <> :active`;
/** The check of the tombstone comes first in the transaction that creates a topic. */
const TOMBSTONE_POSITION = 0;
const NOT_DELETED = 'attribute_not_exists(deletedAt)';

/** `client` makes exactly one attempt a call. */
export function createTopicStore(client: DynamoDBClient, tableName: string): TopicStore {
  return {
    ...deletions(client, tableName),

    async getTopic(name) {
      const command = new GetItemCommand({
        TableName: tableName,
        Key: topicKey(name),
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      });
      const { Item: item } = await sent('GetItem', client.send(command));
      return item === undefined ? undefined : decodeTopic(item);
    },

    async listTopics({ after, limit }) {
      assert(limit >= 1, 'a page holds a topic');
      assert(
        limit <= TOPICS_PER_LIST_PAGE_MAX,
        `a page holds at most ${TOPICS_PER_LIST_PAGE_MAX} topics`,
      );
      const command = new ScanCommand({
        TableName: tableName,
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: topicKey(after) }),
        FilterExpression: NOT_DELETED,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      });
      const answer = await sent('Scan', client.send(command));
      const topics = (answer.Items ?? []).map(decodeTopic);
      const last = answer.LastEvaluatedKey;
      return last === undefined ? { topics } : { topics, next: readText(last, 'topic') };
    },

    async createTopic(topic) {
      const put = {
        TableName: tableName,
        Item: encodeTopic(topic),
        ConditionExpression: NAME_IS_FREE,
      };
      const command = new TransactWriteItemsCommand({
        TransactItems: [notBuried(tableName, topic.topicId), { Put: put }],
        ReturnConsumedCapacity: 'TOTAL',
      });
      const outcome = await transacted(client.send(command));
      if (outcome.kind === 'done') return 'created';
      return outcome.failed.has(TOMBSTONE_POSITION) ? 'dead' : 'exists';
    },

    async updateTopic(topic, expected) {
      const command = new PutItemCommand({
        TableName: tableName,
        Item: encodeTopic(topic),
        ConditionExpression: `${SAME_TOPIC} AND ${SAME_VERSION}`,
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: {
          ':topicId': textValue(expected.topicId),
          ':version': numberValue(expected.version),
        },
        ReturnConsumedCapacity: 'TOTAL',
      });
      const outcome = await conditional('PutItem', client.send(command));
      return outcome.kind === 'done' ? 'updated' : 'changed';
    },
  };
}

/** What takes a topic away. */
function deletions(
  client: DynamoDBClient,
  tableName: string,
): Pick<TopicStore, 'buryTopic' | 'releaseTopic'> {
  return {
    async buryTopic(deleted) {
      const check = {
        TableName: tableName,
        Key: topicKey(deleted.name),
        ConditionExpression: NOT_ALIVE,
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':topicId': textValue(deleted.topicId),
          ':active': textValue('active'),
        },
      };
      const put = { TableName: tableName, Item: encodeDeletedTopic(deleted) };
      const command = new TransactWriteItemsCommand({
        TransactItems: [{ ConditionCheck: check }, { Put: put }],
        ReturnConsumedCapacity: 'TOTAL',
      });
      const outcome = await transacted(client.send(command));
      return outcome.kind === 'done' ? 'buried' : 'alive';
    },

    async releaseTopic(deleted) {
      const command = new TransactWriteItemsCommand({
        TransactItems: [
          {
            Delete: {
              TableName: tableName,
              Key: topicKey(deleted.name),
              ConditionExpression: SAME_TOPIC,
              ExpressionAttributeValues: { ':topicId': textValue(deleted.topicId) },
            },
          },
          { Put: { TableName: tableName, Item: encodeDeletedTopic(deleted) } },
        ],
        ReturnConsumedCapacity: 'TOTAL',
      });
      const outcome = await transacted(client.send(command));
      return outcome.kind === 'done' ? 'released' : 'changed';
    },
  };
}
