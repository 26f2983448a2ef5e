// Groups and members in DynamoDB: table `groups`. The clauses carry the names that the port gives them.

import { DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { assert } from '../../assert.ts';
import { INCARNATION_STEP, type MemberItem } from '../../group/member.ts';
import type { GroupState } from '../../group/state.ts';
import { GROUPS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type {
  GroupStore,
  HeartbeatRequest,
  MemberKey,
  MemberWrite,
} from '../../ports/group-store.ts';
import { type Item, numberValue, readText, textValue } from './attributes.ts';
import { type Conditional, conditional, TELL_WHAT_STANDS } from './conditional.ts';
import { sent } from './errors.ts';
import type { GroupsTable } from './groups-table.ts';
import {
  decodeGroupItem,
  decodeGroupListing,
  encodeGroupItem,
  GROUP_SORT_KEY,
  groupItemKey,
} from './items-group.ts';
import {
  decodeMember,
  encodeMember,
  encodePublication,
  MEMBER_PREFIX,
  memberKey,
  profileChange,
  subscriptionChange,
} from './items-member.ts';
import { conditionExpressions, type ItemUpdate } from './update-expression.ts';

const NO_ITEM = 'attribute_not_exists(#sk)';
const UNCHANGED = '#version = :before';
const FREE = 'attribute_not_exists(#sk) OR (#status = :fenced AND #joinEpoch < :joinEpoch)';
const NOT_FENCED = 'attribute_exists(#sk) AND #status <> :fenced';
const FENCED = '#status = :fenced';
const LIVE = '#status = :live';
const LATER_LIFE = '#joinEpoch < :joinEpoch';
const THIS_LIFE = '#joinEpoch <= :memberEpoch';
const SAME_LIFE = '#joinEpoch = :joinEpoch';
const NEWER = '#counter < :counter';
const NOT_OVERDUE = 'attribute_not_exists(#revokeBy) OR #revokeBy >= :passed';
const UPWARD = '#epoch < :epoch';
const SAME_LEASE = '#lease = :seenLease';
const SAME_STATUS = '#status = :seenStatus';

/** What lists of groups look at. */
const GROUPS_BUT_DELETED = '#sk = :groupItem AND #status <> :deleted';
const LISTED = '#group, #sk, #status, #members';

const FENCED_VALUE = { fenced: textValue('fenced') };

type CreateMember = Parameters<GroupStore['createMember']>[0];
type RejoinMember = Parameters<GroupStore['rejoinMember']>[0];
type PublishAssignment = Parameters<GroupStore['publishAssignment']>[0];
type FenceMember = Parameters<GroupStore['fenceMember']>[0];
type LeaveMember = Parameters<GroupStore['leaveMember']>[0];

/** The table's client makes exactly one attempt a call. */
export function createGroupStore(table: GroupsTable): GroupStore {
  return new DynamodbGroupStore(table);
}

class DynamodbGroupStore implements GroupStore {
  readonly #table: GroupsTable;

  constructor(table: GroupsTable) {
    this.#table = table;
  }

  async readGroup(groupId: string) {
    const item = await this.#table.get(groupItemKey(groupId, GROUP_SORT_KEY));
    const group = item === undefined ? undefined : decodeGroupItem(item);
    return { group, storageNowMs: this.#table.clock.answeredMs() };
  }

  async writeGroup(group: GroupState): ReturnType<GroupStore['writeGroup']> {
    const outcome = await this.#put(
      encodeGroupItem(group),
      group.version === 1
        ? { clauses: [NO_ITEM] }
        : { clauses: [UNCHANGED], values: { before: numberValue(group.version - 1) } },
    );
    const storageNowMs = this.#table.clock.answeredMs();
    if (outcome.kind === 'done') return { kind: 'written', storageNowMs };
    const stands = outcome.item === undefined ? undefined : decodeGroupItem(outcome.item);
    return { kind: 'refused', group: stands, storageNowMs };
  }

  async listGroups({ after, limit }: { readonly after?: string; readonly limit: number }) {
    assert(limit >= 1, 'a page holds a group');
    assert(
      limit <= GROUPS_PER_LIST_PAGE_MAX,
      `a page holds at most ${GROUPS_PER_LIST_PAGE_MAX} groups`,
    );
    const command = new ScanCommand({
      TableName: this.#table.name,
      Limit: limit,
      ...(after === undefined ? {} : { ExclusiveStartKey: decodePlace(after) }),
      FilterExpression: GROUPS_BUT_DELETED,
      ProjectionExpression: LISTED,
      ExpressionAttributeNames: {
        '#group': 'group',
        '#sk': 'sk',
        '#status': 'status',
        '#members': 'members',
      },
      ExpressionAttributeValues: {
        ':groupItem': textValue(GROUP_SORT_KEY),
        ':deleted': textValue('deleted'),
      },
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    });
    const answer = await sent('Scan', this.#table.client.send(command));
    const groups = (answer.Items ?? []).map(decodeGroupListing);
    const last = answer.LastEvaluatedKey;
    return last === undefined ? { groups } : { groups, next: encodePlace(last) };
  }

  async createMember(request: CreateMember): Promise<MemberWrite> {
    const { groupId, memberId, profile, joinEpoch, publishedEpoch } = request;
    const nowMs = await this.#table.notPassedMs();
    const member: MemberItem = {
      groupId,
      memberId,
      ...profile,
      status: 'live',
      joinEpoch,
      counter: INCARNATION_STEP,
      leaseExpiresAtMs: nowMs + profile.sessionTimeoutMs,
      published: { epoch: publishedEpoch, phase: 'stable', assignment: [] },
    };
    const values = { ...FENCED_VALUE, joinEpoch: numberValue(joinEpoch) };
    const condition = { clauses: [FREE], values };
    const outcome = await this.#put(encodeMember(member), condition);
    const storageNowMs = this.#table.clock.answeredMs();
    if (outcome.kind === 'done') return { kind: 'written', member, storageNowMs };
    return { kind: 'refused', member: standing(outcome.item), storageNowMs };
  }

  async rejoinMember({ profile, joinEpoch, ...key }: RejoinMember): Promise<MemberWrite> {
    const nowMs = await this.#table.notPassedMs();
    const change = profileChange(profile);
    return await this.#update(key, {
      set: {
        ...change.set,
        status: textValue('live'),
        joinEpoch: numberValue(joinEpoch),
        lease: numberValue(nowMs + profile.sessionTimeoutMs),
      },
      compute: { counter: '#counter + :step' },
      remove: change.remove,
      clauses: [NOT_FENCED, LATER_LIFE],
      values: {
        ...FENCED_VALUE,
        joinEpoch: numberValue(joinEpoch),
        step: numberValue(INCARNATION_STEP),
      },
    });
  }

  async heartbeatMember(request: HeartbeatRequest): Promise<MemberWrite> {
    const { memberEpoch, counter, subscription, ...key } = request;
    const now = numberValue(await this.#table.notPassedMs());
    const passed = numberValue(await this.#table.passedMs());
    const change = subscription === undefined ? NO_CHANGE : subscriptionChange(subscription);
    const counted = counterUpdate(counter);
    return await this.#update(key, {
      set: { ...change.set, ...counted.set },
      // The stored timeout counts, not one that the member would have to send each time.
      compute: { lease: ':now + #session' },
      remove: change.remove,
      clauses: [LIVE, THIS_LIFE, NOT_OVERDUE, ...counted.clauses],
      values: {
        ...counted.values,
        now,
        passed,
        live: textValue('live'),
        memberEpoch: numberValue(memberEpoch),
      },
    });
  }

  async readMember(key: MemberKey) {
    const item = await this.#table.get(memberKey(key));
    return { member: standing(item), storageNowMs: this.#table.clock.answeredMs() };
  }

  async listMembers({ groupId, after }: { readonly groupId: string; readonly after?: string }) {
    const behind = after === undefined ? undefined : MEMBER_PREFIX + after;
    const page = await this.#table.page({ groupId, prefix: MEMBER_PREFIX, after: behind });
    const members = page.items.map(decodeMember);
    const storageNowMs = this.#table.clock.answeredMs();
    if (page.next === undefined) return { members, storageNowMs };
    return { members, next: page.next.slice(MEMBER_PREFIX.length), storageNowMs };
  }

  async publishAssignment(request: PublishAssignment): Promise<MemberWrite> {
    const { joinEpoch, publication, revokeTimeoutMs, ...key } = request;
    const owes = revokeTimeoutMs !== undefined;
    const revokeBy = owes
      ? { revokeBy: numberValue((await this.#table.notPassedMs()) + revokeTimeoutMs) }
      : {};
    return await this.#update(key, {
      set: encodePublication(publication),
      compute: owes ? { revokeBy: 'if_not_exists(#revokeBy, :revokeBy)' } : {},
      remove: owes ? [] : ['revokeBy'],
      clauses: [NOT_FENCED, SAME_LIFE, UPWARD],
      values: {
        ...FENCED_VALUE,
        ...revokeBy,
        joinEpoch: numberValue(joinEpoch),
        epoch: numberValue(publication.epoch),
      },
    });
  }

  async fenceMember({ reason, seen, ...key }: FenceMember): Promise<MemberWrite> {
    return await this.#update(key, {
      set: { status: textValue('fenced'), fence: textValue(reason) },
      clauses: [NOT_FENCED, SAME_LEASE, SAME_STATUS],
      values: {
        ...FENCED_VALUE,
        seenLease: numberValue(seen.leaseExpiresAtMs),
        seenStatus: textValue(seen.status),
      },
    });
  }

  async leaveMember(request: LeaveMember): Promise<MemberWrite> {
    const { temporarily, memberEpoch, counter, ...key } = request;
    const counted = counterUpdate(counter);
    const lives =
      memberEpoch === undefined
        ? { clauses: [], values: {} }
        : { clauses: [THIS_LIFE], values: { memberEpoch: numberValue(memberEpoch) } };
    const over = { status: textValue('fenced'), fence: textValue('left') };
    return await this.#update(key, {
      set: { ...(temporarily ? { status: textValue('away') } : over), ...counted.set },
      clauses: [NOT_FENCED, ...lives.clauses, ...counted.clauses],
      values: { ...FENCED_VALUE, ...lives.values, ...counted.values },
    });
  }

  async deleteMember({ joinEpoch, ...key }: MemberKey & { readonly joinEpoch: number }) {
    const command = new DeleteItemCommand({
      TableName: this.#table.name,
      Key: memberKey(key),
      ...conditionExpressions({
        clauses: [FENCED, SAME_LIFE],
        values: { ...FENCED_VALUE, joinEpoch: numberValue(joinEpoch) },
      }),
      ...TELL_WHAT_STANDS,
    });
    const outcome = await conditional('DeleteItem', this.#table.client.send(command));
    return outcome.kind === 'done' ? 'deleted' : 'refused';
  }

  async #put(
    item: Record<string, Item[string]>,
    condition: Pick<ItemUpdate, 'clauses' | 'values'>,
  ): Promise<Conditional<unknown>> {
    const command = new PutItemCommand({
      TableName: this.#table.name,
      Item: item,
      ...conditionExpressions(condition),
      ...TELL_WHAT_STANDS,
    });
    return await conditional('PutItem', this.#table.client.send(command));
  }

  async #update(key: MemberKey, update: ItemUpdate): Promise<MemberWrite> {
    const outcome = await this.#table.update(memberKey(key), update);
    const storageNowMs = this.#table.clock.answeredMs();
    return outcome.kind === 'done'
      ? { kind: 'written', member: decodeMember(outcome.answer), storageNowMs }
      : { kind: 'refused', member: standing(outcome.item), storageNowMs };
  }
}

const NO_CHANGE = { set: {}, remove: [] };

/** A counter that is given is stored, and must be the largest so far. */
function counterUpdate(counter: number | undefined) {
  if (counter === undefined) return { set: {}, clauses: [], values: {} };
  const value = { counter: numberValue(counter) };
  return { set: value, clauses: [NEWER], values: value };
}

function standing(item: Item | undefined): MemberItem | undefined {
  return item === undefined ? undefined : decodeMember(item);
}

/** Where a list of groups goes on: a key of the table, as text. */
function encodePlace(key: Item): string {
  return JSON.stringify([readText(key, 'group'), readText(key, 'sk')]);
}

function decodePlace(place: string) {
  const parts: unknown = JSON.parse(place);
  assert(Array.isArray(parts), 'a place in a list of groups');
  const [groupId, sortKey] = parts.map(String);
  return groupItemKey(groupId ?? '', sortKey ?? '');
}
