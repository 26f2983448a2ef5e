import { describe, expect, it } from 'vitest';
import { REFERENCE_LIFETIME_MS } from '../../../../lib/limits.ts';
import {
  type ReferenceRequest,
  signReference,
  verifyReference,
} from '../../../../lib/storage/local/reference.ts';

const SECRET = new Uint8Array(32).fill(7);
const NOW_MS = 1_800_000_000_000;
const RANGE = { key: 'wal/0f/01JD0000000000000000000001', positionBytes: 10, lengthBytes: 5 };

const sign = (range = RANGE) =>
  signReference(range, { baseUrl: 'http://127.0.0.1:9', secret: SECRET, nowMs: NOW_MS });

/** The request that a plain HTTP client makes of a reference. */
const requestOf = (reference: ReturnType<typeof sign>): ReferenceRequest => {
  const url = new URL(reference.url);
  return {
    path: url.pathname,
    expires: url.searchParams.get('expires') ?? undefined,
    signature: url.searchParams.get('signature') ?? undefined,
    range: reference.headers.range,
  };
};

describe('signReference', () => {
  it('names the object, the range as a header, and when it expires', () => {
    const reference = sign();
    expect(reference.url).toMatch(
      /^http:\/\/127\.0\.0\.1:9\/objects\/wal\/0f\/01JD0000000000000000000001\?expires=1800000300000&signature=[\w-]{43}$/,
    );
    expect(reference.headers).toEqual({ range: 'bytes=10-14' });
    expect(reference.expiresAtMs).toBe(NOW_MS + REFERENCE_LIFETIME_MS);
  });

  it('refuses an empty range', () => {
    expect(() => sign({ ...RANGE, lengthBytes: 0 })).toThrow('assertion failed');
  });
});

describe('verifyReference', () => {
  const verify = (change: Partial<ReferenceRequest> = {}, nowMs = NOW_MS, secret = SECRET) =>
    verifyReference({ ...requestOf(sign()), ...change }, secret, nowMs);

  it('gives back the range that was signed', () => {
    expect(verify()).toEqual(RANGE);
    const large = { key: 'log/a/0/x.log', positionBytes: 2 ** 40, lengthBytes: 1 };
    expect(verifyReference(requestOf(sign(large)), SECRET, NOW_MS)).toEqual(large);
  });

  it('refuses from the moment on at which it expires', () => {
    expect(verify({}, NOW_MS + REFERENCE_LIFETIME_MS - 1)).toEqual(RANGE);
    expect(verify({}, NOW_MS + REFERENCE_LIFETIME_MS)).toBeUndefined();
  });

  it.each<[string, Partial<ReferenceRequest>]>([
    ['another object', { path: '/objects/wal/0f/01JD0000000000000000000002' }],
    ['another path', { path: '/other/wal/0f/01JD0000000000000000000001' }],
    ['more bytes', { range: 'bytes=10-15' }],
    ['other bytes', { range: 'bytes=0-4' }],
    ['several ranges', { range: 'bytes=10-14,0-4' }],
    ['the whole object', { range: undefined }],
    ['a later expiry', { expires: String(NOW_MS + REFERENCE_LIFETIME_MS + 1) }],
    ['no expiry', { expires: undefined }],
    ['no signature', { signature: undefined }],
    ['an empty signature', { signature: '' }],
    ['a signature that is cut short', { signature: requestOf(sign()).signature?.slice(0, -1) }],
    ['a signature of other characters', { signature: 'ü'.repeat(43) }],
  ])('refuses %s', (_what, change) => {
    expect(verify(change)).toBeUndefined();
  });

  it('refuses what another secret has signed', () => {
    expect(verify({}, NOW_MS, new Uint8Array(32).fill(8))).toBeUndefined();
  });
});
