// Bugs of groups: of the conditions on members, groups and offsets, and of the order in which they change.

import type { OffsetItem } from '../../../../lib/group/offset.ts';
import type { ClaimRequest } from '../../../../lib/ports/offset-store.ts';
import type { StoragePorts } from '../calls.ts';
import type { PlantedBug } from './planted-bug.ts';

/** Makes the claimer the owner, whoever owns it. */
async function claimAnyway(
  { offsets }: StoragePorts,
  request: ClaimRequest,
  stands: OffsetItem,
): Promise<OffsetItem> {
  const epoch = stands.ownerEpoch + 1;
  const claimed = await offsets.claimPartition({ ...request, epoch });
  return claimed.kind === 'claimed' ? claimed.offset : stands;
}

export const claimUnconditional: PlantedBug = {
  name: 'claim-unconditional',
  story: 'a claim has no condition: whoever claims is the owner',
  breaks: ['one-owner', 'fenced', 'monotonic-ownership'],
  below: (storage) => ({
    ...storage,
    offsets: {
      ...storage.offsets,
      async claimPartition(request) {
        const outcome = await storage.offsets.claimPartition(request);
        if (outcome.kind !== 'refused') return outcome;
        return { kind: 'claimed', offset: await claimAnyway(storage, request, outcome.offset) };
      },
    },
  }),
};

export const claimAtEqualEpoch: PlantedBug = {
  name: 'claim-at-equal-epoch',
  story:
    'a claim compares epochs with ≤: an equal one wins over whoever, or nobody, owns the partition at it',
  breaks: ['one-owner', 'fenced', 'monotonic-ownership'],
  below: (storage) => ({
    ...storage,
    offsets: {
      ...storage.offsets,
      async claimPartition(request) {
        const outcome = await storage.offsets.claimPartition(request);
        const isEqual = outcome.kind === 'refused' && outcome.offset.ownerEpoch === request.epoch;
        if (!isEqual) return outcome;
        return { kind: 'claimed', offset: await claimAnyway(storage, request, outcome.offset) };
      },
    },
  }),
};

export const ownerWithoutMember: PlantedBug = {
  name: 'owner-without-member',
  story: 'a commit compares the owner’s epoch and not its member id',
  breaks: ['one-owner', 'fenced', 'atomic-transaction'],
  below: (storage) => ({
    ...storage,
    offsets: {
      ...storage.offsets,
      async commitOffset(request) {
        const outcome = await storage.offsets.commitOffset(request);
        const memberId = outcome.offset?.ownerMemberId;
        if (outcome.kind === 'committed' || memberId === undefined) return outcome;
        return storage.offsets.commitOffset({ ...request, memberId });
      },
    },
  }),
};

export const commitUncounted: PlantedBug = {
  name: 'commit-uncounted',
  story: 'a commit lacks the condition on its number, so that a late one moves an offset back',
  breaks: ['one-owner'],
  below: (storage) => ({
    ...storage,
    offsets: {
      ...storage.offsets,
      commitOffset({ counter: _, ...request }) {
        return storage.offsets.commitOffset(request);
      },
    },
  }),
};

export const evictionWithoutFence: PlantedBug = {
  name: 'eviction-without-fence',
  story: 'an evicted member’s item is not fenced, so that its heartbeats and commits go on',
  breaks: ['monotonic-ownership', 'one-owner', 'fenced'],
  below: (storage) => ({
    ...storage,
    groups: {
      ...storage.groups,
      async fenceMember({ reason, ...key }) {
        const { member, storageNowMs } = await storage.groups.readMember(key);
        if (member === undefined) return { kind: 'refused', member, storageNowMs };
        const fenced = { ...member, status: 'fenced', fence: reason } as const;
        return { kind: 'written', member: fenced, storageNowMs };
      },
    },
  }),
};

export const evictionWithoutOwners: PlantedBug = {
  name: 'eviction-without-owners',
  story:
    'the owners of an evicted member’s partitions are not raised, so that its late commits count',
  breaks: ['fenced', 'one-owner'],
  below: (storage) => ({
    ...storage,
    offsets: { ...storage.offsets, raiseOffsetOwner: async () => 'raised' },
  }),
};

