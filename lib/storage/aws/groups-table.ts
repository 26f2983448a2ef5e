// Requests to table `groups` that its stores share.

import {
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { required } from '../../assert.ts';
import { type Item, readText, textValue } from './attributes.ts';
import { type Conditional, conditional, TELL_WHAT_STANDS } from './conditional.ts';
import { sent } from './errors.ts';
import { type GroupItemKey, groupItemKey } from './items-group.ts';
import type { StorageClock } from './storage-clock.ts';
import { type ItemUpdate, updateExpressions } from './update-expression.ts';

const BEGINS_WITH = '#group = :group AND begins_with(#sk, :prefix)';
/** Nothing is ever stored here: asked for when only the time of the answer matters. */
const NOWHERE = groupItemKey(' ', 'CLOCK');

export class GroupsTable {
  readonly client: DynamoDBClient;
  readonly name: string;
  readonly clock: StorageClock;

  constructor(client: DynamoDBClient, name: string, clock: StorageClock) {
    this.client = client;
    this.name = name;
    this.clock = clock;
  }

  async get(key: GroupItemKey): Promise<Item | undefined> {
    const command = new GetItemCommand({
      TableName: this.name,
      Key: key,
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    return (await sent('GetItem', this.client.send(command))).Item;
  }

  /** The item after the update, or the one that refused it. */
  async update(key: GroupItemKey, update: ItemUpdate): Promise<Conditional<Item>> {
    const command = new UpdateItemCommand({
      TableName: this.name,
      Key: key,
      ...updateExpressions(update),
      ...TELL_WHAT_STANDS,
      ReturnValues: 'ALL_NEW',
    });
    const outcome = await conditional('UpdateItem', this.client.send(command));
    if (outcome.kind === 'refused') return outcome;
    return { kind: 'done', answer: required(outcome.answer.Attributes, 'the updated item') };
  }

  /** A page of a group's items whose sort key begins with `prefix`, behind `after` (a sort key). */
  async page(request: {
    readonly groupId: string;
    readonly prefix: string;
    readonly after: string | undefined;
  }): Promise<{ readonly items: readonly Item[]; readonly next: string | undefined }> {
    const { groupId, prefix, after } = request;
    const command = new QueryCommand({
      TableName: this.name,
      KeyConditionExpression: BEGINS_WITH,
      ExpressionAttributeNames: { '#group': 'group', '#sk': 'sk' },
      ExpressionAttributeValues: { ':group': textValue(groupId), ':prefix': textValue(prefix) },
      ...(after === undefined ? {} : { ExclusiveStartKey: groupItemKey(groupId, after) }),
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await sent('Query', this.client.send(command));
    const last = answer.LastEvaluatedKey;
    const next = last === undefined ? undefined : readText(last, 'sk');
    return { items: answer.Items ?? [], next };
  }

  /** A moment to write. A process that never heard from the storage asks once, for nothing. */
  async notPassedMs(): Promise<number> {
    if (!this.clock.isKnown) await this.get(NOWHERE);
    return this.clock.notPassedMs();
  }

  /** A moment to compare stored ones with; asks as notPassedMs does. */
  async passedMs(): Promise<number> {
    if (!this.clock.isKnown) await this.get(NOWHERE);
    return this.clock.passedMs();
  }
}
