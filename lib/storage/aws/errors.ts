// The one place where the SDK's errors become ours. Two questions decide: may it work later (the code), and may the
// request have taken effect (`effect`)? Whatever isn't surely without effect is `unknown`: a wrong "unknown" costs a
// look-up, a wrong "none" could append twice (no-double-append).

import { StratalogError } from '../../errors.ts';

/** Refused before anything was done, because too much came at once. */
const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'Throttling',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'RequestThrottled',
  'SlowDown',
]);

/** Refused before anything was done, because another write of the same thing was under way. */
const CONFLICTS = new Set([
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
  'ConditionalRequestConflict',
  'OperationAborted',
]);

/** Why one item made a transaction fail, where trying again helps. */
const TRANSIENT_REASONS = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

/** Who asks isn't known, or may not. */
const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AllAccessDisabled',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'NotAuthorized',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);

const MISSING = new Set(['ResourceNotFoundException', 'NoSuchBucket']);

/** The connection never stood, so nothing was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'EAI_AGAIN', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The connection broke after something may have been sent. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);

const TIMED_OUT = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'AbortError',
]);

/** What is known of an error, whoever threw it. */
interface ErrorFacts {
  readonly name: string;
  /** Node's code of a system error. */
  readonly code: string;
  readonly httpStatus: number | undefined;
  readonly cancellationReasons: readonly string[];
}

/** The failure that an error of the SDK means; `operation` is the API's name for what was asked. */
export function storageFailure(error: unknown, operation: string): StratalogError {
  if (error instanceof StratalogError) return error;
  const facts = factsOf(error);
  return (
    refusal(facts, operation, error) ??
    interruption(facts, operation, error) ??
    unexpected(facts, operation, error)
  );
}

/** The answer of a request, or its failure in our words. */
export async function sent<Answer>(operation: string, request: Promise<Answer>): Promise<Answer> {
  try {
    return await request;
  } catch (error) {
    throw storageFailure(error, operation);
  }
}

/** The storage said no: nothing changed. */
function refusal(facts: ErrorFacts, operation: string, cause: unknown): StratalogError | undefined {
  const { name } = facts;
  const transient =
    name === 'TransactionCanceledException' &&
    facts.cancellationReasons.length > 0 &&
    facts.cancellationReasons.every((reason) => TRANSIENT_REASONS.has(reason));
  if (THROTTLED.has(name) || facts.httpStatus === 429) {
    return failure('THROTTLED', `the storage throttled ${operation}; send fewer requests`, cause);
  }
  if (CONFLICTS.has(name) || transient) {
    return failure('THROTTLED', `${operation} met another write of the same item`, cause);
  }
  if (DENIED.has(name)) {
    return failure(
      'STORAGE_UNAVAILABLE',
      `the storage refused ${operation} (${name}): check the credentials, the clock, and that the role may use the bucket and the tables`,
      cause,
    );
  }
  if (MISSING.has(name)) {
    return failure(
      'STORAGE_UNAVAILABLE',
      `${operation} found no such table or bucket (${name}): check the configured names, the region, and that the stack is deployed`,
      cause,
    );
  }
  return undefined;
}

/** The storage didn't say, or said that it doesn't know. */
function interruption(
  facts: ErrorFacts,
  operation: string,
  cause: unknown,
): StratalogError | undefined {
  if (NOT_SENT.has(facts.code)) {
    const message = `the storage can't be reached (${facts.code}): check the network, the region and the endpoint`;
    return failure('STORAGE_UNAVAILABLE', message, cause);
  }
  if (TIMED_OUT.has(facts.name) || facts.code === 'ETIMEDOUT') {
    const message = `${operation} was not answered in time; it may have taken effect`;
    return new StratalogError('REQUEST_TIMED_OUT', message, { cause, effect: 'unknown' });
  }
  if (BROKEN.has(facts.code) || (facts.httpStatus ?? 0) >= 500) {
    const message = `the storage failed at ${operation}; it may have taken effect`;
    return new StratalogError('STORAGE_UNAVAILABLE', message, { cause, effect: 'unknown' });
  }
  return undefined;
}

/** A request that the storage calls wrong is a bug of ours; an error without an answer may be anything. */
function unexpected(facts: ErrorFacts, operation: string, cause: unknown): StratalogError {
  const status = facts.httpStatus ?? 0;
  if (status >= 400 && status < 500) {
    const message = `the storage rejected ${operation} (${facts.name})`;
    return new StratalogError('UNKNOWN_SERVER_ERROR', message, { cause });
  }
  const message = `${operation} failed without a usable answer (${facts.name})`;
  return new StratalogError('STORAGE_UNAVAILABLE', message, { cause, effect: 'unknown' });
}

function failure(
  code: 'THROTTLED' | 'STORAGE_UNAVAILABLE',
  message: string,
  cause: unknown,
): StratalogError {
  return new StratalogError(code, message, { cause, effect: 'none' });
}

function factsOf(error: unknown): ErrorFacts {
  const source = isObject(error) ? error : {};
  const { name, code, $metadata: metadata, CancellationReasons: reasons } = source;
  const httpStatus = isObject(metadata) ? metadata.httpStatusCode : undefined;
  return {
    name: typeof name === 'string' ? name : 'unknown error',
    code: typeof code === 'string' ? code : '',
    httpStatus: typeof httpStatus === 'number' ? httpStatus : undefined,
    cancellationReasons: Array.isArray(reasons) ? reasons.flatMap(reasonCode) : [],
  };
}

/** The code of an item that made a transaction fail; the others carry "None". */
function reasonCode(reason: unknown): string[] {
  if (!isObject(reason) || typeof reason.Code !== 'string') return [];
  return reason.Code === 'None' ? [] : [reason.Code];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
