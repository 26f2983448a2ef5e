// What an assignor is: a pure function from members and topics to who gets what. Members of one group are always
// assigned together by one assignor; ties are broken by id, so that anybody computes the same.

import type { Assignment } from './assignment.ts';
import type { GroupTopic } from './state.ts';

export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId?: string;
  /** Of the topics given, those it subscribes to. */
  readonly topicIds: ReadonlySet<string>;
  /** What it was to have before. */
  readonly previous: Assignment;
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[];
  /** Sorted by name. */
  readonly topics: readonly GroupTopic[];
}

/** By member id; a member that gets nothing may be missing. */
export type Assignor = (input: AssignorInput) => ReadonlyMap<string, Assignment>;

/** Kafka's order of members (AbstractPartitionAssignor.MemberInfo): static ones by instance id, then the others by id. */
export function compareMembers(left: AssignorMember, right: AssignorMember): number {
  if (left.instanceId !== undefined && right.instanceId !== undefined) {
    return compareTexts(left.instanceId, right.instanceId);
  }
  if (left.instanceId !== undefined) return -1;
  if (right.instanceId !== undefined) return 1;
  return compareTexts(left.memberId, right.memberId);
}

export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
