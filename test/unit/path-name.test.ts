import { describe, expect, it } from 'vitest';
import { pathOf } from '../../lib/client/api-client.ts';
import { decodePathName, encodePathName } from '../../lib/path-name.ts';
import { fc } from '../support/property.ts';

describe('encodePathName', () => {
  it('leaves what nobody changes, and writes the rest so that nobody does', () => {
    expect(encodePathName('orders-v1.2_x')).toBe('orders-v1.2_x');
    expect(encodePathName('billing 1')).toBe('~YmlsbGluZyAx');
    expect(encodePathName('..')).toBe('~Li4');
    expect(encodePathName('~')).toBe('~fg');
    expect(encodePathName('')).toBe('~');
  });

  it('is undone by decodePathName, whatever the name, and is unreserved characters only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const segment = encodePathName(name);
        expect(segment).toMatch(/^[\w.~-]+$/);
        expect(new URL(`https://h/a/${segment}/b`).pathname).toBe(`/a/${segment}/b`);
        expect(decodePathName(segment)).toBe(name);
      }),
    );
  });
});

describe('decodePathName', () => {
  it('takes one segment for a name only', () => {
    for (const segment of ['~a', '~YQ=', '~YR', '~_w', '~a b', '~é']) {
      expect(decodePathName(segment)).toBeUndefined();
    }
    expect(decodePathName('a~b c')).toBe('a~b c');
  });
});

describe('pathOf', () => {
  it('refuses half of a character, which has no UTF-8', () => {
    expect(() => pathOf('consumer-groups', 'a\ud800')).toThrow('well-formed');
  });
});
