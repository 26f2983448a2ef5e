// Every error a caller can meet, once: Kafka's name and number, our number (its first three digits are the HTTP
// status; Confluent's REST numbers where they exist) and whether trying again can help.
// Kafka's codes: org.apache.kafka.common.protocol.Errors. There is no default: a code that isn't here doesn't compile.

interface ErrorEntry {
  /** Kafka's name for it, as clients know it. */
  readonly kafkaError: string;
  readonly kafkaCode: number;
  /** Five digits; the first three are the HTTP status. */
  readonly errorCode: number;
  readonly retriable: boolean;
}

const entry = (
  kafkaError: string,
  kafkaCode: number,
  errorCode: number,
  retriable = false,
): ErrorEntry => ({ kafkaError, kafkaCode, errorCode, retriable });

export const ERRORS = {
  UNKNOWN_SERVER_ERROR: entry('UNKNOWN_SERVER_ERROR', -1, 50002),
  OFFSET_OUT_OF_RANGE: entry('OFFSET_OUT_OF_RANGE', 1, 41601),
  CORRUPT_MESSAGE: entry('CORRUPT_MESSAGE', 2, 42212),
  UNKNOWN_TOPIC_OR_PARTITION: entry('UNKNOWN_TOPIC_OR_PARTITION', 3, 40401, true),
  UNKNOWN_PARTITION: entry('UNKNOWN_TOPIC_OR_PARTITION', 3, 40402, true),
  REQUEST_TIMED_OUT: entry('REQUEST_TIMED_OUT', 7, 50307, true),
  MESSAGE_TOO_LARGE: entry('MESSAGE_TOO_LARGE', 10, 41310),
  OFFSET_METADATA_TOO_LARGE: entry('OFFSET_METADATA_TOO_LARGE', 12, 40012),
  COORDINATOR_NOT_AVAILABLE: entry('COORDINATOR_NOT_AVAILABLE', 15, 50315, true),
  INVALID_TOPIC_EXCEPTION: entry('INVALID_TOPIC_EXCEPTION', 17, 40017),
  INVALID_REQUIRED_ACKS: entry('INVALID_REQUIRED_ACKS', 21, 40021),
  ILLEGAL_GENERATION: entry('ILLEGAL_GENERATION', 22, 40922),
  INVALID_GROUP_ID: entry('INVALID_GROUP_ID', 24, 40024),
  UNKNOWN_MEMBER_ID: entry('UNKNOWN_MEMBER_ID', 25, 40925),
  INVALID_SESSION_TIMEOUT: entry('INVALID_SESSION_TIMEOUT', 26, 40026),
  REBALANCE_IN_PROGRESS: entry('REBALANCE_IN_PROGRESS', 27, 40927, true),
  TOPIC_AUTHORIZATION_FAILED: entry('TOPIC_AUTHORIZATION_FAILED', 29, 40301),
  GROUP_AUTHORIZATION_FAILED: entry('GROUP_AUTHORIZATION_FAILED', 30, 40301),
  CLUSTER_AUTHORIZATION_FAILED: entry('CLUSTER_AUTHORIZATION_FAILED', 31, 40301),
  INVALID_TIMESTAMP: entry('INVALID_TIMESTAMP', 32, 42232),
  TOPIC_ALREADY_EXISTS: entry('TOPIC_ALREADY_EXISTS', 36, 40002),
  INVALID_PARTITIONS: entry('INVALID_PARTITIONS', 37, 40037),
  INVALID_REPLICATION_FACTOR: entry('INVALID_REPLICATION_FACTOR', 38, 40038),
  INVALID_CONFIG: entry('INVALID_CONFIG', 40, 40040),
  INVALID_REQUEST: entry('INVALID_REQUEST', 42, 40042),
  POLICY_VIOLATION: entry('POLICY_VIOLATION', 44, 40044),
  OUT_OF_ORDER_SEQUENCE_NUMBER: entry('OUT_OF_ORDER_SEQUENCE_NUMBER', 45, 40945),
  DUPLICATE_SEQUENCE_NUMBER: entry('DUPLICATE_SEQUENCE_NUMBER', 46, 40946),
  INVALID_PRODUCER_EPOCH: entry('INVALID_PRODUCER_EPOCH', 47, 40947),
  INVALID_TXN_STATE: entry('INVALID_TXN_STATE', 48, 40948),
  INVALID_PRODUCER_ID_MAPPING: entry('INVALID_PRODUCER_ID_MAPPING', 49, 40949),
  INVALID_TRANSACTION_TIMEOUT: entry('INVALID_TRANSACTION_TIMEOUT', 50, 40050),
  CONCURRENT_TRANSACTIONS: entry('CONCURRENT_TRANSACTIONS', 51, 40951, true),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: entry('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 53, 40301),
  SECURITY_DISABLED: entry('SECURITY_DISABLED', 54, 40054),
  OPERATION_NOT_ATTEMPTED: entry('OPERATION_NOT_ATTEMPTED', 55, 40955),
  STORAGE_UNAVAILABLE: entry('KAFKA_STORAGE_ERROR', 56, 50356, true),
  UNKNOWN_PRODUCER_ID: entry('UNKNOWN_PRODUCER_ID', 59, 40959),
  NON_EMPTY_GROUP: entry('NON_EMPTY_GROUP', 68, 40968),
  GROUP_ID_NOT_FOUND: entry('GROUP_ID_NOT_FOUND', 69, 40405),
  UNSUPPORTED_COMPRESSION_TYPE: entry('UNSUPPORTED_COMPRESSION_TYPE', 76, 42276),
  GROUP_MAX_SIZE_REACHED: entry('GROUP_MAX_SIZE_REACHED', 81, 40981),
  FENCED_INSTANCE_ID: entry('FENCED_INSTANCE_ID', 82, 40982),
  INVALID_RECORD: entry('INVALID_RECORD', 87, 42287),
  THROTTLED: entry('THROTTLING_QUOTA_EXCEEDED', 89, 42901, true),
  TRANSACTIONAL_ID_NOT_FOUND: entry('TRANSACTIONAL_ID_NOT_FOUND', 105, 40406),
  FENCED_MEMBER_EPOCH: entry('FENCED_MEMBER_EPOCH', 110, 40911),
  UNRELEASED_INSTANCE_ID: entry('UNRELEASED_INSTANCE_ID', 111, 40912, true),
  UNSUPPORTED_ASSIGNOR: entry('UNSUPPORTED_ASSIGNOR', 112, 40013),
  STALE_MEMBER_EPOCH: entry('STALE_MEMBER_EPOCH', 113, 40913),
  INVALID_REGULAR_EXPRESSION: entry('INVALID_REGULAR_EXPRESSION', 128, 40028),
  // What Kafka has no code for, because its protocol can't ask it.
  OFFSET_MISMATCH: entry('INVALID_REQUEST', 42, 41201),
  BODY_TOO_LARGE: entry('MESSAGE_TOO_LARGE', 10, 41301),
  UNSUPPORTED_MEDIA_TYPE: entry('INVALID_REQUEST', 42, 41501),
  NOT_ACCEPTABLE: entry('INVALID_REQUEST', 42, 40601),
  ROUTE_NOT_FOUND: entry('INVALID_REQUEST', 42, 40400),
  METHOD_NOT_ALLOWED: entry('INVALID_REQUEST', 42, 40501),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** What a failed storage call may have done: `none` surely changed nothing, `unknown` may take effect even later. */
export type FailureEffect = 'none' | 'unknown';

/** A failure with a code from the table. Its message is for callers: no secrets, no payloads, what to do about it. */
export class StratalogError extends Error {
  override readonly name = 'StratalogError';
  readonly code: ErrorCode;
  readonly effect: FailureEffect;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly effect?: FailureEffect } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.effect = options.effect ?? 'none';
  }

  get retriable(): boolean {
    return ERRORS[this.code].retriable;
  }
}

/** A refusal that the caller must handle, as a value. */
export interface Rejected {
  readonly kind: 'rejected';
  readonly code: ErrorCode;
  readonly message: string;
}

export function rejected(code: ErrorCode, message: string): Rejected {
  return { kind: 'rejected', code, message };
}

/** The HTTP status of a code: the first three digits of its number. */
export function httpStatus(code: ErrorCode): number {
  return Math.trunc(ERRORS[code].errorCode / 100);
}
