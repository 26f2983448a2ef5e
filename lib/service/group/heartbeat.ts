// A heartbeat: one update of the member's own item, which returns all there is to know. The group is read only when the
// heartbeat says something that somebody waits for, or when it is this member's turn to look around.
//
// Order (`monotonic-ownership`): the update first, which tells whether this life goes on; then the group hears what the
// member adopted; then the answer, from the member's own item.

import type { Rejected } from '../../errors.ts';
import { type Assignment, assignmentOf } from '../../group/assignment.ts';
import type { GroupEvent } from '../../group/event.ts';
import { isUntold } from '../../group/expire.ts';
import { type Heartbeat, notInGroup, planHeartbeat } from '../../group/heartbeat.ts';
import type { MemberItem, Subscription } from '../../group/member.ts';
import { parseSubscription, type SubscriptionRequest } from '../../group/subscription.ts';
import { answerOf, type MemberAnswer } from './answer.ts';
import { changeGroup, tell } from './change.ts';
import { type GroupDuty, lookAroundWhenDue } from './round.ts';
import { ask, type GroupPorts } from './tools.ts';

/** Partitions by the names that clients use. */
export interface NamedPartitions {
  readonly topicName: string;
  /** Absent: the topic of that name that the member was told. */
  readonly topicId?: string | undefined;
  readonly partitions: readonly number[];
}

export interface HeartbeatRequest extends SubscriptionRequest {
  readonly groupId: string;
  readonly memberId: string;
  /** The epoch of the last answer that the member acted upon. */
  readonly memberEpoch: number;
  /** What it uses now. An epoch is adopted when nothing else is in use. */
  readonly owned: readonly NamedPartitions[];
  /** Larger than that of every heartbeat before; absent: the sender doesn't count. */
  readonly counter?: number | undefined;
}

/** Refused: UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, FENCED_INSTANCE_ID; a bad subscription as parseSubscription. */
export async function heartbeat(
  ports: GroupPorts,
  duty: GroupDuty,
  request: HeartbeatRequest,
): Promise<MemberAnswer | Rejected> {
  const { groupId, memberId, memberEpoch, counter } = request;
  const subscribed = subscriptionOf(request);
  if (subscribed.kind === 'rejected') return subscribed;
  const { subscription } = subscribed;
  const write = await ask(ports, () =>
    ports.groups.heartbeatMember({
      groupId,
      memberId,
      memberEpoch,
      ...(counter === undefined ? {} : { counter }),
      ...(subscription === undefined ? {} : { subscription }),
    }),
  );
  const beat: Heartbeat = {
    memberId,
    memberEpoch,
    owned: ownedOf(request.owned, write.member),
    ...(subscription === undefined ? {} : { subscription }),
  };
  const plan = planHeartbeat(beat, write.member);
  if (plan.kind === 'rejected') return plan;
  const heard =
    plan.kind === 'coordinate' ? await tellGroup(ports, plan.member, beat) : write.member;
  if (heard === undefined || 'code' in heard) return heard ?? notInGroup(memberId);
  const told = await lookAroundWhenDue(ports, duty, { member: heard, nowMs: write.storageNowMs });
  const member = told ?? heard;
  const last = planHeartbeat(beat, member);
  return last.kind === 'rejected' ? last : answerOf(member, member.published);
}

/** The group hears what the member adopted and wants; the member's item with what follows for it. */
async function tellGroup(
  ports: GroupPorts,
  item: MemberItem,
  { memberId, memberEpoch, owned, subscription }: Heartbeat,
): Promise<MemberItem | Rejected | undefined> {
  const { groupId } = item;
  const events: GroupEvent[] = [{ kind: 'acknowledge', memberId, epoch: memberEpoch, owned }];
  if (subscription !== undefined) events.push({ kind: 'subscribe', memberId, subscription });
  const changed = await changeGroup(ports, { groupId, plan: async () => events });
  if (changed.kind === 'rejected') return changed;
  const told = changed.told.get(memberId);
  if (told !== undefined) return told.member;
  // A coordinator that died after deciding left it untold.
  const member = changed.state.members.get(memberId);
  if (member === undefined || !isUntold(member, item)) return item;
  return (await tell(ports, groupId, [member])).get(memberId)?.member;
}

function subscriptionOf(
  request: SubscriptionRequest,
): { kind: 'parsed'; subscription?: Subscription } | Rejected {
  const { topicNames, topicRegex } = request;
  if (topicNames === undefined && topicRegex === undefined) return { kind: 'parsed' };
  return parseSubscription(request);
}

/** Names become ids by what the member says or was told; a name that it wasn't told is some other topic. */
function ownedOf(owned: readonly NamedPartitions[], member: MemberItem | undefined): Assignment {
  const ids = new Map(
    (member?.published.assignment ?? []).map(({ topicName, topicId }) => [topicName, topicId]),
  );
  return assignmentOf(
    owned.map(({ topicName, topicId, partitions }) => ({
      topicId: topicId ?? ids.get(topicName) ?? `not told: ${topicName}`,
      topicName,
      partitions,
    })),
  );
}
