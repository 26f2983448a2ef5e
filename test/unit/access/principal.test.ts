import { describe, expect, it } from 'vitest';
import { ANONYMOUS, parsePrincipal, principalNamed } from '../../../lib/access/principal.ts';

describe('principalNamed', () => {
  it.each([
    ['alice', 'User:alice'],
    ['auth0|5f7c8ec7c33c6c004bbafe82', 'User:auth0|5f7c8ec7c33c6c004bbafe82'],
    ['arn:aws:iam::111122223333:user/alice', 'User:arn:aws:iam::111122223333:user/alice'],
    ['arn:aws:iam::111122223333:user/team/a/alice', 'User:arn:aws:iam::111122223333:user/alice'],
    ['arn:aws:iam::111122223333:role/service/orders', 'User:arn:aws:iam::111122223333:role/orders'],
    [
      'arn:aws:sts::111122223333:assumed-role/orders/i-1',
      'User:arn:aws:iam::111122223333:role/orders',
    ],
    [
      'arn:aws-cn:sts::111122223333:assumed-role/orders/x',
      'User:arn:aws-cn:iam::111122223333:role/orders',
    ],
    ['arn:aws:iam::111122223333:root', 'User:arn:aws:iam::111122223333:root'],
    [
      'arn:aws:sts::111122223333:federated-user/bob',
      'User:arn:aws:sts::111122223333:federated-user/bob',
    ],
  ])('calls %s %s', (name, principal) => {
    expect(principalNamed(name)).toBe(principal);
  });

  it('gives each session of a role the same principal, and another role or account another one', () => {
    const of = (text: string) => principalNamed(`arn:aws:sts::${text}`);
    expect(of('1:assumed-role/orders/one')).toBe(of('1:assumed-role/orders/two'));
    expect(of('1:assumed-role/orders/one')).not.toBe(of('2:assumed-role/orders/one'));
    expect(of('1:assumed-role/orders/one')).not.toBe(of('1:assumed-role/shop/orders'));
  });

  it.each([undefined, '', '*'])(
    'calls nobody, and who would be everybody, ANONYMOUS (%s)',
    (name) => {
      expect(principalNamed(name)).toBe(ANONYMOUS);
    },
  );
});

describe('parsePrincipal', () => {
  it('brings an ARN to the form that requests have', () => {
    expect(parsePrincipal('User:arn:aws:iam::1:role/a/b/orders')).toEqual({
      kind: 'parsed',
      principal: 'User:arn:aws:iam::1:role/orders',
    });
    expect(parsePrincipal('User:*')).toEqual({ kind: 'parsed', principal: 'User:*' });
  });

  it.each(['', 'alice', 'User:', 'Group:admins', 'user:alice'])('refuses "%s"', (text) => {
    expect(parsePrincipal(text)).toMatchObject({ kind: 'rejected', code: 'INVALID_REQUEST' });
  });

  it('takes 1,000 bytes and refuses one more', () => {
    expect(parsePrincipal(`User:${'x'.repeat(995)}`).kind).toBe('parsed');
    expect(parsePrincipal(`User:${'x'.repeat(996)}`)).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(parsePrincipal(`User:${'é'.repeat(498)}`).kind).toBe('rejected');
  });
});
