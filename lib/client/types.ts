// What goes in and comes out of producers and consumers, shaped as in kafkajs, so that a program keeps its types.

import type { CompressionKind } from '../record/batch.ts';

/** Text is sent as UTF-8. */
export type Bytes = Uint8Array | string;

/** By name; a list sends the name several times, null is a header without a value. */
export interface MessageHeaders {
  readonly [name: string]: Bytes | null | undefined | readonly (Bytes | null)[];
}

/** A record to send. */
export interface Message {
  readonly key?: Bytes | null;
  readonly value: Bytes | null;
  /** Goes before the partitioner. */
  readonly partition?: number;
  readonly headers?: MessageHeaders;
  /** Milliseconds since 1970; default: when it is sent. kafkajs takes text. */
  readonly timestamp?: string | number | Date;
}

export const CompressionTypes = { None: 0, GZIP: 1, Snappy: 2, LZ4: 3, ZSTD: 4 } as const;
/** For kafkajs's programs, which put codecs here: all four are built in, and what is put here isn't used. */
export const CompressionCodecs: Partial<Record<CompressionType, unknown>> = {};
export type CompressionType = (typeof CompressionTypes)[keyof typeof CompressionTypes];
export type Compression = CompressionType | CompressionKind;

/** -1 (all) and 1: answered when stored in three zones. 0: answered before it is stored. */
export type Acks = -1 | 0 | 1;

export interface SendOptions {
  readonly acks?: Acks;
  readonly compression?: Compression;
  /** Milliseconds one try may take; default: the client's requestTimeout. */
  readonly timeout?: number;
}

export interface ProducerRecord extends SendOptions {
  readonly topic: string;
  readonly messages: readonly Message[];
}

export interface TopicMessages {
  readonly topic: string;
  readonly messages: readonly Message[];
}

export interface ProducerBatch extends SendOptions {
  readonly topicMessages?: readonly TopicMessages[];
}

/** Where the messages of one send went in one partition. */
export interface RecordMetadata {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: 0;
  /** Offset of the first of them; undefined with acks=0. */
  readonly baseOffset?: string;
  /** Set where the log gives records its own time (message.timestamp.type=LogAppendTime). */
  readonly logAppendTime: string;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface PartitionOffset {
  readonly partition: number;
  readonly offset: string;
}

export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: string;
}

export interface TopicPartitionOffsetAndMetadata extends TopicPartitionOffset {
  readonly metadata?: string | null;
}

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: number[];
}

export interface TopicOffsets {
  readonly topic: string;
  readonly partitions: PartitionOffset[];
}

export interface ReceivedHeaders {
  [name: string]: Buffer | null | (Buffer | null)[] | undefined;
}

/** A record as it was read. */
export interface KafkaMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds since 1970. */
  readonly timestamp: string;
  /** Always 0: Kafka's format has no use for it yet. */
  readonly attributes: number;
  readonly offset: string;
  readonly headers: ReceivedHeaders;
}

export interface PartitionMetadata {
  readonly partitionErrorCode: number;
  readonly partitionId: number;
  /** There are no brokers: everything is on node 0, kept three times by S3 and DynamoDB. */
  readonly leader: number;
  readonly replicas: number[];
  readonly isr: number[];
  readonly offlineReplicas: number[];
}

/** What the client says when there is something to say; `console` fits. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
