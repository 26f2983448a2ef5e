// The texts that groups and assignments are stored as. Ranges instead of lists, and ids written once, keep a group of
// 300 members and 3,000 partitions far below DynamoDB's 400 KB, and a member's item below 1 KB.
//
//   ranges      := range *("," range)          range := first ["-" last]
//   assignment  := [topic *(";" topic)]        topic := topicId ":" topicName ":" ranges
//   group       := JSON of StoredGroup; in it an assignment is [index ":" ranges *(";" …)], the index into `topics`,
//                  and "=" stands for "the same as target"
// No topic id or name contains ":", ";" or "," (see ids).

import { assert, required } from '../assert.ts';
import { type Assignment, sameAssignment, type TopicPartitions } from './assignment.ts';
import {
  ASSIGNOR_NAMES,
  type AssignorName,
  type MemberPhase,
  type Subscription,
} from './member.ts';
import type { GroupMember, GroupState, GroupStatus } from './state.ts';

const PHASES: readonly MemberPhase[] = ['stable', 'unrevoked', 'unreleased'];
const STATUSES: readonly GroupStatus[] = ['active', 'deleting', 'deleted'];
const SAME_AS_TARGET = '=';

/** A member's line; a missing instance id or assignor is null, phase and assignor are indexes. */
type StoredMember = readonly [
  memberId: string,
  instanceId: string | null,
  joinEpoch: number,
  subscription: number,
  assignor: number | null,
  rebalanceTimeoutMs: number,
  target: string,
  publishedEpoch: number,
  phase: number,
  published: string,
  revoking: string,
];

interface StoredGroup {
  readonly groupId: string;
  readonly status: number;
  readonly version: number;
  readonly epoch: number;
  readonly assignmentEpoch: number;
  readonly assignor: number;
  /** [name, topicId, partition count]; −1: only named by an assignment. */
  readonly topics: readonly (readonly [string, string, number])[];
  readonly subscriptions: readonly Subscription[];
  readonly members: readonly StoredMember[];
  readonly emptySinceMs?: number;
}

/** Ascending partitions as ranges: 0,1,2,7 is `0-2,7`. */
export function encodeRanges(partitions: readonly number[]): string {
  const ranges: string[] = [];
  for (let index = 0; index < partitions.length; index += 1) {
    const first = required(partitions[index], 'the first of a range');
    let last = first;
    while (partitions[index + 1] === last + 1) {
      index += 1;
      last += 1;
    }
    ranges.push(last === first ? `${first}` : `${first}-${last}`);
  }
  return ranges.join(',');
}

