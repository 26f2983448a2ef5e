// Committing offsets: of a member, on what it claimed; and of a consumer without membership, while the group is empty.
//
// `one-owner`, `fenced`: a member's commit is one conditional update on the owner in the offset's item; nothing is read
// before it but (for an offset further than this process has seen the log reach) the log's end. A commit without
// membership is a transaction on the group's version, which every join raises.
//
// Topics are named, and a name may have gone to another topic since this process looked. A member's commit then meets an
// owner that was raised when the group heard of it (see eviction.ts), and the name is looked up again; a commit without
// membership, which meets nobody, always reads the log's end, which is gone with its topic. A member that has claimed the
// new topic meanwhile owns both: what it commits late of the dead one says so by its id, and isn't taken for the new one's.

import { type Rejected, rejected } from '../../errors.ts';
import type { MemberItem } from '../../group/member.ts';
import { explainRefusedCommit } from '../../group/offset.ts';
import { checkGroupId } from '../../group/profile.ts';
import {
  GROUP_CALLS_PARALLEL_MAX,
  OFFSET_METADATA_BYTES_MAX,
  OFFSETS_PER_REQUEST_MAX,
} from '../../limits.ts';
import type { NamedPartition } from '../../ports/offset-store.ts';
import { unknownPartition, unknownTopic } from '../append/append.ts';
import { mapInParallel } from '../parallel.ts';
import type { LogEnds } from '../read/log-ends.ts';
import type { PartitionRejected } from './offset-claim.ts';
import { writeWhileEmpty } from './offset-write.ts';
import { ask, type GroupPorts, type GroupTools } from './tools.ts';

export interface OffsetToCommit {
  readonly topicName: string;
  /** Of the topic that was claimed: refused where another one has its name by now. */
  readonly topicId?: string | undefined;
  readonly partition: number;
  /** Of the next record to read; 0 to the log's end. */
  readonly offset: bigint;
  /** At most OFFSET_METADATA_BYTES_MAX bytes of UTF-8. */
  readonly metadata?: string | undefined;
  /** Larger than that of every commit of this partition before, and than the claim's. Absent: the last to arrive wins. */
  readonly counter?: number | undefined;
}

export interface CommitRequest {
  readonly groupId: string;
  /** Absent: a consumer without membership; then the group must be empty. */
  readonly member?: { readonly memberId: string; readonly memberEpoch: number } | undefined;
  /** At most OFFSETS_PER_REQUEST_MAX, one a partition. */
  readonly offsets: readonly OffsetToCommit[];
}

/** `superseded`: a later commit of the same owner is in already; nothing was changed, and nothing is wrong. */
interface OffsetCommitted {
  readonly kind: 'committed';
  readonly topicName: string;
  readonly partition: number;
  readonly superseded: boolean;
}

export type CommitResult = OffsetCommitted | PartitionRejected;

export interface CommitOutcome {
  readonly kind: 'done';
  /** In the order asked. */
  readonly results: readonly CommitResult[];
}

/** An offset that may be committed. */
interface Checked {
  readonly kind: 'checked';
  readonly asked: OffsetToCommit;
  readonly partition: NamedPartition;
}

export type CommitTools = Pick<GroupTools, 'ports' | 'catalog'> & { readonly ends: LogEnds };

/**
 * Per offset: UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_PARTITION, OFFSET_OUT_OF_RANGE, OFFSET_METADATA_TOO_LARGE, and for a
 * member UNKNOWN_MEMBER_ID, FENCED_MEMBER_EPOCH, FENCED_INSTANCE_ID, STALE_MEMBER_EPOCH. As a whole: INVALID_GROUP_ID,
 * INVALID_REQUEST (too many), and without membership UNKNOWN_MEMBER_ID when the group has members.
 */
