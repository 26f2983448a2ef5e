// How the records of a batch are compressed: one entry a kind, and one bound for all of them, since a few bytes from
// outside may claim to hold gigabytes.

import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { StratalogError } from '../errors.ts';
import type { CompressionKind } from './batch.ts';
import { corrupt, tooLarge } from './faults.ts';
import { lz4Compress, lz4Decompress } from './lz4.ts';
import { snappyCompress, snappyDecompress } from './snappy.ts';

/** What zlib allocates at a time. */
const CHUNK_BYTES = 64 * 1024;

/** Compresses such that Kafka's Java client reads what comes out. `none` returns `bytes` itself. */
export function compress(kind: CompressionKind, bytes: Uint8Array): Uint8Array {
  switch (kind) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes, { chunkSize: CHUNK_BYTES });
    case 'snappy':
      return snappyCompress(bytes);
    case 'lz4':
      return lz4Compress(bytes);
    case 'zstd':
      return zstdCompressSync(bytes, { chunkSize: CHUNK_BYTES });
  }
}

function open(kind: CompressionKind, bytes: Uint8Array, bytesMax: number): Uint8Array {
  const zlibOptions = { maxOutputLength: bytesMax, chunkSize: CHUNK_BYTES };
  switch (kind) {
    case 'none':
      return bytes;
    case 'gzip':
      return gunzipSync(bytes, zlibOptions);
    case 'snappy':
      return snappyDecompress(bytes, bytesMax);
    case 'lz4':
      return lz4Decompress(bytes, bytesMax);
    case 'zstd':
      return zstdDecompressSync(bytes, zlibOptions);
  }
}

/**
 * Decompresses untrusted bytes to at most `bytesMax` (from 1), and allocates little more than that.
 * Errors: MESSAGE_TOO_LARGE beyond them, CORRUPT_MESSAGE.
 */
export function decompress(kind: CompressionKind, bytes: Uint8Array, bytesMax: number): Uint8Array {
  try {
    return open(kind, bytes, bytesMax);
  } catch (error) {
    throw decompressionFailure(kind, bytesMax, error);
  }
}

function decompressionFailure(kind: CompressionKind, bytesMax: number, cause: unknown): Error {
  if (cause instanceof StratalogError) return cause;
  const isBoundPassed =
    cause instanceof RangeError && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
  return isBoundPassed
    ? tooLarge(bytesMax)
    : corrupt(`record batch does not decompress as ${kind}`, cause);
}
