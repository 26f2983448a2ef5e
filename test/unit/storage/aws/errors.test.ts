import {
  ProvisionedThroughputExceededException,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { StratalogError } from '../../../../lib/errors.ts';
import { storageFailure } from '../../../../lib/storage/aws/errors.ts';

const named = (name: string, httpStatusCode?: number): Error =>
  Object.assign(new Error('secret-access-key'), {
    name,
    $metadata: httpStatusCode === undefined ? {} : { httpStatusCode },
  });
const coded = (code: string): Error => Object.assign(new Error('broken'), { code });
const canceled = (...codes: string[]): Error =>
  new TransactionCanceledException({
    $metadata: { httpStatusCode: 400 },
    message: 'Transaction cancelled',
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

const metadata = { $metadata: { httpStatusCode: 400 }, message: 'm' };

describe('storageFailure', () => {
  it.each([
    ['throughput exceeded', new ProvisionedThroughputExceededException(metadata)],
    ['throttling', named('ThrottlingException', 400)],
    ['the request limit', named('RequestLimitExceeded', 400)],
    ['S3 SlowDown', named('SlowDown', 503)],
    ['any 429', named('Whatever', 429)],
    ['a transaction conflict', new TransactionConflictException(metadata)],
    ['S3’s conditional conflict', named('ConditionalRequestConflict', 409)],
    ['a transaction canceled by a conflict', canceled('None', 'TransactionConflict')],
    ['a transaction canceled by throttles', canceled('ThrottlingError', 'TransactionConflict')],
  ])('calls %s throttled, without effect', (_what, error) => {
    const failure = storageFailure(error, 'UpdateItem');
    expect([failure.code, failure.effect, failure.retriable]).toEqual(['THROTTLED', 'none', true]);
  });

  it.each([
    ['a timeout', named('TimeoutError')],
    ['an idle connection', named('RequestTimeout', 400)],
    ['an aborted request', named('AbortError')],
    ['a connection that timed out', coded('ETIMEDOUT')],
  ])('does not know the effect of %s', (_what, error) => {
    const failure = storageFailure(error, 'UpdateItem');
    expect([failure.code, failure.effect]).toEqual(['REQUEST_TIMED_OUT', 'unknown']);
  });

  it.each([
    ['a reset connection', coded('ECONNRESET')],
    ['a broken pipe', coded('EPIPE')],
    ['an internal error', named('InternalServerError', 500)],
    ['an unavailable service', named('ServiceUnavailable', 503)],
    ['an error without an answer', new SyntaxError('Unexpected end of JSON input')],
    ['a thrown text', 'oops'],
    ['a thrown nothing', undefined],
  ])('does not know the effect of %s, and calls the storage unavailable', (_what, error) => {
    const failure = storageFailure(error, 'UpdateItem');
    expect([failure.code, failure.effect]).toEqual(['STORAGE_UNAVAILABLE', 'unknown']);
  });

  it.each([
    ['a refused connection', coded('ECONNREFUSED'), 'endpoint'],
    ['an unknown host', coded('ENOTFOUND'), 'region'],
    ['denied access', named('AccessDeniedException', 400), 'role'],
    ['missing credentials', named('CredentialsProviderError'), 'credentials'],
    ['expired credentials', named('ExpiredToken', 400), 'credentials'],
    ['a wrong clock', named('RequestTimeTooSkewed', 403), 'clock'],
    ['a missing table', named('ResourceNotFoundException', 400), 'stack'],
    ['a missing bucket', named('NoSuchBucket', 404), 'bucket'],
  ])('says what to do about %s, which had no effect', (_what, error, advice) => {
    const failure = storageFailure(error, 'UpdateItem');
    expect([failure.code, failure.effect]).toEqual(['STORAGE_UNAVAILABLE', 'none']);
    expect(failure.message).toContain(advice);
  });

  it.each([
    ['a request that is wrong', named('ValidationException', 400)],
    [
      'a transaction canceled by more than conflicts',
      canceled('TransactionConflict', 'ValidationError'),
    ],
    ['a canceled transaction without reasons', canceled('None')],
  ])('does not ask to repeat %s', (_what, error) => {
    const failure = storageFailure(error, 'UpdateItem');
    expect([failure.code, failure.effect]).toEqual(['UNKNOWN_SERVER_ERROR', 'none']);
    expect(failure.retriable).toBe(false);
  });

  it('names the operation, keeps the cause, and repeats none of its text', () => {
    const cause = named('ServiceUnavailable', 503);
    const failure = storageFailure(cause, 'PutObject');
    expect(failure.message).toContain('PutObject');
    expect(failure.message).not.toContain('secret');
    expect(failure.cause).toBe(cause);
  });

  it('leaves what is translated already', () => {
    const failure = new StratalogError('THROTTLED', 'm');
    expect(storageFailure(failure, 'PutObject')).toBe(failure);
  });
});
