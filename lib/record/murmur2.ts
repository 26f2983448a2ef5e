// MurmurHash2, 32 bits, with the seed that Kafka's Java client uses: it decides which partition a key belongs to, so
// every bit must be as there, or one key's records land in two partitions.

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** The hash of `bytes` as a signed int32. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = SEED ^ length;
  let position = 0;
  for (; position + 4 <= length; position += 4) {
    let word = Math.imul(littleEndian(bytes, position, 4), MULTIPLIER);
    word = Math.imul(word ^ (word >>> 24), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  if (position < length) {
    hash = Math.imul(hash ^ littleEndian(bytes, position, length - position), MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

function littleEndian(bytes: Uint8Array, position: number, count: number): number {
  let word = 0;
  for (let index = 0; index < count; index += 1) {
    word |= (bytes[position + index] as number) << (index * 8);
  }
  return word;
}
