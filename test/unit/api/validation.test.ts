import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseExactJson } from '../../../lib/api/exact-json.ts';
import { refusalOf } from '../../../lib/api/problem.ts';
import { validationMessage } from '../../../lib/api/validation.ts';

const schema = z.strictObject({
  name: z.string().max(3),
  count: z.int().min(1).max(9).optional(),
  flag: z.boolean().optional(),
  kind: z.enum(['a', 'b', 'c']).optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  own: z.string().regex(/^x/, 'must begin with x').optional(),
  typed: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('TEXT') }),
      z.object({ type: z.literal('BYTES') }),
    ])
    .optional(),
});

function messageFor(text: string): string | undefined {
  const { error } = schema.safeParse(parseExactJson(text), { error: validationMessage });
  return refusalOf(error)?.message;
}

describe('validationMessage', () => {
  it.each([
    ['{}', 'name: is missing'],
    ['[]', 'must be an object, not a list'],
    ['null', 'must be an object, not null'],
    ['{"name":5}', 'name: must be text, not this number'],
    ['{"name":"long"}', 'name: must have at most 3 characters'],
    ['{"name":"a","count":1.5}', 'count: must be a whole number, not a fraction'],
    ['{"name":"a","count":"1"}', 'count: must be a number, not text'],
    [
      '{"name":"a","count":9007199254740993}',
      'count: must be a number that is exact: a whole one up to 2^53',
    ],
    [
      '{"name":"a","count":12345678901234567890}',
      'count: must be a number that is exact: a whole one up to 2^53',
    ],
    ['{"name":"a","count":0}', 'count: must be at least 1'],
    ['{"name":"a","count":10}', 'count: must be at most 9'],
    ['{"name":"a","flag":"yes"}', 'flag: must be true or false, not text'],
    ['{"name":"a","kind":"d"}', 'kind: must be a, b or c'],
    ['{"name":"a","list":[]}', 'list: must have at least 1 items'],
    ['{"name":"a","list":["x",{}]}', 'list[1]: must be text, not an object'],
    ['{"name":"a","own":"y"}', 'own: must begin with x'],
    ['{"name":"a","typed":{"type":"XML"}}', 'typed.type: must be TEXT or BYTES'],
    ['{"name":"a","nmae":1,"x":2}', '"nmae" is not known here'],
  ])('%s: %s', (text, message) => {
    expect(messageFor(text)).toBe(message);
  });
});
