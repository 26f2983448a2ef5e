// Leases in DynamoDB: table `index`, under keys that no partition has. `client` makes exactly one attempt a call.

import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { LeaseStore } from '../../ports/lease-store.ts';
import { numberValue, textValue } from './attributes.ts';
import { conditional, TELL_WHAT_STANDS } from './conditional.ts';

const FREE = 'attribute_not_exists(pk)';
const OVER = 'untilMs <= :now';
const OWN = '#owner = :owner';
const LEASE_SORT_KEY = 'LEASE';

function leaseKey(name: string) {
  return { pk: textValue(`lease/${name}`), sk: textValue(LEASE_SORT_KEY) };
}

export function createLeaseStore(client: DynamoDBClient, table: string): LeaseStore {
  return {
    async takeLease({ name, owner, nowMs, untilMs }) {
      const command = new PutItemCommand({
        TableName: table,
        Item: { ...leaseKey(name), owner: textValue(owner), untilMs: numberValue(untilMs) },
        ConditionExpression: `${FREE} OR ${OVER} OR ${OWN}`,
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':now': numberValue(nowMs), ':owner': textValue(owner) },
        ...TELL_WHAT_STANDS,
      });
      const outcome = await conditional('PutItem', client.send(command));
      return outcome.kind === 'done' ? 'taken' : 'held';
    },

    async releaseLease({ name, owner }) {
      const command = new DeleteItemCommand({
        TableName: table,
        Key: leaseKey(name),
        ConditionExpression: OWN,
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':owner': textValue(owner) },
        ...TELL_WHAT_STANDS,
      });
      await conditional('DeleteItem', client.send(command));
    },
  };
}
