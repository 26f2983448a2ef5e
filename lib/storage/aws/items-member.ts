// The item of a group's member, table `groups`: small, because every heartbeat writes it. Attribute names and values:
// docs/formats/dynamodb.md.

import { assert, required } from '../../assert.ts';
import { decodeAssignment, encodeAssignment } from '../../group/codec.ts';
import {
  ASSIGNOR_NAMES,
  type FenceReason,
  type MemberItem,
  type MemberPhase,
  type MemberProfile,
  type MemberStatus,
  type Publication,
  type Subscription,
} from '../../group/member.ts';
import type { MemberKey } from '../../ports/group-store.ts';
import {
  type Item,
  numberValue,
  readNumber,
  readOptionalNumber,
  readOptionalText,
  readText,
  textValue,
} from './attributes.ts';
import { type GroupItemKey, groupItemKey } from './items-group.ts';

export const MEMBER_PREFIX = 'MEMBER#';
const STATUSES: readonly MemberStatus[] = ['live', 'away', 'fenced'];
const REASONS: readonly FenceReason[] = ['left', 'expired', 'replaced'];
const PHASES: readonly MemberPhase[] = ['stable', 'unrevoked', 'unreleased'];

/** Attributes to set, and those to remove. */
export interface AttributeChange {
  readonly set: Readonly<Record<string, Item[string]>>;
  readonly remove: readonly string[];
}

export function memberKey({ groupId, memberId }: MemberKey): GroupItemKey {
  return groupItemKey(groupId, MEMBER_PREFIX + memberId);
}

export function encodeMember(member: MemberItem): Record<string, Item[string]> {
  return {
    ...memberKey(member),
    status: textValue(member.status),
    ...(member.fence === undefined ? {} : { fence: textValue(member.fence) }),
    joinEpoch: numberValue(member.joinEpoch),
    counter: numberValue(member.counter),
    lease: numberValue(member.leaseExpiresAtMs),
    ...(member.revokeByMs === undefined ? {} : { revokeBy: numberValue(member.revokeByMs) }),
    ...profileChange(member).set,
    ...encodePublication(member.published),
  };
}

export function decodeMember(item: Item): MemberItem {
  const sortKey = readText(item, 'sk');
  assert(sortKey.startsWith(MEMBER_PREFIX), `"${sortKey}" is a member's key`);
  const fence = readOptionalText(item, 'fence');
  const revokeByMs = readOptionalNumber(item, 'revokeBy');
  return {
    groupId: readText(item, 'group'),
    memberId: sortKey.slice(MEMBER_PREFIX.length),
    status: oneOf(STATUSES, readText(item, 'status')),
    ...(fence === undefined ? {} : { fence: oneOf(REASONS, fence) }),
    joinEpoch: readNumber(item, 'joinEpoch'),
    counter: readNumber(item, 'counter'),
    leaseExpiresAtMs: readNumber(item, 'lease'),
    ...(revokeByMs === undefined ? {} : { revokeByMs }),
    ...decodeProfile(item),
    published: {
      epoch: readNumber(item, 'epoch'),
      phase: oneOf(PHASES, readText(item, 'phase')),
      assignment: decodeAssignment(readText(item, 'assigned')),
    },
  };
}

/** The whole profile: what it doesn't have is removed. */
export function profileChange(profile: MemberProfile): AttributeChange {
  const { instanceId, clientId, assignor } = profile;
  const optional = { instance: instanceId, client: clientId, assignor };
  const change = subscriptionChange(profile.subscription);
  const set: Record<string, Item[string]> = {
    ...change.set,
    session: numberValue(profile.sessionTimeoutMs),
    rebalance: numberValue(profile.rebalanceTimeoutMs),
  };
  const remove = [...change.remove];
  for (const [name, value] of Object.entries(optional)) {
    if (value === undefined) remove.push(name);
    else set[name] = textValue(value);
  }
  return { set, remove };
}

/** No topic's name holds a comma. */
export function subscriptionChange(subscription: Subscription): AttributeChange {
  const { topicNames, topicRegex, principal } = subscription;
  const optional = Object.entries({ regex: topicRegex, principal });
  const set: Record<string, Item[string]> = { topics: textValue(topicNames.join(',')) };
  for (const [name, value] of optional) if (value !== undefined) set[name] = textValue(value);
  return { set, remove: optional.flatMap(([name, value]) => (value === undefined ? [name] : [])) };
}

export function encodePublication(published: Publication): Record<string, Item[string]> {
  return {
    epoch: numberValue(published.epoch),
    phase: textValue(published.phase),
    assigned: textValue(encodeAssignment(published.assignment)),
  };
}

function decodeProfile(item: Item): MemberProfile {
  const topics = readText(item, 'topics');
  const topicRegex = readOptionalText(item, 'regex');
  const principal = readOptionalText(item, 'principal');
  const instanceId = readOptionalText(item, 'instance');
  const clientId = readOptionalText(item, 'client');
  const assignor = readOptionalText(item, 'assignor');
  return {
    subscription: {
      topicNames: topics === '' ? [] : topics.split(','),
      ...(topicRegex === undefined ? {} : { topicRegex }),
      ...(principal === undefined ? {} : { principal }),
    },
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(assignor === undefined ? {} : { assignor: oneOf(ASSIGNOR_NAMES, assignor) }),
    sessionTimeoutMs: readNumber(item, 'session'),
    rebalanceTimeoutMs: readNumber(item, 'rebalance'),
  };
}

function oneOf<Name extends string>(names: readonly Name[], stored: string): Name {
  return required(
    names.find((name) => name === stored),
    `"${stored}" among ${names.join(', ')}`,
  );
}
