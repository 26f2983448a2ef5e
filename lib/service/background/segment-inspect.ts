// What a topic's partitions are made of, for people: segments, what waits to be merged, what waits to be compacted, and
// what keeps a job from getting on.

import type { Rejected } from '../../errors.ts';
import { JOB_GETS_AT_ONCE, JOB_PAGES_PER_LIST } from '../../limits.ts';
import { cleanupSettings } from '../../log/cleanup-settings.ts';
import { compactionDebt } from '../../log/compaction.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { mergeDebtBytes } from '../../log/merge.ts';
import { byteCountOf } from '../../log/partition.ts';
import { type Damage, SEGMENT_FILES, type Segment, segmentBytesOf } from '../../log/segment.ts';
import { unknownPartition, unknownTopic } from '../append/append.ts';
import { mapInParallel } from '../parallel.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';
import { partitionsOf } from './job-topics.ts';
import { readHead, readLog } from './merge-look.ts';
import { listSegments } from './retention.ts';

export interface PartitionInspection {
  readonly partition: number;
  readonly logStartOffset: bigint;
  readonly nextOffset: bigint;
  /** Everything below is merged. */
  readonly segmentedTo: bigint;
  /** Ascending. */
  readonly segments: readonly Segment[];
  readonly segmentBytes: number;
  /** Rolled out of the head and not merged yet. */
  readonly pageBytes: number;
  /** Pages of these, as many as one look finds (`JOB_PAGES_PER_LIST`). */
  readonly pageCount: number;
  readonly tailEntries: number;
  readonly tailBytes: number;
  /** Objects that hold these records: three a segment, and the WAL objects of the pages looked at and of the tail. */
  readonly objectCount: number;
  /** Segments that are no longer named and whose objects wait for a grace time to end; as many as one look finds. */
  readonly retiredSegments: number;
  /** On a compacted topic: bytes of segments behind the first offset that was never compared. */
  readonly dirtyBytes?: number;
  readonly damage?: Damage;
}

export interface SegmentInspector {
  /** Every partition of a topic, or one. Refuses UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_PARTITION. */
  inspect(
    topicName: string,
    partition?: number,
  ): Promise<
    { readonly kind: 'found'; readonly partitions: readonly PartitionInspection[] } | Rejected
  >;
}

export function createSegmentInspector(ports: BackgroundPorts): SegmentInspector {
  return {
    async inspect(topicName, partition) {
      const topic = await withRetries(ports, () => ports.topics.getTopic(topicName), REPEATABLE);
      if (topic === undefined || topic.state !== 'active') return unknownTopic(topicName);
      const all = partitionsOf(topic);
      const keys = partition === undefined ? all : all.slice(partition, partition + 1);
      if (keys.length === 0) {
        return unknownPartition({ topicName, partition: partition ?? 0 }, topic.partitionCount);
      }
      const { compacts } = cleanupSettings(topic.configs);
      const inspected = await mapInParallel(keys, JOB_GETS_AT_ONCE, (key) =>
        inspectPartition(ports, key, compacts),
      );
      return { kind: 'found', partitions: inspected.filter((one) => one !== undefined) };
    },
  };
}

async function inspectPartition(
  ports: BackgroundPorts,
  key: PartitionKey,
  compacts: boolean,
): Promise<PartitionInspection | undefined> {
  const head = await readHead(ports, key);
  if (head === undefined) return undefined;
  const log = await readLog(ports, key);
  const segments = await listSegments(ports, key);
  const segmentedTo = log?.segmentedTo ?? 0n;
  const query = { from: segmentedTo, to: head.tailBase, limit: JOB_PAGES_PER_LIST };
  const { pages } = await withRetries(
    ports,
    () => ports.segments.listPages(key, query),
    REPEATABLE,
  );
  const { retired } = await withRetries(
    ports,
    () => ports.segments.listRetired(key, { limit: JOB_PAGES_PER_LIST }),
    REPEATABLE,
  );
  const waiting = [...pages.flatMap(({ entries }) => entries), ...head.tail];
  const filled = segments.filter(({ sizeBytes }) => sizeBytes > 0);
  return {
    partition: key.partition,
    logStartOffset: head.logStartOffset,
    nextOffset: head.nextOffset,
    segmentedTo,
    segments,
    segmentBytes: segmentBytesOf(segments),
    pageBytes: mergeDebtBytes(head, pages[0]),
    pageCount: pages.length,
    tailEntries: head.tail.length,
    tailBytes: byteCountOf(head.tail),
    objectCount:
      filled.length * SEGMENT_FILES.length + new Set(waiting.map(({ objectId }) => objectId)).size,
    retiredSegments: retired.reduce((count, { segments: gone }) => count + gone.length, 0),
    ...(compacts ? { dirtyBytes: compactionDebt(segments).dirtyBytes } : {}),
    ...(log?.damage === undefined ? {} : { damage: log.damage }),
  };
}
