// What operators do, by kafkajs's names: topics, their configuration and offsets. Groups are in admin-groups.ts.

import {
  type AclEntry,
  type AclFilter,
  createAcls,
  type DeleteAclFilterResponse,
  type DescribeAclResource,
  deleteAcls,
  describeAcls,
} from './admin-acls.ts';
import {
  type CommittedOffset,
  deleteGroup,
  describeGroup,
  fetchGroupOffsets,
  fetchLag,
  type GroupDescription,
  listGroups,
  type PartitionLag,
  type ResetOffset,
  type ResetRequest,
  resetOffsets,
  setOffsets,
} from './admin-groups.ts';
import {
  describeSegments,
  describeStorage,
  type GarbagePreview,
  type PartitionSegments,
  type PartitionStorage,
  previewGarbage,
} from './admin-storage.ts';
import { type ApiClient, pathOf } from './api-client.ts';
import { everyOf, listOf, offsetOf } from './arguments.ts';
import { isKafkaError, StratalogClientError } from './errors.ts';
import type { Instrumentation, RequestPayload } from './instrumentation.ts';
import type { ClientLogger } from './logging.ts';
import { partitionMetadata, unknownTopic } from './metadata.ts';
import { listOffsets } from './offsets.ts';
import {
  type PartitionMetadata,
  type PartitionOffset,
  partitionKey,
  type TopicOffsets,
} from './types.ts';

export interface AdminEventPayloads {
  'admin.connect': null;
  'admin.disconnect': null;
  'admin.network.request': RequestPayload;
  'admin.network.request_timeout': RequestPayload;
  /** Never comes. */
  'admin.network.request_queue_size': RequestPayload;
}

export const ADMIN_EVENTS = {
  CONNECT: 'admin.connect',
  DISCONNECT: 'admin.disconnect',
  REQUEST: 'admin.network.request',
  REQUEST_TIMEOUT: 'admin.network.request_timeout',
  REQUEST_QUEUE_SIZE: 'admin.network.request_queue_size',
} as const;

export interface TopicConfig {
  readonly topic: string;
  readonly numPartitions?: number;
  /** Accepted; everything is kept three times. */
  readonly replicationFactor?: number;
  readonly configEntries?: readonly ConfigEntry[];
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
}

export const ConfigResourceTypes = { UNKNOWN: 0, TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8 } as const;

/** Where a value comes from: the topic, or the log's default. */
export const ConfigSource = { UNKNOWN: 0, TOPIC_CONFIG: 1, DEFAULT_CONFIG: 5 } as const;

export interface ResourceConfigQuery {
  readonly type: number;
  readonly name: string;
  readonly configNames?: readonly string[];
}

export interface ResourceConfig {
  readonly type: number;
  readonly name: string;
  readonly configEntries: readonly ConfigEntry[];
}

/** `value` null goes back to the default. */
export interface ConfigChange {
  readonly name: string;
  readonly value: string | null;
}

export interface DescribedConfigEntry {
  readonly configName: string;
  readonly configValue: string;
  readonly isDefault: boolean;
  readonly configSource: (typeof ConfigSource)[keyof typeof ConfigSource];
  readonly isSensitive: boolean;
  readonly readOnly: boolean;
  /** None: a value has one name. */
  readonly configSynonyms: readonly never[];
}

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

interface ConfigBody {
  readonly name: string;
  readonly value: string;
  readonly is_default: boolean;
}

export class Admin {
  readonly events = ADMIN_EVENTS;
  readonly on: Instrumentation<AdminEventPayloads>['on'];
  readonly #api: ApiClient;
  readonly #instrumentation: Instrumentation<AdminEventPayloads>;
  readonly #logger: ClientLogger;

  constructor(
    api: ApiClient,
    base: {
      readonly instrumentation: Instrumentation<AdminEventPayloads>;
      readonly logger: ClientLogger;
    },
  ) {
    const { instrumentation, logger } = base;
    this.#api = api;
    this.#instrumentation = instrumentation;
    this.#logger = logger;
    this.on = instrumentation.on.bind(instrumentation);
  }

