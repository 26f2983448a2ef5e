// A member as its own item holds it: what it asked for, whether it lives, and what it was last told. The item is apart
// from the group's so that a heartbeat is one update of one small item, however large the group is.
//
// Invariants: `published.epoch` only rises; a member is told nothing but what its item holds; nothing is published to
// a fenced item, and a fenced item never comes alive again except as a new life (`joinEpoch`) of the same member id.

import type { Assignment } from './assignment.ts';

export const ASSIGNOR_NAMES = ['uniform', 'range', 'roundrobin'] as const;
export type AssignorName = (typeof ASSIGNOR_NAMES)[number];

/** What a member wants to read: topics by name, or every topic whose whole name matches, or both. */
export interface Subscription {
  /** Sorted, each once. */
  readonly topicNames: readonly string[];
  readonly topicRegex?: string;
  /** Who asked, with a regex and where access lists are on: it matches only topics that they may describe. */
  readonly principal?: string;
}

/**
 * How far a member has come towards what the assignor wants it to have.
 * `stable`: it was told all of it and holds nothing else.
 * `unrevoked`: it was told to give partitions up and has not said yet that it did.
 * `unreleased`: it waits for partitions that others have not given up yet.
 */
export type MemberPhase = 'stable' | 'unrevoked' | 'unreleased';

/** What a member was told: from this group epoch on it may use these partitions and no others. */
export interface Publication {
  readonly epoch: number;
  readonly phase: MemberPhase;
  readonly assignment: Assignment;
}

/**
 * `live`: heartbeats extend its lease. `away`: a static member left for a while; its partitions wait for its return
 * until the lease runs out. `fenced`: over; `fence` says why.
 */
export type MemberStatus = 'live' | 'away' | 'fenced';
export type FenceReason = 'left' | 'expired' | 'replaced';

/** What a member says of itself when it joins. */
export interface MemberProfile {
  readonly subscription: Subscription;
  /** `group.instance.id` of a static member. */
  readonly instanceId?: string;
  readonly clientId?: string;
  /** The assignor it wishes; the group takes the one most members wish. */
  readonly assignor?: AssignorName;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

/** The item `MEMBER#<member id>`. */
export interface MemberItem extends MemberProfile {
  readonly groupId: string;
  readonly memberId: string;
  readonly status: MemberStatus;
  /** Set when `status` is `fenced`. */
  readonly fence?: FenceReason;
  /**
   * The epoch at which this life of the member id began. Whatever carries a smaller epoch was sent in a former life,
   * or by a process that another one of the same member id replaced.
   */
  readonly joinEpoch: number;
  /** incarnation · INCARNATION_STEP + n: the last heartbeat that counted. Only rises within a life. */
  readonly counter: number;
  /** By the storage's clock, milliseconds since 1970. */
  readonly leaseExpiresAtMs: number;
  /** Set while it owes partitions: from then on heartbeats don't extend the lease. By the storage's clock. */
  readonly revokeByMs?: number;
  readonly published: Publication;
}

/** The pair (incarnation, n) is one number that clients count up from: each new process of a member starts a step higher. */
export const INCARNATION_STEP = 2 ** 32;

/** Has the lease run out? `storageNowMs` must not be ahead of the storage's clock. */
export function isExpired(member: MemberItem, storageNowMs: number): boolean {
  return member.status !== 'fenced' && member.leaseExpiresAtMs < storageNowMs;
}
