// stratalog topics …

import type { Admin } from '../../client/admin.ts';
import { type ConfigChange, ConfigResourceTypes } from '../../client/admin-configs.ts';
import type { PartitionStorage } from '../../client/admin-storage.ts';
import { StratalogRequestError } from '../../client/errors.ts';
import {
  type Command,
  type CommandContext,
  firstOf,
  listValue,
  numberValue,
  pairsValue,
  UsageError,
} from '../command.ts';
import type { Column } from '../output.ts';

const FORBIDDEN = 403;

const CONFIG_OPTION = {
  type: 'string',
  multiple: true,
  placeholder: 'name=value',
  help: "Kafka's name and a value, as retention.ms=86400000; several times",
} as const;

async function createTopic(context: CommandContext): Promise<void> {
  const topic = firstOf(context);
  const numPartitions = numberValue(context.values, 'partitions');
  const created = await context.client.admin().createTopics({
    topics: [
      {
        topic,
        configEntries: pairsValue(context.values, 'config'),
        ...(numPartitions === undefined ? {} : { numPartitions }),
      },
    ],
  });
  if (!created && context.values['if-not-exists'] !== true) {
    throw new UsageError(`topic "${topic}" exists already; --if-not-exists takes that as well`);
  }
  await describeTopic(context);
}

async function listTopics({ client, output }: CommandContext): Promise<void> {
  const { topics } = await client.admin().fetchTopicMetadata();
  const rows = topics.map(({ name, partitions }) => ({ name, partitions: partitions.length }));
  await output.show(rows, [
    { title: 'TOPIC', text: ({ name }) => name },
    { title: 'PARTITIONS', text: ({ partitions }) => String(partitions), align: 'right' },
  ]);
}

async function describeTopic(context: CommandContext): Promise<void> {
  const { client, output } = context;
  const topic = firstOf(context);
  const admin = client.admin();
  const [offsets, described, storage] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.describeConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }] }),
    storageOf(admin, topic),
  ]);
  const configs = described.resources.flatMap(({ configEntries }) => configEntries);
  const set = configs.filter(({ isDefault }) => !isDefault);
  if (output.format === 'json') {
    await output.json({
      topic,
      partitions: offsets.map(({ partition, low, high }) => ({
        partition,
        log_start_offset: Number(low),
        next_offset: Number(high),
        ...storageJson(storage.get(partition)),
      })),
      configs: Object.fromEntries(configs.map((one) => [one.configName, one.configValue])),
    });
    return;
  }
  await output.line(`topic ${topic}, ${offsets.length} partitions`);
  const shown = context.values.configs === true ? configs : set;
  for (const { configName, configValue } of shown)
    await output.line(`  ${configName}=${configValue}`);
  await output.show(offsets, [
    { title: 'PARTITION', text: ({ partition }) => String(partition), align: 'right' },
    { title: 'START', text: ({ low }) => low, align: 'right' },
    { title: 'NEXT', text: ({ high }) => high, align: 'right' },
    {
      title: 'RECORDS',
      text: ({ low, high }) => String(Number(high) - Number(low)),
      align: 'right',
    },
    ...(storage.size === 0 ? [] : storageColumns(storage)),
  ]);
}

type Storage = ReadonlyMap<number, PartitionStorage>;

/** By partition; nothing where the caller may describe topics but not look at what is stored. */
async function storageOf(admin: Admin, topic: string): Promise<Storage> {
  try {
    const partitions = await admin.describeStorage(topic);
    return new Map(partitions.map((one) => [one.partition, one]));
  } catch (error) {
    if (error instanceof StratalogRequestError && error.status === FORBIDDEN) return new Map();
    throw error;
  }
}

function storedBytes({ segmentBytes, pageBytes, tailBytes }: PartitionStorage): number {
  return segmentBytes + pageBytes + tailBytes;
}

