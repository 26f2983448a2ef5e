// Kafka's own examples, by name; what holds for all is in test/property/access.test.ts.

import { describe, expect, it } from 'vitest';
import type { Acl, AclOperation } from '../../../lib/access/acl.ts';
import { indexAcls, isAllowed, isAllowedSomewhere } from '../../../lib/access/authorize.ts';

const RULES = { superUsers: new Set(['User:root']), allowIfNoAcl: false };
const NAMES = { allow: 'ALLOW', deny: 'DENY' } as const;

/** `allow alice READ orders`, `deny * ALL orders-*`: a name that ends in `*` is a prefix, a lone `*` every topic. */
function acl(text: string): Acl {
  const [verdict = '', who = '', operation = '', name = ''] = text.split(' ');
  const isPrefix = name.length > 1 && name.endsWith('*');
  return {
    resourceType: 'TOPIC',
    patternType: isPrefix ? 'PREFIXED' : 'LITERAL',
    resourceName: isPrefix ? name.slice(0, -1) : name,
    principal: `User:${who}`,
    operation: operation as AclOperation,
    permission: NAMES[verdict as keyof typeof NAMES],
  };
}

function may(who: string, operation: AclOperation, name: string, ...acls: string[]): boolean {
  const resource = { type: 'TOPIC', name } as const;
  return isAllowed(indexAcls(acls.map(acl)), RULES, {
    principal: `User:${who}`,
    operation,
    resource,
  });
}

describe('isAllowed', () => {
  it('denies where no entry is, and allows it to super users', () => {
    expect(may('alice', 'READ', 'orders')).toBe(false);
    expect(may('root', 'READ', 'orders', 'deny root ALL *')).toBe(true);
  });

  it('where no entry is, allows when the rules say so; an entry of somebody else ends that', () => {
    const rules = { ...RULES, allowIfNoAcl: true };
    const wish = {
      principal: 'User:alice',
      operation: 'READ',
      resource: { type: 'TOPIC', name: 'orders' },
    } as const;
    expect(isAllowed(indexAcls([]), rules, wish)).toBe(true);
    expect(isAllowed(indexAcls([acl('allow bob READ orders')]), rules, wish)).toBe(false);
    expect(isAllowed(indexAcls([acl('allow bob READ shop')]), rules, wish)).toBe(true);
  });

  it('takes names exactly, prefixes from the beginning, and * for all', () => {
    expect(may('alice', 'READ', 'orders', 'allow alice READ orders')).toBe(true);
    expect(may('alice', 'READ', 'orders-eu', 'allow alice READ orders')).toBe(false);
    expect(may('alice', 'READ', 'orders-eu', 'allow alice READ orders*')).toBe(true);
    expect(may('alice', 'READ', 'my-orders', 'allow alice READ orders*')).toBe(false);
    expect(may('alice', 'READ', 'orders', 'allow alice READ *')).toBe(true);
    expect(may('alice', 'READ', 'orders', 'allow * READ orders')).toBe(true);
  });

  it('lets what denies win over what allows more exactly', () => {
    expect(may('alice', 'READ', 'orders', 'allow alice READ orders', 'deny * READ ord*')).toBe(
      false,
    );
    expect(may('alice', 'READ', 'orders', 'allow alice ALL orders', 'deny alice ALL *')).toBe(
      false,
    );
    expect(may('alice', 'WRITE', 'orders', 'allow alice ALL orders', 'deny alice READ *')).toBe(
      true,
    );
  });

  it.each(['READ', 'WRITE', 'DELETE', 'ALTER'] as const)(
    'lets %s imply DESCRIBE, when it allows',
    (operation) => {
      expect(may('alice', 'DESCRIBE', 'orders', `allow alice ${operation} orders`)).toBe(true);
      expect(
        may(
          'alice',
          'DESCRIBE',
          'orders',
          'allow alice DESCRIBE orders',
          `deny alice ${operation} orders`,
        ),
      ).toBe(true);
    },
  );

  it('lets CREATE and the configurations imply nothing of it', () => {
    expect(may('alice', 'DESCRIBE', 'orders', 'allow alice CREATE orders')).toBe(false);
    expect(may('alice', 'DESCRIBE', 'orders', 'allow alice ALTER_CONFIGS orders')).toBe(false);
    expect(may('alice', 'DESCRIBE_CONFIGS', 'orders', 'allow alice ALTER_CONFIGS orders')).toBe(
      true,
    );
    expect(may('alice', 'DESCRIBE_CONFIGS', 'orders', 'allow alice ALTER orders')).toBe(false);
  });
});

describe('isAllowedSomewhere', () => {
  const somewhere = (...acls: string[]) =>
    isAllowedSomewhere(indexAcls(acls.map(acl)), RULES, {
      principal: 'User:alice',
      operation: 'WRITE',
      resourceType: 'TOPIC',
    });

  it.each([
    [true, ['allow alice WRITE orders']],
    [true, ['allow * ALL orders*']],
    [true, ['allow alice WRITE *', 'deny alice WRITE orders*']],
    [true, ['allow alice WRITE ord*', 'deny alice WRITE orders*']],
    [false, []],
    [false, ['allow alice READ orders']],
    [false, ['allow bob WRITE orders']],
    [false, ['allow alice WRITE orders', 'deny * WRITE orders']],
    [false, ['allow alice WRITE orders', 'deny alice ALL ord*']],
    [false, ['allow alice WRITE orders*', 'deny alice WRITE ord*']],
    [false, ['allow alice WRITE *', 'deny alice WRITE *']],
  ] as const)('is %s with %j', (expected, acls) => {
    expect(somewhere(...acls)).toBe(expected);
  });
});
