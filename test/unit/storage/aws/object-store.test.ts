import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { REFERENCE_LIFETIME_MS } from '../../../../lib/limits.ts';
import { createObjectStore } from '../../../../lib/storage/aws/object-store.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);
const RANGE = { key: 'wal/00/x', positionBytes: 10, lengthBytes: 5 };

/** Signing asks nobody, so that no server is needed. */
function storeWith(credentials: { readonly expiration?: Date } | Error) {
  const client = new S3Client({
    region: 'us-east-1',
    credentials: async () => {
      if (credentials instanceof Error) throw credentials;
      return { accessKeyId: 'key', secretAccessKey: 'secret', ...credentials };
    },
  });
  return createObjectStore(client, 'bucket');
}

describe('referenceRange', () => {
  it('signs the range, so that no other can be asked for', async () => {
    const reference = await storeWith({}).referenceRange(RANGE, NOW_MS);
    const url = new URL(reference.url);
    expect(reference.headers).toEqual({ range: 'bytes=10-14' });
    expect(url.pathname).toBe('/wal/00/x');
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('host;range');
    expect(url.searchParams.get('X-Amz-Date')).toBe('20261121T120000Z');
  });

  it('lives as long as a reference does', async () => {
    const reference = await storeWith({}).referenceRange(RANGE, NOW_MS);
    expect(reference.expiresAtMs).toBe(NOW_MS + REFERENCE_LIFETIME_MS);
    expect(new URL(reference.url).searchParams.get('X-Amz-Expires')).toBe(
      String(REFERENCE_LIFETIME_MS / 1_000),
    );
  });

  it('says that it ends with the credentials where they end sooner', async () => {
    const expiration = new Date(NOW_MS + 30_500);
    const reference = await storeWith({ expiration }).referenceRange(RANGE, NOW_MS);
    expect(reference.expiresAtMs).toBe(NOW_MS + 30_500);
    expect(new URL(reference.url).searchParams.get('X-Amz-Expires')).toBe('30');
  });

  it('fails clearly without credentials', async () => {
    const missing = Object.assign(new Error('none'), { name: 'CredentialsProviderError' });
    const reference = storeWith(missing).referenceRange(RANGE, NOW_MS);
    await expect(reference).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('credentials'),
    });
  });

  it('refuses a range of no bytes', async () => {
    const empty = storeWith({}).referenceRange({ ...RANGE, lengthBytes: 0 }, NOW_MS);
    await expect(empty).rejects.toThrow('a range holds a byte');
  });
});
