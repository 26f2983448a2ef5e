// What changes topics: create, ensure, alter, add partitions, delete.
//
// Orders, and why:
// - Create and add partitions: heads first, then the topic's item that says they exist, so that nobody is sent to a
//   head that isn't there (`durable`).
// - Delete: mark the item, put the tombstone, remove the heads, release the name, then answer. An append needs its head,
//   so a writer with stale metadata is refused; a topic of the same name has a new topicId and shares nothing with the
//   old one. Heads and topics are put on the condition that their id has no tombstone, so that a request of a creator
//   that comes late, or is sent again, brings nothing back ✗.
// Each can be done again after a crash between any two steps.

import { type Rejected, rejected } from '../../errors.ts';
import { TOPIC_ID_BYTES, topicIdOf, topicNameProblem } from '../../ids.ts';
import { PARTITIONS_PER_TOPIC_MAX } from '../../limits.ts';
import type { Topic } from '../../log/topic.ts';
import { changeConfigs } from '../../log/topic-config.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { DeletedTopic, TopicStore } from '../../ports/topic-store.ts';
import { unknownTopic } from '../append/append.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import { collidingName } from './all-topics.ts';
import { endOfHeads, putHeads, removeHeads } from './heads.ts';
import type { TopicCatalog } from './topic-catalog.ts';

export interface TopicPorts extends RetryPorts {
  readonly topics: TopicStore;
  readonly partitions: PartitionStore;
}

export interface NewTopic {
  readonly name: string;
  /** Default 1. */
  readonly partitionCount?: number;
  /** Accepted and without effect: S3 and DynamoDB keep three copies. −1 or 1 to 32767. */
  readonly replicationFactor?: number;
  readonly configs?: Readonly<Record<string, string>>;
  /** Check only. */
  readonly validateOnly?: boolean;
}

export interface TopicChange {
  readonly name: string;
  /** null: back to the default. */
  readonly configs?: readonly { readonly name: string; readonly value: string | null }[];
  /** The new count; only ever more. */
  readonly partitionCount?: number;
  /** Check only. */
  readonly validateOnly?: boolean;
}

export type Changed<Kind extends string> = {
  readonly kind: Kind;
  readonly topic: Topic;
  readonly warnings: readonly string[];
};
export type Found = { readonly kind: 'found'; readonly topic: Topic };

const KEYS_MOVE_WARNING =
  'records with keys go to other partitions from now on: those of one key written before and after are in different partitions';

/** How often a change is planned anew because somebody else changed the topic meanwhile. */
const CHANGE_ATTEMPTS_MAX = 5;

const repeatable = { repeatable: true };

export async function findActive(ports: TopicPorts, name: string): Promise<Found | Rejected> {
  const topic = await withRetries(ports, () => ports.topics.getTopic(name), repeatable);
  if (topic === undefined || topic.state !== 'active') return unknownTopic(name);
  return { kind: 'found', topic };
}

export async function createTopic(
  ports: TopicPorts,
  wanted: NewTopic,
): Promise<{ readonly kind: 'created'; readonly topic: Topic } | Rejected> {
  const configs = checkNewTopic(wanted);
  if (configs.kind === 'rejected') return configs;
  const { name } = wanted;
  const standing = await withRetries(ports, () => ports.topics.getTopic(name), repeatable);
  if (standing !== undefined) return alreadyExists(standing);
  const collision = await collidingName(ports, name);
  if (collision !== undefined) return collision;
  const topic: Topic = {
    name,
    topicId: topicIdOf(ports.random.randomBytes(TOPIC_ID_BYTES)),
    state: 'active',
    partitionCount: wanted.partitionCount ?? 1,
    configs: configs.configs,
    createdAtMs: ports.clock.nowMs(),
    version: 1,
  };
  if (wanted.validateOnly === true) return { kind: 'created', topic };
  await putHeads(ports, topic.topicId, { from: 0, to: topic.partitionCount });
  const outcome = await withRetries(ports, () => ports.topics.createTopic(topic), repeatable);
  // Dead: it was created by a put whose answer was lost, and deleted since.
  if (outcome !== 'exists' || !(await giveUp(ports, topic))) return { kind: 'created', topic };
  return alreadyExists(topic);
}

/** Another topic has the name. False: a put whose answer was lost had given it to this one after all. */
async function giveUp(ports: TopicPorts, topic: Topic): Promise<boolean> {
  const { topicId, partitionCount } = topic;
  const bury = () => ports.topics.buryTopic(tombstoneOf(ports, topic));
  if ((await withRetries(ports, bury, repeatable)) === 'alive') return false;
  await removeHeads(ports, topicId, { from: 0, to: partitionCount });
  return true;
}

function tombstoneOf(ports: TopicPorts, { topicId, name, partitionCount }: Topic): DeletedTopic {
  return { topicId, name, partitionCount, deletedAtMs: ports.clock.nowMs() };
}

export async function alterTopic(
  ports: TopicPorts,
  catalog: TopicCatalog,
  change: TopicChange,
): Promise<Changed<'altered'> | Rejected> {
  for (let attempt = 1; attempt <= CHANGE_ATTEMPTS_MAX; attempt += 1) {
    const found = await findActive(ports, change.name);
    if (found.kind === 'rejected') return found;
    const next = changeTopic(found.topic, change);
    if (next.kind === 'rejected' || change.validateOnly === true) return next;
    const { topic } = found;
    const range = { from: topic.partitionCount, to: next.topic.partitionCount };
    if ((await putHeads(ports, topic.topicId, range)) === 'dead') continue;
    const expected = { topicId: topic.topicId, version: topic.version };
    const outcome = await withRetries(ports, () => ports.topics.updateTopic(next.topic, expected));
    catalog.forget(change.name);
    if (outcome === 'updated') return next;
  }
  return rejected(
    'THROTTLED',
    `topic "${change.name}" is being changed by others at the same time; try again`,
  );
}

