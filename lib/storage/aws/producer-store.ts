// Producer ids in DynamoDB: the counter item of table `producers`. `client` makes exactly one attempt a call.

import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { assert, required } from '../../assert.ts';
import { PRODUCER_IDS_PER_BLOCK } from '../../limits.ts';
import type { ProducerStore } from '../../ports/producer-store.ts';
import { numberValue, readBigint, textValue } from './attributes.ts';
import { sent } from './errors.ts';

/** No transactional id's key begins like this. */
const COUNTER_KEY = { id: textValue('COUNTER'), sk: textValue('PRODUCER_ID') };

export function createProducerStore(client: DynamoDBClient, tableName: string): ProducerStore {
  return {
    async allocateProducerIds(count) {
      assert(count >= 1, 'at least one id is taken');
      assert(count <= PRODUCER_IDS_PER_BLOCK, `a block has at most ${PRODUCER_IDS_PER_BLOCK} ids`);
      const command = new UpdateItemCommand({
        TableName: tableName,
        Key: COUNTER_KEY,
        UpdateExpression: 'ADD #next :count',
        ExpressionAttributeNames: { '#next': 'next' },
        ExpressionAttributeValues: { ':count': numberValue(count) },
        ReturnValues: 'UPDATED_NEW',
        ReturnConsumedCapacity: 'TOTAL',
      });
      const { Attributes: item } = await sent('UpdateItem', client.send(command));
      return readBigint(required(item, 'the counter'), 'next') - BigInt(count);
    },
  };
}
