// Which partitions are paused. Kept apart from what is owned, so that nothing but `resume` ends a pause: no error, and no
// rebalance that takes the partition away and brings it back.

import { listOf, nameOf, objectsOf } from '../arguments.ts';
import { partitionKey, type TopicPartition, type TopicPartitions } from '../types.ts';

export interface PauseTopic {
  readonly topic: string;
  /** Default: all, also those to come. */
  readonly partitions?: readonly number[];
}

export class Pauses {
  readonly #topics = new Set<string>();
  readonly #partitions = new Map<string, TopicPartition>();

  pause(topics: readonly PauseTopic[]): void {
    for (const { topic, partitions } of objectsOf('topics', topics)) {
      if (partitions === undefined) this.#topics.add(nameOf('topic', topic));
      for (const partition of listOf('partitions', partitions ?? [])) {
        this.#partitions.set(partitionKey({ topic, partition }), { topic, partition });
      }
    }
  }

  /** Resuming a whole topic resumes each of its partitions; one partition can't leave the pause of its topic. */
  resume(topics: readonly PauseTopic[]): void {
    for (const { topic, partitions } of objectsOf('topics', topics)) {
      if (partitions === undefined) {
        this.#topics.delete(topic);
        for (const [key, one] of this.#partitions) {
          if (one.topic === topic) this.#partitions.delete(key);
        }
      }
      for (const partition of listOf('partitions', partitions ?? [])) {
        this.#partitions.delete(partitionKey({ topic, partition }));
      }
    }
  }

  isPaused(place: TopicPartition): boolean {
    // Asked before every record.
    if (this.#topics.size === 0 && this.#partitions.size === 0) return false;
    return this.#topics.has(place.topic) || this.#partitions.has(partitionKey(place));
  }

  /** Of `owned`, those that are paused. */
  list(owned: Iterable<TopicPartition>): TopicPartitions[] {
    const paused = [...owned].filter((place) => this.isPaused(place));
    const byTopic = Map.groupBy(paused, ({ topic }) => topic);
    return [...byTopic].map(([topic, ones]) => ({
      topic,
      partitions: ones.map(({ partition }) => partition),
    }));
  }
}
