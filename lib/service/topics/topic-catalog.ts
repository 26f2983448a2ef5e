// What this process knows of topics by name. A warm append or fetch reads nothing: what is stale is noticed at the
// head, which is gone when its topic is.

import { TOPIC_CACHE_ENTRIES_MAX, TOPIC_CACHE_TTL_MS } from '../../limits.ts';
import type { Topic } from '../../log/topic.ts';
import { type TopicLimits, topicLimits } from '../../log/topic-config.ts';
import type { TopicStore } from '../../ports/topic-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';

export interface KnownTopic {
  readonly topic: Topic;
  readonly limits: TopicLimits;
}

export interface TopicCatalog {
  /** The active topic of that name, or undefined. At most one read, none while what is known is fresh. */
  find(name: string): Promise<KnownTopic | undefined>;
  /** As `find`; when what is known has no such partition, it is read again once. */
  findWithPartition(name: string, partition: number): Promise<KnownTopic | undefined>;
  /** The same, looked for again where another topic has that name than the one that is asked for, if one is. */
  findAsked(asked: {
    readonly topicName: string;
    readonly topicId?: string | undefined;
    readonly partition: number;
  }): Promise<KnownTopic | undefined>;
  /** Forgets a topic: it was changed here, or what was known has turned out stale. */
  forget(name: string): void;
}

export function createTopicCatalog(
  ports: RetryPorts & { readonly topics: TopicStore },
): TopicCatalog {
  const known = new Map<string, { readonly value: KnownTopic; readonly untilMs: number }>();
  const reading = new Map<string, Promise<KnownTopic | undefined>>();

  async function read(name: string): Promise<KnownTopic | undefined> {
    const topic = await withRetries(ports, () => ports.topics.getTopic(name), { repeatable: true });
    if (topic === undefined || topic.state !== 'active') {
      known.delete(name);
      return undefined;
    }
    const value = { topic, limits: topicLimits(topic.configs) };
    if (known.size >= TOPIC_CACHE_ENTRIES_MAX) known.clear();
    known.set(name, { value, untilMs: ports.clock.nowMs() + TOPIC_CACHE_TTL_MS });
    return value;
  }

  /** Callers that ask while a read is under way share its answer. */
  function readOnce(name: string): Promise<KnownTopic | undefined> {
    const running = reading.get(name);
    if (running !== undefined) return running;
    const started = read(name).finally(() => reading.delete(name));
    reading.set(name, started);
    return started;
  }

  async function find(name: string): Promise<KnownTopic | undefined> {
    const entry = known.get(name);
    if (entry !== undefined && ports.clock.nowMs() < entry.untilMs) return entry.value;
    return readOnce(name);
  }

  async function findWithPartition(
    name: string,
    partition: number,
  ): Promise<KnownTopic | undefined> {
    const found = await find(name);
    if (found === undefined || partition < found.topic.partitionCount) return found;
    return readOnce(name);
  }

  return {
    find,
    findWithPartition,
    async findAsked({ topicName, topicId, partition }) {
      const found = await findWithPartition(topicName, partition);
      if (topicId === undefined || found === undefined || found.topic.topicId === topicId) {
        return found;
      }
      return readOnce(topicName);
    },
    forget(name) {
      known.delete(name);
    },
  };
}
