// Groups and their offsets as one principal may use them. What is shown of a group leaves the topics out that the
// principal may not know of.

import { CLUSTER_NAME } from '../../access/acl.ts';
import type { Rejected } from '../../errors.ts';
import type { GroupDescription } from '../group/description.ts';
import type { CommitServices, GroupServices, MembershipServices } from '../group/group-services.ts';
import type { GroupService } from '../group/groups.ts';
import type { ClaimResult } from '../group/offset-claim.ts';
import type { CommitResult, OffsetToCommit } from '../group/offset-commit.ts';
import type { CommitService, OffsetService } from '../group/offsets.ts';
import type { Rights } from './access.ts';
import { divide, firstRefusal } from './guard-parts.ts';

export function guardGroupServices(services: GroupServices, rights: Rights): GroupServices {
  return {
    ...guardMembershipServices(services, rights),
    offsets: guardOffsets(services.offsets, rights),
  };
}

export function guardCommitServices(services: CommitServices, rights: Rights): CommitServices {
  return { offsets: guardCommits(services.offsets, rights) };
}

export function guardMembershipServices(
  services: MembershipServices,
  rights: Rights,
): MembershipServices {
  return { groups: guardGroups(services.groups, rights) };
}

function guardGroups(groups: GroupService, rights: Rights): GroupService {
  const refusal = (operation: Parameters<Rights['may']>[0], groupId: string) =>
    rights.refusal(operation, 'GROUP', groupId);
  const memberRefusal = (request: {
    readonly groupId: string;
    readonly topicNames?: readonly string[] | undefined;
  }): Rejected | undefined =>
    refusal('READ', request.groupId) ??
    firstRefusal(
      (request.topicNames ?? []).map((name) => rights.refusal('DESCRIBE', 'TOPIC', name)),
    );
  /** What a regex matches is decided when it is matched, by whoever coordinates then. */
  const asked = <Request>(request: Request): Request & { readonly principal: string } => ({
    ...request,
    principal: rights.principal,
  });
  return {
    join: async (request) => memberRefusal(request) ?? (await groups.join(asked(request))),
    heartbeat: async (request) =>
      memberRefusal(request) ?? (await groups.heartbeat(asked(request))),
    leave: async (request) => refusal('READ', request.groupId) ?? (await groups.leave(request)),
    async list() {
      const all = await groups.list();
      if (rights.may('DESCRIBE', 'CLUSTER', CLUSTER_NAME)) return all;
      return all.filter(({ groupId }) => rights.may('DESCRIBE', 'GROUP', groupId));
    },
    async describe(groupId) {
      const found = refusal('DESCRIBE', groupId) ?? (await groups.describe(groupId));
      return found.kind === 'rejected' ? found : withoutHidden(found, rights);
    },
    delete: async (groupId) => refusal('DELETE', groupId) ?? (await groups.delete(groupId)),
    // Nobody asks for these: the log's own jobs do.
    lookAround: (groupId) => groups.lookAround(groupId),
    expire: (options) => groups.expire(options),
  };
}

function withoutHidden(group: GroupDescription, rights: Rights): GroupDescription {
  const isShown = (name: string): boolean => rights.may('DESCRIBE', 'TOPIC', name);
  const members = group.members.map((member) => ({
    ...member,
    topicNames: member.topicNames.filter(isShown),
    assignment: member.assignment.filter(({ topicName }) => isShown(topicName)),
    target: member.target.filter(({ topicName }) => isShown(topicName)),
  }));
  return { ...group, members };
}

interface Place {
  readonly topicName: string;
  readonly partition: number;
}

function guardCommits(offsets: CommitService, rights: Rights): CommitService {
  const unreadable = ({ topicName, partition }: Place) => {
    const refusal = rights.refusal('READ', 'TOPIC', topicName);
    return refusal && { ...refusal, topicName, partition };
  };
  return {
    async claim(request) {
      const refusal = rights.refusal('READ', 'GROUP', request.groupId);
      if (refusal !== undefined) return refusal;
      const { allowed, join } = divide<Place, ClaimResult>(request.partitions, unreadable);
      if (allowed.length === 0) return { kind: 'claimed', results: join([]) };
      const answer = await offsets.claim({ ...request, partitions: allowed });
      return answer.kind === 'rejected' ? answer : { ...answer, results: join(answer.results) };
    },
    async commit(request) {
      const refusal = rights.refusal('READ', 'GROUP', request.groupId);
      if (refusal !== undefined) return refusal;
      const { allowed, join } = divide<OffsetToCommit, CommitResult>(request.offsets, unreadable);
      if (allowed.length === 0) return { kind: 'done', results: join([]) };
      const answer = await offsets.commit({ ...request, offsets: allowed });
      return answer.kind === 'rejected' ? answer : { ...answer, results: join(answer.results) };
    },
  };
}

function guardOffsets(offsets: OffsetService, rights: Rights): OffsetService {
  const isShown = ({ topicName }: Place): boolean => rights.may('DESCRIBE', 'TOPIC', topicName);
  return {
    ...guardCommits(offsets, rights),
    async fetch(groupId) {
      const refusal = rights.refusal('DESCRIBE', 'GROUP', groupId);
      const found = refusal ?? (await offsets.fetch(groupId));
      if (found.kind === 'rejected') return found;
      return { ...found, offsets: found.offsets.filter(isShown) };
    },
    async lags(groupId) {
      const refusal = rights.refusal('DESCRIBE', 'GROUP', groupId);
      const found = refusal ?? (await offsets.lags(groupId));
      if (found.kind === 'rejected') return found;
      return { ...found, lags: found.lags.filter(isShown) };
    },
    async reset(request) {
      const named = (request.topics ?? []).map(({ topicName }) => topicName);
      const refusal = firstRefusal([
        rights.refusal('READ', 'GROUP', request.groupId),
        ...named.map((name) => rights.refusal('READ', 'TOPIC', name)),
      ]);
      const concerns = (topicName: string): boolean => rights.may('READ', 'TOPIC', topicName);
      return refusal ?? (await offsets.reset({ ...request, concerns }));
    },
  };
}
