// Segments in DynamoDB: table `index`. What makes merging safe are the conditions in here. `client` makes exactly one
// attempt a call.

import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { assert } from '../../assert.ts';
import { StratalogError } from '../../errors.ts';
import { PAGES_PER_DELETE_MAX, SEGMENTS_PER_REWRITE_MAX } from '../../limits.ts';
import { type PartitionKey, pageSortKey, partitionKeyText } from '../../log/keys.ts';
import type { Damage, Segment } from '../../log/segment.ts';
import { LOG_SORT_KEY, retiredSortKey, segmentSortKey } from '../../log/segment-keys.ts';
import type { ReplaceSegmentsRequest, SegmentStore } from '../../ports/segment-store.ts';
import { type Item, numberValue, readText, textValue } from './attributes.ts';
import { conditional, TELL_WHAT_STANDS, transacted } from './conditional.ts';
import { sent } from './errors.ts';
import { decodePage } from './items-page.ts';
import {
  decodeLog,
  decodeRetired,
  decodeSegment,
  encodeDamage,
  encodeLog,
  encodeRetired,
  encodeSegment,
  indexKey,
} from './items-segment.ts';

const NOT_THERE = 'attribute_not_exists(pk)';
/** Nobody has merged it since. */
const STILL_FROM = 'segmentedTo = :from';
/** Below the floor, what was uploaded may have been swept. */
const UPLOAD_NOT_BELOW_FLOOR = '#floor <= :ulid';
const FLOOR_BELOW = '#floor < :floor';
const SAME_SEGMENT = '#ulid = :ulid';
const LOG_EXISTS = 'attribute_exists(pk)';
const LAST_OFFSET = (1n << 63n) - 1n;

type Between = { readonly first: string; readonly last: string };

export function createSegmentStore(client: DynamoDBClient, table: string): SegmentStore {
  return new DynamodbSegmentStore(client, table);
}

class DynamodbSegmentStore implements SegmentStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async readLog(partition: PartitionKey) {
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: indexKey(partition, LOG_SORT_KEY),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    const { Item: item } = await sent('GetItem', this.#client.send(command));
    return item === undefined ? undefined : decodeLog(item);
  }

