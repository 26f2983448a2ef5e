// Transactions in DynamoDB: table `producers`, one item a transactional id; their commits write to `heads` and `groups`
// as well. `client` makes exactly one attempt a call.

import {
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { assert } from '../../assert.ts';
import { StratalogError } from '../../errors.ts';
import { TRANSACTION_ITEMS_MAX } from '../../limits.ts';
import type { StagedOffset, Transaction } from '../../log/transaction.ts';
import { decodeTransaction, encodeTransaction } from '../../log/transaction-codec.ts';
import type { TransactionStore } from '../../ports/transaction-store.ts';
import { type Item, numberValue, readNumber, readText, textValue } from './attributes.ts';
import { conditional, TELL_WHAT_STANDS, transacted } from './conditional.ts';
import { sent } from './errors.ts';
import type { GroupsTable } from './groups-table.ts';
import { appendItem } from './head-updates.ts';
import { decodeHead } from './items-head.ts';
import { decodeOffset, offsetKey } from './items-offset.ts';
import { decodeTopic, topicKey } from './items-topic.ts';
import { updateExpressions } from './update-expression.ts';

const NOT_THERE = 'attribute_not_exists(id)';
const VERSION_BEFORE = 'version = :before';
const EXISTS = 'attribute_exists(#sk)';
const OWNER = '#owner = :owner';
const ADOPTED = '#ownerEpoch <= :memberEpoch';
const SORT_KEY = 'TRANSACTION';
/** The transaction's own item comes first in its commit, then the heads. */
const ITEM_POSITION = 0;

export interface TransactionTables {
  readonly producers: string;
  readonly heads: string;
  readonly topics: string;
}

export function createTransactionStore(
  tables: TransactionTables,
  groups: GroupsTable,
): TransactionStore {
  const { client, clock } = groups;
  return {
    async readTransaction(transactionalId, topicNames = []) {
      const { item, topicIds } =
        topicNames.length === 0
          ? { item: await getItem(client, tables.producers, transactionalId), topicIds: new Map() }
          : await getWithTopics(client, tables, { transactionalId, topicNames });
      const transaction = item === undefined ? undefined : decodeItem(transactionalId, item);
      return { transaction, topicIds, storageNowMs: clock.answeredMs() };
    },

    async writeTransaction(transaction) {
      const command = new PutItemCommand({
        ...putItem(tables.producers, transaction),
        ...TELL_WHAT_STANDS,
      });
      const outcome = await conditional('PutItem', client.send(command));
      return outcome.kind === 'done' ? 'written' : 'changed';
    },

    async commitTransaction({ next, appends, offsets }) {
      const count = 1 + appends.length + offsets.length;
      assert(count <= TRANSACTION_ITEMS_MAX, `a commit has at most ${TRANSACTION_ITEMS_MAX} items`);
      const committedAtMs = await groups.notPassedMs();
      const command = new TransactWriteItemsCommand({
        TransactItems: [
          { Put: putItem(tables.producers, next) },
          ...appends.map((append) => appendItem(tables.heads, append)),
          ...offsets.map((offset) => offsetItem(groups.name, offset, committedAtMs)),
        ],
        ReturnConsumedCapacity: 'TOTAL',
      });
      const outcome = await transacted(client.send(command));
      return outcome.kind === 'done'
        ? { kind: 'committed' }
        : refusedOf(outcome.failed, appends.length);
    },
  };
}

/** No transactional id's key is the counter's. */
function itemKey(transactionalId: string) {
  return { id: textValue(`TRANSACTION#${transactionalId}`), sk: textValue(SORT_KEY) };
}

async function getItem(
  client: DynamoDBClient,
  tableName: string,
  transactionalId: string,
): Promise<Item | undefined> {
  const command = new GetItemCommand({
    TableName: tableName,
    Key: itemKey(transactionalId),
    ConsistentRead: true,
    ReturnConsumedCapacity: 'TOTAL',
  });
  return (await sent('GetItem', client.send(command))).Item;
}

async function getWithTopics(
  client: DynamoDBClient,
  { producers, topics }: TransactionTables,
  asked: { readonly transactionalId: string; readonly topicNames: readonly string[] },
): Promise<{ readonly item: Item | undefined; readonly topicIds: ReadonlyMap<string, string> }> {
  const { transactionalId, topicNames } = asked;
  assert(topicNames.length < TRANSACTION_ITEMS_MAX, 'a read has a transaction and few topics');
  const command = new BatchGetItemCommand({
    RequestItems: {
      [producers]: { Keys: [itemKey(transactionalId)], ConsistentRead: true },
      [topics]: { Keys: topicNames.map(topicKey), ConsistentRead: true },
    },
    ReturnConsumedCapacity: 'TOTAL',
  });
  const answer = await sent('BatchGetItem', client.send(command));
  if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) {
    const message = 'the storage throttled the reading of a transaction and its topics';
    throw new StratalogError('THROTTLED', message, { effect: 'none' });
  }
  const active = (answer.Responses?.[topics] ?? [])
    .map(decodeTopic)
    .filter(({ state }) => state === 'active');
  return {
    item: answer.Responses?.[producers]?.[0],
    topicIds: new Map(active.map(({ name, topicId }) => [name, topicId])),
  };
}

function decodeItem(transactionalId: string, item: Item): Transaction {
  const key = { transactionalId, version: readNumber(item, 'version') };
  return decodeTransaction(key, readText(item, 'state'));
}

function putItem(tableName: string, transaction: Transaction) {
  const { transactionalId, version } = transaction;
  const condition =
    version === 1
      ? { ConditionExpression: NOT_THERE }
      : {
          ConditionExpression: VERSION_BEFORE,
          ExpressionAttributeValues: { ':before': numberValue(version - 1) },
        };
  return {
    TableName: tableName,
    Item: {
      ...itemKey(transactionalId),
      version: numberValue(version),
      state: textValue(encodeTransaction(transaction)),
    },
    ...condition,
  };
}

function offsetItem(tableName: string, staged: StagedOffset, committedAtMs: number) {
  return {
    Update: {
      TableName: tableName,
      Key: offsetKey(staged.groupId, staged),
      ...updateExpressions({
        set: {
          offset: numberValue(staged.offset),
          metadata: textValue(staged.metadata),
          committedAt: numberValue(committedAtMs),
        },
        compute: { counter: '#counter + :one' },
        clauses: [EXISTS, OWNER, ADOPTED],
        values: {
          one: numberValue(1),
          owner: textValue(staged.memberId),
          memberEpoch: numberValue(staged.memberEpoch),
        },
      }),
      ReturnValuesOnConditionCheckFailure: TELL_WHAT_STANDS.ReturnValuesOnConditionCheckFailure,
    },
  };
}

function refusedOf(
  failed: ReadonlyMap<number, Item | undefined>,
  appendCount: number,
): Extract<Awaited<ReturnType<TransactionStore['commitTransaction']>>, { kind: 'refused' }> {
  const offsetsFrom = ITEM_POSITION + 1 + appendCount;
  const heads = [...failed]
    .filter(([at]) => at > ITEM_POSITION && at < offsetsFrom)
    .map(([at, item]) => [at - 1, item && decodeHead(item)] as const);
  const offsets = [...failed]
    .filter(([at]) => at >= offsetsFrom)
    .map(([at, item]) => [at - offsetsFrom, item && decodeOffset(item)] as const);
  return {
    kind: 'refused',
    changed: failed.has(ITEM_POSITION),
    heads: new Map(heads),
    offsets: new Map(offsets),
  };
}
