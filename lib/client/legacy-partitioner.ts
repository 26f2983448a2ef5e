// The hash of kafkajs's `LegacyPartitioner`, its default before version 2: murmur2 with products in floating point instead
// of 32 bits, and with a last word of one to three bytes mixed in twice. Topics that were written by it go on being
// written to the same partitions; a new topic has no use for it.

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

function littleEndian(bytes: Uint8Array, position: number): number {
  let word = 0;
  for (let index = 0; index < 4; index += 1) word |= (bytes[position + index] ?? 0) << (index * 8);
  return word;
}

/** As a number that has the partition in its lower 31 bits. */
export function legacyMurmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = SEED ^ length;
  for (let position = 0; position < length; position += 4) {
    const word = littleEndian(bytes, position) * MULTIPLIER;
    const mixed = (word ^ (word >>> 24)) * MULTIPLIER;
    hash = (hash * MULTIPLIER) ^ mixed;
  }
  if (length % 4 > 0) hash = (hash ^ littleEndian(bytes, length - (length % 4))) * MULTIPLIER;
  hash = (hash ^ (hash >>> 13)) * MULTIPLIER;
  return hash ^ (hash >>> 15);
}
