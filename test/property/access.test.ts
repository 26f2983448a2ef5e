// Decisions over an index of random entries are those of Kafka's rules read word by word, entry by entry.

import { describe, expect, it } from 'vitest';
import {
  ACL_OPERATIONS,
  type Acl,
  type AclOperation,
  EVERY_RESOURCE,
  type Resource,
} from '../../lib/access/acl.ts';
import {
  type AccessRules,
  indexAcls,
  isAllowed,
  isAllowedSomewhere,
} from '../../lib/access/authorize.ts';
import { matchesFilter } from '../../lib/access/filter.ts';
import { arbitraryAcl, PATTERN_NAMES } from '../support/arbitrary-acls.ts';
import { fc } from '../support/property.ts';

const acls = fc.array(arbitraryAcl, { maxLength: 12 });
const wishes = fc.record({
  principal: fc.constantFrom('User:alice', 'User:bob', 'User:carol', 'User:root'),
  operation: fc.constantFrom(...ACL_OPERATIONS.filter((operation) => operation !== 'ALL')),
});
const names = fc.constantFrom('a', 'ab', 'abc', 'abcd', 'b', 'ba', 'c', '*');
const ruleSets = fc
  .boolean()
  .map((allowIfNoAcl): AccessRules => ({ superUsers: new Set(['User:root']), allowIfNoAcl }));

const isAbout = (acl: Acl, { type, name }: Resource): boolean =>
  acl.resourceType === type &&
  (acl.patternType === 'PREFIXED'
    ? name.startsWith(acl.resourceName)
    : [name, EVERY_RESOURCE].includes(acl.resourceName));

const IMPLIED_BY: Partial<Record<AclOperation, AclOperation[]>> = {
  DESCRIBE: ['READ', 'WRITE', 'DELETE', 'ALTER'],
  DESCRIBE_CONFIGS: ['ALTER_CONFIGS'],
};

/** The rules, one sentence a line. */
function byTheBook(
  all: readonly Acl[],
  rules: AccessRules,
  wish: { principal: string; operation: AclOperation; resource: Resource },
): boolean {
  const { principal, operation, resource } = wish;
  if (rules.superUsers.has(principal)) return true;
  const about = all.filter((acl) => isAbout(acl, resource));
  if (about.length === 0) return rules.allowIfNoAcl;
  const mine = about.filter((acl) => [principal, 'User:*'].includes(acl.principal));
  const isDenied = mine.some(
    (acl) => acl.permission === 'DENY' && ['ALL', operation].includes(acl.operation),
  );
  const allowing: AclOperation[] = ['ALL', operation, ...(IMPLIED_BY[operation] ?? [])];
  return (
    !isDenied && mine.some((acl) => acl.permission === 'ALLOW' && allowing.includes(acl.operation))
  );
}

describe('isAllowed', () => {
  it('decides as the rules say, entry by entry', () => {
    fc.assert(
      fc.property(acls, ruleSets, wishes, names, (all, rules, wish, name) => {
        const whole = { ...wish, resource: { type: 'TOPIC', name } as const };
        expect(isAllowed(indexAcls(all), rules, whole)).toBe(byTheBook(all, rules, whole));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never allows more because of an entry that denies', () => {
    fc.assert(
      fc.property(acls, arbitraryAcl, wishes, names, (all, one, wish, name) => {
        const rules = { superUsers: new Set<string>(), allowIfNoAcl: false };
        const whole = { ...wish, resource: { type: 'TOPIC', name } as const };
        const denying = indexAcls([...all, { ...one, permission: 'DENY' }]);
        const before = isAllowed(indexAcls(all), rules, whole);
        expect(!isAllowed(denying, rules, whole) || before).toBe(true);
      }),
    );
  });

  it('does not depend on the order of entries', () => {
    fc.assert(
      fc.property(acls, ruleSets, wishes, names, (all, rules, wish, name) => {
        const whole = { ...wish, resource: { type: 'GROUP', name } as const };
        const there = isAllowed(indexAcls(all), rules, whole);
        expect(isAllowed(indexAcls(all.toReversed()), rules, whole)).toBe(there);
      }),
    );
  });
});

describe('isAllowedSomewhere', () => {
  /** Every pattern's own name, one that begins with it and nothing else, and one that no pattern names. */
  const witnesses = [...PATTERN_NAMES, '']
    .filter((name) => name !== EVERY_RESOURCE)
    .flatMap((name) => [name, `${name}~`])
    .filter((name) => name !== '');

  it('finds that there is a resource, of whatever name, for which it is allowed', () => {
    fc.assert(
      fc.property(acls, ruleSets, wishes, (all, rules, wish) => {
        // IDEMPOTENT_WRITE, WRITE and the like: operations that nothing implies.
        fc.pre(IMPLIED_BY[wish.operation] === undefined);
        const index = indexAcls(all);
        const isSo = witnesses.some((name) =>
          isAllowed(index, rules, { ...wish, resource: { type: 'TOPIC', name } }),
        );
        // A pattern `*` that is a prefix covers names that are no witnesses here.
        fc.pre(!all.some((acl) => acl.patternType === 'PREFIXED' && acl.resourceName === '*'));
        expect(isAllowedSomewhere(index, rules, { ...wish, resourceType: 'TOPIC' })).toBe(isSo);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('matchesFilter', () => {
  it('finds with MATCH exactly the entries that are about a resource', () => {
    fc.assert(
      fc.property(arbitraryAcl, names, (acl, name) => {
        fc.pre(name !== EVERY_RESOURCE);
        const filter = { resourceType: 'TOPIC', resourceName: name, patternType: 'MATCH' } as const;
        expect(matchesFilter(filter, acl)).toBe(isAbout(acl, { type: 'TOPIC', name }));
      }),
    );
  });

  it('finds an entry by any part of itself', () => {
    fc.assert(
      fc.property(arbitraryAcl, fc.array(fc.boolean(), { minLength: 6 }), (acl, keeps) => {
        const parts = Object.entries(acl).filter((_, index) => keeps[index]);
        expect(matchesFilter(Object.fromEntries(parts), acl)).toBe(true);
      }),
    );
  });
});
