import { describe, expect, it } from 'vitest';
import { type Acl, parseAcl } from '../../../lib/access/acl.ts';

const wanted: Acl = {
  resourceType: 'TOPIC',
  patternType: 'LITERAL',
  resourceName: 'orders',
  principal: 'User:alice',
  operation: 'READ',
  permission: 'ALLOW',
};

describe('parseAcl', () => {
  it('takes an entry, its principal in the stored form and its host left out', () => {
    const arn = 'User:arn:aws:sts::1:assumed-role/orders/session';
    expect(parseAcl({ ...wanted, principal: arn, host: '*' })).toEqual({
      kind: 'parsed',
      acl: { ...wanted, principal: 'User:arn:aws:iam::1:role/orders' },
    });
  });

  it.each([
    ['a name that is empty', { resourceName: '' }, /empty/],
    [
      'a name of 256 characters',
      { resourceName: 'x'.repeat(256) },
      /at most 255 characters, not 256/,
    ],
    ['a host', { host: '10.0.0.1' }, /always \*/],
    [
      'an operation of another type',
      { resourceType: 'GROUP', operation: 'WRITE' },
      /WRITE is not for GROUP, which knows ALL, READ/,
    ],
    ['another cluster', { resourceType: 'CLUSTER', operation: 'ALTER' }, /kafka-cluster, LITERAL/],
    [
      'clusters by prefix',
      {
        resourceType: 'CLUSTER',
        resourceName: 'kafka-cluster',
        patternType: 'PREFIXED',
        operation: 'ALTER',
      },
      /kafka-cluster, LITERAL/,
    ],
    ['a principal of another type', { principal: 'Role:x' }, /User:<name>/],
  ] as const)('refuses %s', (_, change, message) => {
    expect(parseAcl({ ...wanted, ...change })).toMatchObject({
      kind: 'rejected',
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(message),
    });
  });
});