  async connect(): Promise<void> {
    this.#instrumentation.emit('admin.connect', null);
  }

  async disconnect(): Promise<void> {
    this.#instrumentation.emit('admin.disconnect', null);
  }

  logger(): ClientLogger {
    return this.#logger;
  }

  /** There is one node, which is the log itself. */
  async describeCluster(): Promise<{
    brokers: { nodeId: number; host: string; port: number }[];
    controller: number;
    clusterId: string;
  }> {
    const { description } = this.#api.transport;
    const { hostname, port, protocol } = URL.canParse(description)
      ? new URL(description)
      : { hostname: description, port: '', protocol: '' };
    const portNumber = Number(port) || (protocol === 'http:' ? 80 : 443);
    return {
      brokers: [{ nodeId: 0, host: hostname, port: portNumber }],
      controller: 0,
      clusterId: '-',
    };
  }

  async listTopics(): Promise<string[]> {
    const path = '/topics';
    const { data } = await this.#api.json<ListAnswer<TopicBody>>({ method: 'GET', path });
    return data.map(({ topic_name }) => topic_name);
  }

  /** Resolves to false when some existed already, as in kafkajs; the others are created all the same. */
  async createTopics(options: {
    readonly topics: readonly TopicConfig[];
    readonly validateOnly?: boolean;
    /** For kafkajs's programs: a created topic can be written to at once. */
    readonly waitForLeaders?: boolean;
    readonly timeout?: number;
  }): Promise<boolean> {
    const created = await everyOf(
      listOf('topics', options.topics).map((topic) =>
        this.#createTopic(topic, options.validateOnly ?? false),
      ),
    );
    return created.every((isNew) => isNew);
  }

