// Configurations of topics, as operators ask for them by kafkajs's names; admin.ts gives them their place.

import { alterTopic, type ConfigEntry } from './admin-topics.ts';
import { type ApiClient, pathOf } from './api-client.ts';
import { invalid, nameOf, objectsOf, takenBy } from './arguments.ts';

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

export interface DescribedConfigs {
  resources: {
    resourceName: string;
    resourceType: number;
    errorCode: 0;
    errorMessage: string;
    configEntries: DescribedConfigEntry[];
  }[];
  throttleTime: 0;
}

export interface DescribeConfigsQuery {
  readonly resources: readonly ResourceConfigQuery[];
  readonly includeSynonyms?: boolean;
}

export interface AlterConfigsRequest {
  readonly resources: readonly ResourceConfig[];
  readonly validateOnly?: boolean;
}

interface ConfigBody {
  readonly name: string;
  readonly value: string;
  readonly is_default: boolean;
}

async function configsOf(api: ApiClient, topic: string): Promise<readonly ConfigBody[]> {
  const path = pathOf('topics', topic, 'configs');
  return (await api.json<{ readonly data: readonly ConfigBody[] }>({ method: 'GET', path })).data;
}

function assertTopic({ type, name }: { readonly type: number; readonly name: string }): void {
  if (type !== ConfigResourceTypes.TOPIC) throw invalid('only topics (type 2) have configurations');
  nameOf('the name of a resource', name);
}

export async function describeConfigs(
  api: ApiClient,
  query: DescribeConfigsQuery,
): Promise<DescribedConfigs> {
  const asked = objectsOf('resources', takenBy('describeConfigs()', query).resources);
  for (const resource of asked) assertTopic(resource);
  const resources = await Promise.all(
    asked.map(async ({ type, name, configNames }) => {
      const configs = await configsOf(api, name);
      return {
        resourceName: name,
        resourceType: type,
        errorCode: 0 as const,
        errorMessage: '',
        configEntries: configs
          .filter((config) => configNames?.includes(config.name) ?? true)
          .map(describedOf),
      };
    }),
  );
  return { resources, throttleTime: 0 };
}

function describedOf(config: ConfigBody): DescribedConfigEntry {
  return {
    configName: config.name,
    configValue: config.value,
    isDefault: config.is_default,
    configSource: config.is_default ? ConfigSource.DEFAULT_CONFIG : ConfigSource.TOPIC_CONFIG,
    isSensitive: false,
    readOnly: false,
    configSynonyms: [],
  };
}

/** What isn't named goes back to its default. */
export async function alterConfigs(api: ApiClient, request: AlterConfigsRequest): Promise<void> {
  const { resources, validateOnly = false } = takenBy('alterConfigs()', request);
  for (const resource of objectsOf('resources', resources)) {
    assertTopic(resource);
    objectsOf('configEntries', resource.configEntries);
  }
  for (const { name, configEntries } of resources) {
    const kept = new Set(configEntries.map((entry) => entry.name));
    const set = (await configsOf(api, name)).filter((config) => !config.is_default);
    const reset = set.filter((config) => !kept.has(config.name));
    const gone = reset.map((config) => ({ name: config.name, value: null }));
    const configs = [...configEntries, ...gone];
    await alterTopic(api, name, { configs, validate_only: validateOnly });
  }
}
