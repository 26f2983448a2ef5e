// Values that many bodies share: typed keys and values, headers, times and offsets.

import * as z from 'zod';
import { isTooDeep, parseExactJson } from '../exact-json.ts';

/** Kafka's largest partition number is an int32's. */
export const partitionId = z.int().min(0).max(2_147_483_647);
export const topicName = z.string().max(1_000);
/** New at every creation: a topic that has taken the name of a deleted one has another. */
export const topicId = z
  .string()
  .max(100)
  .describe('Of the topic that is meant: refused where another one has its name by now');

/** What may be called anything, in a path. */
export const pathName = z
  .string()
  .describe(
    'Percent-encoded; or, for what a gateway may not let through (slashes, percent and question marks), ~ and base64url of the UTF-8',
  );

/** Negative ones parse, so that they are answered as out of range with both bounds. */
export const offset = z.int('must be a whole number up to 2^53').describe('Exact up to 2^53');

/** ECMAScript's last date: the year 275760. */
const DATE_MS_MAX = 8.64e15;

const NO_WHOLE_NUMBER = 'must be a whole number up to 2^53';

/** A whole number in a query string or a path. */
export const numberText = z
  .string()
  .regex(/^-?\d{1,16}$/, NO_WHOLE_NUMBER)
  .transform(Number)
  .refine(Number.isSafeInteger, NO_WHOLE_NUMBER);

/** At least `min`; larger than `max` counts as `max`. */
export function boundedNumberText(bounds: { readonly min: number; readonly max: number }) {
  return numberText
    .refine((number) => number >= bounds.min, `must be at least ${bounds.min}`)
    .transform((number) => Math.min(number, bounds.max));
}

/** In a query: there, or not. */
export const flag = z
  .literal(['', 'true', 'false'])
  .transform((text) => text !== 'false')
  .optional();

const NO_TIME = 'must be ISO 8601, or milliseconds since 1970';
export const timestamp = z
  .union(
    [
      z.int().min(-1),
      z
        .string()
        .transform((text) => (/^\d{1,16}$/.test(text) ? Number(text) : parseIsoTime(text)))
        .refine((timeMs) => Number.isSafeInteger(timeMs), NO_TIME),
    ],
    NO_TIME,
  )
  .describe('ISO 8601 (UTC where it names no zone), or milliseconds since 1970');

const ISO_TIME =
  /^((?:\d{4}|[+-]\d{6})-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * NaN for what is no time. Date.parse alone takes almost anything ("-1", "May"), a day that no month has, and where there
 * is no zone that of the machine, which is another one here than in Lambda.
 */
function parseIsoTime(text: string): number {
  const [, date, zone] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return Number.NaN;
  const dayMs = Date.parse(date);
  if (Number.isNaN(dayMs) || !new Date(dayMs).toISOString().startsWith(date)) return Number.NaN;
  return Date.parse(zone === undefined && text !== date ? `${text}Z` : text);
}

const NOT_BASE64 = 'must be base64, padded, of the standard alphabet';
const base64 = z
  .base64(NOT_BASE64)
  .transform((text) => ({ text, bytes: Buffer.from(text, 'base64') }))
  .refine(({ text, bytes }) => lastGroup(bytes) === text.slice(-4), NOT_BASE64)
  .transform(({ bytes }): Uint8Array => bytes);

/** Bits that the last group doesn't need must be zero, or two texts would mean the same bytes. */
function lastGroup(bytes: Buffer): string {
  return bytes.subarray(-(bytes.length % 3 || 3)).toString('base64');
}

/** Text that UTF-8 can hold. */
const unicode = z.string().refine((text) => text.isWellFormed(), 'has half a surrogate pair');

/** A typed key or value as the REST Proxy's v3 has it; null data is a null key or value whatever the type. */
export const typedData = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('BINARY'), data: base64.nullable() }),
    z.strictObject({ type: z.literal('STRING'), data: unicode.nullable() }),
    z.strictObject({
      type: z.literal('JSON'),
      data: z.unknown().refine((data) => !isTooDeep(data), 'nests too deep'),
    }),
  ])
  .meta({ id: 'TypedData' });

export type TypedData = z.output<typeof typedData>;

export function bytesOf(typed: TypedData | null | undefined): Uint8Array | null {
  if (typed === null || typed === undefined || typed.data === null || typed.data === undefined) {
    return null;
  }
  switch (typed.type) {
    case 'BINARY':
      return typed.data;
    case 'STRING':
      return Buffer.from(typed.data);
    case 'JSON':
      return Buffer.from(JSON.stringify(typed.data));
  }
}

export const headers = z
  .array(z.strictObject({ name: unicode, value: base64.nullable().optional() }))
  .max(1_000)
  .describe('In order; a name may come twice');

/** How keys and values are shown. */
export const showAs = z.enum(['auto', 'string', 'json', 'binary']);
export type ShowAs = z.output<typeof showAs>;

export interface ShownData {
  readonly type: 'BINARY' | 'STRING' | 'JSON';
  readonly data: unknown;
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    // Not UTF-8: shown as binary.
    return undefined;
  }
}

function jsonOf(text: string): { readonly value: unknown } | undefined {
  try {
    const value = parseExactJson(text);
    return isTooDeep(value) ? undefined : { value };
  } catch {
    // Not JSON: shown as text.
    return undefined;
  }
}

/** A key or value for JSON: as asked, or the closest that its bytes are. */
export function show(bytes: Uint8Array | null, as: ShowAs): ShownData | null {
  if (bytes === null) return null;
  const text = as === 'binary' ? undefined : textOf(bytes);
  if (text === undefined) return { type: 'BINARY', data: Buffer.from(bytes).toString('base64') };
  const json = as === 'json' ? jsonOf(text) : undefined;
  return json === undefined ? { type: 'STRING', data: text } : { type: 'JSON', data: json.value };
}

export const shownData = z
  .object({ type: z.enum(['BINARY', 'STRING', 'JSON']), data: z.unknown() })
  .nullable();

/** An offset as a JSON number. Beyond 2^53 it would be rounded; no partition gets there. */
export function offsetNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`offset ${value} is beyond 2^53`);
  return number;
}

/** ISO 8601; a record may carry a time that no date has, and then it is milliseconds. */
export function isoTime(timeMs: number): string {
  return Math.abs(timeMs) <= DATE_MS_MAX ? new Date(timeMs).toISOString() : String(timeMs);
}