export async function commitOffsets(
  tools: CommitTools,
  request: CommitRequest,
): Promise<CommitOutcome | Rejected> {
  const refusal =
    checkGroupId(request.groupId) ??
    checkCount(request.offsets.length) ??
    (request.member === undefined ? checkDistinct(request.offsets) : undefined);
  if (refusal !== undefined) return refusal;
  const { groupId, member } = request;
  const checked = await checkOffsets(tools, request.offsets, { looks: member === undefined });
  if (member === undefined) return commitWithoutMember(tools.ports, groupId, checked);
  const committer = { groupId, ...member };
  const findSelf = readOnce(tools.ports, committer);
  const results = await mapInParallel(checked, GROUP_CALLS_PARALLEL_MAX, (one) =>
    one.kind === 'rejected'
      ? Promise.resolve(one)
      : commitOne(tools, { ...committer, findSelf }, one),
  );
  return { kind: 'done', results };
}

export function checkCount(count: number): Rejected | undefined {
  if (count <= OFFSETS_PER_REQUEST_MAX) return undefined;
  return rejected(
    'INVALID_REQUEST',
    `${count} partitions are more than the ${OFFSETS_PER_REQUEST_MAX} that one request takes; send several`,
  );
}

/** What one transaction writes, it can't write twice. */
export function checkDistinct(
  partitions: readonly { readonly topicName: string; readonly partition: number }[],
): Rejected | undefined {
  const names = new Set(partitions.map(({ topicName, partition }) => `${topicName}/${partition}`));
  if (names.size === partitions.length) return undefined;
  return rejected('INVALID_REQUEST', 'a partition stands twice in one request');
}

interface Committer {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
}

/** The committer's own item, read at most once a request, and only when something was refused. */
function readOnce(
  ports: GroupPorts,
  { groupId, memberId }: Committer,
): () => Promise<MemberItem | undefined> {
  let reading: Promise<MemberItem | undefined> | undefined;
  return () => {
    reading ??= ask(ports, () => ports.groups.readMember({ groupId, memberId })).then(
      ({ member }) => member,
    );
    return reading;
  };
}

async function commitOne(
  tools: CommitTools,
  committer: Committer & { readonly findSelf: () => Promise<MemberItem | undefined> },
  one: Checked,
): Promise<CommitResult> {
  const { asked } = one;
  const outcome = await put(tools.ports, committer, one);
  if (outcome.kind === 'committed') return committedOf(asked, false);
  const { memberId, memberEpoch } = committer;
  const reason = explainRefusedCommit(
    { memberId, memberEpoch },
    outcome.offset,
    await committer.findSelf(),
  );
  if (reason.kind === 'superseded') return committedOf(asked, true);
  return (await commitAfresh(tools, committer, one)) ?? rejectedOf(asked, reason);
}

function put(
  ports: GroupPorts,
  { groupId, memberId, memberEpoch }: Committer,
  { asked: { offset, metadata = '', counter }, partition }: Checked,
) {
  const number = counter === undefined ? {} : { counter };
  const request = { groupId, memberId, memberEpoch, partition, offset, metadata, ...number };
  return ask(ports, () => ports.offsets.commitOffset(request));
}

/** Undefined: the name stands for the same topic as before. */
async function commitAfresh(
  tools: CommitTools,
  committer: Committer,
  { asked, partition }: Checked,
): Promise<CommitResult | undefined> {
  tools.catalog.forget(asked.topicName);
  const [fresh] = await checkOffsets(tools, [asked], { looks: false });
  if (fresh === undefined || fresh.kind === 'rejected') return fresh;
  if (fresh.partition.topicId === partition.topicId) return undefined;
  const outcome = await put(tools.ports, committer, fresh);
  if (outcome.kind === 'committed') return committedOf(asked, false);
  return rejectedOf(asked, replacedTopic(asked.topicName));
}

function replacedTopic(topicName: string): Rejected {
  return rejected(
    'STALE_MEMBER_EPOCH',
    `topic "${topicName}" was deleted and created again since it was claimed; nothing was committed; heartbeat, then claim what it is assigned`,
  );
}

