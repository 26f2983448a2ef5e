// HTTP with AWS's Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
// which API Gateway checks against IAM. Its own few lines of HMAC instead of the SDK, so that signing costs nobody 100 KB.

import { createHash, createHmac } from 'node:crypto';
import type { Transport } from '../transport.ts';
import { httpTransport, type SignableRequest } from './http.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SigningScope {
  readonly region: string;
  /** Default `execute-api`: API Gateway. */
  readonly service?: string;
}

export interface Sigv4Options extends SigningScope {
  readonly endpoint: string;
  /** Sent with every request, and signed; names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Asked before every request, so that they may expire: `fromNodeProviderChain()` of the SDK fits. Default: the
   * environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN).
   */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
}

export function sigv4Transport(options: Sigv4Options): Transport {
  const { endpoint, headers = {}, credentials = environmentCredentials } = options;
  return httpTransport({
    endpoint,
    headers,
    async sign(request) {
      const current = typeof credentials === 'function' ? await credentials() : credentials;
      return signRequest(request, current, { ...options, nowMs: Date.now() });
    },
  });
}

async function environmentCredentials(): Promise<AwsCredentials> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined) {
    throw new Error(
      'no AWS credentials: pass some, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Uint8Array, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** RFC 3986: everything but letters, digits and `-_.~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort(compare)
    .join('&');
}

/** The headers to add: authorization, date and session token. Headers of the request are signed with them. */
export function signRequest(
  { method, url, headers, body }: SignableRequest,
  credentials: AwsCredentials,
  scope: SigningScope & { readonly nowMs: number },
): Readonly<Record<string, string>> {
  const { region, service = 'execute-api' } = scope;
  const time = new Date(scope.nowMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const added: Record<string, string> = { 'x-amz-date': time };
  if (credentials.sessionToken !== undefined) {
    added['x-amz-security-token'] = credentials.sessionToken;
  }
  const signed = Object.entries({ ...headers, ...added, host: url.host }).sort(([left], [right]) =>
    compare(left, right),
  );
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    method,
    // Encoded once in the URL, and once more for the signature.
    url.pathname.split('/').map(encode).join('/'),
    canonicalQuery(url),
    ...signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
    '',
    names,
    sha256(body ?? ''),
  ].join('\n');
  const day = time.slice(0, 8);
  const place = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, place, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce<Buffer>(
    hmac,
    hmac(`AWS4${credentials.secretAccessKey}`, day),
  );
  const signature = hmac(key, text).toString('hex');
  return {
    ...added,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
