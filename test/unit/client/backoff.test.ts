import { describe, expect, it } from 'vitest';
import { backoffMs, RETRY_DEFAULTS, withRetries } from '../../../lib/client/backoff.ts';
import { StratalogConnectionError, StratalogRequestError } from '../../../lib/client/errors.ts';

const quick = { ...RETRY_DEFAULTS, initialRetryTime: 1, retries: 3 };

describe('backoffMs', () => {
  it('doubles up to its limit, give or take the jitter', () => {
    const waits = [1, 2, 3, 20].map((attempt) => backoffMs(attempt, RETRY_DEFAULTS, 0.5));
    expect(waits).toEqual([100, 200, 400, 30_000]);
    expect(backoffMs(1, RETRY_DEFAULTS, 0)).toBe(80);
    expect(backoffMs(1, RETRY_DEFAULTS, 1)).toBe(120);
  });

  it('never waits less than Retry-After asks', () => {
    const error = new StratalogRequestError({}, { status: 503, retryAfterMs: 2_000 });
    expect(backoffMs(1, RETRY_DEFAULTS, 0.5, error)).toBe(2_000);
  });

  it('waits a minute where Retry-After asks for more', () => {
    for (const retryAfterMs of [3_600_000, 1e15]) {
      const error = new StratalogRequestError({}, { status: 503, retryAfterMs });
      expect(backoffMs(1, RETRY_DEFAULTS, 0.5, error)).toBe(60_000);
    }
  });
});

describe('withRetries', () => {
  it('tries again what is of the moment, and gives up after so many tries', async () => {
    let tries = 0;
    const failing = withRetries(async () => {
      tries += 1;
      throw new StratalogConnectionError('gone', { reason: 'broken' });
    }, quick);
    await expect(failing).rejects.toThrow('gone');
    expect(tries).toBe(4);
  });

  it('does not try again what a code says of one topic, though Kafka calls it retriable', async () => {
    let tries = 0;
    const body = { kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true };
    const failing = withRetries(async () => {
      tries += 1;
      throw new StratalogRequestError(body, { status: 404 });
    }, quick);
    await expect(failing).rejects.toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' });
    expect(tries).toBe(1);
  });
});
