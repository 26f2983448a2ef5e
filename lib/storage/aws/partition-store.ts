// Heads and pages in DynamoDB: tables `heads` and `index`. What makes the log correct are the conditions in here.
//
// The client that comes in must not retry by itself: `list_append` is not idempotent, so a retry after an answer that
// was lost would append twice (no-double-append).

import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { assert, required } from '../../assert.ts';
import { StratalogError } from '../../errors.ts';
import {
  HEADS_PER_DELETE_MAX,
  HEADS_PER_READ_MAX,
  HEADS_PER_TRANSACTION_MAX,
  TRANSACTION_ITEMS_MAX,
} from '../../limits.ts';
import { type PartitionKey, pageSortKey, partitionKeyText } from '../../log/keys.ts';
import { emptyHead, type Head, type Page } from '../../log/partition.ts';
import type { KnownProducer } from '../../log/producer-states.ts';
import type {
  AppendToHeadOutcome,
  AppendToHeadRequest,
  PartitionStore,
  TrimTailRequest,
} from '../../ports/partition-store.ts';
import { type Item, readOptionalNumber, readText, textValue } from './attributes.ts';
import { type Conditional, conditional, TELL_WHAT_STANDS, transacted } from './conditional.ts';
import { sent } from './errors.ts';
import {
  appendItem,
  appendUpdate,
  evictUpdate,
  type HeadUpdate,
  holdUpdate,
  logStartUpdate,
  trimUpdate,
} from './head-updates.ts';
import { decodeHead, encodeHead, FLOOR_KEY, FLOOR_NEVER_RAISED, headKey } from './items-head.ts';
import { decodePage, encodePage } from './items-page.ts';
import { notBuried } from './items-topic.ts';
import { ProducerItems } from './producer-items.ts';
import { createStorageClock, type StorageClock } from './storage-clock.ts';

const NOT_THERE = 'attribute_not_exists(pk)';
const FLOOR_IS = '#floor = :floor';
const FLOOR_ITEM = { pk: textValue(FLOOR_KEY) };
/** The checks of the floor and of the tombstone come first in the transaction that creates heads. */
const FLOOR_POSITION = 0;
const TOMBSTONE_POSITION = 1;
const PAGES_UP_TO = 'pk = :pk AND sk BETWEEN :first AND :last';

export interface PartitionTables {
  readonly topics: string;
  readonly heads: string;
  readonly index: string;
}

type CreateHeadsRequest = Parameters<PartitionStore['createHeads']>[0];
type DeleteHeadsRequest = Parameters<PartitionStore['deleteHeads']>[0];

/** `client` makes exactly one attempt a call; `clock` hears its answers. */
export function createPartitionStore(
  client: DynamoDBClient,
  tables: PartitionTables,
  clock: StorageClock = createStorageClock(client),
): PartitionStore {
  return new DynamodbPartitionStore(client, tables, clock);
}

class DynamodbPartitionStore implements PartitionStore {
  readonly #client: DynamoDBClient;
  readonly #tables: PartitionTables;
  readonly #producers: ProducerItems;

  constructor(client: DynamoDBClient, tables: PartitionTables, clock: StorageClock) {
    this.#client = client;
    this.#tables = tables;
    this.#producers = new ProducerItems({ client, table: tables.index, clock });
  }

  async readFloor() {
    const item = await this.#getHeadItem(FLOOR_ITEM);
    return item === undefined ? FLOOR_NEVER_RAISED : readText(item, 'floor');
  }

