// Topics and their offsets, as operators ask for them by kafkajs's names; admin.ts gives them their place.

import { type ApiClient, pathOf } from './api-client.ts';
import {
  everyOf,
  listOf,
  nameOf,
  objectsOf,
  offsetOf,
  placeOf,
  takenBy,
  wholeNumberOf,
} from './arguments.ts';
import { isKafkaError } from './errors.ts';
import { partitionMetadata, unknownTopic } from './metadata.ts';
import { listOffsets } from './offsets.ts';
import { type PartitionMetadata, type PartitionOffset, partitionKey } from './types.ts';

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
}

export interface TopicConfig {
  readonly topic: string;
  readonly numPartitions?: number;
  /** Accepted; everything is kept three times. */
  readonly replicationFactor?: number;
  readonly configEntries?: readonly ConfigEntry[];
}

export interface CreateTopicsRequest {
  readonly topics: readonly TopicConfig[];
  readonly validateOnly?: boolean;
  /** For kafkajs's programs: a created topic can be written to at once. */
  readonly waitForLeaders?: boolean;
  readonly timeout?: number;
}

export interface DeleteTopicsRequest {
  readonly topics: readonly string[];
  readonly timeout?: number;
}

export interface CreatePartitionsRequest {
  readonly topicPartitions: readonly { readonly topic: string; readonly count: number }[];
  readonly validateOnly?: boolean;
  readonly timeout?: number;
}

export interface DeleteRecordsRequest {
  readonly topic: string;
  readonly partitions: readonly PartitionOffset[];
}

export type TopicOffsetRange = PartitionOffset & { high: string; low: string };

interface ListAnswer<Item> {
  readonly data: readonly Item[];
}

interface TopicBody {
  readonly topic_name: string;
  readonly partitions_count: number;
}

interface PartitionBody {
  readonly partition_id: number;
  readonly log_start_offset: number;
  readonly next_offset: number;
}

async function allTopics(api: ApiClient): Promise<readonly TopicBody[]> {
  return (await api.json<ListAnswer<TopicBody>>({ method: 'GET', path: '/topics' })).data;
}

export async function listTopics(api: ApiClient): Promise<string[]> {
  return (await allTopics(api)).map(({ topic_name }) => topic_name);
}

export async function createTopics(api: ApiClient, request: CreateTopicsRequest): Promise<boolean> {
  const { topics, validateOnly = false } = takenBy('createTopics()', request);
  const wanted = objectsOf('topics', topics);
  for (const { topic } of wanted) nameOf('topic', topic);
  const created = await everyOf(wanted.map((topic) => createTopic(api, topic, validateOnly)));
  return created.every((isNew) => isNew);
}

async function createTopic(
  api: ApiClient,
  { topic, numPartitions, replicationFactor, configEntries = [] }: TopicConfig,
  validateOnly: boolean,
): Promise<boolean> {
  try {
    await api.json({
      method: 'POST',
      path: '/topics',
      json: {
        topic_name: topic,
        ...(numPartitions === undefined ? {} : { partitions_count: numPartitions }),
        ...(replicationFactor === undefined ? {} : { replication_factor: replicationFactor }),
        configs: configEntries,
        ...(validateOnly ? { validate_only: true } : {}),
      },
      repeatable: false,
    });
    return true;
  } catch (error) {
    if (isKafkaError(error, 'TOPIC_ALREADY_EXISTS')) return false;
    throw error;
  }
}

export async function deleteTopics(api: ApiClient, request: DeleteTopicsRequest): Promise<void> {
  const names = listOf('topics', takenBy('deleteTopics()', request).topics);
  for (const name of names) nameOf('a topic', name);
  await everyOf(names.map((name) => api.call({ method: 'DELETE', path: pathOf('topics', name) })));
}

export async function createPartitions(
  api: ApiClient,
  request: CreatePartitionsRequest,
): Promise<true> {
  const { topicPartitions, validateOnly = false } = takenBy('createPartitions()', request);
  const wanted = objectsOf('topicPartitions', topicPartitions);
  for (const { topic, count } of wanted) {
    nameOf('topic', topic);
    wholeNumberOf('count', count);
  }
  await everyOf(
    wanted.map(({ topic, count }) =>
      alterTopic(api, topic, { partitions_count: count, validate_only: validateOnly }),
    ),
  );
  return true;
}

export async function fetchTopicMetadata(
  api: ApiClient,
  request: { readonly topics?: readonly string[] },
): Promise<{ topics: { name: string; partitions: PartitionMetadata[] }[] }> {
  const { topics } = takenBy('fetchTopicMetadata()', request);
  const known = await allTopics(api);
  const names = listOf('topics', topics ?? known.map(({ topic_name }) => topic_name));
  const counts = new Map(known.map((topic) => [topic.topic_name, topic.partitions_count]));
  return {
    topics: names.map((name) => {
      const count = counts.get(name);
      if (count === undefined) throw unknownTopic(name);
      return { name, partitions: partitionMetadata(count) };
    }),
  };
}

export async function fetchTopicOffsets(
  api: ApiClient,
  topic: string,
): Promise<TopicOffsetRange[]> {
  const path = pathOf('topics', nameOf('topic', topic), 'partitions');
  const { data } = await api.json<ListAnswer<PartitionBody>>({ method: 'GET', path });
  return data.map(({ partition_id, log_start_offset, next_offset }) => ({
    partition: partition_id,
    offset: String(next_offset),
    high: String(next_offset),
    low: String(log_start_offset),
  }));
}

export async function fetchTopicOffsetsByTimestamp(
  api: ApiClient,
  topic: string,
  timestamp: number | undefined,
): Promise<PartitionOffset[]> {
  if (timestamp !== undefined) wholeNumberOf('timestamp', timestamp);
  const ends = await fetchTopicOffsets(api, topic);
  const places = ends.map(({ partition }) => ({ topic, partition }));
  const found =
    timestamp === undefined
      ? new Map<string, number>()
      : await listOffsets(api, places, { kind: 'timestamp', timestampMs: timestamp });
  return ends.map(({ partition, high }) => {
    const offset = found.get(partitionKey({ topic, partition }));
    return { partition, offset: offset === undefined ? high : String(offset) };
  });
}

export async function deleteTopicRecords(
  api: ApiClient,
  request: DeleteRecordsRequest,
): Promise<void> {
  const { topic, partitions } = takenBy('deleteTopicRecords()', request);
  nameOf('topic', topic);
  await everyOf(
    objectsOf('partitions', partitions).map(async ({ partition, offset }) => {
      const before = offsetOf(offset);
      placeOf({ topic, partition });
      await api.json({
        method: 'POST',
        path: pathOf('topics', topic, 'partitions', partition, 'records', 'delete'),
        json: { offset: before === -1 ? 'latest' : before },
      });
    }),
  );
}

export async function alterTopic(
  api: ApiClient,
  topic: string,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await api.json({ method: 'PATCH', path: pathOf('topics', nameOf('topic', topic)), json: change });
}
