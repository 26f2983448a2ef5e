// What a member hears: the same after a join and after a heartbeat, always the whole assignment.

import type { Assignment } from '../../group/assignment.ts';
import { heartbeatIntervalMs } from '../../group/heartbeat.ts';
import type { MemberItem, MemberPhase, Publication } from '../../group/member.ts';

export interface MemberAnswer {
  readonly kind: 'member';
  readonly memberId: string;
  /** To be sent with every heartbeat, claim and commit from now on. */
  readonly memberEpoch: number;
  /** Of heartbeats: the next one's is larger. */
  readonly counter: number;
  readonly heartbeatIntervalMs: number;
  readonly phase: MemberPhase;
  readonly assignment: Assignment;
}

export function answerOf(member: MemberItem, publication: Publication): MemberAnswer {
  return {
    kind: 'member',
    memberId: member.memberId,
    memberEpoch: publication.epoch,
    counter: member.counter,
    heartbeatIntervalMs: heartbeatIntervalMs(member.sessionTimeoutMs, publication),
    phase: publication.phase,
    assignment: publication.assignment,
  };
}
