// Where to begin reading a partition: at what is committed, or else at one of its ends.

import { OFFSETS_PER_REQUEST_MAX } from '../../limits.ts';
import { type ApiClient, pathOf } from '../api-client.ts';
import { objectsOf, offsetOf, placeOf } from '../arguments.ts';
import { partitionKey, type TopicPartition, type TopicPartitionOffset } from '../types.ts';
import type { Identity } from './membership.ts';

/** Asks an own store of offsets; what it leaves out has none. */
export type FetchOffsets = (
  partitions: readonly TopicPartition[],
) => Promise<readonly TopicPartitionOffset[]>;

interface ClaimAnswer {
  readonly offsets?: readonly {
    readonly topic_name: string;
    readonly partition_id: number;
    readonly offset: number | null;
    readonly counter: number;
  }[];
}

export interface Claim {
  readonly place: TopicPartition;
  /** Number of the last commit that counted. */
  readonly counter: number;
  /** Undefined: the group never committed one. */
  readonly committed: number | undefined;
}

/** Takes partitions over for the member; those that it may not have (any more, or yet) are left out. */
export async function claimPartitions(
  api: ApiClient,
  groupId: string,
  identity: Identity,
  partitions: readonly TopicPartition[],
): Promise<readonly Claim[]> {
  const claims: Claim[] = [];
  for (let start = 0; start < partitions.length; start += OFFSETS_PER_REQUEST_MAX) {
    const some = partitions.slice(start, start + OFFSETS_PER_REQUEST_MAX);
    const answer = await api.json<ClaimAnswer>({
      method: 'POST',
      path: pathOf('consumer-groups', groupId, 'offsets', 'claim'),
      json: {
        member_id: identity.memberId,
        member_epoch: identity.epoch,
        partitions: some.map(({ topic, partition }) => ({
          topic_name: topic,
          partition_id: partition,
        })),
      },
      retries: 2,
    });
    for (const { topic_name, partition_id, offset, counter } of answer.offsets ?? []) {
      const place = { topic: topic_name, partition: partition_id };
      claims.push({ place, counter, committed: offset ?? undefined });
    }
  }
  return claims;
}

/** What the program's own store says of these partitions. */
export async function ownOffsets(
  fetchOffsets: FetchOffsets,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, number>> {
  const offsets = objectsOf('what fetchOffsets returns', await fetchOffsets(partitions));
  return new Map(offsets.map((one) => [partitionKey(placeOf(one)), offsetOf(one.offset)]));
}
