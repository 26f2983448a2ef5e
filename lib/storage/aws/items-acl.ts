// The items of table `acls`: one a resource pattern and principal, which holds what is allowed and what is denied; and
// the version that every change raises. Attribute names and values: docs/formats/dynamodb.md.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import {
  ACL_OPERATIONS,
  ACL_PERMISSIONS,
  type Acl,
  type AclPermission,
  PATTERN_TYPES,
  RESOURCE_TYPES,
} from '../../access/acl.ts';
import { assert, required } from '../../assert.ts';
import { type Item, readText, textValue } from './attributes.ts';

export interface AclKey {
  readonly resource: AttributeValue.SMember;
  readonly principal: AttributeValue.SMember;
}

/** No resource's key is this: a type comes first in those. */
export const VERSION_KEY = { resource: textValue('VERSION'), principal: textValue('VERSION') };

/** The attribute that holds the operations of a permission: a set of texts, missing when it would be empty. */
export const ATTRIBUTES: Readonly<Record<AclPermission, 'allow' | 'deny'>> = {
  ALLOW: 'allow',
  DENY: 'deny',
};

/** Types hold no `#`; names may. */
export function aclKey({ resourceType, patternType, resourceName, principal }: Acl): AclKey {
  return {
    resource: textValue(`${resourceType}#${patternType}#${resourceName}`),
    principal: textValue(principal),
  };
}

/** None for an item from which the last entry has been removed. */
export function decodeAcls(item: Item): Acl[] {
  const key = readText(item, 'resource');
  const [type, pattern] = key.split('#', 2);
  const entry = {
    resourceType: oneOf(RESOURCE_TYPES, type),
    patternType: oneOf(PATTERN_TYPES, pattern),
    resourceName: key.slice(`${type}#${pattern}#`.length),
    principal: readText(item, 'principal'),
  };
  return ACL_PERMISSIONS.flatMap((permission) => {
    const set = item[ATTRIBUTES[permission]];
    if (set === undefined) return [];
    const operations = required(set.SS, `attribute "${ATTRIBUTES[permission]}" of type SS`);
    return operations.map((stored) => ({
      ...entry,
      operation: oneOf(ACL_OPERATIONS, stored),
      permission,
    }));
  });
}

function oneOf<Name extends string>(names: readonly Name[], stored: string | undefined): Name {
  const found = names.find((name) => name === stored);
  assert(found !== undefined, `"${stored}" is among ${names.join(', ')}`);
  return found;
}
