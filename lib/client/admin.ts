// What operators do, by kafkajs's names. What each verb does is in admin-topics.ts, admin-configs.ts, admin-groups.ts,
// admin-storage.ts and admin-acls.ts.

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
  type AlterConfigsRequest,
  alterConfigs,
  type ConfigChange,
  type DescribeConfigsQuery,
  type DescribedConfigs,
  describeConfigs,
} from './admin-configs.ts';
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
  type SetOffsetsRequest,
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
import {
  alterTopic,
  type CreatePartitionsRequest,
  type CreateTopicsRequest,
  createPartitions,
  createTopics,
  type DeleteRecordsRequest,
  type DeleteTopicsRequest,
  deleteTopicRecords,
  deleteTopics,
  fetchTopicMetadata,
  fetchTopicOffsets,
  fetchTopicOffsetsByTimestamp,
  listTopics,
  type TopicOffsetRange,
} from './admin-topics.ts';
import type { ApiClient } from './api-client.ts';
import { everyOf, listOf, nameOf, objectsOf, placeOf, takenBy } from './arguments.ts';
import type { Instrumentation, RequestPayload } from './instrumentation.ts';
import type { ClientLogger } from './logging.ts';
import type { PartitionMetadata, PartitionOffset } from './types.ts';

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

  listTopics(): Promise<string[]> {
    return listTopics(this.#api);
  }

  /** Resolves to false when some existed already, as in kafkajs; the others are created all the same. */
  createTopics(options: CreateTopicsRequest): Promise<boolean> {
    return createTopics(this.#api, options);
  }

  deleteTopics(options: DeleteTopicsRequest): Promise<void> {
    return deleteTopics(this.#api, options);
  }

  /** Raises the number of partitions to `count`. From then on new keys map differently; resolves to true. */
  createPartitions(options: CreatePartitionsRequest): Promise<boolean> {
    return createPartitions(this.#api, options);
  }

  fetchTopicMetadata(
    options: { readonly topics?: readonly string[] } = {},
  ): Promise<{ topics: { name: string; partitions: PartitionMetadata[] }[] }> {
    return fetchTopicMetadata(this.#api, options);
  }

  /** `low` is the first offset, `high` and `offset` the next one. */
  fetchTopicOffsets(topic: string): Promise<TopicOffsetRange[]> {
    return fetchTopicOffsets(this.#api, topic);
  }

  /** The first record at or after `timestamp` (milliseconds since 1970); the next offset where there is none. */
  fetchTopicOffsetsByTimestamp(topic: string, timestamp?: number): Promise<PartitionOffset[]> {
    return fetchTopicOffsetsByTimestamp(this.#api, topic, timestamp);
  }

  /** Of topics; there are no brokers to configure. */
  describeConfigs(query: DescribeConfigsQuery): Promise<DescribedConfigs> {
    return describeConfigs(this.#api, query);
  }

  /** As Kafka's: sets exactly these, and what isn't among them goes back to its default. */
  alterConfigs(request: AlterConfigsRequest): Promise<void> {
    return alterConfigs(this.#api, request);
  }

  /** Changes these and leaves the others (kafkajs has no such verb). */
  async incrementalAlterConfigs(
    topic: string,
    changes: readonly ConfigChange[],
    { validateOnly = false }: { readonly validateOnly?: boolean } = {},
  ): Promise<void> {
    const configs = objectsOf('changes', changes);
    await alterTopic(this.#api, topic, { configs, validate_only: validateOnly });
  }

  /** Removes every record below the offset; -1: every record there is. */
  deleteTopicRecords(request: DeleteRecordsRequest): Promise<void> {
    return deleteTopicRecords(this.#api, request);
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
  async fetchLag(groupId: string): Promise<PartitionLag[]> {
    return await fetchLag(this.#api, groupId);
  }

  /** Of these topics every partition, '-1' where nothing is committed; of none given, what is committed. */
  async fetchOffsets(options: {
    readonly groupId: string;
    readonly topics?: readonly string[];
    /** For kafkajs's programs: here what a reset sets is an offset. */
    readonly resolveOffsets?: boolean;
  }): ReturnType<typeof fetchGroupOffsets> {
    const { groupId, topics } = takenBy('fetchOffsets()', options);
    nameOf('groupId', groupId);
    const found = await fetchGroupOffsets(this.#api, groupId);
    if (topics === undefined) return found;
    const metadata = await this.fetchTopicMetadata({ topics });
    return metadata.topics.map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ partitionId }) => offsetAmong(found, name, partitionId)),
    }));
  }

  /** Only while the group has no members. */
  async setOffsets(request: SetOffsetsRequest): Promise<void> {
    await setOffsets(this.#api, takenBy('setOffsets()', request));
  }

  /** As kafkajs's: to the first or the next offset. Only while the group has no members. */
  async resetOffsets(request: {
    readonly groupId: string;
    readonly topic: string;
    readonly earliest?: boolean;
  }): Promise<void> {
    const { groupId, topic, earliest = false } = takenBy('resetOffsets()', request);
    nameOf('topic', topic);
    const kind = earliest ? 'earliest' : 'latest';
    await resetOffsets(this.#api, { groupId, to: { kind }, topics: [{ topic }] });
  }

  /** To an end, an offset, a time, a while ago, or so many records on or back; says what changes (or would). */
  async resetGroupOffsets(request: ResetRequest): Promise<ResetOffset[]> {
    return await resetOffsets(this.#api, takenBy('resetGroupOffsets()', request));
  }

  /** What each partition of a topic is made of. */
  async describeStorage(topic: string): Promise<PartitionStorage[]> {
    return await describeStorage(this.#api, nameOf('topic', topic));
  }

  /** The same of one partition, segment by segment. */
  async describeSegments(topic: string, partition: number): Promise<PartitionSegments> {
    placeOf({ topic, partition });
    return await describeSegments(this.#api, topic, partition);
  }

  /** What a run of garbage collection would delete now. */
  previewGarbage(): Promise<GarbagePreview> {
    return previewGarbage(this.#api);
  }

  async createAcls(options: { readonly acl: readonly AclEntry[] }): Promise<boolean> {
    return await createAcls(this.#api, takenBy('createAcls()', options).acl);
  }

  async describeAcls(filter: AclFilter): Promise<{ resources: DescribeAclResource[] }> {
    const resources = await describeAcls(this.#api, takenBy('describeAcls()', filter));
    return { resources };
  }

  async deleteAcls(options: {
    readonly filters: readonly AclFilter[];
  }): Promise<{ filterResponses: DeleteAclFilterResponse[] }> {
    const { filters } = takenBy('deleteAcls()', options);
    return { filterResponses: await deleteAcls(this.#api, filters) };
  }

  async deleteGroups(groupIds: readonly string[]): Promise<{ groupId: string; errorCode: 0 }[]> {
    await everyOf(listOf('groupIds', groupIds).map((groupId) => deleteGroup(this.#api, groupId)));
    return groupIds.map((groupId) => ({ groupId, errorCode: 0 }));
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
