import { describe, expect, it } from 'vitest';
import { parseLocalAccess } from '../../../lib/local/access.ts';

const NONE = {
  acls: false,
  host: '127.0.0.1',
  superUsers: [],
  allowIfNoAcl: false,
  principalHeader: undefined,
};

describe('parseLocalAccess', () => {
  it('turns nothing on by itself', () => {
    expect(parseLocalAccess(NONE)).toBeUndefined();
  });

  it('takes super users, and a header to tell who asks', () => {
    const superUsers = ['User:admin', 'User:arn:aws:iam::1:role/a/ops'];
    expect(
      parseLocalAccess({ ...NONE, acls: true, superUsers, principalHeader: 'x-user' }),
    ).toEqual({
      rules: {
        superUsers: new Set(['User:admin', 'User:arn:aws:iam::1:role/ops']),
        allowIfNoAcl: false,
      },
      principalHeader: 'x-user',
    });
  });

  it.each([
    [
      'a header that other machines could send',
      { acls: true, host: '0.0.0.0', principalHeader: 'x-user' },
      /--host 0.0.0.0/,
    ],
    ['a header that is none', { acls: true, principalHeader: 'x user' }, /header's name/],
    ['a super user without a type', { acls: true, superUsers: ['admin'] }, /User:<name>/],
    ['a header without access lists', { principalHeader: 'x-user' }, /go with --acls/],
    ['a super user without access lists', { superUsers: ['User:a'] }, /go with --acls/],
    ['a default without access lists', { allowIfNoAcl: true }, /go with --acls/],
  ])('refuses %s', (_, change, message) => {
    expect(() => parseLocalAccess({ ...NONE, ...change })).toThrow(message);
  });
});
