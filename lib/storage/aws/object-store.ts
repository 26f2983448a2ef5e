// Objects in S3, each written once. The client that comes in makes one attempt a call; whoever calls may repeat any of
// these requests, because the key and the nonce make a repeated put harmless.

import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { assert, required } from '../../assert.ts';
import { StratalogError } from '../../errors.ts';
import { REFERENCE_LIFETIME_MS } from '../../limits.ts';
import type { ByteRange } from '../../log/object-range.ts';
import type { ObjectStore, PutObjectRequest } from '../../ports/object-store.ts';
import { storageFailure } from './errors.ts';

const NONCE = 'nonce';
const NOT_THERE_YET = '*';
const ALREADY_THERE = new Set(['PreconditionFailed']);
const NOT_FOUND = new Set(['NoSuchKey']);
/** The same to a HEAD, whose answer has no body to say more. */
const GONE = new Set(['NotFound']);
const RANGE_BEYOND_END = new Set(['InvalidRange']);

/** `client` makes exactly one attempt a call. */
export function createObjectStore(client: S3Client, bucket: string): ObjectStore {
  /**
   * Who wrote the object that is there. Without an answer to that it may be this caller's own: calling it another's
   * would have the producer believe that somebody else appends it (durable).
   */
  const readNonce = async (key: string): Promise<string> => {
    let nonce: string | undefined;
    try {
      const answer = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      nonce = answer.Metadata?.[NONCE];
    } catch (error) {
      if (!isNamed(error, GONE)) throw storageFailure(error, 'HeadObject');
    }
    if (nonce !== undefined) return nonce;
    const message = `object "${key}" was there, but the storage does not say who wrote it`;
    throw new StratalogError('STORAGE_UNAVAILABLE', message, { effect: 'unknown' });
  };

  return {
    async putObject({ key, chunks, nonce }: PutObjectRequest) {
      const body = Buffer.concat(chunks);
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentLength: body.length,
        IfNoneMatch: NOT_THERE_YET,
        Metadata: { [NONCE]: nonce },
      });
      try {
        await client.send(command);
        return { kind: 'stored' };
      } catch (error) {
        if (!isNamed(error, ALREADY_THERE)) throw storageFailure(error, 'PutObject');
        return { kind: 'exists', own: (await readNonce(key)) === nonce };
      }
    },

    async getRange(range: ByteRange) {
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: range.key,
        Range: rangeHeader(range),
      });
      const bytes = await getBytes(client, command, range);
      if (bytes !== undefined && bytes.length !== range.lengthBytes) throw tooShort(range);
      return bytes;
    },

    async referenceRange(range: ByteRange, nowMs: number) {
      const credentials = await client.config.credentials().catch((error: unknown) => {
        throw storageFailure(error, 'signing');
      });
      const expiresAtMs = Math.min(
        nowMs + REFERENCE_LIFETIME_MS,
        credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY,
      );
      // A header among those signed can't be changed or left out: the URL opens this range only.
      const headers = { range: rangeHeader(range) };
      const command = new GetObjectCommand({
        Bucket: bucket,
        Key: range.key,
        Range: headers.range,
      });
      const url = await getSignedUrl(client, command, {
        expiresIn: Math.max(1, Math.floor((expiresAtMs - nowMs) / 1_000)),
        signingDate: new Date(nowMs),
        unhoistableHeaders: new Set(['range']),
      });
      return { url, headers, expiresAtMs };
    },
  };
}

async function getBytes(
  client: S3Client,
  command: GetObjectCommand,
  range: ByteRange,
): Promise<Uint8Array | undefined> {
  try {
    const answer = await client.send(command);
    return await required(answer.Body, 'the body of an object').transformToByteArray();
  } catch (error) {
    if (isNamed(error, NOT_FOUND)) return undefined;
    if (isNamed(error, RANGE_BEYOND_END)) throw tooShort(range, error);
    throw storageFailure(error, 'GetObject');
  }
}

/** Both ends inclusive, as HTTP wants it. */
function rangeHeader({ positionBytes, lengthBytes }: ByteRange): string {
  assert(lengthBytes > 0, 'a range holds a byte');
  return `bytes=${positionBytes}-${positionBytes + lengthBytes - 1}`;
}

function tooShort(range: ByteRange, cause?: unknown): StratalogError {
  const end = range.positionBytes + range.lengthBytes;
  const message = `object "${range.key}" ends before byte ${end}, which the index says it has`;
  return new StratalogError('CORRUPT_MESSAGE', message, { cause });
}

function isNamed(error: unknown, names: ReadonlySet<string>): boolean {
  return error instanceof Error && names.has(error.name);
}
