// The three ways in which bytes from outside fail the codec, as errors with Kafka's names.

import { StratalogError } from '../errors.ts';

/** The bytes are not what their maker made: cut off, flipped, or not decompressible. */
export function corrupt(message: string, cause?: unknown): StratalogError {
  return new StratalogError('CORRUPT_MESSAGE', message, { cause });
}

/** The bytes arrived as they were made, but break the format's rules. */
export function malformed(message: string): StratalogError {
  return new StratalogError('INVALID_RECORD', message);
}

/** Decompressed, there would be more than anyone wants to hold. */
export function tooLarge(bytesMax: number): StratalogError {
  return new StratalogError(
    'MESSAGE_TOO_LARGE',
    `record batch holds more than ${bytesMax} bytes when decompressed; send smaller batches`,
  );
}
