import { describe, expect, it } from 'vitest';
import {
  boundedNumberText,
  bytesOf,
  flag,
  headers,
  numberText,
  offset,
  offsetNumber,
  type ShowAs,
  show,
  timestamp,
  typedData,
} from '../../../../lib/api/schemas/values.ts';

const utf8 = (text: string): Uint8Array => Buffer.from(text);
const problemOf = (result: { error?: { issues: readonly { message: string }[] } | undefined }) =>
  result.error?.issues[0]?.message;

describe('typedData', () => {
  it.each([
    [{ type: 'BINARY', data: 'AP8Q' }, Buffer.from([0, 255, 16])],
    [{ type: 'BINARY', data: '' }, Buffer.from([])],
    [{ type: 'STRING', data: 'ünï\u0000' }, utf8('ünï\u0000')],
    [{ type: 'STRING', data: '' }, Buffer.from([])],
    [{ type: 'JSON', data: { b: [1, null], a: 'x' } }, utf8('{"b":[1,null],"a":"x"}')],
    [{ type: 'JSON', data: '' }, utf8('""')],
    [{ type: 'JSON', data: false }, utf8('false')],
    [{ type: 'JSON', data: null }, null],
    [{ type: 'STRING', data: null }, null],
    [{ type: 'BINARY', data: null }, null],
  ])('%j becomes its bytes', (typed, bytes) => {
    expect(bytesOf(typedData.parse(typed))).toEqual(bytes);
  });

  it.each(['YQ', 'YQ=\n=', '-_8=', 'YR==', 'YWJ=', 'a b=', '===='])('refuses base64 %j', (data) => {
    const result = typedData.safeParse({ type: 'BINARY', data });
    expect(problemOf(result)).toContain('base64');
  });

  it.each([
    [{ type: 'AVRO', data: 'x' }],
    [{ type: 'STRING', data: 5 }],
    [{ type: 'STRING', data: 'half \ud800' }],
    [{ type: 'STRING', data: 'x', more: 1 }],
    [{ data: 'x' }],
    ['x'],
  ])('refuses %j', (typed) => {
    expect(typedData.safeParse(typed).success).toBe(false);
  });
});

describe('timestamp', () => {
  it.each([
    [1_700_000_000_123, 1_700_000_000_123],
    ['1700000000123', 1_700_000_000_123],
    ['2020-01-01T00:00:00Z', 1_577_836_800_000],
    ['2020-01-01T02:00:00.5+02:00', 1_577_836_800_500],
    ['2020-01-01', 1_577_836_800_000],
    ['2020-02-29T23:59Z', 1_583_020_740_000],
    ['+010000-01-01T00:00:00.000Z', 253_402_300_800_000],
    ['1969-12-31T23:59:59.999Z', -1],
    [0, 0],
  ])('%j is %d ms', (given, timeMs) => {
    expect(timestamp.parse(given)).toBe(timeMs);
  });

  it('without a zone is UTC, wherever the machine stands', () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Asia/Tokyo';
    expect(new Date(0).getHours()).toBe(9);
    expect(timestamp.parse('2020-01-01T00:00:00')).toBe(1_577_836_800_000);
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it.each([
    'yesterday',
    '',
    '-1',
    'Nov 25 2026',
    '2020-13-45',
    '2021-02-29',
    '2020-02-30T00:00:00Z',
    '2020-01-01 00:00',
    '2020-01-01T25:00:00Z',
    'NaN',
    '99999999999999999999',
    null,
    {},
  ])('refuses %j and says what it wants', (given) => {
    expect(problemOf(timestamp.safeParse(given))).toContain('ISO 8601');
  });

  it.each([1.5, -2, 2 ** 53])('refuses %d', (given) => {
    expect(timestamp.safeParse(given).success).toBe(false);
  });
});

describe('offset', () => {
  it.each([2 ** 53, 0.5, '1', Number.NaN])('refuses %j, never rounds', (given) => {
    expect(problemOf(offset.safeParse(given))).toContain('2^53');
  });

  it('is written as an exact number, or not at all', () => {
    expect(offsetNumber(9_007_199_254_740_991n)).toBe(9_007_199_254_740_991);
    expect(() => offsetNumber(9_007_199_254_740_992n)).toThrow(RangeError);
  });
});

describe('numberText', () => {
  it.each(['', ' 1', '1e3', '0x10', '1.0', '12345678901234567', '9007199254740992', '--1'])(
    'refuses %j',
    (text) => {
      expect(numberText.safeParse(text).success).toBe(false);
    },
  );

  it('keeps within its bounds: too little is refused, too much is cut', () => {
    const bounded = boundedNumberText({ min: 1, max: 10 });
    expect(bounded.safeParse('0').success).toBe(false);
    expect([bounded.parse('1'), bounded.parse('10'), bounded.parse('11')]).toEqual([1, 10, 10]);
  });
});

describe('flag', () => {
  it('is set by its name alone, and by true', () => {
    expect(['', 'true', 'false', undefined].map((text) => flag.parse(text))).toEqual([
      true,
      true,
      false,
      undefined,
    ]);
    expect(flag.safeParse('yes').success).toBe(false);
  });
});

describe('headers', () => {
  it('keeps order, repeated names and null values', () => {
    const given = [{ name: 'a', value: 'YQ==' }, { name: 'a', value: null }, { name: 'b' }];
    expect(headers.parse(given)).toEqual([
      { name: 'a', value: Buffer.from('a') },
      { name: 'a', value: null },
      { name: 'b' },
    ]);
  });

  it.each([
    [[{ name: 'a', value: 'no base64!' }]],
    [[{ name: '\udc00', value: null }]],
    [[{ value: 'YQ==' }]],
    [Array.from({ length: 1_001 }, () => ({ name: 'a' }))],
  ])('refuses headers that are not well-formed or too many', (given) => {
    expect(headers.safeParse(given).success).toBe(false);
  });
});

describe('show', () => {
  it.each<[Uint8Array | null, ShowAs, unknown]>([
    [null, 'auto', null],
    [utf8('text'), 'auto', { type: 'STRING', data: 'text' }],
    [utf8('{"a":1}'), 'auto', { type: 'STRING', data: '{"a":1}' }],
    [utf8('{"a":1}'), 'json', { type: 'JSON', data: { a: 1 } }],
    [utf8('text'), 'json', { type: 'STRING', data: 'text' }],
    [utf8('text'), 'binary', { type: 'BINARY', data: 'dGV4dA==' }],
    [Buffer.from([255, 254]), 'auto', { type: 'BINARY', data: '//4=' }],
    [Buffer.from([255, 254]), 'json', { type: 'BINARY', data: '//4=' }],
    [utf8('\ufeffmarked'), 'string', { type: 'STRING', data: '\ufeffmarked' }],
    [utf8('['.repeat(600) + ']'.repeat(600)), 'json', { type: 'STRING', data: expect.any(String) }],
  ])('%# shows bytes as asked, or as the closest that they are', (bytes, as, shown) => {
    expect(show(bytes, as)).toEqual(shown);
  });

  it('gives back the number that was sent, digit by digit', () => {
    const sent = typedData.parse({ type: 'STRING', data: '{"id":12345678901234567890}' });
    expect(JSON.stringify(show(bytesOf(sent), 'json'))).toBe(
      '{"type":"JSON","data":{"id":12345678901234567890}}',
    );
  });
});
