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
    '9007199254740993',
    '[-9007199254740993,1234567.12345678901]',
    '{"a":1e400,"b":-1E-0400}',
    '0.1000000000000000055511151231257827',
  ])('keeps every digit of %s', (text) => {
    expect(JSON.stringify(parseExactJson(text))).toBe(text);
  });

  it('gives plain numbers where they hold the value', () => {
    const text =
      '[9007199254740991,1234567890123456,0.5,1e3,1.50,9007199254740994,1e+200,5e-324,-0.0,1.0000000000000000]';
    expect(parseExactJson(text)).toEqual([
      9007199254740991,
      1234567890123456,
      0.5,
      1000,
      1.5,
      2 ** 53 + 2,
      1e200,
      5e-324,
      -0,
      1,
    ]);
  });

  it('gives a number of a million digits back, and takes no time over it', () => {
    const text = `[1.${'0'.repeat(1_000_000)}1]`;
    const before = process.cpuUsage();
    expect(JSON.stringify(parseExactJson(text)) === text).toBe(true);
    expect(process.cpuUsage(before).user).toBeLessThan(10_000_000);
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
