// At any moment at most one member of a group may commit for a partition: whoever claimed it last. A claim hears what
// was committed last, and a late commit never moves an offset back. What a member is told is committed is in the item that
// it claimed, whatever else has the topic's name by now.

import type { OffsetItem } from '../../../../lib/group/offset.ts';
import type { StagedOffset } from '../../../../lib/log/transaction.ts';
import { type GroupModel, groupPartition, type OffsetModel } from '../group-model.ts';
import type { CallSeen, CommitHeard, Invariant, Observation } from '../observation.ts';

type Asked = {
  readonly groupId: string;
  readonly memberId: string;
  readonly partition: { readonly topicId: string; readonly partition: number };
};

export class OneOwner implements Invariant {
  readonly name = 'one-owner';
  readonly #groups: GroupModel;

  constructor(groups: GroupModel) {
    this.#groups = groups;
  }

  check(seen: Observation): string | undefined {
    if (seen.kind === 'commit heard') return this.#checkCommitHeard(seen);
    return seen.kind === 'call' ? this.#checkCall(seen) : undefined;
  }

  #checkStaged(offsets: readonly StagedOffset[]): string | undefined {
    for (const { groupId, topicId, partition: number, memberId, memberEpoch } of offsets) {
      const partition = { topicId, partition: number };
      const stands = this.#groups.offsets.get(groupPartition(groupId, partition));
      const problem = checkCommit(stands, { groupId, memberId, memberEpoch, partition });
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** Nobody who lives owns what is set past all owners. */
  #checkEmpty(
    groupId: string,
    offsets: readonly { readonly partition: Asked['partition'] }[],
  ): string | undefined {
    for (const { partition } of offsets) {
      const stands = this.#groups.offsets.get(groupPartition(groupId, partition));
      const owner = stands?.owner.memberId;
      const member = this.#groups.members.get(`${groupId} ${owner}`);
      if (member !== undefined && member.fence === undefined) {
        return `the offset of partition ${partition.partition} was set while ${owner} owned it`;
      }
    }
    return undefined;
  }

  #checkCommitHeard({ groupId, memberId, partition, counter }: CommitHeard): string | undefined {
    const stands = this.#groups.offsets.get(groupPartition(groupId, partition));
    if (stands !== undefined && stands.counter >= counter) return undefined;
    return `${memberId} was told that its commit ${counter} of partition ${partition.partition} is in, where ${stands?.counter ?? 'none'} is the last`;
  }

  #checkCall({ call }: CallSeen): string | undefined {
    switch (call.method) {
      case 'claimPartition':
      case 'claimFirst': {
        const [asked] = call.asked;
        if (call.answer.kind !== 'claimed') return undefined;
        const stands = this.#groups.offsets.get(groupPartition(asked.groupId, asked.partition));
        if (stands === undefined) return undefined;
        return checkOwner(stands, asked) ?? checkHeard(stands, asked, call.answer.offset);
      }
      case 'commitOffset': {
        const [asked] = call.asked;
        if (call.answer.kind !== 'committed') return undefined;
        const stands = this.#groups.offsets.get(groupPartition(asked.groupId, asked.partition));
        return checkCommit(stands, asked);
      }
      case 'commitWhileEmpty': {
        const [{ groupId, offsets }] = call.asked;
        if (call.answer !== 'committed') return undefined;
        return this.#checkEmpty(groupId, offsets);
      }
      case 'commitTransaction':
        return call.answer.kind === 'committed'
          ? this.#checkStaged(call.asked[0].offsets)
          : undefined;
      default:
        return undefined;
    }
  }
}

function checkOwner(stands: OffsetModel, asked: Asked & { readonly epoch: number }) {
  const { epoch, memberId } = stands.owner;
  const isLater = epoch < asked.epoch || (epoch === asked.epoch && memberId === asked.memberId);
  if (isLater) return undefined;
  return `${asked.memberId} claimed partition ${asked.partition.partition} at epoch ${asked.epoch}, which ${memberId ?? 'nobody'} owns at ${epoch}`;
}

function checkHeard(stands: OffsetModel, asked: Asked, heard: OffsetItem): string | undefined {
  const committed = heard.committed === undefined ? undefined : Number(heard.committed.offset);
  if (committed === stands.committed && heard.counter === stands.counter) return undefined;
  return `${asked.memberId} claimed partition ${asked.partition.partition} and heard ${committed} (commit ${heard.counter}), where ${stands.committed} (commit ${stands.counter}) is committed`;
}

function checkCommit(
  stands: OffsetModel | undefined,
  asked: Asked & { readonly memberEpoch: number; readonly counter?: number },
): string | undefined {
  const { memberId, memberEpoch, counter, partition } = asked;
  const owner = stands?.owner;
  if (owner?.memberId !== memberId || owner.epoch > memberEpoch) {
    return `${memberId} committed partition ${partition.partition} at epoch ${memberEpoch}, which ${owner?.memberId ?? 'nobody'} owns at ${owner?.epoch ?? 0}`;
  }
  if (counter === undefined || stands === undefined || counter > stands.counter) return undefined;
  return `${memberId}'s commit ${counter} of partition ${partition.partition} took effect after its commit ${stands.counter}`;
}
