import { describe, expect, it } from 'vitest';
import { ApiClient } from '../../../lib/client/api-client.ts';
import { RETRY_DEFAULTS } from '../../../lib/client/backoff.ts';

function busy(retryAfter: string): ApiClient {
  return new ApiClient({
    clientId: 'test',
    retry: { ...RETRY_DEFAULTS, retries: 0 },
    requestTimeoutMs: 1_000,
    transport: {
      description: 'a log that is busy',
      send: async () => ({
        status: 429,
        headers: new Headers({ 'retry-after': retryAfter }),
        body: Buffer.from('{"message":"Too Many Requests"}'),
      }),
      close: async () => undefined,
    },
  });
}

async function askedToWait(retryAfter: string): Promise<number | undefined> {
  const answer = busy(retryAfter).json({ method: 'GET', path: '/topics' });
  return await answer.then(
    () => undefined,
    (error: { retryAfterMs?: number }) => error.retryAfterMs,
  );
}

describe('Retry-After', () => {
  it('is seconds, or a time, and never less than nothing', async () => {
    expect(await askedToWait('2')).toBe(2_000);
    expect(await askedToWait('0.5')).toBe(500);
    expect(await askedToWait('-5')).toBe(0);
    const inAnHour = await askedToWait(new Date(Date.now() + 3_600_000).toUTCString());
    expect(inAnHour).toBeGreaterThan(3_500_000);
    expect(inAnHour).toBeLessThanOrEqual(3_600_000);
    expect(await askedToWait('soon')).toBeUndefined();
  });
});
