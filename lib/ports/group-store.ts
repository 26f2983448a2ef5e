// Groups and their members: the items `GROUP` and `MEMBER#<member id>` of the groups table. One method is one storage
// request, so that a test can stop between any two of them. Every read is strongly consistent.
//
// Clock: `storageNowMs` in an answer is a moment that the storage's clock had surely passed when it answered (with
// DynamoDB's `Date` header, which has whole seconds: that second's beginning). Where a request writes a moment (a lease,
// a deadline), the adapter writes one that is surely not earlier than the storage's now plus the given time. So the
// margin for clocks is the adapter's, on the safe side of both ends, and no client's clock evicts anybody.
//
// A refused write changes nothing and answers with the item that stands (ReturnValuesOnConditionCheckFailure);
// undefined: there is none. Failures are StratalogError as in partition-store. No method retries by itself.

import type {
  FenceReason,
  MemberItem,
  MemberProfile,
  Publication,
  Subscription,
} from '../group/member.ts';
import type { GroupState, GroupStatus } from '../group/state.ts';

/** Names one member of one group. */
export interface MemberKey {
  readonly groupId: string;
  readonly memberId: string;
}

export interface GroupListing {
  readonly groupId: string;
  readonly status: GroupStatus;
  readonly memberCount: number;
}

export interface HeartbeatRequest extends MemberKey {
  /** The epoch that the member has adopted. */
  readonly memberEpoch: number;
  /** incarnation · INCARNATION_STEP + n; absent: the sender doesn't count, and the clause NEWER is left out. */
  readonly counter?: number;
  /** Replaces the stored subscription when given. */
  readonly subscription?: Subscription;
}

/** A member's item after the write, or the one that stood in its way. */
export type MemberWrite =
  | { readonly kind: 'written'; readonly member: MemberItem; readonly storageNowMs: number }
  | {
      readonly kind: 'refused';
      readonly member: MemberItem | undefined;
      readonly storageNowMs: number;
    };

export interface GroupStore {
  /** The group's item, in any status; undefined when there never was one. */
  readGroup(
    groupId: string,
  ): Promise<{ readonly group: GroupState | undefined; readonly storageNowMs: number }>;

  /**
   * Puts the group's item.
   * Clause UNCHANGED: the stored version is `group.version − 1`; for version 1, no item exists.
   */
  writeGroup(group: GroupState): Promise<
    | { readonly kind: 'written'; readonly storageNowMs: number }
    | {
        readonly kind: 'refused';
        readonly group: GroupState | undefined;
        readonly storageNowMs: number;
      }
  >;

  /** A page of groups (every status but `deleted`), in no particular order; `next` goes into the next call. */
  listGroups(request: {
    readonly after?: string;
    readonly limit: number;
  }): Promise<{ readonly groups: readonly GroupListing[]; readonly next?: string }>;

  /**
   * Puts a member's item: `live`, the profile as given, `joinEpoch` as given, `counter` INCARNATION_STEP, the lease
   * now + sessionTimeoutMs, published (epoch `publishedEpoch`, phase `stable`, no partitions).
   * Clause FREE: no item of that key, or a fenced one of an earlier life (stored `joinEpoch` < `joinEpoch`): a request
   * that comes late begins no life a second time ✗.
   */
  createMember(
    request: MemberKey & {
      readonly profile: MemberProfile;
      readonly joinEpoch: number;
      readonly publishedEpoch: number;
    },
  ): Promise<MemberWrite>;

  /**
   * A new process under a member id that lives: `live`, profile and `joinEpoch` as given (an absent instanceId,
   * clientId or assignor is removed), `counter` plus INCARNATION_STEP, the lease now + sessionTimeoutMs.
   * `published` and `revokeByMs` stay.
   * Clauses: NOT_FENCED: the item exists and `status` is not `fenced`; LATER_LIFE: stored `joinEpoch` < `joinEpoch`.
   */
  rejoinMember(
    request: MemberKey & { readonly profile: MemberProfile; readonly joinEpoch: number },
  ): Promise<MemberWrite>;

  /**
   * One update, and all that a heartbeat writes: `counter` and `subscription` as given (each only when given), the
   * lease becomes now + the stored sessionTimeoutMs. Answers with the whole item after it.
   * Clauses: LIVE: the item exists and `status` is `live`; THIS_LIFE: stored `joinEpoch` ≤ `memberEpoch`;
   * NEWER: stored `counter` < `counter` (left out when none is given); NOT_OVERDUE: no `revokeByMs`, or it is not
   * past by the storage's clock.
   */
  heartbeatMember(request: HeartbeatRequest): Promise<MemberWrite>;

  readMember(
    key: MemberKey,
  ): Promise<{ readonly member: MemberItem | undefined; readonly storageNowMs: number }>;

  /** A page of the group's member items (every status), sorted by member id; `next` goes into the next call. */
  listMembers(request: { readonly groupId: string; readonly after?: string }): Promise<{
    readonly members: readonly MemberItem[];
    readonly next?: string;
    readonly storageNowMs: number;
  }>;

  /**
   * Tells a member what it has from now on. `revokeTimeoutMs` is given when the phase is `unrevoked`: `revokeByMs`
   * becomes now + that, unless one is set already, which stays; for other phases `revokeByMs` is removed.
   * Clauses: NOT_FENCED: the item exists and `status` is not `fenced`; SAME_LIFE: stored `joinEpoch` is `joinEpoch`;
   * UPWARD: stored published epoch < `publication.epoch`.
   */
  publishAssignment(
    request: MemberKey & {
      readonly joinEpoch: number;
      readonly publication: Publication;
      readonly revokeTimeoutMs?: number;
    },
  ): Promise<MemberWrite>;

  /**
   * Ends a life: `status` `fenced`, `fence` the reason. From then on its heartbeats are refused and nothing is
   * published to it; the answer's `published.epoch` is the largest that it can ever have been told.
   * Clauses: NOT_FENCED as above; SAME_LEASE: stored `leaseExpiresAtMs` is the one seen; SAME_STATUS: stored `status`
   * is the one seen.
   */
  fenceMember(
    request: MemberKey & {
      readonly reason: FenceReason;
      readonly seen: Pick<MemberItem, 'leaseExpiresAtMs' | 'status'>;
    },
  ): Promise<MemberWrite>;

  /**
   * The member's own farewell: `status` becomes `away` (`temporarily`), else `fenced` with reason `left`. `counter` is
   * stored when given. The lease stays as it is.
   * Clauses: NOT_FENCED as above; THIS_LIFE and NEWER as for a heartbeat (each left out when `memberEpoch`, `counter`
   * is not given).
   */
  leaveMember(
    request: MemberKey & {
      readonly temporarily: boolean;
      readonly memberEpoch?: number;
      readonly counter?: number;
    },
  ): Promise<MemberWrite>;

  /**
   * Removes what is left of a life.
   * Clauses: FENCED: the item exists and `status` is `fenced`; SAME_LIFE: stored `joinEpoch` is `joinEpoch`.
   */
  deleteMember(request: MemberKey & { readonly joinEpoch: number }): Promise<'deleted' | 'refused'>;
}
