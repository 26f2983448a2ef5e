// JSON without loss: numbers with more digits than a JavaScript number holds keep their text, so that a record's value
// is stored and shown as it was sent. (Where a schema wants a number, such a value is none, and is refused, not rounded.)

import { JSON_DEPTH_MAX } from '../limits.ts';

/** What the engine has and its types don't say yet. */
interface ExactJson {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}
const json = JSON as unknown as ExactJson;

const MANY_DIGITS = /\d{16}/;

/** Throws as JSON.parse does. */
export function parseExactJson(text: string): unknown {
  return MANY_DIGITS.test(text) ? json.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(
  _key: string,
  value: unknown,
  { source }: { readonly source?: string },
): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return source === undefined || source.length <= 16 ? value : json.rawJSON(source);
}

/** Whether a parsed value nests so deep that writing it could overflow the stack. */
export function isTooDeep(value: unknown, levels = JSON_DEPTH_MAX): boolean {
  if (typeof value !== 'object' || value === null || json.isRawJSON(value)) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}