  async #createTopic(topic: TopicConfig, validateOnly: boolean): Promise<boolean> {
    try {
      await this.#api.json({
        method: 'POST',
        path: '/topics',
        json: {
          topic_name: topic.topic,
          ...(topic.numPartitions === undefined ? {} : { partitions_count: topic.numPartitions }),
          ...(topic.replicationFactor === undefined
            ? {}
            : { replication_factor: topic.replicationFactor }),
          configs: topic.configEntries ?? [],
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

  async deleteTopics(options: {
    readonly topics: readonly string[];
    readonly timeout?: number;
  }): Promise<void> {
    await everyOf(
      listOf('topics', options.topics).map((topic) =>
        this.#api.call({ method: 'DELETE', path: pathOf('topics', topic) }),
      ),
    );
  }

  /** Raises the number of partitions. From then on new keys map differently; resolves to true. */
  async createPartitions(options: {
    readonly topicPartitions: readonly { readonly topic: string; readonly count: number }[];
    readonly validateOnly?: boolean;
    readonly timeout?: number;
  }): Promise<boolean> {
    const { validateOnly = false } = options;
    await everyOf(
      listOf('topicPartitions', options.topicPartitions).map(({ topic, count }) =>
        this.#alterTopic(topic, { partitions_count: count, validate_only: validateOnly }),
      ),
    );
    return true;
  }

  async fetchTopicMetadata(
    options: { readonly topics?: readonly string[] } = {},
  ): Promise<{ topics: { name: string; partitions: PartitionMetadata[] }[] }> {
    const known = await this.#api.json<ListAnswer<TopicBody>>({ method: 'GET', path: '/topics' });
    if (options.topics !== undefined) listOf('topics', options.topics);
    const names = options.topics ?? known.data.map(({ topic_name }) => topic_name);
    const counts = new Map(known.data.map((topic) => [topic.topic_name, topic.partitions_count]));
    return {
      topics: names.map((name) => {
        const count = counts.get(name);
        if (count === undefined) throw unknownTopic(name);
        return { name, partitions: partitionMetadata(count) };
      }),
    };
  }

  /** `low` is the first offset, `high` and `offset` the next one. */
  async fetchTopicOffsets(
    topic: string,
  ): Promise<(PartitionOffset & { high: string; low: string })[]> {
    const path = pathOf('topics', topic, 'partitions');
    const { data } = await this.#api.json<ListAnswer<PartitionBody>>({ method: 'GET', path });
    return data.map(({ partition_id, log_start_offset, next_offset }) => ({
      partition: partition_id,
      offset: String(next_offset),
      high: String(next_offset),
      low: String(log_start_offset),
    }));
  }

  /** The first record at or after `timestamp` (milliseconds since 1970); the next offset where there is none. */
  async fetchTopicOffsetsByTimestamp(
    topic: string,
    timestamp?: number,
  ): Promise<PartitionOffset[]> {
    const ends = await this.fetchTopicOffsets(topic);
    const places = ends.map(({ partition }) => ({ topic, partition }));
    const found =
      timestamp === undefined
        ? new Map<string, number>()
        : await listOffsets(this.#api, places, { kind: 'timestamp', timestampMs: timestamp });
    return ends.map(({ partition, high }) => {
      const offset = found.get(partitionKey({ topic, partition }));
      return { partition, offset: offset === undefined ? high : String(offset) };
    });
  }

  /** Of topics; there are no brokers to configure. */
  async describeConfigs(query: {
    readonly resources: readonly ResourceConfigQuery[];
    readonly includeSynonyms?: boolean;
  }): Promise<{
    resources: {
      resourceName: string;
      resourceType: number;
      errorCode: 0;
      errorMessage: string;
      configEntries: DescribedConfigEntry[];
    }[];
    throttleTime: 0;
  }> {
    const resources = await Promise.all(
      listOf('resources', query.resources).map(async ({ type, name, configNames }) => {
        assertTopic(type);
        const configs = await this.#configs(name);
        return {
          resourceName: name,
          resourceType: type,
          errorCode: 0 as const,
          errorMessage: '',
          configEntries: configs
            .filter((config) => configNames?.includes(config.name) ?? true)
            .map((config) => ({
              configName: config.name,
              configValue: config.value,
              isDefault: config.is_default,
              configSource: config.is_default
                ? ConfigSource.DEFAULT_CONFIG
                : ConfigSource.TOPIC_CONFIG,
              isSensitive: false,
              readOnly: false,
              configSynonyms: [],
            })),
        };
      }),
    );
    return { resources, throttleTime: 0 };
  }

  /** As Kafka's: sets exactly these, and what isn't among them goes back to its default. */
  async alterConfigs(request: {
    readonly resources: readonly ResourceConfig[];
    readonly validateOnly?: boolean;
  }): Promise<void> {
    for (const { type, name, configEntries } of listOf('resources', request.resources)) {
      assertTopic(type);
      const kept = new Set(listOf('configEntries', configEntries).map((entry) => entry.name));
      const set = (await this.#configs(name)).filter((config) => !config.is_default);
      const reset = set.filter((config) => !kept.has(config.name));
      const gone = reset.map((config) => ({ name: config.name, value: null }));
      const { validateOnly = false } = request;
      await this.incrementalAlterConfigs(name, [...configEntries, ...gone], { validateOnly });
    }
  }

  /** Changes these and leaves the others (kafkajs has no such verb). */
  async incrementalAlterConfigs(
    topic: string,
    changes: readonly ConfigChange[],
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    await this.#alterTopic(topic, { configs: changes, validate_only: validateOnly });
  }

  /** Removes every record below the offset; -1: every record there is. */
  async deleteTopicRecords(request: {
    readonly topic: string;
    readonly partitions: readonly PartitionOffset[];
  }): Promise<void> {
    await everyOf(
      listOf('partitions', request.partitions).map(({ partition, offset }) =>
        this.#api.json({
          method: 'POST',
          path: pathOf('topics', request.topic, 'partitions', partition, 'records', 'delete'),
          json: { offset: offsetOf(offset) === -1 ? 'latest' : offsetOf(offset) },
        }),
      ),
    );
  }

  listGroups(): Promise<{ groups: Awaited<ReturnType<typeof listGroups>> }> {
    return listGroups(this.#api).then((groups) => ({ groups }));
  }

  async describeGroups(groupIds: readonly string[]): Promise<{ groups: GroupDescription[] }> {
    const asked = listOf('groupIds', groupIds).map((groupId) => describeGroup(this.#api, groupId));
    const groups = await Promise.all(asked);
    return { groups };
  }

  /** How far behind a group is, partition by partition, in records and in seconds (kafkajs has no such verb). */
  fetchLag(groupId: string): Promise<PartitionLag[]> {
    return fetchLag(this.#api, groupId);
  }

  /** Of these topics every partition, '-1' where nothing is committed; of none given, what is committed. */
  async fetchOffsets(options: {
    readonly groupId: string;
    readonly topics?: readonly string[];
    /** For kafkajs's programs: here what a reset sets is an offset. */
    readonly resolveOffsets?: boolean;
  }): ReturnType<typeof fetchGroupOffsets> {
    const { groupId, topics } = options;
    const found = await fetchGroupOffsets(this.#api, groupId);
    if (topics === undefined) return found;
    const metadata = await this.fetchTopicMetadata({ topics });
    return metadata.topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ partitionId }) => offsetAmong(found, name, partitionId)),
    }));
  }

  /** Only while the group has no members. */
  async setOffsets(request: { readonly groupId: string } & TopicOffsets): Promise<void> {
    await setOffsets(this.#api, request);
  }

  /** As kafkajs's: to the first or the next offset. Only while the group has no members. */
  async resetOffsets(request: {
    readonly groupId: string;
    readonly topic: string;
    readonly earliest?: boolean;
  }): Promise<void> {
    const { groupId, topic, earliest = false } = request;
    const kind = earliest ? 'earliest' : 'latest';
    await resetOffsets(this.#api, { groupId, to: { kind }, topics: [{ topic }] });
  }

  /** To an end, an offset, a time, a while ago, or so many records on or back; says what changes (or would). */
  resetGroupOffsets(request: ResetRequest): Promise<ResetOffset[]> {
    return resetOffsets(this.#api, request);
  }

  /** What each partition of a topic is made of. */
  describeStorage(topic: string): Promise<PartitionStorage[]> {
    return describeStorage(this.#api, topic);
  }

  /** The same of one partition, segment by segment. */
  describeSegments(topic: string, partition: number): Promise<PartitionSegments> {
    return describeSegments(this.#api, topic, partition);
  }

  /** What a run of garbage collection would delete now. */
  previewGarbage(): Promise<GarbagePreview> {
    return previewGarbage(this.#api);
  }

  createAcls({ acl }: { readonly acl: readonly AclEntry[] }): Promise<boolean> {
    return createAcls(this.#api, acl);
  }

  async describeAcls(filter: AclFilter): Promise<{ resources: DescribeAclResource[] }> {
    return { resources: await describeAcls(this.#api, filter) };
  }

  async deleteAcls(options: {
    readonly filters: readonly AclFilter[];
  }): Promise<{ filterResponses: DeleteAclFilterResponse[] }> {
    return { filterResponses: await deleteAcls(this.#api, options.filters) };
  }

  async deleteGroups(groupIds: readonly string[]): Promise<{ groupId: string; errorCode: 0 }[]> {
    await everyOf(listOf('groupIds', groupIds).map((groupId) => deleteGroup(this.#api, groupId)));
    return groupIds.map((groupId) => ({ groupId, errorCode: 0 }));
  }

  async #alterTopic(topic: string, change: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#api.json({ method: 'PATCH', path: pathOf('topics', topic), json: change });
  }

  async #configs(topic: string): Promise<readonly ConfigBody[]> {
    const path = pathOf('topics', topic, 'configs');
    return (await this.#api.json<ListAnswer<ConfigBody>>({ method: 'GET', path })).data;
  }
}

function offsetAmong(
  found: Awaited<ReturnType<typeof fetchGroupOffsets>>,
  name: string,
  partition: number,
): CommittedOffset {
  const committed = found
    .find(({ topic }) => topic === name)
    ?.partitions.find((one) => one.partition === partition);
  return committed ?? { partition, offset: '-1', metadata: null };
}

function assertTopic(type: number): void {
  if (type === ConfigResourceTypes.TOPIC) return;
  throw new StratalogClientError('invalid-argument', 'only topics (type 2) have configurations');
}
