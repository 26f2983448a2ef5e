// Who asks, by the events that API Gateway and our own transport make.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { accessRules, believed, principalOf } from '../../../functions/shared/access.ts';
import { servicesForLate } from '../../../functions/shared/late-append.ts';

const ROLE = 'arn:aws:sts::111122223333:assumed-role/orders/i-0abc';

afterEach(() => {
  vi.unstubAllEnvs();
});

const asking = (requestContext: object | undefined) => principalOf({ event: { requestContext } });

describe('principalOf', () => {
  it.each([
    ['SigV4 at an HTTP API', { authorizer: { iam: { userArn: ROLE, userId: 'AROA:x' } } }],
    ['SigV4 at a REST API', { identity: { userArn: ROLE, caller: 'AROA:x' }, authorizer: {} }],
    ['our transport', { authorizer: { stratalog: { principal: `User:${ROLE}` } } }],
  ])('is the role behind a session, by %s', (_, context) => {
    expect(asking(context)).toBe('User:arn:aws:iam::111122223333:role/orders');
  });

  it('is a token’s subject, or the claim that the stack names, and nobody without it', () => {
    const jwt = { claims: { sub: 'auth0|7', client_id: 'shop', admin: true } };
    expect(asking({ authorizer: { jwt } })).toBe('User:auth0|7');
    vi.stubEnv('STRATALOG_PRINCIPAL_CLAIM', 'client_id');
    expect(asking({ authorizer: { jwt } })).toBe('User:shop');
    for (const claim of ['email', 'admin', 'toString']) {
      vi.stubEnv('STRATALOG_PRINCIPAL_CLAIM', claim);
      expect(asking({ authorizer: { jwt }, identity: { userArn: ROLE } })).toBe('User:ANONYMOUS');
    }
  });

  it.each([
    [undefined],
    [{}],
    [{ authorizer: null, identity: null }],
    [{ authorizer: { iam: {} } }],
    [{ authorizer: { jwt: {} } }],
    [{ authorizer: { stratalog: { principal: 'root' } } }],
    [{ authorizer: { stratalog: { principal: ['User:root'] } } }],
    [{ authorizer: { stratalog: { principal: 'User:*' } } }],
    [{ authorizer: { jwt: { claims: { sub: '*' } } } }],
    [{ identity: { sourceIp: '127.0.0.1', caller: 'AROA:x' } }],
  ])('is nobody in %j', (context) => {
    expect(asking(context as object | undefined)).toBe('User:ANONYMOUS');
  });
});

describe('accessRules', () => {
  it('are none unless the stack says so', () => {
    expect(accessRules()).toBeUndefined();
  });

  it('have super users in the form that requests have', () => {
    vi.stubEnv('STRATALOG_ACLS', 'on');
    expect(accessRules()).toEqual({ superUsers: new Set(), allowIfNoAcl: false });
    vi.stubEnv(
      'STRATALOG_SUPER_USERS',
      'User:root;User:arn:aws:iam::1:role/a/b/admin;User:*;nonsense',
    );
    vi.stubEnv('STRATALOG_ALLOW_IF_NO_ACL', 'true');
    expect(accessRules()).toEqual({
      superUsers: new Set(['User:root', 'User:arn:aws:iam::1:role/admin']),
      allowIfNoAcl: true,
    });
  });
});

describe('an append that was answered before (acks=0)', () => {
  const runtime = {
    services: 'everything',
    access: {
      principalOf: believed,
      servicesFor: async (principal: string) => `what ${principal} may`,
    },
  };
  const late = { kind: 'late-append', objectId: 'x', partitions: [] };

  it('is done as it was answered by this function', async () => {
    expect(await servicesForLate({ ...late, authorized: true }, runtime)).toBe('everything');
  });

  it('of somebody else is done as they may', async () => {
    const of = (more: object) => servicesForLate({ ...late, ...more }, runtime);
    expect(await of({ principal: 'User:shop' })).toBe('what User:shop may');
    expect(await of({})).toBe('what User:ANONYMOUS may');
    expect(await of({ authorized: 'true' })).toBe('what User:ANONYMOUS may');
  });
});
