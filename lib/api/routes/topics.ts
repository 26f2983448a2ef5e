// Topics, their partitions and configurations: the REST Proxy's v3 shapes, plus where a partition's offsets stand.

import * as z from 'zod';
import type { Topic } from '../../log/topic.ts';
import type { EffectiveConfig } from '../../log/topic-config.ts';
import type { NewTopic, TopicChange } from '../../service/topics/topic-changes.ts';
import type { PartitionDescription } from '../../service/topics/topics.ts';
import { type Route, route } from '../operation.ts';
import { problem } from '../problem.ts';
import type { Reply } from '../reply.ts';
import { numberText, offset, offsetNumber, topicName } from '../schemas/values.ts';

/** S3 and DynamoDB keep three copies in three zones; nothing else can be asked for. */
const REPLICATION_FACTOR = 3;

const topicParams = z.object({ topic_name: topicName });
const partitionParams = z.object({ topic_name: topicName, partition_id: numberText });
const configValue = z
  .union(
    [z.string().max(1_000), z.number(), z.boolean()],
    'must be text, a number, true or false; write numbers beyond 2^53 as text',
  )
  .transform(String);
const distinctNames = (configs: readonly { readonly name: string }[]): boolean =>
  new Set(configs.map(({ name }) => name)).size === configs.length;
const TWICE = 'a name stands twice';
const config = z.strictObject({ name: z.string().max(200), value: configValue });
const newTopic = {
  partitions_count: z.int().optional(),
  replication_factor: z.int().optional(),
  configs: z.array(config).max(100).refine(distinctNames, TWICE).optional(),
  validate_only: z.boolean().optional(),
};
const createBody = z
  .strictObject({ topic_name: topicName, ...newTopic })
  .meta({ id: 'CreateTopic' });
const ensureBody = z
  .strictObject({ ...newTopic, topic_name: topicName.optional() })
  .meta({ id: 'EnsureTopic' });
const alterBody = z
  .strictObject({
    partitions_count: z.int().optional(),
    configs: z
      .array(z.strictObject({ name: z.string().max(200), value: configValue.nullable() }))
      .max(100)
      .refine(distinctNames, TWICE)
      .optional(),
    validate_only: z.boolean().optional(),
  })
  .meta({ id: 'AlterTopic' });

const metadata = z.object({ self: z.string() }).loose();
const related = z.object({ related: z.string() });
const topicShape = z
  .object({
    kind: z.literal('KafkaTopic'),
    metadata,
    cluster_id: z.string(),
    topic_name: z.string(),
    topic_id: z.string(),
    is_internal: z.boolean(),
    replication_factor: z.int(),
    partitions_count: z.int(),
    partitions: related,
    configs: related,
    warnings: z.array(z.string()).optional(),
  })
  .meta({ id: 'Topic' });
const partitionShape = z
  .object({
    kind: z.literal('KafkaPartition'),
    metadata,
    cluster_id: z.string(),
    topic_name: z.string(),
    partition_id: z.int(),
    replication_factor: z.int(),
    log_start_offset: z.int(),
    next_offset: z.int(),
    size_bytes: z.int(),
  })
  .meta({ id: 'Partition' });
const configShape = z
  .object({
    kind: z.literal('KafkaTopicConfig'),
    metadata,
    cluster_id: z.string(),
    topic_name: z.string(),
    name: z.string(),
    value: z.string(),
    is_default: z.boolean(),
    is_read_only: z.boolean(),
    is_sensitive: z.boolean(),
    is_effective: z.boolean(),
    source: z.string(),
    synonyms: z.array(z.unknown()),
  })
  .meta({ id: 'TopicConfig' });
const listOf = <Item extends z.ZodType>(kind: string, item: Item) =>
  z.object({ kind: z.literal(kind), metadata, data: z.array(item) });

const one = (description: string) => ({ description, schema: topicShape });
const CHANGE_ERRORS = [401, 403, 413, 415] as const;
const READ_ERRORS = [401, 403] as const;

