// JSON without loss: a number that a JavaScript number can't hold keeps its text, so that a record's value is stored and
// shown as it was sent. (Where a schema wants a number, such a value is none, and is refused, not rounded.)

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

/**
 * Whether a text may hold such a number: fifteen digits always fit, and only an exponent of three digits leaves the range.
 * The reviver makes parsing several times slower, so it is for those texts alone.
 */
const MAY_LOSE = /[\d.]{16}|(?:^|[\s:[,])-?[\d.]+[eE][+-]?\d{3}/;

/** Throws as JSON.parse does. */
export function parseExactJson(text: string): unknown {
  return MAY_LOSE.test(text) ? json.parse(text, keepDigits) : JSON.parse(text);
}

function keepDigits(
  _key: string,
  value: unknown,
  { source }: { readonly source?: string },
): unknown {
  if (typeof value !== 'number' || source === undefined || isExact(source, value)) return value;
  return json.rawJSON(source);
}

/** Whether a number is written as the decimal that its text was, and with an exponent only if that had one. */
function isExact(source: string, value: number): boolean {
  const written = String(value);
  if (written.includes('e') && !/[eE]/.test(source)) return false;
  return Number.isFinite(value) && decimalOf(source) === decimalOf(written);
}

/** One text for every way to write a decimal: 1.50e3 and 1500 are the same. */
function decimalOf(text: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (parts === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts;
  const digits = (whole + fraction).replace(/^0+/, '');
  // By hand: a pattern for zeros at the end would try every run of them.
  let length = digits.length;
  while (digits[length - 1] === '0') length -= 1;
  if (length === 0) return '0';
  const power = Number(exponent) - fraction.length + digits.length - length;
  return `${sign}${digits.slice(0, length)}e${power}`;
}

/** Whether something parsed is a number that kept its text. */
export function isExactNumber(value: unknown): boolean {
  return json.isRawJSON(value);
}

/** Whether a parsed value nests so deep that writing it could overflow the stack. */
export function isTooDeep(value: unknown, levels = JSON_DEPTH_MAX): boolean {
  if (typeof value !== 'object' || value === null || json.isRawJSON(value)) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isTooDeep(inner, levels - 1));
}
