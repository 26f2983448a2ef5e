// One entry of an access list, in Kafka's words (KIP-11, KIP-290): who may, or may not, do what with which resources.
// Hosts are always `*`: behind API Gateway there is no address that a rule could rely on.

import { type Rejected, rejected } from '../errors.ts';
import { ACL_NAME_CHARACTERS_MAX } from '../limits.ts';
import { parsePrincipal } from './principal.ts';

export const RESOURCE_TYPES = ['TOPIC', 'GROUP', 'CLUSTER', 'TRANSACTIONAL_ID'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** `LITERAL`: the resource of this name, or every one for the name `*`. `PREFIXED`: all whose names begin so. */
export const PATTERN_TYPES = ['LITERAL', 'PREFIXED'] as const;
export type PatternType = (typeof PATTERN_TYPES)[number];

export const ACL_OPERATIONS = [
  'ALL',
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
] as const;
export type AclOperation = (typeof ACL_OPERATIONS)[number];

export const ACL_PERMISSIONS = ['ALLOW', 'DENY'] as const;
export type AclPermission = (typeof ACL_PERMISSIONS)[number];

/** The name that stands for every resource of a type. */
export const EVERY_RESOURCE = '*';
/** The one resource of type CLUSTER. */
export const CLUSTER_NAME = 'kafka-cluster';

/** Something that is protected. */
export interface Resource {
  readonly type: ResourceType;
  readonly name: string;
}

/** Which resources an entry is about. */
export interface ResourcePattern {
  readonly resourceType: ResourceType;
  readonly patternType: PatternType;
  readonly resourceName: string;
}

export interface Acl extends ResourcePattern {
  /** `User:<name>`, or `User:*` for everybody. */
  readonly principal: string;
  readonly operation: AclOperation;
  readonly permission: AclPermission;
}

/** What can be asked of a resource of each type; an entry for anything else would never matter. */
const OPERATIONS_OF: Readonly<Record<ResourceType, readonly AclOperation[]>> = {
  TOPIC: [
    ...['ALL', 'READ', 'WRITE', 'CREATE', 'DELETE', 'ALTER', 'DESCRIBE'],
    ...['DESCRIBE_CONFIGS', 'ALTER_CONFIGS'],
  ] as AclOperation[],
  GROUP: ['ALL', 'READ', 'DELETE', 'DESCRIBE'],
  CLUSTER: [
    ...['ALL', 'CREATE', 'ALTER', 'DESCRIBE', 'CLUSTER_ACTION'],
    ...['DESCRIBE_CONFIGS', 'ALTER_CONFIGS', 'IDEMPOTENT_WRITE'],
  ] as AclOperation[],
  TRANSACTIONAL_ID: ['ALL', 'WRITE', 'DESCRIBE'],
};

/** Checks an entry that somebody wants, its principal brought to the one form it is stored in; INVALID_REQUEST. */
export function parseAcl(
  wanted: Acl & { readonly host?: string | undefined },
): { readonly kind: 'parsed'; readonly acl: Acl } | Rejected {
  const { resourceType, patternType, resourceName, operation, permission, host } = wanted;
  const principal = parsePrincipal(wanted.principal);
  if (principal.kind === 'rejected') return principal;
  const problem =
    nameProblem({ resourceType, patternType, resourceName }) ??
    operationProblem(resourceType, operation) ??
    hostProblem(host);
  if (problem !== undefined) return rejected('INVALID_REQUEST', problem);
  const pattern = { resourceType, patternType, resourceName };
  return {
    kind: 'parsed',
    acl: { ...pattern, principal: principal.principal, operation, permission },
  };
}

function nameProblem(pattern: ResourcePattern): string | undefined {
  const { resourceType, patternType, resourceName } = pattern;
  if (resourceName === '') return "a resource's name can't be empty; every one is *";
  if (!resourceName.isWellFormed()) return "a resource's name has half a surrogate pair";
  if (resourceName.length > ACL_NAME_CHARACTERS_MAX) {
    return `a resource's name has at most ${ACL_NAME_CHARACTERS_MAX} characters, not ${resourceName.length}`;
  }
  if (resourceType !== 'CLUSTER') return undefined;
  if (resourceName === CLUSTER_NAME && patternType === 'LITERAL') return undefined;
  return `the one resource of type CLUSTER is ${CLUSTER_NAME}, LITERAL`;
}

function operationProblem(type: ResourceType, operation: AclOperation): string | undefined {
  const known = OPERATIONS_OF[type];
  if (known.includes(operation)) return undefined;
  return `${operation} is not for ${type}, which knows ${known.join(', ')}`;
}

/** Also of filters. */
export function hostProblem(host: string | undefined): string | undefined {
  if (host === undefined || host === '*') return undefined;
  return `the host is always *, not "${host.slice(0, 60)}": no address that reaches a function says who calls`;
}