export const topicRoutes: readonly Route[] = [
  route(
    {
      id: 'createTopic',
      method: 'post',
      path: '/topics',
      function: 'topics',
      summary: 'Create a topic',
      body: createBody,
      answers: { 201: one('Created'), 200: one('Would be created (validate_only)') },
      errors: CHANGE_ERRORS,
    },
    async ({ body, base }, { topics }) => {
      if (body === undefined) throw new Error('a body was checked');
      const created = await topics.create(newTopicOf(body.topic_name, body));
      if (created.kind === 'rejected') return problem(created);
      const status = body.validate_only === true ? 200 : 201;
      return { status, json: topicJson(base, created.topic) };
    },
  ),
  route(
    {
      id: 'listTopics',
      method: 'get',
      path: '/topics',
      function: 'topics',
      summary: 'List topics by name',
      answers: { 200: { description: 'All', schema: listOf('KafkaTopicList', topicShape) } },
      errors: READ_ERRORS,
    },
    async ({ base }, { topics }) => {
      const all = await topics.list();
      return listReply(
        'KafkaTopicList',
        `${base}/topics`,
        all.map((topic) => topicJson(base, topic)),
      );
    },
  ),
  route(
    {
      id: 'getTopic',
      method: 'get',
      path: '/topics/{topic_name}',
      function: 'topics',
      summary: 'Describe a topic',
      params: topicParams,
      answers: { 200: one('The topic') },
      errors: READ_ERRORS,
    },
    async ({ params, base }, { topics }) => {
      const found = await topics.get(params.topic_name);
      return found.kind === 'rejected'
        ? problem(found)
        : { status: 200, json: topicJson(base, found.topic) };
    },
  ),
  route(
    {
      id: 'ensureTopic',
      method: 'put',
      path: '/topics/{topic_name}',
      function: 'topics',
      summary: 'Create a topic, or bring it up to what is wanted; partitions only ever grow',
      params: topicParams,
      body: ensureBody,
      answers: { 201: one('Created'), 200: one('Was there, now as wanted') },
      errors: CHANGE_ERRORS,
    },
    async ({ params, body = {}, base }, { topics }) => {
      const { topic_name = params.topic_name } = body;
      if (topic_name !== params.topic_name) {
        const message = `topic_name: the path says "${params.topic_name.slice(0, 249)}"; say the same here, or nothing`;
        return problem({ code: 'INVALID_REQUEST', message });
      }
      const ensured = await topics.ensure(newTopicOf(params.topic_name, body));
      if (ensured.kind === 'rejected') return problem(ensured);
      const status = ensured.kind === 'created' && body.validate_only !== true ? 201 : 200;
      return { status, json: topicJson(base, ensured.topic, ensured.warnings) };
    },
  ),
  route(
    {
      id: 'alterTopic',
      method: 'patch',
      path: '/topics/{topic_name}',
      function: 'topics',
      summary: 'Add partitions, set configurations (null: back to the default)',
      params: topicParams,
      body: alterBody,
      answers: { 200: one('Changed, or would be (validate_only); with warnings, if any') },
      errors: CHANGE_ERRORS,
    },
    async ({ params, body = {}, base }, { topics }) => {
      const change: TopicChange = {
        name: params.topic_name,
        ...(body.configs === undefined ? {} : { configs: body.configs }),
        ...(body.partitions_count === undefined ? {} : { partitionCount: body.partitions_count }),
        validateOnly: body.validate_only ?? false,
      };
      const altered = await topics.alter(change);
      return altered.kind === 'rejected'
        ? problem(altered)
        : { status: 200, json: topicJson(base, altered.topic, altered.warnings) };
    },
  ),
  route(
    {
      id: 'deleteTopic',
      method: 'delete',
      path: '/topics/{topic_name}',
      function: 'topics',
      summary: 'Delete a topic; answered when nothing can be appended any more',
      params: topicParams,
      answers: { 204: { description: 'Deleted' } },
      errors: READ_ERRORS,
    },
    async ({ params }, { topics }) => {
      const deleted = await topics.delete(params.topic_name);
      return deleted.kind === 'rejected' ? problem(deleted) : { status: 204 };
    },
  ),
  route(
    {
      id: 'listPartitions',
      method: 'get',
      path: '/topics/{topic_name}/partitions',
      function: 'topics',
      summary: 'Partitions, with their offsets and sizes',
      params: topicParams,
      answers: {
        200: { description: 'All', schema: listOf('KafkaPartitionList', partitionShape) },
      },
      errors: READ_ERRORS,
    },
    async ({ params, base }, { topics }) => {
      const found = await topics.partitions(params.topic_name);
      if (found.kind === 'rejected') return problem(found);
      const self = `${topicLink(base, params.topic_name)}/partitions`;
      const data = found.partitions.map((each) => partitionJson(base, params.topic_name, each));
      return listReply('KafkaPartitionList', self, data);
    },
  ),
  route(
    {
      id: 'getPartition',
      method: 'get',
      path: '/topics/{topic_name}/partitions/{partition_id}',
      function: 'topics',
      summary: 'One partition, with its offsets and size',
      params: partitionParams,
      answers: { 200: { description: 'The partition', schema: partitionShape } },
      errors: READ_ERRORS,
    },
    async ({ params, base }, { topics }) => {
      const { topic_name, partition_id } = params;
      const found = await topics.partitions(topic_name);
      if (found.kind === 'rejected') return problem(found);
      const partition = found.partitions.find((each) => each.partition === partition_id);
      if (partition !== undefined) {
        return { status: 200, json: partitionJson(base, topic_name, partition) };
      }
      const last = found.topic.partitionCount - 1;
      const message = `topic "${topic_name}" has partitions 0 to ${last}, not ${partition_id}`;
      return problem({ code: 'UNKNOWN_PARTITION', message });
    },
  ),
  route(
    {
      id: 'listTopicConfigs',
      method: 'get',
      path: '/topics/{topic_name}/configs',
      function: 'topics',
      summary: 'Every configuration, defaults included',
      params: topicParams,
      answers: { 200: { description: 'All', schema: listOf('KafkaTopicConfigList', configShape) } },
      errors: READ_ERRORS,
    },
    async ({ params, base }, { topics }) => {
      const found = await topics.configs(params.topic_name);
      if (found.kind === 'rejected') return problem(found);
      const self = `${topicLink(base, params.topic_name)}/configs`;
      const data = found.configs.map((each) => configJson(self, params.topic_name, each));
      return listReply('KafkaTopicConfigList', self, data);
    },
  ),
  route(
    {
      id: 'getTopicConfig',
      method: 'get',
      path: '/topics/{topic_name}/configs/{name}',
      function: 'topics',
      summary: 'One configuration, whether set or at its default',
      params: z.object({ topic_name: topicName, name: z.string() }),
      answers: { 200: { description: 'The configuration', schema: configShape } },
      errors: READ_ERRORS,
    },
    async ({ params, base }, { topics }) => {
      const { topic_name, name } = params;
      const found = await topics.configs(topic_name);
      if (found.kind === 'rejected') return problem(found);
      const self = `${topicLink(base, topic_name)}/configs`;
      const config = found.configs.find((each) => each.name === name);
      if (config !== undefined) return { status: 200, json: configJson(self, topic_name, config) };
      const message = `a topic has no configuration "${name.slice(0, 200)}"; GET ${self} lists them`;
      return problem({ code: 'ROUTE_NOT_FOUND', message });
    },
  ),
  route(
    {
      id: 'deleteRecords',
      method: 'post',
      path: '/topics/{topic_name}/partitions/{partition_id}/records/delete',
      function: 'topics',
      summary: 'Move the start of the log up: what is below it is gone',
      params: partitionParams,
      body: z.strictObject({
        offset: z.union(
          [offset, z.literal('latest')],
          'must be a whole number up to 2^53, or latest',
        ),
      }),
      answers: {
        200: {
          description: 'Where the log starts now',
          schema: z.object({
            topic_name: z.string(),
            partition_id: z.int(),
            log_start_offset: z.int(),
          }),
        },
      },
      errors: [...CHANGE_ERRORS, 416],
    },
    async ({ params, body }, { topics }) => {
      const below = body?.offset ?? 'latest';
      const deleted = await topics.deleteRecords({
        topicName: params.topic_name,
        partition: params.partition_id,
        offset: below === 'latest' ? below : BigInt(below),
      });
      if (deleted.kind === 'rejected') return problem(deleted);
      const log_start_offset = offsetNumber(deleted.logStartOffset);
      return { status: 200, json: { ...params, log_start_offset } };
    },
  ),
];

