// Names and ids: what a topic or a group may be called, ULIDs (https://github.com/ulid/spec) and topic ids.
// Time and randomness come in as arguments.

import { assert } from './assert.ts';

/** The digits of a ULID, lowest first. */
export const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DIGIT_CODES = Uint8Array.from(CROCKFORD, (digit) => digit.charCodeAt(0));
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

export const ULID_BYTES = 16;
export const ULID_RANDOM_BYTES = 10;
export const TOPIC_ID_BYTES = 16;

/** The ULID of a moment (milliseconds since 1970) and 10 random bytes: 26 characters that sort by time. */
export function ulidOf(timeMs: number, random: Uint8Array): string {
  assert(random.length === ULID_RANDOM_BYTES, `a ULID takes ${ULID_RANDOM_BYTES} random bytes`);
  let time = '';
  for (let rest = timeMs, digit = 0; digit < 10; digit += 1) {
    time = CROCKFORD.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let bits = 0;
  let held = 0;
  let tail = '';
  for (const byte of random) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      tail += CROCKFORD.charAt((held >>> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return time + tail;
}

/** The ULID whose 16 bytes begin at `at`: six of time, big-endian, and ten random ones. Made in one piece: it's hot. */
export function ulidFromBytes(bytes: Uint8Array, at: number): string {
  const digit = (bit: number): number => digitCodeAt(bytes, at, bit);
  // 26 digits are 130 bits: two zeroes, and the bytes.
  return String.fromCharCode(
    DIGIT_CODES[(bytes[at] as number) >>> 5] as number,
    digit(3),
    digit(8),
    digit(13),
    digit(18),
    digit(23),
    digit(28),
    digit(33),
    digit(38),
    digit(43),
    digit(48),
    digit(53),
    digit(58),
    digit(63),
    digit(68),
    digit(73),
    digit(78),
    digit(83),
    digit(88),
    digit(93),
    digit(98),
    digit(103),
    digit(108),
    digit(113),
    digit(118),
    digit(123),
  );
}

/** The digit of the five bits from `bit` on. */
function digitCodeAt(bytes: Uint8Array, at: number, bit: number): number {
  const index = at + (bit >>> 3);
  const two = ((bytes[index] as number) << 8) | (bytes[index + 1] as number);
  return DIGIT_CODES[(two >>> (11 - (bit & 7))) & 31] as number;
}

/** Texts that `recentUlid` remembers, by the lowest bits of their random part: a power of two. */
const RECENT_ULIDS = 16_384;
const WORDS_A_ULID = ULID_BYTES / 4;
const recentWords = new Int32Array(RECENT_ULIDS * WORDS_A_ULID);
const recentTexts = new Array<string | undefined>(RECENT_ULIDS).fill(undefined);

/**
 * `ulidFromBytes`, which is not done again for what was asked not long ago: an append names one object in each of its
 * partitions, so whoever reads the entries of many of them meets every object many times.
 */
export function recentUlid(bytes: Uint8Array, at: number): string {
  const [first, second] = [wordAt(bytes, at), wordAt(bytes, at + 4)];
  const [third, fourth] = [wordAt(bytes, at + 8), wordAt(bytes, at + 12)];
  const place = fourth & (RECENT_ULIDS - 1);
  const words = place * WORDS_A_ULID;
  const known = recentTexts[place];
  if (
    known !== undefined &&
    recentWords[words + 3] === fourth &&
    recentWords[words + 2] === third &&
    recentWords[words + 1] === second &&
    recentWords[words] === first
  ) {
    return known;
  }
  const text = ulidFromBytes(bytes, at);
  recentWords[words] = first;
  recentWords[words + 1] = second;
  recentWords[words + 2] = third;
  recentWords[words + 3] = fourth;
  recentTexts[place] = text;
  return text;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** The time in a ULID's 16 bytes, milliseconds since 1970. */
export function timeOfUlidBytes(bytes: Uint8Array, at: number): number {
  let timeMs = 0;
  for (let index = at; index < at + ULID_BYTES - ULID_RANDOM_BYTES; index += 1) {
    timeMs = timeMs * 256 + (bytes[index] as number);
  }
  return timeMs;
}

export function isUlid(text: string): boolean {
  return ULID.test(text);
}

/** Milliseconds since 1970 at which a ULID was made, by its maker's clock. */
export function ulidTimeMs(ulid: string): number {
  let timeMs = 0;
  for (const digit of ulid.slice(0, 10)) timeMs = timeMs * 32 + CROCKFORD.indexOf(digit);
  return timeMs;
}

/** The smallest ULID of a moment: everything made before it sorts below. */
export function ulidFloor(timeMs: number): string {
  return ulidOf(timeMs, new Uint8Array(ULID_RANDOM_BYTES));
}

/** A topic id as Kafka writes it: 16 random bytes (a v4 UUID) in unpadded base64url, 22 characters. */
export function topicIdOf(random: Uint8Array): string {
  assert(random.length === TOPIC_ID_BYTES, `a topic id takes ${TOPIC_ID_BYTES} random bytes`);
  const bytes = Uint8Array.from(random);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return Buffer.from(bytes).toString('base64url');
}

/** What is wrong with a topic's name by Kafka's rules (org.apache.kafka.common.internals.Topic), or undefined. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return "a topic name can't be empty";
  if (name === '.' || name === '..') return `a topic can't be named "${name}"`;
  if (name.length > 249) return `a topic name has at most 249 characters, not ${name.length}`;
  if (!TOPIC_NAME.test(name)) {
    return `topic name "${name.slice(0, 60)}" may hold only letters, digits, '.', '_' and '-'`;
  }
  return undefined;
}
