// What `import … from 'stratalog'` gives: the client. The server is not part of it.

export { Admin } from './client/admin.ts';
export {
  type AclEntry,
  type AclFilter,
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from './client/admin-acls.ts';
export {
  type ConfigChange,
  ConfigResourceTypes,
  ConfigSource,
} from './client/admin-configs.ts';
export type { ConfigEntry, TopicConfig } from './client/admin-topics.ts';
export { AssignerProtocol, type MemberAssignment } from './client/assigner-protocol.ts';
export type { RetryOptions } from './client/backoff.ts';
export { Consumer } from './client/consumer/consumer.ts';
export {
  type Assignor,
  type ConsumerConfig,
  type ConsumerRunConfig,
  type ConsumerSubscribeTopic,
  type ConsumerSubscribeTopics,
  PartitionAssigners,
} from './client/consumer/consumer-config.ts';
export { DEAD_LETTER_HEADERS, type FailurePolicy } from './client/consumer/failure-policy.ts';
export type {
  Batch,
  EachBatchHandler,
  EachBatchPayload,
  EachMessageHandler,
  EachMessagePayload,
} from './client/consumer/payloads.ts';
export {
  type ClientErrorReason,
  isRetriable,
  // kafkajs's names for the same classes.
  StratalogClientError,
  StratalogClientError as KafkaJSNonRetriableError,
  StratalogConnectionError,
  StratalogConnectionError as KafkaJSConnectionError,
  StratalogConnectionError as KafkaJSRequestTimeoutError,
  StratalogFailure,
  StratalogFailure as KafkaJSError,
  StratalogHandlerError,
  StratalogHandlerError as KafkaJSNumberOfRetriesExceeded,
  StratalogRequestError,
  StratalogRequestError as KafkaJSProtocolError,
} from './client/errors.ts';
export { type ExactlyOnce, runExactlyOnce } from './client/exactly-once.ts';
export type { InstrumentationEvent, RequestPayload } from './client/instrumentation.ts';
export {
  ClientLogger,
  type LogCreator,
  type LogEntry,
  type LogLevel,
  logLevel,
} from './client/logging.ts';
export {
  type Partitioner,
  type PartitionerArgs,
  type PartitionerFactory,
  Partitioners,
} from './client/partitioners.ts';
export { Producer, type ProducerConfig } from './client/producer.ts';
export type { ReadBatch, ReadOptions, StartPosition } from './client/reader.ts';
export { Stratalog, type StratalogConfig } from './client/stratalog.ts';
export type { OpenTelemetryApi } from './client/telemetry.ts';
export type { GroupMetadata, Transaction, TransactionOffsets } from './client/transaction.ts';
export type { Transport, TransportRequest, TransportResponse } from './client/transport.ts';
export { type HttpTransportOptions, httpTransport } from './client/transports/http.ts';
export {
  type Acks,
  type Compression,
  CompressionCodecs,
  CompressionTypes,
  type KafkaMessage,
  type Logger,
  type Message,
  type MessageHeaders,
  type PartitionMetadata,
  type ProducerBatch,
  type ProducerRecord,
  type RecordMetadata,
  type TopicMessages,
  type TopicOffsets,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsetAndMetadata,
  type TopicPartitions,
} from './client/types.ts';
