// Committed offsets and their owners in DynamoDB: table `groups`. The clauses carry the names that the port gives them.

import {
  DeleteItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { assert } from '../../assert.ts';
import type { OffsetItem } from '../../group/offset.ts';
import { OFFSET_METADATA_BYTES_MAX, OFFSETS_PER_TRANSACTION_MAX } from '../../limits.ts';
import type { ClaimRequest, CommitRequest, OffsetStore } from '../../ports/offset-store.ts';
import { numberValue, textValue } from './attributes.ts';
import { conditional, TELL_WHAT_STANDS, transacted } from './conditional.ts';
import type { GroupsTable } from './groups-table.ts';
import { GROUP_SORT_KEY, groupItemKey } from './items-group.ts';
import { decodeMember, memberKey } from './items-member.ts';
import { decodeOffset, encodeOffset, OFFSET_PREFIX, offsetKey } from './items-offset.ts';
import { conditionExpressions, updateExpressions } from './update-expression.ts';

const ABSENT = 'attribute_not_exists(#sk)';
const EXISTS = 'attribute_exists(#sk)';
const LATER = '#ownerEpoch < :epoch OR (#ownerEpoch = :epoch AND #owner = :owner)';
const NOT_LATER = '#ownerEpoch <= :epoch';
const MEMBER_LIVES = '#status = :live AND #epoch = :epoch';
const OWNER = '#owner = :owner';
const ADOPTED = '#ownerEpoch <= :memberEpoch';
const NEWER = '#counter < :counter';
const GROUP_UNCHANGED = '#version = :version';

/** The member's check comes first in a first claim. */
const MEMBER_POSITION = 0;

type CommitWhileEmpty = Parameters<OffsetStore['commitWhileEmpty']>[0];
type RaiseOffsetOwner = Parameters<OffsetStore['raiseOffsetOwner']>[0];
type DeleteOffset = Parameters<OffsetStore['deleteOffset']>[0];

/** The table's client makes exactly one attempt a call. */
export function createOffsetStore(table: GroupsTable): OffsetStore {
  return new DynamodbOffsetStore(table);
}

class DynamodbOffsetStore implements OffsetStore {
  readonly #table: GroupsTable;

  constructor(table: GroupsTable) {
    this.#table = table;
  }

  async claimPartition(request: ClaimRequest): ReturnType<OffsetStore['claimPartition']> {
    const { groupId, memberId, epoch, partition } = request;
    const owner = { ownerEpoch: numberValue(epoch), owner: textValue(memberId) };
    const outcome = await this.#table.update(offsetKey(groupId, partition), {
      set: owner,
      clauses: [EXISTS, LATER],
      values: { epoch: owner.ownerEpoch, owner: owner.owner },
    });
    if (outcome.kind === 'done') return { kind: 'claimed', offset: decodeOffset(outcome.answer) };
    if (outcome.item === undefined) return { kind: 'absent' };
    return { kind: 'refused', offset: decodeOffset(outcome.item) };
  }

  async claimFirst(request: ClaimRequest): ReturnType<OffsetStore['claimFirst']> {
    const { groupId, memberId, epoch, partition } = request;
    const offset: OffsetItem = {
      ...partition,
      ownerEpoch: epoch,
      ownerMemberId: memberId,
      counter: 0,
    };
    const memberLives = {
      ConditionCheck: {
        TableName: this.#table.name,
        Key: memberKey({ groupId, memberId }),
        ...conditionExpressions({
          clauses: [MEMBER_LIVES],
          values: { live: textValue('live'), epoch: numberValue(epoch) },
        }),
        ReturnValuesOnConditionCheckFailure: TELL_WHAT_STANDS.ReturnValuesOnConditionCheckFailure,
      },
    };
    const put = {
      Put: {
        TableName: this.#table.name,
        Item: encodeOffset(groupId, offset),
        ...conditionExpressions({ clauses: [ABSENT] }),
      },
    };
    const outcome = await this.#transact([memberLives, put]);
    if (outcome.kind === 'done') return { kind: 'claimed', offset };
    if (!outcome.failed.has(MEMBER_POSITION)) return { kind: 'exists' };
    const item = outcome.failed.get(MEMBER_POSITION);
    return { kind: 'refused', member: item === undefined ? undefined : decodeMember(item) };
  }

  async commitOffset(request: CommitRequest): ReturnType<OffsetStore['commitOffset']> {
    const { groupId, memberId, memberEpoch, partition, counter } = request;
    assertMetadata(request.metadata);
    const committed = committedAttributes(request, await this.#table.notPassedMs());
    const counted =
      counter === undefined
        ? {
            compute: { counter: '#counter + :one' },
            clauses: [],
            values: { one: numberValue(1) },
          }
        : {
            compute: { counter: ':counter' },
            clauses: [NEWER],
            values: { counter: numberValue(counter) },
          };
    const outcome = await this.#table.update(offsetKey(groupId, partition), {
      set: committed,
      compute: counted.compute,
      clauses: [OWNER, ADOPTED, ...counted.clauses],
      values: {
        ...counted.values,
        owner: textValue(memberId),
        memberEpoch: numberValue(memberEpoch),
      },
    });
    if (outcome.kind === 'done') return { kind: 'committed', offset: decodeOffset(outcome.answer) };
    const stands = outcome.item === undefined ? undefined : decodeOffset(outcome.item);
    return { kind: 'refused', offset: stands };
  }

  async commitWhileEmpty(request: CommitWhileEmpty): Promise<'committed' | 'group-changed'> {
    const { groupId, groupVersion, epoch, offsets } = request;
    assert(offsets.length > 0, 'there are offsets to commit');
    assert(
      offsets.length <= OFFSETS_PER_TRANSACTION_MAX,
      `a transaction commits at most ${OFFSETS_PER_TRANSACTION_MAX} offsets`,
    );
    const nowMs = await this.#table.notPassedMs();
    const groupUnchanged = {
      ConditionCheck: {
        TableName: this.#table.name,
        Key: groupItemKey(groupId, GROUP_SORT_KEY),
        ...conditionExpressions({
          clauses: [GROUP_UNCHANGED],
          values: { version: numberValue(groupVersion) },
        }),
      },
    };
    const updates = offsets.map((committed) => {
      assertMetadata(committed.metadata);
      return {
        Update: {
          TableName: this.#table.name,
          Key: offsetKey(groupId, committed.partition),
          ...updateExpressions({
            set: {
              ...committedAttributes(committed, nowMs),
              topic: textValue(committed.partition.topicName),
              ownerEpoch: numberValue(epoch),
            },
            compute: { counter: 'if_not_exists(#counter, :zero) + :one' },
            remove: ['owner'],
            clauses: [`${ABSENT} OR ${NOT_LATER}`],
            values: { epoch: numberValue(epoch), zero: numberValue(0), one: numberValue(1) },
          }),
        },
      };
    });
    const outcome = await this.#transact([groupUnchanged, ...updates]);
    return outcome.kind === 'done' ? 'committed' : 'group-changed';
  }

  async raiseOffsetOwner({ groupId, partition, epoch }: RaiseOffsetOwner) {
    const outcome = await this.#table.update(offsetKey(groupId, partition), {
      set: { ownerEpoch: numberValue(epoch) },
      remove: ['owner'],
      clauses: [EXISTS, NOT_LATER],
      values: { epoch: numberValue(epoch) },
    });
    return outcome.kind === 'done' ? 'raised' : 'refused';
  }

  async readOffsets({ groupId, after }: { readonly groupId: string; readonly after?: string }) {
    const page = await this.#table.page({ groupId, prefix: OFFSET_PREFIX, after });
    const offsets = page.items.map(decodeOffset);
    const storageNowMs = this.#table.clock.answeredMs();
    const { next } = page;
    return next === undefined ? { offsets, storageNowMs } : { offsets, next, storageNowMs };
  }

  async deleteOffset({ groupId, partition, epoch }: DeleteOffset) {
    const command = new DeleteItemCommand({
      TableName: this.#table.name,
      Key: offsetKey(groupId, partition),
      ...conditionExpressions({
        clauses: [EXISTS, NOT_LATER],
        values: { epoch: numberValue(epoch) },
      }),
      ...TELL_WHAT_STANDS,
    });
    const outcome = await conditional('DeleteItem', this.#table.client.send(command));
    return outcome.kind === 'done' ? 'deleted' : 'refused';
  }

  async #transact(items: TransactWriteItem[]) {
    const command = new TransactWriteItemsCommand({
      TransactItems: items,
      ReturnConsumedCapacity: 'TOTAL',
    });
    return await transacted(this.#table.client.send(command));
  }
}

function committedAttributes(
  committed: { readonly offset: bigint; readonly metadata: string },
  committedAtMs: number,
) {
  return {
    offset: numberValue(committed.offset),
    metadata: textValue(committed.metadata),
    committedAt: numberValue(committedAtMs),
  };
}

function assertMetadata(metadata: string): void {
  assert(
    Buffer.byteLength(metadata) <= OFFSET_METADATA_BYTES_MAX,
    `metadata takes at most ${OFFSET_METADATA_BYTES_MAX} bytes`,
  );
}
