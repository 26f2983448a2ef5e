// Random entries of access lists over few names, so that patterns often overlap.

import fc from 'fast-check';
import { ACL_OPERATIONS, ACL_PERMISSIONS, type Acl, PATTERN_TYPES } from '../../lib/access/acl.ts';

export const PRINCIPALS = ['User:alice', 'User:bob', 'User:*'] as const;
/** Prefixes of each other, the wildcard, and a prefix that looks like it. */
export const PATTERN_NAMES = ['*', 'a', 'ab', 'abc', 'b', 'ba'] as const;

/** Of two types, without regard to which operations a type has. */
export const arbitraryAcl: fc.Arbitrary<Acl> = fc.record({
  resourceType: fc.constantFrom('TOPIC', 'GROUP'),
  patternType: fc.constantFrom(...PATTERN_TYPES),
  resourceName: fc.constantFrom(...PATTERN_NAMES),
  principal: fc.constantFrom(...PRINCIPALS),
  operation: fc.constantFrom(...ACL_OPERATIONS),
  permission: fc.constantFrom(...ACL_PERMISSIONS),
});
