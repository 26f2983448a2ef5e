import { describe, expect, it } from 'vitest';
import { isTooDeep, parseExactJson } from '../../../lib/api/exact-json.ts';

describe('parseExactJson', () => {
  it.each([
    '12345678901234567890',
    '{"id":-9223372036854775808}',
    '[3.14159265358979323846,0.1]',
    '{"a":[{"b":10000000000000000000000}]}',
    '"12345678901234567890"',
    '{"__proto__":{"a":12345678901234567890},"constructor":null}',
  ])('keeps every digit of %s', (text) => {
    expect(JSON.stringify(parseExactJson(text))).toBe(text);
  });

  it('gives plain numbers where they hold the value', () => {
    expect(parseExactJson('[9007199254740991,1234567890123456,0.5,1e3]')).toEqual([
      9007199254740991, 1234567890123456, 0.5, 1000,
    ]);
  });

  it('throws what JSON.parse throws', () => {
    expect(() => parseExactJson('{"a":')).toThrow(SyntaxError);
    expect(() => parseExactJson('[12345678901234567890')).toThrow(SyntaxError);
  });
});

describe('isTooDeep', () => {
  it('counts levels of arrays and objects', () => {
    expect(isTooDeep([{ a: [1] }], 3)).toBe(false);
    expect(isTooDeep([{ a: [1] }], 2)).toBe(true);
    expect(isTooDeep('text', 0)).toBe(false);
    expect(isTooDeep(parseExactJson('12345678901234567890'), 0)).toBe(false);
  });

  it('says so of 200,000 levels without overflowing', () => {
    expect(isTooDeep(JSON.parse('['.repeat(200_000) + ']'.repeat(200_000)))).toBe(true);
  });
});
