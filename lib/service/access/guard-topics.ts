// Topics as one principal may manage them.

import { CLUSTER_NAME } from '../../access/acl.ts';
import type { Rejected } from '../../errors.ts';
import type { NewTopic, TopicChange } from '../topics/topic-changes.ts';
import type { TopicService } from '../topics/topics.ts';
import type { Rights } from './access.ts';
import { firstRefusal } from './guard-parts.ts';

export function guardTopics(topics: TopicService, rights: Rights): TopicService {
  const refusal = (operation: Parameters<Rights['may']>[0], name: string) =>
    rights.refusal(operation, 'TOPIC', name);
  return {
    create: async (wanted) => createRefusal(rights, wanted.name) ?? (await topics.create(wanted)),
    ensure: async (wanted) => ensureRefusal(rights, wanted) ?? (await topics.ensure(wanted)),
    async list() {
      const all = await topics.list();
      return all.filter(({ name }) => rights.may('DESCRIBE', 'TOPIC', name));
    },
    get: async (name) => refusal('DESCRIBE', name) ?? (await topics.get(name)),
    partitions: async (name) => refusal('DESCRIBE', name) ?? (await topics.partitions(name)),
    configs: async (name) => refusal('DESCRIBE_CONFIGS', name) ?? (await topics.configs(name)),
    alter: async (change) => alterRefusal(rights, change) ?? (await topics.alter(change)),
    delete: async (name) => refusal('DELETE', name) ?? (await topics.delete(name)),
    deleteRecords: async (request) =>
      refusal('DELETE', request.topicName) ?? (await topics.deleteRecords(request)),
  };
}

/** Of any topic, or of one of this name. */
function createRefusal(rights: Rights, name: string): Rejected | undefined {
  if (rights.may('CREATE', 'CLUSTER', CLUSTER_NAME)) return undefined;
  return rights.refusal('CREATE', 'TOPIC', name);
}

/** All that may have to be done, whether it has to or not: the answer would tell else what there is. */
function ensureRefusal(rights: Rights, wanted: NewTopic): Rejected | undefined {
  const { name, partitionCount, configs = {} } = wanted;
  return (
    createRefusal(rights, name) ??
    changeRefusal(rights, {
      name,
      partitions: partitionCount !== undefined,
      configs: Object.keys(configs).length > 0,
    })
  );
}

/** A change of nothing is one of the topic. */
function alterRefusal(rights: Rights, change: TopicChange): Rejected | undefined {
  const { name, partitionCount, configs } = change;
  const partitions = partitionCount !== undefined || configs === undefined;
  return changeRefusal(rights, { name, partitions, configs: configs !== undefined });
}

function changeRefusal(
  rights: Rights,
  changes: { readonly name: string; readonly partitions: boolean; readonly configs: boolean },
): Rejected | undefined {
  const { name, partitions, configs } = changes;
  return firstRefusal([
    partitions ? rights.refusal('ALTER', 'TOPIC', name) : undefined,
    configs ? rights.refusal('ALTER_CONFIGS', 'TOPIC', name) : undefined,
  ]);
}
