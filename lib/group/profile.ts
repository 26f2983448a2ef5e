// What a join asks for, checked: names, bounds and defaults.

import { type Rejected, rejected } from '../errors.ts';
import {
  GROUP_ID_CHARACTERS_MAX,
  MEMBER_ID_CHARACTERS_MAX,
  REBALANCE_TIMEOUT_MS_DEFAULT,
  REBALANCE_TIMEOUT_MS_MAX,
  REBALANCE_TIMEOUT_MS_MIN,
  SESSION_TIMEOUT_MS_DEFAULT,
  SESSION_TIMEOUT_MS_MAX,
  SESSION_TIMEOUT_MS_MIN,
} from '../limits.ts';
import { ASSIGNOR_NAMES, type MemberProfile } from './member.ts';
import { parseSubscription, type SubscriptionRequest } from './subscription.ts';

export interface ProfileRequest extends SubscriptionRequest {
  readonly instanceId?: string | undefined;
  readonly clientId?: string | undefined;
  /** SESSION_TIMEOUT_MS_MIN to SESSION_TIMEOUT_MS_MAX; 45 s when absent. */
  readonly sessionTimeoutMs?: number | undefined;
  /** REBALANCE_TIMEOUT_MS_MIN to REBALANCE_TIMEOUT_MS_MAX; 5 min when absent. */
  readonly rebalanceTimeoutMs?: number | undefined;
  readonly assignor?: string | undefined;
}

/** A group may have any name of 1 to GROUP_ID_CHARACTERS_MAX characters; refused with INVALID_GROUP_ID. */
export function checkGroupId(groupId: string): Rejected | undefined {
  if (groupId.length > 0 && groupId.length <= GROUP_ID_CHARACTERS_MAX) return undefined;
  return rejected(
    'INVALID_GROUP_ID',
    `a group's name has 1 to ${GROUP_ID_CHARACTERS_MAX} characters, not ${groupId.length}`,
  );
}

const ID_NAMES = {
  memberId: 'a member id',
  instanceId: 'an instance id',
  clientId: 'a client id',
} as const;

/** An id that a member chose for itself, its instance or its client; refused with INVALID_REQUEST. */
export function checkMemberIds(request: {
  readonly memberId?: string | undefined;
  readonly instanceId?: string | undefined;
  readonly clientId?: string | undefined;
}): Rejected | undefined {
  for (const name of Object.keys(ID_NAMES) as (keyof typeof ID_NAMES)[]) {
    const value = request[name];
    if (value === undefined) continue;
    if (value.length > 0 && value.length <= MEMBER_ID_CHARACTERS_MAX) continue;
    return rejected(
      'INVALID_REQUEST',
      `${ID_NAMES[name]} has 1 to ${MEMBER_ID_CHARACTERS_MAX} characters, not ${value.length}`,
    );
  }
  return undefined;
}

/** Refused: INVALID_SESSION_TIMEOUT, UNSUPPORTED_ASSIGNOR, INVALID_REQUEST, and as parseSubscription. */
export function parseProfile(
  request: ProfileRequest,
): { readonly kind: 'parsed'; readonly profile: MemberProfile } | Rejected {
  const { instanceId, clientId } = request;
  const sessionTimeoutMs = request.sessionTimeoutMs ?? SESSION_TIMEOUT_MS_DEFAULT;
  const rebalanceTimeoutMs = request.rebalanceTimeoutMs ?? REBALANCE_TIMEOUT_MS_DEFAULT;
  const assignor = ASSIGNOR_NAMES.find((name) => name === request.assignor);
  const parsed = parseSubscription(request);
  if (parsed.kind === 'rejected') return parsed;
  const refusal = checkMemberIds({ instanceId, clientId });
  if (refusal !== undefined) return refusal;
  if (!isWithin(sessionTimeoutMs, SESSION_TIMEOUT_MS_MIN, SESSION_TIMEOUT_MS_MAX)) {
    return rejected(
      'INVALID_SESSION_TIMEOUT',
      `a session timeout is ${SESSION_TIMEOUT_MS_MIN} to ${SESSION_TIMEOUT_MS_MAX} ms, not ${sessionTimeoutMs}`,
    );
  }
  if (!isWithin(rebalanceTimeoutMs, REBALANCE_TIMEOUT_MS_MIN, REBALANCE_TIMEOUT_MS_MAX)) {
    return rejected(
      'INVALID_REQUEST',
      `a rebalance timeout is ${REBALANCE_TIMEOUT_MS_MIN} to ${REBALANCE_TIMEOUT_MS_MAX} ms, not ${rebalanceTimeoutMs}`,
    );
  }
  if (request.assignor !== undefined && assignor === undefined) {
    return rejected(
      'UNSUPPORTED_ASSIGNOR',
      `there is no assignor "${request.assignor}"; choose one of ${ASSIGNOR_NAMES.join(', ')}`,
    );
  }
  return {
    kind: 'parsed',
    profile: {
      subscription: parsed.subscription,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(clientId === undefined ? {} : { clientId }),
      ...(assignor === undefined ? {} : { assignor }),
    },
  };
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
