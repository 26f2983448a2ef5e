// Which entries somebody asks for, to be shown or deleted (Kafka's AclBindingFilter). What a filter doesn't say fits all.

import { type Rejected, rejected } from '../errors.ts';
import {
  type Acl,
  type AclOperation,
  type AclPermission,
  EVERY_RESOURCE,
  hostProblem,
  type PatternType,
  type ResourceType,
} from './acl.ts';
import { parsePrincipal } from './principal.ts';

export interface AclFilter {
  readonly resourceType?: ResourceType | undefined;
  readonly resourceName?: string | undefined;
  /** `MATCH`: every pattern that the resource of this name falls under. */
  readonly patternType?: PatternType | 'MATCH' | undefined;
  readonly principal?: string | undefined;
  readonly operation?: AclOperation | undefined;
  readonly permission?: AclPermission | undefined;
}

/** A filter with its principal in the form that entries are stored in; INVALID_REQUEST. */
export function parseFilter(
  wanted: AclFilter & { readonly host?: string | undefined },
): { readonly kind: 'parsed'; readonly filter: AclFilter } | Rejected {
  const { host, ...filter } = wanted;
  const problem = hostProblem(host);
  if (problem !== undefined) return rejected('INVALID_REQUEST', problem);
  if (wanted.principal === undefined) return { kind: 'parsed', filter };
  const parsed = parsePrincipal(wanted.principal);
  if (parsed.kind === 'rejected') return parsed;
  return { kind: 'parsed', filter: { ...filter, principal: parsed.principal } };
}

export function matchesFilter(filter: AclFilter, acl: Acl): boolean {
  const { resourceType, principal, operation, permission } = filter;
  return (
    (resourceType === undefined || resourceType === acl.resourceType) &&
    (principal === undefined || principal === acl.principal) &&
    (operation === undefined || operation === acl.operation) &&
    (permission === undefined || permission === acl.permission) &&
    matchesPattern(filter, acl)
  );
}

function matchesPattern({ patternType, resourceName }: AclFilter, acl: Acl): boolean {
  const isMatch = patternType === 'MATCH';
  if (patternType !== undefined && !isMatch && patternType !== acl.patternType) return false;
  if (resourceName === undefined || resourceName === acl.resourceName) return true;
  if (!isMatch) return false;
  return acl.patternType === 'PREFIXED'
    ? resourceName.startsWith(acl.resourceName)
    : acl.resourceName === EVERY_RESOURCE;
}
