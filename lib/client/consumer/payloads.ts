// What handlers are given, shaped as in kafkajs.

import type { KafkaMessage, TopicOffsets, TopicPartitionOffset } from '../types.ts';

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: KafkaMessage[];
  isEmpty(): boolean;
  firstOffset(): string | null;
  lastOffset(): string;
  /** Records after the last of this batch. */
  offsetLag(): string;
  /** Records after the first of this batch. */
  offsetLagLow(): string;
}

export interface EachMessagePayload {
  readonly topic: string;
  readonly partition: number;
  readonly message: KafkaMessage;
  /** Here for kafkajs's programs: heartbeats go by themselves. */
  heartbeat(): Promise<void>;
  /** Pauses this partition; returns what resumes it. */
  pause(): () => void;
}

export interface EachBatchPayload {
  readonly batch: Batch;
  /** Everything up to this offset is handled. */
  resolveOffset(offset: string): void;
  heartbeat(): Promise<void>;
  pause(): () => void;
  /** Commits what is resolved, if auto commit finds it time; or these offsets, at once. */
  commitOffsetsIfNecessary(offsets?: { readonly topics: readonly TopicOffsets[] }): Promise<void>;
  uncommittedOffsets(): { topics: TopicOffsets[] };
  /** False: the consumer stops, or gives the partition up: finish soon. */
  isRunning(): boolean;
  /** True: a seek or another owner has made this batch void; nothing resolved from now on counts. */
  isStale(): boolean;
}

export type EachMessageHandler = (payload: EachMessagePayload) => Promise<void>;
export type EachBatchHandler = (payload: EachBatchPayload) => Promise<void>;

export function batchOf(
  place: { readonly topic: string; readonly partition: number },
  messages: KafkaMessage[],
  highWatermark: number,
): Batch {
  const first = messages[0];
  const last = messages.at(-1);
  const lagAfter = (message: KafkaMessage | undefined): string =>
    String(message === undefined ? 0 : Math.max(0, highWatermark - 1 - Number(message.offset)));
  return {
    topic: place.topic,
    partition: place.partition,
    highWatermark: String(highWatermark),
    messages,
    isEmpty: () => messages.length === 0,
    firstOffset: () => first?.offset ?? null,
    lastOffset: () => last?.offset ?? String(highWatermark - 1),
    offsetLag: () => lagAfter(last),
    offsetLagLow: () => lagAfter(first),
  };
}

export function topicOffsetsOf(offsets: readonly TopicPartitionOffset[]): TopicOffsets[] {
  const byTopic = Map.groupBy(offsets, ({ topic }) => topic);
  return [...byTopic].map(([topic, ones]) => ({
    topic,
    partitions: ones.map(({ partition, offset }) => ({ partition, offset })),
  }));
}

export function offsetsOf(topics: readonly TopicOffsets[]): TopicPartitionOffset[] {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => ({ topic, partition, offset })),
  );
}