function newTopicOf(name: string, body: z.output<typeof ensureBody>): NewTopic {
  const { partitions_count, replication_factor, configs, validate_only } = body;
  return {
    name,
    ...(partitions_count === undefined ? {} : { partitionCount: partitions_count }),
    ...(replication_factor === undefined ? {} : { replicationFactor: replication_factor }),
    ...(configs === undefined
      ? {}
      : { configs: Object.fromEntries(configs.map(({ name: key, value }) => [key, value])) }),
    ...(validate_only === undefined ? {} : { validateOnly: validate_only }),
  };
}

function topicLink(base: string, name: string): string {
  return `${base}/topics/${encodeURIComponent(name)}`;
}

function topicJson(base: string, topic: Topic, warnings: readonly string[] = []): object {
  const self = topicLink(base, topic.name);
  return {
    kind: 'KafkaTopic',
    metadata: { self, resource_name: `crn:///kafka=-/topic=${topic.name}` },
    cluster_id: '-',
    topic_name: topic.name,
    topic_id: topic.topicId,
    is_internal: false,
    replication_factor: REPLICATION_FACTOR,
    partitions_count: topic.partitionCount,
    partitions: { related: `${self}/partitions` },
    configs: { related: `${self}/configs` },
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

function partitionJson(base: string, name: string, partition: PartitionDescription): object {
  return {
    kind: 'KafkaPartition',
    metadata: { self: `${topicLink(base, name)}/partitions/${partition.partition}` },
    cluster_id: '-',
    topic_name: name,
    partition_id: partition.partition,
    replication_factor: REPLICATION_FACTOR,
    log_start_offset: offsetNumber(partition.logStartOffset),
    next_offset: offsetNumber(partition.nextOffset),
    size_bytes: partition.sizeBytes,
  };
}

function configJson(self: string, name: string, config: EffectiveConfig): object {
  return {
    kind: 'KafkaTopicConfig',
    metadata: { self: `${self}/${config.name}` },
    cluster_id: '-',
    topic_name: name,
    name: config.name,
    value: config.value,
    is_default: config.isDefault,
    is_read_only: false,
    is_sensitive: false,
    is_effective: config.isEffective,
    source: config.isDefault ? 'DEFAULT_CONFIG' : 'DYNAMIC_TOPIC_CONFIG',
    synonyms: [],
  };
}

function listReply(kind: string, self: string, data: readonly object[]): Reply {
  return { status: 200, json: { kind, metadata: { self, next: null }, data } };
}
