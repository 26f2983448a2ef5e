// What can happen to a group. Events say what was learnt; the state machine decides what follows.

import type { Assignment } from './assignment.ts';
import type { MemberProfile, Subscription } from './member.ts';
import type { GroupTopic } from './state.ts';

/** A life of a member id. */
export interface MemberLife {
  readonly memberId: string;
  readonly joinEpoch: number;
}

export interface Joiner extends MemberLife {
  readonly profile: MemberProfile;
  /** The fenced member whose place a static member takes. */
  readonly replaces?: string;
}

export type GroupEvent =
  /** New members, or new processes of members; several at once when they met at the door. */
  | { readonly kind: 'join'; readonly joiners: readonly Joiner[] }
  /** A member adopted an epoch and says what it uses. */
  | {
      readonly kind: 'acknowledge';
      readonly memberId: string;
      readonly epoch: number;
      readonly owned: Assignment;
    }
  | { readonly kind: 'subscribe'; readonly memberId: string; readonly subscription: Subscription }
  /** Members that said goodbye. */
  | { readonly kind: 'leave'; readonly lives: readonly MemberLife[] }
  /** Members that were fenced after their lease ran out. */
  | { readonly kind: 'expire'; readonly lives: readonly MemberLife[] }
  /** Topics or partitions may have been added or removed. */
  | { readonly kind: 'refresh' };

/** What the world looks like to an event. */
export interface EventContext {
  /** Every topic that somebody in the group, a joiner included, subscribes to. */
  readonly topics: readonly GroupTopic[];
  /** The storage's clock, milliseconds since 1970. */
  readonly nowMs: number;
}
