// xxHash, 32 bits, seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): the checksum of LZ4 frames.

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE_BYTES = 16;

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function round(lane: number, word: number): number {
  return Math.imul(rotateLeft((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

/** Four lanes over all whole stripes, merged. */
function hashStripes(view: DataView, stripeBytes: number): number {
  let lane1 = (PRIME_1 + PRIME_2) | 0;
  let lane2 = PRIME_2 | 0;
  let lane3 = 0;
  let lane4 = -PRIME_1 | 0;
  for (let position = 0; position < stripeBytes; position += STRIPE_BYTES) {
    lane1 = round(lane1, view.getInt32(position, true));
    lane2 = round(lane2, view.getInt32(position + 4, true));
    lane3 = round(lane3, view.getInt32(position + 8, true));
    lane4 = round(lane4, view.getInt32(position + 12, true));
  }
  return (
    (rotateLeft(lane1, 1) + rotateLeft(lane2, 7) + rotateLeft(lane3, 12) + rotateLeft(lane4, 18)) |
    0
  );
}

/** The hash of `bytes`, unsigned. */
export function xxhash32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stripeBytes = bytes.length - (bytes.length % STRIPE_BYTES);
  let hash = stripeBytes > 0 ? hashStripes(view, stripeBytes) : PRIME_5;
  hash = (hash + bytes.length) | 0;
  let position = stripeBytes;
  for (; position + 4 <= bytes.length; position += 4) {
    const word = Math.imul(view.getInt32(position, true), PRIME_3);
    hash = Math.imul(rotateLeft((hash + word) | 0, 17), PRIME_4);
  }
  for (; position < bytes.length; position += 1) {
    const word = Math.imul(view.getUint8(position), PRIME_5);
    hash = Math.imul(rotateLeft((hash + word) | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
