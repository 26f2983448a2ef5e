// Offsets by name: the log's ends, or the first one whose record is as late as asked, exactly as Kafka answers.

import { type Rejected, rejected } from '../../errors.ts';
import { READ_ATTEMPTS_MAX } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import type { Head } from '../../log/partition.ts';
import { unknownPartition, unknownTopic } from '../append/append.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';
import { largestEver, largestNow } from './largest-timestamp.ts';
import type { LocatePorts } from './locate.ts';
import type { ReadTools } from './plan-fetch.ts';
import { readHeads } from './read.ts';
import { findByTime } from './time-search.ts';

/** `max-timestamp`: the record with the largest timestamp (the first of them). */
export type OffsetAt =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  | { readonly kind: 'max-timestamp' };

export type OffsetFound =
  | { readonly kind: 'found'; readonly offset: bigint; readonly timestampMs?: number }
  /** No record is as late. */
  | { readonly kind: 'none' }
  | Rejected;

export interface OffsetFinder {
  find(request: {
    readonly topicName: string;
    readonly partition: number;
    readonly at: OffsetAt;
  }): Promise<OffsetFound>;
}

export function createOffsetFinder(
  ports: LocatePorts,
  tools: ReadTools & { readonly catalog: TopicCatalog },
): OffsetFinder {
  return {
    async find({ topicName, partition, at }) {
      const known = await tools.catalog.findWithPartition(topicName, partition);
      if (known === undefined) return unknownTopic(topicName);
      const { topicId, partitionCount } = known.topic;
      if (!Number.isInteger(partition) || partition < 0 || partition >= partitionCount) {
        return unknownPartition({ topicName, partition }, partitionCount);
      }
      const key = { topicId, partition };
      // What was found may be replaced while it is read: then look afresh.
      for (let attempt = 1; attempt <= READ_ATTEMPTS_MAX; attempt += 1) {
        const [head] = await readHeads(ports, [key]);
        if (head === undefined) {
          tools.catalog.forget(topicName);
          return unknownTopic(topicName);
        }
        const found = await findAt(ports, tools, { key, head, at });
        if (found.kind !== 'moved') return found;
      }
      return rejected(
        'STORAGE_UNAVAILABLE',
        `what partition ${partition} of "${topicName}" holds can't be found; try again, and look at the storage if it stays so`,
      );
    },
  };
}

async function findAt(
  ports: LocatePorts,
  tools: ReadTools,
  { key, head, at }: { readonly key: PartitionKey; readonly head: Head; readonly at: OffsetAt },
): Promise<OffsetFound | { readonly kind: 'moved' }> {
  if (at.kind === 'earliest') return { kind: 'found', offset: head.logStartOffset };
  if (at.kind === 'latest') return { kind: 'found', offset: head.nextOffset };
  if (at.kind === 'timestamp') {
    return findByTime(ports, tools, { key, head, timestampMs: at.timestampMs });
  }
  const ever = await findByTime(ports, tools, { key, head, timestampMs: largestEver(head) });
  if (ever.kind !== 'none') return ever;
  const timestampMs = await largestNow(ports, key, head);
  return findByTime(ports, tools, { key, head, timestampMs });
}