export function decodeRanges(text: string): readonly number[] {
  return text.split(',').flatMap((range) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range);
    assert(match !== null, `"${range}" is a range of partitions`);
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    assert(first <= last, `"${range}" is a range of partitions`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

export function encodeAssignment(assignment: Assignment): string {
  return assignment
    .map(
      ({ topicId, topicName, partitions }) => `${topicId}:${topicName}:${encodeRanges(partitions)}`,
    )
    .join(';');
}

export function decodeAssignment(text: string): Assignment {
  if (text === '') return [];
  return text.split(';').map((topic) => {
    const [topicId, topicName, ranges, ...more] = topic.split(':');
    assert(more.length === 0, `"${topic}" is a topic of an assignment`);
    return {
      topicId: required(topicId, 'topic id'),
      topicName: required(topicName, 'topic name'),
      partitions: decodeRanges(required(ranges, 'ranges')),
    };
  });
}

export function encodeGroup(state: GroupState): string {
  const members = [...state.members.values()];
  const topics = topicTable(state, members);
  const topicIndex = new Map(topics.map(([, topicId], index) => [topicId, index]));
  const subscriptions = [
    ...new Map(members.map(({ subscription }) => [JSON.stringify(subscription), subscription])),
  ];
  const subscriptionIndex = new Map(subscriptions.map(([text], index) => [text, index]));
  const brief = (assignment: Assignment): string =>
    assignment
      .map(({ topicId, partitions }) => `${topicIndex.get(topicId)}:${encodeRanges(partitions)}`)
      .join(';');
  const stored: StoredGroup = {
    groupId: state.groupId,
    status: STATUSES.indexOf(state.status),
    version: state.version,
    epoch: state.epoch,
    assignmentEpoch: state.assignmentEpoch,
    assignor: ASSIGNOR_NAMES.indexOf(state.assignor),
    topics,
    subscriptions: subscriptions.map(([, subscription]) => subscription),
    members: members.map((member) => [
      member.memberId,
      member.instanceId ?? null,
      member.joinEpoch,
      required(subscriptionIndex.get(JSON.stringify(member.subscription)), 'subscription'),
      member.assignor === undefined ? null : ASSIGNOR_NAMES.indexOf(member.assignor),
      member.rebalanceTimeoutMs,
      brief(member.target),
      member.published.epoch,
      PHASES.indexOf(member.published.phase),
      sameAssignment(member.target, member.published.assignment)
        ? SAME_AS_TARGET
        : brief(member.published.assignment),
      brief(member.revoking),
    ]),
    ...(state.emptySinceMs === undefined ? {} : { emptySinceMs: state.emptySinceMs }),
  };
  return JSON.stringify(stored);
}

export function decodeGroup(text: string): GroupState {
  // The text is our own: only encodeGroup writes it.
  const stored = JSON.parse(text) as StoredGroup;
  const members = stored.members.map((line) => memberOf(stored, line));
  return {
    groupId: stored.groupId,
    status: required(STATUSES[stored.status], 'status'),
    version: stored.version,
    epoch: stored.epoch,
    assignmentEpoch: stored.assignmentEpoch,
    assignor: assignorAt(stored.assignor),
    members: new Map(members.map((member) => [member.memberId, member])),
    topics: stored.topics
      .filter(([, , count]) => count >= 0)
      .map(([name, topicId, count]) => ({ name, topicId, partitionCount: count })),
    ...(stored.emptySinceMs === undefined ? {} : { emptySinceMs: stored.emptySinceMs }),
  };
}

/** The group's topics, then those that only an assignment still names (deleted since). */
function topicTable(
  state: GroupState,
  members: readonly GroupMember[],
): (readonly [string, string, number])[] {
  const known = new Set(state.topics.map(({ topicId }) => topicId));
  const others = new Map<string, string>();
  for (const { target, published, revoking } of members) {
    for (const { topicId, topicName } of [...target, ...published.assignment, ...revoking]) {
      if (!known.has(topicId)) others.set(topicId, topicName);
    }
  }
  return [
    ...state.topics.map(
      ({ name, topicId, partitionCount }) => [name, topicId, partitionCount] as const,
    ),
    ...[...others].map(([topicId, name]) => [name, topicId, -1] as const),
  ];
}

function memberOf(stored: StoredGroup, line: StoredMember): GroupMember {
  const [memberId, instanceId, joinEpoch, subscription, assignor, rebalanceTimeoutMs, ...rest] =
    line;
  const [targetText, publishedEpoch, phase, publishedText, revokingText] = rest;
  const full = (text: string): Assignment =>
    text === '' ? [] : text.split(';').map((topic) => topicOf(stored, topic));
  const target = full(targetText);
  return {
    memberId,
    ...(instanceId === null ? {} : { instanceId }),
    joinEpoch,
    subscription: required(stored.subscriptions[subscription], 'subscription'),
    ...(assignor === null ? {} : { assignor: assignorAt(assignor) }),
    rebalanceTimeoutMs,
    target,
    published: {
      epoch: publishedEpoch,
      phase: required(PHASES[phase], 'phase'),
      assignment: publishedText === SAME_AS_TARGET ? target : full(publishedText),
    },
    revoking: full(revokingText),
  };
}

function topicOf(stored: StoredGroup, text: string): TopicPartitions {
  const [index, ranges] = text.split(':');
  const [topicName, topicId] = required(stored.topics[Number(index)], 'topic of an assignment');
  return { topicId, topicName, partitions: decodeRanges(required(ranges, 'ranges')) };
}

function assignorAt(index: number): AssignorName {
  return required(ASSIGNOR_NAMES[index], 'assignor');
}
