// What is wrong with a request, in words for whoever sent it. The schemas say what only they know (`must be base64`);
// this is for the rest. No values: they may be payload.

import type * as z from 'zod';
import { isExactNumber } from './exact-json.ts';

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** Given to `parse`, which asks it where a schema has no message of its own. */
export const validationMessage: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      if (isExactNumber(issue.input))
        return 'must be a number that is exact: a whole one up to 2^53';
      return `must be ${KINDS[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
    case 'invalid_value':
      if (issue.input === undefined) return 'is missing';
      return `must be ${listOf(issue.values)}`;
    case 'invalid_union':
      return Array.isArray(issue.options) ? `must be ${listOf(issue.options)}` : 'is not valid';
    case 'unrecognized_keys':
      return `${JSON.stringify(issue.keys[0]?.slice(0, 80))} is not known here`;
    case 'too_small':
      return `must ${countOf(issue.origin)}at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must ${countOf(issue.origin)}at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return undefined;
  }
};

function kindOf(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'number') return Number.isInteger(input) ? 'this number' : 'a fraction';
  return KINDS[typeof input] ?? typeof input;
}

function listOf(values: readonly unknown[]): string {
  const texts = values.map(String);
  const last = texts.pop() ?? '';
  return texts.length === 0 ? last : `${texts.join(', ')} or ${last}`;
}

function countOf(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'have ' : 'be ';
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}
