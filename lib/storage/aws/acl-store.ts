// Access lists in DynamoDB: table `acls`. Sets grow and shrink by themselves, so that a change needs no look at what is
// there and two changes at once both count. `client` makes exactly one attempt a call.

import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { Acl } from '../../access/acl.ts';
import { assert } from '../../assert.ts';
import { ACLS_PER_LIST_PAGE_MAX, ACLS_PER_WRITE_MAX } from '../../limits.ts';
import type { AclStore } from '../../ports/acl-store.ts';
import { numberValue, readNumber } from './attributes.ts';
import { conditional, TELL_WHAT_STANDS } from './conditional.ts';
import { sent } from './errors.ts';
import { type AclKey, ATTRIBUTES, aclKey, decodeAcls, VERSION_KEY } from './items-acl.ts';

const NO_VERSION = 'attribute_not_exists(version)';
const SAYS_NOTHING = 'attribute_not_exists(allow) AND attribute_not_exists(deny)';

export function createAclStore(client: DynamoDBClient, tableName: string): AclStore {
  const change = async (verb: 'ADD' | 'DELETE', acls: readonly Acl[]): Promise<void> => {
    assert(acls.length >= 1, 'something is changed');
    assert(acls.length <= ACLS_PER_WRITE_MAX, `a write has at most ${ACLS_PER_WRITE_MAX} entries`);
    const command = new TransactWriteItemsCommand({
      TransactItems: [
        ...itemChanges(acls).map((item) => setUpdate(tableName, verb, item)),
        {
          Update: {
            TableName: tableName,
            Key: VERSION_KEY,
            UpdateExpression: 'ADD version :one',
            ExpressionAttributeValues: { ':one': numberValue(1) },
          },
        },
      ],
      ReturnConsumedCapacity: 'TOTAL',
    });
    await sent('TransactWriteItems', client.send(command));
  };

  return {
    async readVersion() {
      const command = new GetItemCommand({
        TableName: tableName,
        Key: VERSION_KEY,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      });
      const { Item: item } = await sent('GetItem', client.send(command));
      return item === undefined ? 0 : readNumber(item, 'version');
    },

    async listAcls({ after, limit }) {
      assert(limit >= 1, 'a page holds an item');
      assert(limit <= ACLS_PER_LIST_PAGE_MAX, `a page has at most ${ACLS_PER_LIST_PAGE_MAX} items`);
      const command = new ScanCommand({
        TableName: tableName,
        Limit: limit,
        // The text is our own: the last key of the page before.
        ...(after === undefined ? {} : { ExclusiveStartKey: JSON.parse(after) }),
        FilterExpression: NO_VERSION,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      });
      const answer = await sent('Scan', client.send(command));
      const acls = (answer.Items ?? []).flatMap(decodeAcls);
      const last = answer.LastEvaluatedKey;
      return last === undefined ? { acls } : { acls, next: JSON.stringify(last) };
    },

    addAcls: (acls) => change('ADD', acls),
    removeAcls: (acls) => change('DELETE', acls),

    async sweepAcl(acl) {
      const command = new DeleteItemCommand({
        TableName: tableName,
        Key: { ...aclKey(acl) },
        ConditionExpression: SAYS_NOTHING,
        ...TELL_WHAT_STANDS,
      });
      await conditional('DeleteItem', client.send(command));
    },
  };
}

interface ItemChange {
  readonly key: AclKey;
  /** By attribute: operations to add or to take out. */
  readonly sets: Partial<Record<'allow' | 'deny', string[]>>;
}

/** A transaction changes an item once. */
function itemChanges(acls: readonly Acl[]): readonly ItemChange[] {
  const changes = new Map<string, ItemChange>();
  for (const acl of acls) {
    const key = aclKey(acl);
    const text = JSON.stringify(key);
    const change = changes.get(text) ?? { key, sets: {} };
    const operations = change.sets[ATTRIBUTES[acl.permission]] ?? [];
    if (!operations.includes(acl.operation)) operations.push(acl.operation);
    change.sets[ATTRIBUTES[acl.permission]] = operations;
    changes.set(text, change);
  }
  return [...changes.values()];
}

function setUpdate(tableName: string, verb: 'ADD' | 'DELETE', { key, sets }: ItemChange) {
  const changed = Object.entries(sets);
  const values = changed.map(([name, operations]) => [`:${name}`, { SS: operations }]);
  return {
    Update: {
      TableName: tableName,
      Key: { ...key },
      UpdateExpression: `${verb} ${changed.map(([name]) => `${name} :${name}`).join(', ')}`,
      ExpressionAttributeValues: Object.fromEntries(values),
    },
  };
}
