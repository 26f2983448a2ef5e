// Topics, as their owners see them: what there is and where its offsets stand. What changes them is in topic-changes.

import { type Rejected, rejected } from '../../errors.ts';
import { byteCountOf, type Head } from '../../log/partition.ts';
import type { Topic } from '../../log/topic.ts';
import { type EffectiveConfig, effectiveConfigs } from '../../log/topic-config.ts';
import { unknownPartition, unknownTopic } from '../append/append.ts';
import { readHeads } from '../read/read.ts';
import { withRetries } from '../retry.ts';
import { activeTopics } from './all-topics.ts';
import type { TopicCatalog } from './topic-catalog.ts';
import {
  alterTopic,
  type Changed,
  createTopic,
  deleteTopic,
  ensureTopic,
  type Found,
  findActive,
  type NewTopic,
  type TopicChange,
  type TopicPorts,
} from './topic-changes.ts';

export interface PartitionDescription {
  readonly partition: number;
  readonly logStartOffset: bigint;
  readonly nextOffset: bigint;
  /** Bytes of all batches ever appended. */
  readonly sizeBytes: number;
}

export interface RecordsToDelete {
  readonly topicName: string;
  readonly partition: number;
  /** Everything below it goes; `latest`: everything there is. */
  readonly offset: bigint | 'latest';
}

export interface TopicService {
  /** Refuses: TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR, INVALID_CONFIG. */
  create(wanted: NewTopic): Promise<{ readonly kind: 'created'; readonly topic: Topic } | Rejected>;
  /** Creates, or brings what there is up to what is wanted; partitions only ever grow. */
  ensure(wanted: NewTopic): Promise<Changed<'created' | 'unchanged' | 'updated'> | Rejected>;
  /** Active topics by name. */
  list(): Promise<readonly Topic[]>;
  get(name: string): Promise<Found | Rejected>;
  partitions(
    name: string,
  ): Promise<(Found & { readonly partitions: readonly PartitionDescription[] }) | Rejected>;
  configs(
    name: string,
  ): Promise<(Found & { readonly configs: readonly EffectiveConfig[] }) | Rejected>;
  alter(change: TopicChange): Promise<Changed<'altered'> | Rejected>;
  /** Answers when the name is free and nothing can be appended any more. */
  delete(name: string): Promise<{ readonly kind: 'deleted' } | Rejected>;
  /** Moves the log start offset up: records below it are gone for every reader at once. */
  deleteRecords(
    request: RecordsToDelete,
  ): Promise<{ readonly kind: 'deleted'; readonly logStartOffset: bigint } | RecordsNotDeleted>;
}

/** With both bounds where the offset is out of range. */
export interface RecordsNotDeleted extends Rejected {
  readonly logStartOffset?: bigint;
  readonly highWatermark?: bigint;
}

export function createTopicService(ports: TopicPorts, catalog: TopicCatalog): TopicService {
  return {
    create: (wanted) => createTopic(ports, wanted),
    ensure: (wanted) => ensureTopic(ports, catalog, wanted),
    list: () => activeTopics(ports),
    get: (name) => findActive(ports, name),
    partitions: (name) => describePartitions(ports, name),
    async configs(name) {
      const found = await findActive(ports, name);
      if (found.kind === 'rejected') return found;
      return { ...found, configs: effectiveConfigs(found.topic.configs) };
    },
    alter: (change) => alterTopic(ports, catalog, change),
    delete: (name) => deleteTopic(ports, catalog, name),
    deleteRecords: (request) => deleteRecords(ports, request),
  };
}

async function describePartitions(
  ports: TopicPorts,
  name: string,
): ReturnType<TopicService['partitions']> {
  const found = await findActive(ports, name);
  if (found.kind === 'rejected') return found;
  const { topicId, partitionCount } = found.topic;
  const keys = Array.from({ length: partitionCount }, (_, partition) => ({ topicId, partition }));
  const heads = await readHeads(ports, keys);
  const described = heads.map((head, partition) => head && describe(partition, head));
  return { ...found, partitions: described.filter((one) => one !== undefined) };
}

async function deleteRecords(
  ports: TopicPorts,
  request: RecordsToDelete,
): ReturnType<TopicService['deleteRecords']> {
  const { topicName, partition } = request;
  const found = await findActive(ports, topicName);
  if (found.kind === 'rejected') return found;
  const { topicId, partitionCount } = found.topic;
  if (partition < 0 || partition >= partitionCount) {
    return unknownPartition({ topicName, partition }, partitionCount);
  }
  const key = { topicId, partition };
  const [head] = await readHeads(ports, [key]);
  if (head === undefined) return unknownTopic(topicName);
  const offset = request.offset === 'latest' ? head.nextOffset : request.offset;
  if (offset < 0n || offset > head.nextOffset) return outOfRange(offset, head);
  const { logStartOffset } = head;
  if (offset <= logStartOffset) return { kind: 'deleted', logStartOffset };
  const raised = await withRetries(ports, () => ports.partitions.raiseLogStart(key, offset), {
    repeatable: true,
  });
  if (raised.head === undefined) return unknownTopic(topicName);
  return { kind: 'deleted', logStartOffset: raised.head.logStartOffset };
}

function describe(partition: number, head: Head): PartitionDescription {
  return {
    partition,
    logStartOffset: head.logStartOffset,
    nextOffset: head.nextOffset,
    sizeBytes: head.rolledBytes + byteCountOf(head.tail),
  };
}

function outOfRange(offset: bigint, head: Head): RecordsNotDeleted {
  const { logStartOffset, nextOffset: highWatermark } = head;
  const message = `offset ${offset} is out of range: the log has offsets ${logStartOffset} to ${highWatermark}`;
  return { ...rejected('OFFSET_OUT_OF_RANGE', message), logStartOffset, highWatermark };
}