async function commitWithoutMember(
  ports: GroupPorts,
  groupId: string,
  checked: readonly (Checked | PartitionRejected)[],
): Promise<CommitOutcome | Rejected> {
  const offsets = checked.flatMap((one) =>
    one.kind === 'rejected'
      ? []
      : [
          {
            partition: one.partition,
            offset: one.asked.offset,
            metadata: one.asked.metadata ?? '',
          },
        ],
  );
  const refusal = await writeWhileEmpty(ports, groupId, offsets);
  if (refusal?.code === 'NON_EMPTY_GROUP') {
    return rejected(
      'UNKNOWN_MEMBER_ID',
      `group ${groupId} has members, so only they may commit: send member id and epoch`,
    );
  }
  if (refusal !== undefined) return refusal;
  return {
    kind: 'done',
    results: checked.map((one) => (one.kind === 'rejected' ? one : committedOf(one.asked, false))),
  };
}

/** `looks`: at every log's end, whatever this process has seen. */
async function checkOffsets(
  tools: CommitTools,
  offsets: readonly OffsetToCommit[],
  { looks }: { readonly looks: boolean },
): Promise<readonly (Checked | PartitionRejected)[]> {
  const known = await Promise.all(offsets.map((asked) => findPartition(tools, asked)));
  const checkable = known.filter((one) => one.kind === 'checked');
  const reaches = await tools.ends.check(
    checkable.map(({ partition, asked }) => ({ partition, offset: asked.offset })),
    { looks },
  );
  const reachOf = new Map(checkable.map((one, index) => [one, reaches[index]]));
  return known.map((one) => {
    if (one.kind === 'rejected') return one;
    const { asked } = one;
    const reach = reachOf.get(one);
    if (reach?.kind === 'gone') {
      tools.catalog.forget(asked.topicName);
      return rejectedOf(asked, unknownTopic(asked.topicName));
    }
    if (reach?.kind !== 'beyond' && asked.offset >= 0n) return one;
    return rejectedOf(
      asked,
      rejected(
        'OFFSET_OUT_OF_RANGE',
        reach?.kind === 'beyond'
          ? `offset ${asked.offset} can't be committed: the log ends at ${reach.end}`
          : `an offset isn't negative, as ${asked.offset} is`,
      ),
    );
  });
}

async function findPartition(
  { catalog }: Pick<GroupTools, 'catalog'>,
  asked: OffsetToCommit,
): Promise<Checked | PartitionRejected> {
  const { topicName, partition, metadata = '' } = asked;
  const metadataBytes = Buffer.byteLength(metadata);
  if (metadataBytes > OFFSET_METADATA_BYTES_MAX) {
    return rejectedOf(
      asked,
      rejected(
        'OFFSET_METADATA_TOO_LARGE',
        `${metadataBytes} bytes of metadata are more than ${OFFSET_METADATA_BYTES_MAX}`,
      ),
    );
  }
  const known = await catalog.findAsked(asked);
  if (known === undefined) return rejectedOf(asked, unknownTopic(topicName));
  const { topicId, partitionCount } = known.topic;
  if (asked.topicId !== undefined && asked.topicId !== topicId) {
    return rejectedOf(asked, replacedTopic(topicName));
  }
  if (!Number.isInteger(partition) || partition < 0 || partition >= partitionCount) {
    return rejectedOf(asked, unknownPartition({ topicName, partition }, partitionCount));
  }
  return { kind: 'checked', asked, partition: { topicId, topicName, partition } };
}

function committedOf(
  { topicName, partition }: OffsetToCommit,
  superseded: boolean,
): OffsetCommitted {
  return { kind: 'committed', topicName, partition, superseded };
}

function rejectedOf(
  { topicName, partition }: OffsetToCommit,
  refusal: Rejected,
): PartitionRejected {
  return { ...refusal, topicName, partition };
}
