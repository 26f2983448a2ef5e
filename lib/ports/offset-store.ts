// Committed offsets and who owns them: the items `OFFSET#<topicId>#<partition>` of the groups table. One method is one
// storage request; reads are strongly consistent. Refusals answer with the item that stands (undefined: there is none).
// Failures are StratalogError as in partition-store. `committedAtMs` is the storage's clock as in group-store. No method
// retries by itself.

import type { TopicPartition } from '../group/assignment.ts';
import type { MemberItem } from '../group/member.ts';
import type { OffsetItem } from '../group/offset.ts';

/** Where an item is put, its topic's name goes with it: a topic id can't be looked up. */
export interface NamedPartition extends TopicPartition {
  readonly topicName: string;
}

export interface ClaimRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly epoch: number;
  readonly partition: NamedPartition;
}

export interface CommitRequest {
  readonly groupId: string;
  readonly memberId: string;
  /** The epoch that the member has adopted. */
  readonly memberEpoch: number;
  readonly partition: TopicPartition;
  readonly offset: bigint;
  /** At most OFFSET_METADATA_BYTES_MAX. */
  readonly metadata: string;
  /** This commit's number; absent: the next one, whatever is stored. */
  readonly counter?: number;
}

export interface OffsetStore {
  /**
   * Takes a partition over: the owner becomes (`epoch`, `memberId`); offset, metadata and counter stay.
   * Clauses: EXISTS: there is an item; LATER: stored `ownerEpoch` < `epoch`, or equal and the stored owner is
   * `memberId` (an equal epoch with another owner, or none, is refused).
   * `absent`: EXISTS failed; use claimFirst.
   */
  claimPartition(
    request: ClaimRequest,
  ): Promise<
    | { readonly kind: 'claimed'; readonly offset: OffsetItem }
    | { readonly kind: 'refused'; readonly offset: OffsetItem }
    | { readonly kind: 'absent' }
  >;

  /**
   * The first claim of all, a transaction: puts an item with the owner (`epoch`, `memberId`), counter 0 and nothing
   * committed, and checks the claimer's own member item.
   * Clauses: ABSENT: no item of that key; MEMBER_LIVES: the member's item exists, its status is `live` and its
   * published epoch is `epoch`.
   * `exists`: ABSENT failed; use claimPartition. `refused`: MEMBER_LIVES failed (it counts when both did).
   * A transaction that was cancelled by a conflict is THROTTLED with effect `none`.
   */
  claimFirst(
    request: ClaimRequest,
  ): Promise<
    | { readonly kind: 'claimed'; readonly offset: OffsetItem }
    | { readonly kind: 'exists' }
    | { readonly kind: 'refused'; readonly member: MemberItem | undefined }
  >;

  /**
   * Stores offset, metadata, the time, and `counter` (when absent: the stored one plus 1).
   * Clauses: OWNER: the item exists and its owner is `memberId`; ADOPTED: stored `ownerEpoch` ≤ `memberEpoch`;
   * NEWER: stored counter < `counter` (left out when none is given).
   */
  commitOffset(
    request: CommitRequest,
  ): Promise<
    | { readonly kind: 'committed'; readonly offset: OffsetItem }
    | { readonly kind: 'refused'; readonly offset: OffsetItem | undefined }
  >;

  /**
   * Stores offsets of a group without members (a consumer that only commits; a reset), all or none, in one
   * transaction of at most OFFSETS_PER_TRANSACTION_MAX offsets, and makes nobody their owner at `epoch`: everything
   * older is fenced. Items that don't exist are put with counter 1; of others the counter is raised by 1.
   * Clauses: UNCHANGED: the group's item exists with this version (the caller saw it without members, at `epoch`);
   * per offset NOT_LATER: no item, or stored `ownerEpoch` ≤ `epoch`.
   * A conflict is THROTTLED with effect `none`.
   */
  commitWhileEmpty(request: {
    readonly groupId: string;
    readonly groupVersion: number;
    readonly epoch: number;
    readonly offsets: readonly {
      readonly partition: NamedPartition;
      readonly offset: bigint;
      readonly metadata: string;
    }[];
  }): Promise<'committed' | 'group-changed'>;

  /**
   * Fences what an evicted member may have owned: the owner becomes (`epoch`, nobody).
   * Clauses: EXISTS; NOT_LATER: stored `ownerEpoch` ≤ `epoch`.
   */
  raiseOffsetOwner(request: {
    readonly groupId: string;
    readonly partition: TopicPartition;
    readonly epoch: number;
  }): Promise<'raised' | 'refused'>;

  /** A page of a group's offsets in the order of their keys; `next` goes into the next call. */
  readOffsets(request: { readonly groupId: string; readonly after?: string }): Promise<{
    readonly offsets: readonly OffsetItem[];
    readonly next?: string;
    readonly storageNowMs: number;
  }>;

  /**
   * Removes an offset.
   * Clauses: EXISTS; NOT_LATER: stored `ownerEpoch` ≤ `epoch`: what a re-created group claimed stays.
   */
  deleteOffset(request: {
    readonly groupId: string;
    readonly partition: TopicPartition;
    readonly epoch: number;
  }): Promise<'deleted' | 'refused'>;
}
