// References of the local home: URLs of the local server that open one range of one object until they expire, for
// anyone who has them, as presigned ranges of S3 do. The signature covers key, range and expiry; the range is a header
// that the request must carry as it was signed.
//
//   <base URL>/objects/<key>?expires=<milliseconds since 1970>&signature=<43 characters>     Range: bytes=<from>-<to>
//   signature := base64url(HMAC-SHA-256(secret, key LF range LF expires))

import { createHmac, timingSafeEqual } from 'node:crypto';
import { assert } from '../../assert.ts';
import { REFERENCE_LIFETIME_MS } from '../../limits.ts';
import type { ByteRange, RangeReference } from '../../log/object-range.ts';

const PATH_PREFIX = '/objects/';
const RANGE = /^bytes=(\d{1,15})-(\d{1,15})$/;

/** The part of an HTTP request that a reference is made of. */
export interface ReferenceRequest {
  /** `/objects/<key>`, as it stands in the request line. */
  readonly path: string;
  readonly expires: string | undefined;
  readonly signature: string | undefined;
  /** The Range header. */
  readonly range: string | undefined;
}

/** `baseUrl` ends without a slash. */
export function signReference(
  range: ByteRange,
  from: { readonly baseUrl: string; readonly secret: Uint8Array; readonly nowMs: number },
): RangeReference {
  assert(range.lengthBytes > 0, 'a range holds a byte');
  const expiresAtMs = from.nowMs + REFERENCE_LIFETIME_MS;
  const expires = String(expiresAtMs);
  const header = `bytes=${range.positionBytes}-${range.positionBytes + range.lengthBytes - 1}`;
  const signature = signatureOf(from.secret, { key: range.key, range: header, expires });
  return {
    url: `${from.baseUrl}${PATH_PREFIX}${range.key}?expires=${expires}&signature=${signature}`,
    headers: { range: header },
    expiresAtMs,
  };
}

/** The range that a request may read; undefined when it wasn't signed with this secret, or has expired. */
export function verifyReference(
  request: ReferenceRequest,
  secret: Uint8Array,
  nowMs: number,
): ByteRange | undefined {
  const { path, expires, signature, range } = request;
  if (expires === undefined || signature === undefined || range === undefined) return undefined;
  if (!path.startsWith(PATH_PREFIX)) return undefined;
  const key = path.slice(PATH_PREFIX.length);
  const isSigned = sameText(signature, signatureOf(secret, { key, range, expires }));
  // Only after the signature: what it covers is ours and well-formed.
  if (!isSigned || nowMs >= Number(expires)) return undefined;
  const [, from, to] = RANGE.exec(range) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const positionBytes = Number(from);
  return { key, positionBytes, lengthBytes: Number(to) - positionBytes + 1 };
}

function signatureOf(
  secret: Uint8Array,
  signed: { readonly key: string; readonly range: string; readonly expires: string },
): string {
  const { key, range, expires } = signed;
  return createHmac('sha256', secret).update(`${key}\n${range}\n${expires}`).digest('base64url');
}

/** Takes the same time wherever two texts of one length differ. */
function sameText(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}
