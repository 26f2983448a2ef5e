// What the client knows of topics: how many partitions they have. Asked once and believed for a while; forgotten at
// once when the log says that it doesn't know a partition.

import { type ApiClient, pathOf } from './api-client.ts';
import { StratalogRequestError } from './errors.ts';
import type { PartitionMetadata, TopicPartition } from './types.ts';

/** The part of a topic's description that is used here. */
interface TopicAnswer {
  readonly partitions_count: number;
}

export function partitionMetadata(partitionCount: number): PartitionMetadata[] {
  return Array.from({ length: partitionCount }, (_, partitionId) => ({
    partitionErrorCode: 0,
    partitionId,
    leader: 0,
    replicas: [0],
    isr: [0],
    offlineReplicas: [],
  }));
}

interface Known {
  readonly expiresAtMs: number;
  readonly partitions: Promise<readonly PartitionMetadata[]>;
}

export class TopicMetadata {
  readonly #api: ApiClient;
  readonly #maxAgeMs: number;
  readonly #known = new Map<string, Known>();

  constructor(api: ApiClient, maxAgeMs: number) {
    this.#api = api;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Everyone who asks at the same time waits for one request. Errors: UNKNOWN_TOPIC_OR_PARTITION. */
  partitions(topic: string): Promise<readonly PartitionMetadata[]> {
    const known = this.#known.get(topic);
    if (known !== undefined && known.expiresAtMs > Date.now()) return known.partitions;
    const partitions = this.#load(topic);
    this.#known.set(topic, { partitions, expiresAtMs: Date.now() + this.#maxAgeMs });
    partitions.catch(() => this.forget(topic));
    return partitions;
  }

  forget(topic: string): void {
    this.#known.delete(topic);
  }

  async #load(topic: string): Promise<readonly PartitionMetadata[]> {
    const path = pathOf('topics', topic);
    const answer = await this.#api.json<TopicAnswer>({ method: 'GET', path });
    return partitionMetadata(answer.partitions_count);
  }
}

/** As the log says it of one. */
export function unknownPartition(
  { topic, partition }: TopicPartition,
  count: number,
): StratalogRequestError {
  const body = {
    message: `topic "${topic}" has partitions 0 to ${count - 1}, not ${partition}`,
    error_code: 40402,
    kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION',
    kafka_error_code: 3,
    retriable: true,
  };
  return new StratalogRequestError(body, { status: 404 });
}

/** As the log says it of one. */
export function unknownTopic(name: string): StratalogRequestError {
  const body = {
    message: `there is no topic "${name}"`,
    error_code: 40401,
    kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION',
    kafka_error_code: 3,
    retriable: true,
  };
  return new StratalogRequestError(body, { status: 404 });
}
