import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { mixedReply } from '../../../lib/api/mixed.ts';
import { errorFieldsOf, problem, refusalOf } from '../../../lib/api/problem.ts';
import { ERRORS, type ErrorCode, rejected, StratalogError } from '../../../lib/errors.ts';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('problem', () => {
  it.each(CODES)('%s: the status is the first three digits of its number', (code) => {
    const { status, json } = problem({ code, message: 'why' });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(json).toEqual({
      error_code: ERRORS[code].errorCode,
      message: 'why',
      kafka_error_code: ERRORS[code].kafkaCode,
      kafka_error: ERRORS[code].kafkaError,
      retriable: ERRORS[code].retriable,
    });
    expect(String(ERRORS[code].errorCode).startsWith(String(status))).toBe(true);
  });

  it.each(CODES)('%s: has Retry-After exactly with 429 and 503', (code) => {
    const { status, headers } = problem({ code, message: '' });
    expect(headers?.['retry-after'] !== undefined).toBe(status === 429 || status === 503);
  });

  it('carries both bounds where the offset is out of range', () => {
    const refusal = { ...rejected('OFFSET_OUT_OF_RANGE', 'out'), logStartOffset: 3n };
    expect(problem({ ...refusal, highWatermark: 9n }).json).toMatchObject({
      log_start_offset: 3,
      high_watermark: 9,
    });
  });
});

describe('refusalOf', () => {
  it('names the field of a request that is not valid, and says no value', () => {
    const schema = z.object({ entries: z.array(z.object({ partition_id: z.int() })) });
    const { error } = schema.safeParse({
      entries: [{ partition_id: 1 }, { partition_id: 'secret' }],
    });
    const refusal = refusalOf(error);
    expect(refusal).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(refusal?.message).toContain('entries[1].partition_id: ');
    expect(refusal?.message).not.toContain('secret');
  });

  it('passes failures with a code on, and knows nothing of others', () => {
    const failure = new StratalogError('THROTTLED', 'later');
    expect(refusalOf(failure)).toBe(failure);
    expect(refusalOf(new TypeError('bug'))).toBeUndefined();
    expect(refusalOf('thrown text')).toBeUndefined();
  });
});

describe('mixedReply', () => {
  const good = { kind: 'produced' } as const;
  const bad = rejected('UNKNOWN_PARTITION', 'no');

  it.each([
    ['all is well', [good, good], 200],
    ['nothing was asked', [], 200],
    ['some is well', [good, bad], 207],
    ['nothing is well', [bad, rejected('THROTTLED', 'later')], 404],
  ])('when %s', (_when, outcomes, status) => {
    const reply = mixedReply(outcomes, { failures: ['both'] });
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({ failures: ['both'] });
  });

  it('says the first failure when nothing is well', () => {
    expect(mixedReply([bad], {}).json).toEqual(errorFieldsOf(bad));
  });
});
