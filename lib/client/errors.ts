// What a user of the client can catch. Four classes, by who said no: the log (`StratalogRequestError`), the way to it
// (`StratalogConnectionError`), the client itself (`StratalogClientError`), or a handler (`StratalogHandlerError`). All are
// a `StratalogFailure`, and carry `retriable`.

/** What all of them have in common. */
export abstract class StratalogFailure extends Error {
  /** Whether trying the same again may help. */
  abstract readonly retriable: boolean;
}

/** What the log says in the body of every error. */
export interface ErrorBody {
  readonly error_code?: number;
  readonly message?: string;
  readonly kafka_error_code?: number;
  readonly kafka_error?: string;
  readonly retriable?: boolean;
  readonly request_id?: string;
  /** Where a request was about several things: what became of each. */
  readonly failures?: unknown;
}

/** The log refused or failed. `type` and `code` are Kafka's name and number, as in kafkajs's protocol errors. */
export class StratalogRequestError extends StratalogFailure {
  override readonly name = 'StratalogRequestError';
  readonly type: string;
  readonly code: number;
  /** Five digits; the first three are the HTTP status. */
  readonly errorCode: number;
  readonly status: number;
  readonly retriable: boolean;
  readonly requestId: string | undefined;
  /** What the log asked to wait before another try. */
  readonly retryAfterMs: number | undefined;
  /** All that the log said. */
  readonly body: ErrorBody;

  constructor(
    body: ErrorBody,
    answer: { readonly status: number; readonly retryAfterMs?: number | undefined },
  ) {
    super(body.message ?? `the server answered with status ${answer.status}`);
    this.body = body;
    const isBusy = answer.status === 429 || (answer.status >= 502 && answer.status <= 504);
    this.status = answer.status;
    this.retryAfterMs = answer.retryAfterMs;
    this.type = body.kafka_error ?? (isBusy ? 'REQUEST_TIMED_OUT' : 'UNKNOWN_SERVER_ERROR');
    this.code = body.kafka_error_code ?? (isBusy ? 7 : -1);
    this.errorCode = body.error_code ?? answer.status * 100;
    this.retriable = body.retriable ?? isBusy;
    this.requestId = body.request_id;
  }
}

/** The log could not be reached, or its answer did not come. */
export class StratalogConnectionError extends StratalogFailure {
  override readonly name = 'StratalogConnectionError';
  readonly retriable = true;
  readonly reason: 'refused' | 'timeout' | 'broken';

  constructor(
    message: string,
    options: { readonly reason: 'refused' | 'timeout' | 'broken'; readonly cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.reason = options.reason;
  }
}

/** What came back is no answer of a log: something between may have spoken, once or always. */
export function unreadableAnswer(what: string, cause?: unknown): StratalogConnectionError {
  const message = `the answer is none of a Stratalog log's (${what}); is the address right?`;
  return new StratalogConnectionError(message, { reason: 'broken', cause });
}

export type ClientErrorReason =
  /** Nothing is sent before `connect()` or after `disconnect()`. */
  | 'not-connected'
  /** The producer's buffer stayed full for as long as a send may wait. */
  | 'buffer-full'
  /** The arguments make no sense. */
  | 'invalid-argument'
  /** The partition belongs to somebody else by now. */
  | 'partition-lost'
  /** The record is not what it was when it was sent, or its batch can't be read. */
  | 'unreadable';

/** The client itself refused. */
export class StratalogClientError extends StratalogFailure {
  override readonly name = 'StratalogClientError';
  readonly retriable: boolean;
  readonly reason: ClientErrorReason;

  constructor(reason: ClientErrorReason, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.retriable = reason === 'buffer-full';
  }
}

/**
 * A handler failed, try after try, and the consumer stops; `cause` is what it threw last, or what the dead-letter topic said
 * to its letter.
 */
export class StratalogHandlerError extends StratalogFailure {
  override readonly name = 'StratalogHandlerError';
  readonly retriable = false;
  /** Tries after the first. */
  readonly retryCount: number;

  constructor(message: string, options: { readonly cause: Error; readonly retryCount: number }) {
    super(message, { cause: options.cause });
    this.retryCount = options.retryCount;
  }
}

/** Whether trying the same again may help. */
export function isRetriable(error: unknown): boolean {
  return error instanceof StratalogFailure && error.retriable;
}

export function isKafkaError(error: unknown, ...types: readonly string[]): boolean {
  return error instanceof StratalogRequestError && types.includes(error.type);
}

/** Any thrown value as an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