function storageJson(storage: PartitionStorage | undefined): object {
  if (storage === undefined) return {};
  return {
    bytes: storedBytes(storage),
    objects: storage.objectCount,
    segments: storage.segmentCount,
    unmerged_bytes: storage.pageBytes + storage.tailBytes,
    uncompacted_bytes: storage.uncompactedBytes ?? null,
  };
}

function storageColumns(storage: Storage): readonly Column<{ readonly partition: number }>[] {
  const column = (title: string, of: (one: PartitionStorage) => number | undefined) => ({
    title,
    text: ({ partition }: { readonly partition: number }): string => {
      const one = storage.get(partition);
      return String((one === undefined ? undefined : of(one)) ?? '-');
    },
    align: 'right' as const,
  });
  return [
    column('BYTES', storedBytes),
    column('OBJECTS', ({ objectCount }) => objectCount),
    column('SEGMENTS', ({ segmentCount }) => segmentCount),
    column('UNMERGED', ({ pageBytes, tailBytes }) => pageBytes + tailBytes),
    column('UNCOMPACTED', ({ uncompactedBytes }) => uncompactedBytes),
  ];
}

async function alterTopic(context: CommandContext): Promise<void> {
  const { client, values, output } = context;
  const topic = firstOf(context);
  const count = numberValue(values, 'partitions');
  const changes: ConfigChange[] = [
    ...pairsValue(values, 'config'),
    ...listValue(values, 'delete-config').map((name) => ({ name, value: null })),
  ];
  if (count === undefined && changes.length === 0) {
    throw new UsageError('say what to alter: --partitions, --config or --delete-config');
  }
  const admin = client.admin();
  if (changes.length > 0) await admin.incrementalAlterConfigs(topic, changes);
  if (count !== undefined) {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] });
    output.note('from now on keys may map to other partitions than before');
  }
  await describeTopic(context);
}

async function deleteTopics({ client, positionals, output }: CommandContext): Promise<void> {
  await client.admin().deleteTopics({ topics: positionals });
  output.note(`deleted ${positionals.join(', ')}`);
}

export const TOPIC_COMMANDS: readonly Command[] = [
  {
    name: 'topics create',
    usage: '<topic>',
    summary: 'create a topic',
    positionals: { min: 1, max: 1 },
    options: {
      partitions: { type: 'string', short: 'p', placeholder: 'n', help: 'default 1' },
      config: CONFIG_OPTION,
      'if-not-exists': { type: 'boolean', help: 'no error when it exists' },
    },
    examples: ['stratalog topics create orders --partitions 6 --config retention.ms=-1'],
    run: createTopic,
  },
  {
    name: 'topics list',
    usage: '',
    summary: 'list topics',
    positionals: { min: 0, max: 0 },
    options: {},
    examples: ['stratalog topics list -o json'],
    run: listTopics,
  },
  {
    name: 'topics describe',
    usage: '<topic>',
    summary: 'show partitions, offsets and configuration of a topic',
    positionals: { min: 1, max: 1 },
    options: { configs: { type: 'boolean', help: 'also what is left at its default' } },
    examples: ['stratalog topics describe orders --configs'],
    run: describeTopic,
  },
  {
    name: 'topics alter',
    usage: '<topic>',
    summary: 'change the configuration of a topic, or add partitions',
    positionals: { min: 1, max: 1 },
    options: {
      partitions: {
        type: 'string',
        short: 'p',
        placeholder: 'n',
        help: 'new number, larger than now',
      },
      config: CONFIG_OPTION,
      'delete-config': {
        type: 'string',
        multiple: true,
        placeholder: 'name',
        help: 'back to its default; several times',
      },
    },
    examples: ['stratalog topics alter orders --config retention.ms=86400000'],
    run: alterTopic,
  },
  {
    name: 'topics delete',
    usage: '<topic>…',
    summary: 'delete topics and all their records',
    positionals: { min: 1, max: 100 },
    options: {},
    examples: ['stratalog topics delete orders'],
    run: deleteTopics,
  },
];