export async function ensureTopic(
  ports: TopicPorts,
  catalog: TopicCatalog,
  wanted: NewTopic,
): Promise<Changed<'created' | 'unchanged' | 'updated'> | Rejected> {
  const created = await createTopic(ports, wanted);
  if (created.kind === 'created') return { ...created, warnings: [] };
  if (created.code !== 'TOPIC_ALREADY_EXISTS') return created;
  const found = await findActive(ports, wanted.name);
  if (found.kind === 'rejected') return found;
  const change = missingFrom(found.topic, wanted);
  if (change === undefined) return { kind: 'unchanged', topic: found.topic, warnings: [] };
  const { validateOnly = false } = wanted;
  const altered = await alterTopic(ports, catalog, { ...change, validateOnly });
  return altered.kind === 'rejected' ? altered : { ...altered, kind: 'updated' };
}

export async function deleteTopic(
  ports: TopicPorts,
  catalog: TopicCatalog,
  name: string,
): Promise<{ readonly kind: 'deleted' } | Rejected> {
  for (let attempt = 1; attempt <= CHANGE_ATTEMPTS_MAX; attempt += 1) {
    const topic = await withRetries(ports, () => ports.topics.getTopic(name), repeatable);
    if (topic === undefined) return attempt === 1 ? unknownTopic(name) : { kind: 'deleted' };
    const marked: Topic = { ...topic, state: 'deleting', version: topic.version + 1 };
    const expected = { topicId: topic.topicId, version: topic.version };
    const outcome = await withRetries(ports, () => ports.topics.updateTopic(marked, expected));
    catalog.forget(name);
    if (outcome === 'changed') continue;
    const { topicId, partitionCount } = topic;
    const tombstone = tombstoneOf(ports, topic);
    await withRetries(ports, () => ports.topics.buryTopic(tombstone), repeatable);
    const to = await endOfHeads(ports, topicId, partitionCount);
    await removeHeads(ports, topicId, { from: 0, to });
    await withRetries(ports, () => ports.topics.releaseTopic(tombstone), repeatable);
    return { kind: 'deleted' };
  }
  return rejected('THROTTLED', `topic "${name}" is being changed by others; try again`);
}

function checkNewTopic(wanted: NewTopic): ReturnType<typeof changeConfigs> {
  const problem = topicNameProblem(wanted.name);
  if (problem !== undefined) return rejected('INVALID_TOPIC_EXCEPTION', problem);
  const count = checkPartitionCount(wanted.partitionCount ?? 1);
  if (count !== undefined) return count;
  const factor = wanted.replicationFactor ?? -1;
  if (!Number.isInteger(factor) || factor === 0 || factor < -1 || factor > 32_767) {
    return rejected(
      'INVALID_REPLICATION_FACTOR',
      `replication factor ${factor} must be -1 or from 1 to 32767 (it has no effect: data is always in three zones)`,
    );
  }
  const entries = Object.entries(wanted.configs ?? {});
  return changeConfigs(
    {},
    entries.map(([name, value]) => ({ name, value })),
  );
}

function checkPartitionCount(count: number): Rejected | undefined {
  if (Number.isInteger(count) && count >= 1 && count <= PARTITIONS_PER_TOPIC_MAX) return undefined;
  return rejected(
    'INVALID_PARTITIONS',
    `a topic has from 1 to ${PARTITIONS_PER_TOPIC_MAX} partitions, not ${count}`,
  );
}

function alreadyExists(topic: Topic): Rejected {
  const why =
    topic.state === 'deleting'
      ? 'is marked for deletion; delete it again to finish that'
      : 'already exists';
  return rejected('TOPIC_ALREADY_EXISTS', `topic "${topic.name}" ${why}`);
}

/** The topic after a change, with what its owner should know. */
function changeTopic(topic: Topic, change: TopicChange): Changed<'altered'> | Rejected {
  const configs = changeConfigs(topic.configs, change.configs ?? []);
  if (configs.kind === 'rejected') return configs;
  const partitionCount = change.partitionCount ?? topic.partitionCount;
  const problem = checkPartitionCount(partitionCount);
  if (problem !== undefined) return problem;
  if (partitionCount < topic.partitionCount) {
    return rejected(
      'INVALID_PARTITIONS',
      `topic "${topic.name}" has ${topic.partitionCount} partitions; their number can grow, not fall to ${partitionCount}`,
    );
  }
  const next: Topic = {
    ...topic,
    configs: configs.configs,
    partitionCount,
    version: topic.version + 1,
  };
  const grows = partitionCount > topic.partitionCount;
  return { kind: 'altered', topic: next, warnings: grows ? [KEYS_MOVE_WARNING] : [] };
}

/** What must change for a topic to be as wanted; undefined when nothing must. */
function missingFrom(topic: Topic, wanted: NewTopic): TopicChange | undefined {
  const configs = Object.entries(wanted.configs ?? {})
    .filter(([name, value]) => topic.configs[name] !== value)
    .map(([name, value]) => ({ name, value }));
  const partitionCount = wanted.partitionCount ?? topic.partitionCount;
  if (configs.length === 0 && partitionCount === topic.partitionCount) return undefined;
  return { name: topic.name, configs, partitionCount };
}