  async createHeads({ topicId, partitions, floor }: CreateHeadsRequest) {
    assert(partitions.length > 0, 'there are heads to create');
    assert(
      partitions.length <= HEADS_PER_TRANSACTION_MAX,
      `a transaction creates at most ${HEADS_PER_TRANSACTION_MAX} heads`,
    );
    const puts = partitions.map((partition) => ({
      Put: {
        TableName: this.#tables.heads,
        Item: encodeHead({ topicId, partition }, emptyHead(floor)),
        ConditionExpression: NOT_THERE,
      },
    }));
    const command = new TransactWriteItemsCommand({
      TransactItems: [
        { ConditionCheck: floorCheck(this.#tables.heads, floor) },
        notBuried(this.#tables.topics, topicId),
        ...puts,
      ],
      ReturnConsumedCapacity: 'TOTAL',
    });
    const outcome = await transacted(this.#client.send(command));
    if (outcome.kind === 'done') return 'created';
    if (outcome.failed.has(TOMBSTONE_POSITION)) return 'dead';
    return outcome.failed.has(FLOOR_POSITION) ? 'floor-moved' : 'exists';
  }

  async deleteHeads({ topicId, partitions }: DeleteHeadsRequest) {
    if (partitions.length === 0) return;
    assert(
      partitions.length <= HEADS_PER_DELETE_MAX,
      `one request deletes at most ${HEADS_PER_DELETE_MAX} heads`,
    );
    const requests = partitions.map((partition) => ({
      DeleteRequest: { Key: headKey({ topicId, partition }) },
    }));
    const command = new BatchWriteItemCommand({
      RequestItems: { [this.#tables.heads]: requests },
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await sent('BatchWriteItem', this.#client.send(command));
    const left = answer.UnprocessedItems?.[this.#tables.heads]?.length ?? 0;
    if (left > 0) {
      const message = `the storage throttled the deletion of ${left} of ${partitions.length} heads`;
      throw new StratalogError('THROTTLED', message, { effect: 'unknown' });
    }
  }

  async appendToHead(request: AppendToHeadRequest): Promise<AppendToHeadOutcome> {
    assert(request.entries.length > 0, 'an append has entries');
    const outcome = await this.#updateHead(request.partition, appendUpdate(request));
    return outcome.kind === 'done'
      ? { kind: 'appended', head: outcome.answer }
      : { kind: 'refused', head: standing(outcome.item), heldUntilMs: heldUntil(outcome.item) };
  }

  async appendToHeads(
    appends: readonly AppendToHeadRequest[],
  ): ReturnType<PartitionStore['appendToHeads']> {
    assert(appends.length > 0, 'there are heads to append to');
    assert(
      appends.length <= TRANSACTION_ITEMS_MAX,
      `a transaction appends to at most ${TRANSACTION_ITEMS_MAX} heads`,
    );
    const command = new TransactWriteItemsCommand({
      TransactItems: appends.map((append) => appendItem(this.#tables.heads, append)),
      ReturnConsumedCapacity: 'TOTAL',
    });
    const outcome = await transacted(this.#client.send(command));
    if (outcome.kind === 'done') return { kind: 'appended' };
    const heads = [...outcome.failed].map(([at, item]) => [at, standing(item)] as const);
    return { kind: 'refused', heads: new Map(heads) };
  }

  async holdHead(partition: PartitionKey, untilMs: number) {
    await this.#updateHead(partition, holdUpdate(untilMs));
  }

  async readHeads(partitions: readonly PartitionKey[]) {
    assert(
      partitions.length <= HEADS_PER_READ_MAX,
      `one request reads at most ${HEADS_PER_READ_MAX} heads`,
    );
    const keys = [...new Set(partitions.map(partitionKeyText))];
    const heads = new Map<string, Head>();
    for (const item of await this.#getHeadItems(keys)) {
      heads.set(readText(item, 'pk'), decodeHead(item));
    }
    return partitions.map((partition) => heads.get(partitionKeyText(partition)));
  }

  async putPage(partition: PartitionKey, page: Page): ReturnType<PartitionStore['putPage']> {
    const command = new PutItemCommand({
      TableName: this.#tables.index,
      Item: encodePage(partition, page),
      ConditionExpression: NOT_THERE,
      ...TELL_WHAT_STANDS,
    });
    const outcome = await conditional('PutItem', this.#client.send(command));
    if (outcome.kind === 'done') return { kind: 'stored' };
    return { kind: 'exists', page: decodePage(required(outcome.item, 'the page that stands')) };
  }

  async trimTail({ partition, tailBase, page }: TrimTailRequest) {
    const outcome = await this.#updateHead(partition, trimUpdate(tailBase, page));
    return outcome.kind === 'done' ? 'trimmed' : 'moved';
  }

  async findPages(
    partition: PartitionKey,
    { offset, limit }: { readonly offset: bigint; readonly limit: number },
  ) {
    const command = new QueryCommand({
      TableName: this.#tables.index,
      KeyConditionExpression: PAGES_UP_TO,
      ExpressionAttributeValues: {
        ':pk': textValue(partitionKeyText(partition)),
        ':first': textValue(pageSortKey(0n)),
        ':last': textValue(pageSortKey(offset)),
      },
      ScanIndexForward: false,
      Limit: limit,
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await sent('Query', this.#client.send(command));
    return (answer.Items ?? []).map(decodePage);
  }

  async raiseLogStart(
    partition: PartitionKey,
    offset: bigint,
  ): ReturnType<PartitionStore['raiseLogStart']> {
    const outcome = await this.#updateHead(partition, logStartUpdate(offset));
    return outcome.kind === 'done'
      ? { kind: 'raised', head: outcome.answer }
      : { kind: 'refused', head: standing(outcome.item) };
  }

  readProducer(partition: PartitionKey, producerId: bigint) {
    return this.#producers.read(partition, producerId);
  }

  putProducer(partition: PartitionKey, producer: KnownProducer) {
    return this.#producers.put(partition, producer);
  }

  async removeProducers(
    partition: PartitionKey,
    producers: Parameters<PartitionStore['removeProducers']>[1],
  ): ReturnType<PartitionStore['removeProducers']> {
    const outcome = await this.#updateHead(partition, evictUpdate(producers));
    return outcome.kind === 'done'
      ? { kind: 'removed', head: outcome.answer }
      : { kind: 'changed', head: standing(outcome.item) };
  }

  async #updateHead(partition: PartitionKey, update: HeadUpdate): Promise<Conditional<Head>> {
    const command = new UpdateItemCommand({
      TableName: this.#tables.heads,
      Key: headKey(partition),
      ...update,
      ...TELL_WHAT_STANDS,
      ReturnValues: 'ALL_NEW',
    });
    const outcome = await conditional('UpdateItem', this.#client.send(command));
    if (outcome.kind === 'refused') return outcome;
    const head = decodeHead(required(outcome.answer.Attributes, 'the updated head'));
    return { kind: 'done', answer: head };
  }

  async #getHeadItem(key: { readonly pk: { S: string } }): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: this.#tables.heads,
      Key: key,
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    return (await sent('GetItem', this.#client.send(command))).Item;
  }

  /** Those that are there, in no particular order; the keys differ. */
  async #getHeadItems(keys: readonly string[]): Promise<readonly Item[]> {
    const [first] = keys;
    if (first === undefined) return [];
    if (keys.length === 1) {
      const item = await this.#getHeadItem({ pk: textValue(first) });
      return item === undefined ? [] : [item];
    }
    const { heads } = this.#tables;
    const request = { Keys: keys.map((key) => ({ pk: textValue(key) })), ConsistentRead: true };
    const command = new BatchGetItemCommand({
      RequestItems: { [heads]: request },
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await sent('BatchGetItem', this.#client.send(command));
    const left = answer.UnprocessedKeys?.[heads]?.Keys?.length ?? 0;
    if (left > 0) {
      const message = `the storage throttled the reading of ${left} of ${keys.length} heads`;
      throw new StratalogError('THROTTLED', message, { effect: 'none' });
    }
    return answer.Responses?.[heads] ?? [];
  }
}

function heldUntil(item: Item | undefined): number | undefined {
  return item === undefined ? undefined : readOptionalNumber(item, 'held');
}

function standing(item: Item | undefined): Head | undefined {
  return item === undefined ? undefined : decodeHead(item);
}

/** The floor is still this; when it was never raised its item isn't there. */
function floorCheck(tableName: string, floor: string) {
  const neverRaised = floor === FLOOR_NEVER_RAISED;
  return {
    TableName: tableName,
    Key: FLOOR_ITEM,
    ConditionExpression: neverRaised ? `(${NOT_THERE} OR ${FLOOR_IS})` : FLOOR_IS,
    ExpressionAttributeNames: { '#floor': 'floor' },
    ExpressionAttributeValues: { ':floor': textValue(floor) },
  };
}
