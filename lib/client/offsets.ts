// Offsets of ends and times, asked for many partitions at once.

import type { ApiClient } from './api-client.ts';
import { type ErrorBody, StratalogRequestError } from './errors.ts';
import { partitionKey, type TopicPartition } from './types.ts';

export type OffsetQuestion =
  | { readonly kind: 'earliest' | 'latest' }
  /** The first record at or after this time, milliseconds since 1970. */
  | { readonly kind: 'timestamp'; readonly timestampMs: number };

interface ListOffsetsAnswer {
  readonly partitions: readonly (ErrorBody & {
    readonly topic_name: string;
    readonly partition_id: number;
    readonly offset?: number | null;
  })[];
}

/** By partition; undefined where no record is as late as asked. Errors: that of the first partition that has one. */
export async function listOffsets(
  api: ApiClient,
  partitions: readonly TopicPartition[],
  question: OffsetQuestion,
): Promise<ReadonlyMap<string, number | undefined>> {
  if (partitions.length === 0) return new Map();
  const at =
    question.kind === 'timestamp' ? { timestamp: question.timestampMs } : { at: question.kind };
  const answer = await api.json<ListOffsetsAnswer>({
    method: 'POST',
    path: '/offsets/list',
    json: {
      partitions: partitions.map(({ topic, partition }) => ({
        topic_name: topic,
        partition_id: partition,
        ...at,
      })),
    },
  });
  return new Map(
    answer.partitions.map((one) => {
      if (one.error_code !== undefined) {
        throw new StratalogRequestError(one, { status: Math.trunc(one.error_code / 100) });
      }
      const key = partitionKey({ topic: one.topic_name, partition: one.partition_id });
      return [key, one.offset ?? undefined];
    }),
  );
}

/** The first offset of a partition, or the next one. */
export async function endOf(
  api: ApiClient,
  place: TopicPartition,
  end: 'earliest' | 'latest',
): Promise<number> {
  const offsets = await listOffsets(api, [place], { kind: end });
  return offsets.get(partitionKey(place)) ?? 0;
}

/** The end that an offset names: -2 or `earliest`, -1 or `latest`. */
export function endNamed(offset: string): 'earliest' | 'latest' | undefined {
  if (offset === '-2' || offset === 'earliest') return 'earliest';
  return offset === '-1' || offset === 'latest' ? 'latest' : undefined;
}
