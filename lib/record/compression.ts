// How the records of a batch are compressed: one entry a kind, and one bound for all of them, since a few bytes from
// outside may claim to hold gigabytes.

import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StratalogError } from '../errors.ts';
import type { CompressionKind } from './batch.ts';

const CHUNK_BYTES = 64 * 1024;

/** Compresses as Kafka's Java client does, so that it reads what comes out. `none` returns `bytes` itself. */
export function compress(kind: CompressionKind, bytes: Uint8Array): Uint8Array {
  switch (kind) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes, { chunkSize: CHUNK_BYTES });
    case 'zstd':
      return zstdCompressSync(bytes, { chunkSize: CHUNK_BYTES });
    case 'snappy':
    case 'lz4':
      throw new StratalogError('UNSUPPORTED_COMPRESSION_TYPE', `${kind} is not there`);
  }
}

function inflate(kind: CompressionKind, bytes: Uint8Array, bytesMax: number): Uint8Array {
  const bounds = { maxOutputLength: bytesMax, chunkSize: Math.min(CHUNK_BYTES, bytesMax) };
  switch (kind) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipSync(bytes, bounds);
    case 'zstd':
      return zstdDecompressSync(bytes, bounds);
    case 'snappy':
    case 'lz4':
      throw new StratalogError('UNSUPPORTED_COMPRESSION_TYPE', `${kind} is not there`);
  }
}

/** Decompresses to at most `bytesMax` bytes. Errors: MESSAGE_TOO_LARGE beyond them, CORRUPT_MESSAGE. */
export function decompress(kind: CompressionKind, bytes: Uint8Array, bytesMax: number): Uint8Array {
  try {
    return inflate(kind, bytes, bytesMax);
  } catch (error) {
    throw decompressionFailure(kind, bytesMax, error);
  }
}

/** zlib says with a RangeError that its output would pass the bound. */
function decompressionFailure(
  kind: CompressionKind,
  bytesMax: number,
  cause: unknown,
): StratalogError {
  if (cause instanceof StratalogError) return cause;
  return cause instanceof RangeError
    ? new StratalogError(
        'MESSAGE_TOO_LARGE',
        `record batch (${kind}) holds more than ${bytesMax} bytes when decompressed`,
        { cause },
      )
    : new StratalogError('CORRUPT_MESSAGE', `record batch is not valid ${kind}`, { cause });
}