  async openLog(partition: PartitionKey, floor: string) {
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: encodeLog(partition, { segmentedTo: 0n, floor }),
      ConditionExpression: NOT_THERE,
      ...TELL_WHAT_STANDS,
    });
    const outcome = await conditional('PutItem', this.#client.send(command));
    return outcome.kind === 'done' ? ('opened' as const) : ('exists' as const);
  }

  async commitSegment(partition: PartitionKey, segment: Segment) {
    const move = {
      TableName: this.#table,
      Key: indexKey(partition, LOG_SORT_KEY),
      UpdateExpression: 'SET segmentedTo = :end',
      ConditionExpression: `${STILL_FROM} AND ${UPLOAD_NOT_BELOW_FLOOR}`,
      ExpressionAttributeNames: { '#floor': 'floor' },
      ExpressionAttributeValues: {
        ':from': numberValue(segment.baseOffset),
        ':end': numberValue(segment.endOffset),
        ':ulid': textValue(segment.segmentId),
      },
    };
    const put = { TableName: this.#table, Item: encodeSegment(partition, segment) };
    const isDone = await this.#transact([{ Update: move }, { Put: put }]);
    return isDone ? ('committed' as const) : ('refused' as const);
  }

  async skipTo(
    partition: PartitionKey,
    { from, to }: { readonly from: bigint; readonly to: bigint },
  ) {
    assert(from < to, 'a skip moves up');
    const outcome = await this.#updateLog(partition, {
      UpdateExpression: 'SET segmentedTo = :to',
      ConditionExpression: STILL_FROM,
      ExpressionAttributeValues: { ':from': numberValue(from), ':to': numberValue(to) },
    });
    return outcome ? ('moved' as const) : ('refused' as const);
  }

  async replaceSegments({ partition, replaced, by, retired }: ReplaceSegmentsRequest) {
    assert(replaced.length > 0, 'there are segments to replace');
    assert(
      replaced.length <= SEGMENTS_PER_REWRITE_MAX,
      `a transaction replaces at most ${SEGMENTS_PER_REWRITE_MAX} segments`,
    );
    assert(
      by === undefined || by.baseOffset === replaced[0]?.baseOffset,
      'it begins where they do',
    );
    const changes = replaced.map((named): TransactWriteItem => {
      const condition = {
        TableName: this.#table,
        ConditionExpression: SAME_SEGMENT,
        ExpressionAttributeNames: { '#ulid': 'ulid' },
        ExpressionAttributeValues: { ':ulid': textValue(named.segmentId) },
      };
      if (by !== undefined && named.baseOffset === by.baseOffset) {
        return { Put: { ...condition, Item: encodeSegment(partition, by) } };
      }
      const key = indexKey(partition, segmentSortKey(named.baseOffset));
      return { Delete: { ...condition, Key: key } };
    });
    const isDone = await this.#transact([
      ...(by === undefined ? [] : [this.#floorCheck(partition, by.segmentId)]),
      ...changes,
      { Put: { TableName: this.#table, Item: encodeRetired(partition, retired) } },
    ]);
    return isDone ? ('replaced' as const) : ('refused' as const);
  }

  async findSegments(
    partition: PartitionKey,
    { offset, limit }: { readonly offset: bigint; readonly limit: number },
  ) {
    const between = { first: segmentSortKey(0n), last: segmentSortKey(offset) };
    const { items } = await this.#query(partition, between, { limit, isDescending: true });
    return items.map(decodeSegment);
  }

  async listSegments(
    partition: PartitionKey,
    { from, limit }: { readonly from: bigint; readonly limit: number },
  ): ReturnType<SegmentStore['listSegments']> {
    const between = { first: segmentSortKey(from), last: segmentSortKey(LAST_OFFSET) };
    const { items, hasMore } = await this.#query(partition, between, { limit });
    const segments = items.map(decodeSegment);
    const last = segments.at(-1);
    return hasMore && last !== undefined ? { segments, next: last.baseOffset + 1n } : { segments };
  }

  async listPages(
    partition: PartitionKey,
    { from, to, limit }: { readonly from: bigint; readonly to: bigint; readonly limit: number },
  ): ReturnType<SegmentStore['listPages']> {
    if (from >= to) return { pages: [] };
    const between = { first: pageSortKey(from), last: pageSortKey(to - 1n) };
    const { items, hasMore } = await this.#query(partition, between, { limit });
    const pages = items.map(decodePage);
    const last = pages.at(-1);
    return hasMore && last !== undefined ? { pages, next: last.baseOffset + 1n } : { pages };
  }

  async deletePages(partition: PartitionKey, baseOffsets: readonly bigint[]) {
    await this.deleteEntries(partition, baseOffsets.map(pageSortKey));
  }

  async raiseLogFloor(partition: PartitionKey, floor: string) {
    const outcome = await this.#updateLog(partition, {
      UpdateExpression: 'SET #floor = :floor',
      ConditionExpression: `${LOG_EXISTS} AND ${FLOOR_BELOW}`,
      ExpressionAttributeNames: { '#floor': 'floor' },
      ExpressionAttributeValues: { ':floor': textValue(floor) },
    });
    return outcome ? ('raised' as const) : ('refused' as const);
  }

  async markDamage(partition: PartitionKey, damage: Damage | undefined) {
    await this.#updateLog(
      partition,
      damage === undefined
        ? { UpdateExpression: 'REMOVE damage', ConditionExpression: LOG_EXISTS }
        : {
            UpdateExpression: 'SET damage = :damage',
            ConditionExpression: LOG_EXISTS,
            ExpressionAttributeValues: { ':damage': encodeDamage(damage) },
          },
    );
  }

  async listRetired(
    partition: PartitionKey,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): ReturnType<SegmentStore['listRetired']> {
    const first = after === undefined ? 'GONE#' : `${retiredSortKey(after)}~`;
    const { items, hasMore } = await this.#query(partition, { first, last: 'GONE#~' }, { limit });
    const retired = items.map(decodeRetired);
    const last = retired.at(-1);
    return hasMore && last !== undefined ? { retired, next: last.retiredId } : { retired };
  }

  async deleteRetired(partition: PartitionKey, retiredId: string) {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: indexKey(partition, retiredSortKey(retiredId)),
      ReturnConsumedCapacity: 'TOTAL',
    });
    await sent('DeleteItem', this.#client.send(command));
  }

  async listEntries(partition: PartitionKey, limit: number) {
    const between = { first: ' ', last: '~' };
    const { items } = await this.#query(partition, between, { limit, keysOnly: true });
    return items.map((item) => readText(item, 'sk'));
  }

  async deleteEntries(partition: PartitionKey, entries: readonly string[]) {
    if (entries.length === 0) return;
    assert(
      entries.length <= PAGES_PER_DELETE_MAX,
      `one request deletes at most ${PAGES_PER_DELETE_MAX} items`,
    );
    const requests = entries.map((sortKey) => ({
      DeleteRequest: { Key: indexKey(partition, sortKey) },
    }));
    const command = new BatchWriteItemCommand({
      RequestItems: { [this.#table]: requests },
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await sent('BatchWriteItem', this.#client.send(command));
    const left = answer.UnprocessedItems?.[this.#table]?.length ?? 0;
    if (left > 0) {
      const message = `the storage throttled the deletion of ${left} of ${entries.length} items`;
      throw new StratalogError('THROTTLED', message, { effect: 'unknown' });
    }
  }

  #floorCheck(partition: PartitionKey, segmentId: string): TransactWriteItem {
    return {
      ConditionCheck: {
        TableName: this.#table,
        Key: indexKey(partition, LOG_SORT_KEY),
        ConditionExpression: UPLOAD_NOT_BELOW_FLOOR,
        ExpressionAttributeNames: { '#floor': 'floor' },
        ExpressionAttributeValues: { ':ulid': textValue(segmentId) },
      },
    };
  }

  /** False: a condition failed, and nothing changed. */
  async #transact(items: TransactWriteItem[]): Promise<boolean> {
    const command = new TransactWriteItemsCommand({
      TransactItems: items,
      ReturnConsumedCapacity: 'TOTAL',
    });
    return (await transacted(this.#client.send(command))).kind === 'done';
  }

  /** False: the condition failed. */
  async #updateLog(
    partition: PartitionKey,
    update: {
      readonly UpdateExpression: string;
      readonly ConditionExpression: string;
      readonly ExpressionAttributeNames?: Record<string, string>;
      readonly ExpressionAttributeValues?: Record<string, Item[string]>;
    },
  ): Promise<boolean> {
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: indexKey(partition, LOG_SORT_KEY),
      ...update,
      ...TELL_WHAT_STANDS,
    });
    return (await conditional('UpdateItem', this.#client.send(command))).kind === 'done';
  }

  async #query(
    partition: PartitionKey,
    between: Between,
    options: {
      readonly limit: number;
      readonly isDescending?: boolean;
      readonly keysOnly?: boolean;
    },
  ): Promise<{ readonly items: readonly Item[]; readonly hasMore: boolean }> {
    const command = new QueryCommand({
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: {
        ':pk': textValue(partitionKeyText(partition)),
        ':first': textValue(between.first),
        ':last': textValue(between.last),
      },
      ScanIndexForward: options.isDescending !== true,
      Limit: options.limit,
      ...(options.keysOnly === true ? { ProjectionExpression: 'sk' } : {}),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await sent('Query', this.#client.send(command));
    return { items: answer.Items ?? [], hasMore: answer.LastEvaluatedKey !== undefined };
  }
}
