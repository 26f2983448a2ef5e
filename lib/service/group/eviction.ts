// The end of a member that didn't say goodbye.
//
// Order (`fenced`, `one-owner`, `monotonic-ownership`):
// 1. Fence its item, on the condition that the lease is the one that was seen to have run out. From then on its
//    heartbeats are refused and it is told nothing; the fence returns the largest epoch it can know.
// 2. Raise the owners of all that it held, was giving up or was promised to exactly that epoch, with nobody as owner:
//    its claims and commits, however late, are refused.
// 3. Only then change the group, which gives its partitions to others at a larger epoch.
// Step 2 needs a state of the group that is no older than what the item was told ✗: in an older one the member may hold
// what it has given up since, and what others were told at that very epoch.
// Whoever dies in between leaves a fenced item in the group, and the next one goes on at 2.
//
// The end of an ownership: the owners of what a member says that it gave up are raised in the same way, before the group
// hears of it, to the epoch at which it was to give up; nobody else can have been told it at that epoch or before.
//
// The end of a topic: the owners of what members held of it as well, before the group hears of that. A
// server that still takes the name for the dead topic is refused there, looks again, and commits for the topic that has
// the name now: no commit is answered and lost with the dead one.

import {
  NO_PARTITIONS,
  partitionsOf,
  subtract,
  type TopicPartition,
} from '../../group/assignment.ts';
import type { FenceReason, MemberItem } from '../../group/member.ts';
import { type GroupMember, type GroupState, heldBy } from '../../group/state.ts';
import { ask, askAll, type GroupPorts } from './tools.ts';

/** Step 1. Undefined when the member lives after all: its lease was extended, or it has another life. */
export async function fence(
  ports: GroupPorts,
  seen: MemberItem,
  reason: FenceReason,
): Promise<MemberItem | undefined> {
  const { groupId, memberId, leaseExpiresAtMs, status, joinEpoch } = seen;
  const request = { groupId, memberId, reason, seen: { leaseExpiresAtMs, status } };
  const { member } = await ask(ports, () => ports.groups.fenceMember(request));
  return member?.status === 'fenced' && member.joinEpoch === joinEpoch ? member : undefined;
}

/**
 * Step 2, for a member as it stands in `state`. `item` is the fenced one; undefined when it is gone, then what the group
 * says bounds what it was told. With a state that is older than the item nothing happens: the group has changed since, so
 * the write that is to follow is refused, and whoever plans it comes back with the state that stands.
 */
export async function raiseOwners(
  ports: GroupPorts,
  { groupId, epoch: groupEpoch }: GroupState,
  { member, item }: { readonly member: GroupMember; readonly item: MemberItem | undefined },
): Promise<void> {
  const epoch = item?.published.epoch ?? member.published.epoch;
  if (epoch > groupEpoch) return;
  await askAll(ports, partitionsOf(heldBy(member)), (partition) =>
    ports.offsets.raiseOffsetOwner({ groupId, partition, epoch }),
  );
}

/**
 * Before the group becomes `next`: for what members have given up, and for what they hold of topics that are gone. What
 * they do from now on for these is refused, whether or not anybody has claimed them since. Who leaves was seen to.
 */
export async function raiseFormerOwners(
  ports: GroupPorts,
  state: GroupState,
  next: GroupState,
): Promise<void> {
  const staying = [...state.members.values()].filter(({ memberId }) => next.members.has(memberId));
  const givenUp = staying.flatMap((member) => {
    const { epoch } = member.published;
    const still = next.members.get(member.memberId)?.revoking ?? NO_PARTITIONS;
    return partitionsOf(subtract(member.revoking, still)).map((partition) => ({
      partition,
      epoch,
    }));
  });
  const gone = await heldOfGoneTopics(ports, staying, next);
  await askAll(
    ports,
    [...givenUp, ...gone.map((partition) => ({ partition, epoch: state.epoch }))],
    (one) => ports.offsets.raiseOffsetOwner({ groupId: state.groupId, ...one }),
  );
}

/** A topic that nobody subscribes to any more is looked up, and stays what it was. */
async function heldOfGoneTopics(
  ports: GroupPorts,
  members: readonly GroupMember[],
  next: GroupState,
): Promise<readonly TopicPartition[]> {
  const stays = new Set(next.topics.map(({ topicId }) => topicId));
  const dropped = members.flatMap((member) =>
    heldBy(member).filter(({ topicId }) => !stays.has(topicId)),
  );
  const names = [...new Set(dropped.map(({ topicName }) => topicName))];
  const topics = await askAll(ports, names, (name) => ports.topics.getTopic(name));
  const living = new Set(
    topics.flatMap((topic) => (topic?.state === 'active' ? [topic.topicId] : [])),
  );
  return partitionsOf(dropped.filter(({ topicId }) => !living.has(topicId)));
}
