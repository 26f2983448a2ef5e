// A committed offset as its item holds it, and what a refused claim or commit means.
//
// Ownership is in the item: (epoch, member id). Whoever claims later, with a larger epoch, wins; a member's own claim
// may be repeated. `fenced` and `one-owner` hold because a commit names its owner, whatever else is going on.

import { type Rejected, rejected } from '../errors.ts';
import type { TopicPartition } from './assignment.ts';
import { notInGroup } from './heartbeat.ts';
import type { MemberItem } from './member.ts';

interface CommittedOffset {
  /** The offset of the next record to read. */
  readonly offset: bigint;
  readonly metadata: string;
  /** By the storage's clock, milliseconds since 1970. */
  readonly committedAtMs: number;
}

/** The item `OFFSET#<topicId>#<partition>`. */
export interface OffsetItem extends TopicPartition {
  /** The topic's name when the item was put. */
  readonly topicName: string;
  readonly ownerEpoch: number;
  /** Undefined: nobody owns it, and everything older than `ownerEpoch` is fenced. */
  readonly ownerMemberId?: string;
  /** Number of the last commit that counted; survives claims, so that a late commit never moves an offset back. */
  readonly counter: number;
  /** Undefined: claimed and never committed. */
  readonly committed?: CommittedOffset;
}

/** Who commits. */
export interface CommitIdentity {
  readonly memberId: string;
  readonly memberEpoch: number;
}

/**
 * Why a commit was refused by the item that stands. `superseded` is no error: the same owner's later commit is in.
 * `member` is the committer's own item, read after the refusal, so that the caller hears what to do.
 */
export function explainRefusedCommit(
  identity: CommitIdentity,
  stands: OffsetItem | undefined,
  member: MemberItem | undefined,
): { readonly kind: 'superseded'; readonly offset: OffsetItem } | Rejected {
  if (
    stands !== undefined &&
    stands.ownerMemberId === identity.memberId &&
    stands.ownerEpoch <= identity.memberEpoch
  ) {
    return { kind: 'superseded', offset: stands };
  }
  if (member === undefined) return notInGroup(identity.memberId);
  if (member.status === 'fenced') {
    return rejected(
      member.fence === 'replaced' ? 'FENCED_INSTANCE_ID' : 'FENCED_MEMBER_EPOCH',
      `member ${identity.memberId} was removed from the group; nothing was committed; join it again`,
    );
  }
  return rejected(
    'STALE_MEMBER_EPOCH',
    `member ${identity.memberId} doesn't own this partition at epoch ${identity.memberEpoch}; nothing was committed; heartbeat, then claim what it is assigned`,
  );
}
