// Taking partitions over, before the first record of them is read.
//
// Order (`one-owner`, `fenced`): the claimer's own item is read first, so that nobody claims what it wasn't told, nor at
// another epoch than it was told; then each partition's owner is raised to that epoch. What is decided in between can't
// do harm: a partition told to somebody else since was told at a larger epoch, and an eviction since has raised the
// owner to at least this epoch.

import { type ErrorCode, type Rejected, rejected } from '../../errors.ts';
import { notInGroup } from '../../group/heartbeat.ts';
import type { MemberItem } from '../../group/member.ts';
import type { OffsetItem } from '../../group/offset.ts';
import { GROUP_CALLS_PARALLEL_MAX } from '../../limits.ts';
import type { NamedPartition, ClaimRequest as PartitionClaim } from '../../ports/offset-store.ts';
import { mapInParallel } from '../parallel.ts';
import { ask, type GroupPorts } from './tools.ts';

export interface ClaimRequest {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly partitions: readonly { readonly topicName: string; readonly partition: number }[];
}

/**
 * `offset` undefined: the group has never committed there. `counter`: the next commit's is larger. `topicId` tells a
 * topic from another one of its name.
 */
interface PartitionClaimed {
  readonly kind: 'claimed';
  readonly topicName: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint | undefined;
  readonly metadata: string;
  readonly counter: number;
}

export interface PartitionRejected {
  readonly kind: 'rejected';
  readonly topicName: string;
  readonly partition: number;
  readonly code: ErrorCode;
  readonly message: string;
}

export type ClaimResult = PartitionClaimed | PartitionRejected;

/**
 * Claims partitions that the member was told at this epoch; one result each, in the order asked. Refused as a whole:
 * UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, FENCED_INSTANCE_ID, STALE_MEMBER_EPOCH (heartbeat first).
 */
export async function claimPartitions(
  ports: GroupPorts,
  request: ClaimRequest,
): Promise<{ readonly kind: 'claimed'; readonly results: readonly ClaimResult[] } | Rejected> {
  const { groupId, memberId, memberEpoch } = request;
  const { member } = await ask(ports, () => ports.groups.readMember({ groupId, memberId }));
  const refusal = refusalOf(member, { memberId, memberEpoch });
  if (refusal !== undefined || member === undefined) return refusal ?? notInGroup(memberId);
  const results = await mapInParallel(
    request.partitions,
    GROUP_CALLS_PARALLEL_MAX,
    async (asked): Promise<ClaimResult> => {
      const partition = findTold(member, asked);
      const result =
        partition === undefined
          ? staleEpoch(memberId, memberEpoch)
          : await claimOne(ports, { groupId, memberId, epoch: memberEpoch, partition });
      return { ...asked, ...result };
    },
  );
  return { kind: 'claimed', results };
}

function refusalOf(
  member: MemberItem | undefined,
  { memberId, memberEpoch }: { readonly memberId: string; readonly memberEpoch: number },
): Rejected | undefined {
  if (member === undefined || member.status === 'away' || member.fence === 'left') {
    return notInGroup(memberId);
  }
  if (member.status === 'fenced') {
    return rejected(
      member.fence === 'replaced' ? 'FENCED_INSTANCE_ID' : 'FENCED_MEMBER_EPOCH',
      `member ${memberId} was removed from the group; join it again`,
    );
  }
  if (memberEpoch > member.published.epoch || memberEpoch < member.joinEpoch) {
    return rejected(
      'FENCED_MEMBER_EPOCH',
      `epoch ${memberEpoch} is none of this life of member ${memberId}; join again`,
    );
  }
  return memberEpoch < member.published.epoch ? staleEpoch(memberId, memberEpoch) : undefined;
}

function staleEpoch(memberId: string, memberEpoch: number): Rejected {
  return rejected(
    'STALE_MEMBER_EPOCH',
    `at epoch ${memberEpoch} member ${memberId} isn't assigned this (any more); heartbeat, then claim what it is told`,
  );
}

function findTold(
  { published }: MemberItem,
  asked: { readonly topicName: string; readonly partition: number },
): NamedPartition | undefined {
  const topic = published.assignment.find(({ topicName }) => topicName === asked.topicName);
  if (!topic?.partitions.includes(asked.partition)) return undefined;
  return { topicId: topic.topicId, topicName: topic.topicName, partition: asked.partition };
}

type OneClaim = Omit<PartitionClaimed, 'topicName' | 'partition'> | Rejected;

/** An update; where nobody ever claimed, a transaction, and an update again when somebody was faster. */
async function claimOne(ports: GroupPorts, claim: PartitionClaim): Promise<OneClaim> {
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const taken = await ask(ports, () => ports.offsets.claimPartition(claim));
    if (taken.kind === 'claimed') return claimedOf(taken.offset);
    if (taken.kind === 'refused') return staleEpoch(claim.memberId, claim.epoch);
    const first = await ask(ports, () => ports.offsets.claimFirst(claim));
    if (first.kind === 'claimed') return claimedOf(first.offset);
    if (first.kind === 'refused') {
      const { memberId, epoch } = claim;
      return (
        refusalOf(first.member, { memberId, memberEpoch: epoch }) ?? staleEpoch(memberId, epoch)
      );
    }
  }
  // Put and removed again in between: the group was deleted.
  return notInGroup(claim.memberId);
}

function claimedOf({ topicId, committed, counter }: OffsetItem): OneClaim {
  return {
    kind: 'claimed',
    topicId,
    offset: committed?.offset,
    metadata: committed?.metadata ?? '',
    counter,
  };
}