export const evictionOfTheLiving: PlantedBug = {
  name: 'eviction-of-the-living',
  story:
    'a member is fenced without the condition that its lease is still the one that was seen to have run out, a look ago',
  breaks: ['monotonic-ownership'],
  above(ports) {
    let before = new Map<string, number>();
    return {
      ...ports,
      groups: {
        ...ports.groups,
        async listMembers(request) {
          const listed = await ports.groups.listMembers(request);
          const seen = listed.members.map((member) => {
            const leaseExpiresAtMs = before.get(member.memberId) ?? member.leaseExpiresAtMs;
            return { ...member, leaseExpiresAtMs };
          });
          before = new Map(listed.members.map((one) => [one.memberId, one.leaseExpiresAtMs]));
          return { ...listed, members: seen };
        },
        async fenceMember(request) {
          const { member } = await ports.groups.readMember(request);
          return ports.groups.fenceMember({ ...request, seen: member ?? request.seen });
        },
      },
    };
  },
};

export const leasesByOwnClock: PlantedBug = {
  name: 'leases-by-own-clock',
  story: 'leases are judged by the clock of the machine that looks, not by the storage’s',
  breaks: ['monotonic-ownership'],
  above: (ports, _world, { clock }) => ({
    ...ports,
    groups: {
      ...ports.groups,
      async readGroup(groupId) {
        return { ...(await ports.groups.readGroup(groupId)), storageNowMs: clock.nowMs() };
      },
    },
  }),
};

export const groupOverwritten: PlantedBug = {
  name: 'group-overwritten',
  story:
    'a group is written without the condition on its version: of two changes at once one is lost',
  breaks: ['monotonic-ownership', 'one-owner', 'fenced', 'converges'],
  below: (storage) => ({
    ...storage,
    groups: {
      ...storage.groups,
      async writeGroup(group) {
        const outcome = await storage.groups.writeGroup(group);
        if (outcome.kind === 'written' || outcome.group === undefined) return outcome;
        return storage.groups.writeGroup({ ...group, version: outcome.group.version + 1 });
      },
    },
  }),
};

export const freedByHeartbeatUnderWay: PlantedBug = {
  name: 'freed-by-heartbeat-under-way',
  story:
    'a heartbeat that was under way when its member was told to give a partition up frees it, as if the member had heard of it',
  breaks: ['monotonic-ownership', 'one-owner', 'fenced'],
  served: (served, ports) => ({
    ...served,
    groups: {
      ...served.groups,
      async heartbeat(request) {
        const { member } = await ports.groups.readMember(request);
        const { epoch = 0, assignment = [] } = member?.published ?? {};
        if (epoch <= request.memberEpoch) return served.groups.heartbeat(request);
        const owned = request.owned?.map(({ topicName, partitions }) => {
          const told = assignment.find((one) => one.topicName === topicName)?.partitions ?? [];
          return { topicName, partitions: partitions.filter((one) => told.includes(one)) };
        });
        const heard = { ...request, memberEpoch: epoch, ...(owned === undefined ? {} : { owned }) };
        return served.groups.heartbeat(heard);
      },
    },
  }),
};

export const ownersRaisedTooFar: PlantedBug = {
  name: 'owners-raised-too-far',
  story: 'owners are raised past the epoch of who is fenced, which is that of the next owner',
  breaks: ['converges'],
  above: (ports) => ({
    ...ports,
    offsets: {
      ...ports.offsets,
      raiseOffsetOwner: (request) =>
        ports.offsets.raiseOffsetOwner({ ...request, epoch: request.epoch + 1 }),
    },
  }),
};

export const ownersOfDeadTopics: PlantedBug = {
  name: 'owners-of-dead-topics',
  story: 'what members held of a deleted topic stays theirs, so that commits go to it unheard',
  breaks: ['one-owner'],
  above: (ports, world) => ({
    ...ports,
    offsets: {
      ...ports.offsets,
      async raiseOffsetOwner(request) {
        const { topicId } = request.partition;
        const isDead = world.log.lives.some(
          (life) => life.topicId === topicId && life.endsTick !== undefined,
        );
        return isDead ? 'raised' : ports.offsets.raiseOffsetOwner(request);
      },
    },
  }),
};

export const resetUnconditional: PlantedBug = {
  name: 'reset-unconditional',
  story: 'offsets of a group are set without the condition that it is still as it was: empty',
  breaks: ['one-owner'],
  below: (storage) => ({
    ...storage,
    offsets: {
      ...storage.offsets,
      async commitWhileEmpty(request) {
        const outcome = await storage.offsets.commitWhileEmpty(request);
        const { group } = await storage.groups.readGroup(request.groupId);
        if (outcome === 'committed' || group === undefined) return outcome;
        const { version: groupVersion, epoch } = group;
        return storage.offsets.commitWhileEmpty({ ...request, groupVersion, epoch });
      },
    },
  }),
};
