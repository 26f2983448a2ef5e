// Access lists by kafkajs's names and numbers (AclEntry, AclFilter, AclResourceTypes and so on).

import type { ApiClient } from './api-client.ts';
import { invalid, listOf } from './arguments.ts';

export const AclResourceTypes = {
  UNKNOWN: 0,
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
} as const;

export const AclOperationTypes = {
  UNKNOWN: 0,
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const;

export const AclPermissionTypes = { UNKNOWN: 0, ANY: 1, DENY: 2, ALLOW: 3 } as const;

export const ResourcePatternTypes = {
  UNKNOWN: 0,
  ANY: 1,
  MATCH: 2,
  LITERAL: 3,
  PREFIXED: 4,
} as const;

/** Who may, or may not, do it. */
export interface Acl {
  /** `User:<name>`, or `User:*` for everybody. */
  readonly principal: string;
  /** Always `*`. */
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** Which resources it is about. */
export interface AclResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly resourcePatternType: number;
}

export type AclEntry = Acl & AclResource;

/** What isn't said fits all; so does ANY. */
export interface AclFilter {
  readonly resourceType: number;
  readonly resourceName?: string;
  readonly resourcePatternType: number;
  readonly principal?: string;
  readonly host?: string;
  readonly operation: number;
  readonly permissionType: number;
}

export interface DescribeAclResource extends AclResource {
  readonly acls: readonly Acl[];
}

export interface DeletedAcl extends AclEntry {
  readonly errorCode: 0;
}

export interface DeleteAclFilterResponse {
  readonly errorCode: 0;
  readonly matchingAcls: readonly DeletedAcl[];
}

interface AclBody {
  readonly resource_type: keyof typeof AclResourceTypes;
  readonly resource_name: string;
  readonly pattern_type: keyof typeof ResourcePatternTypes;
  readonly principal: string;
  readonly host: string;
  readonly operation: keyof typeof AclOperationTypes;
  readonly permission: keyof typeof AclPermissionTypes;
}

/** Those that are there stay. */
export async function createAcls(api: ApiClient, acls: readonly AclEntry[]): Promise<true> {
  if (listOf('acl', acls).length === 0) throw invalid('no entry is given');
  const data = acls.map(({ resourceName, principal, host, ...acl }) => ({
    ...namesOf(acl),
    resource_name: resourceName,
    principal,
    host,
  }));
  await api.json({ method: 'POST', path: '/acls:batch', json: { data } });
  return true;
}

/** By resource. */
export async function describeAcls(
  api: ApiClient,
  filter: AclFilter,
): Promise<DescribeAclResource[]> {
  const resources = new Map<string, { resource: AclResource; acls: Acl[] }>();
  for (const { principal, host, operation, permissionType, ...resource } of await ask(
    api,
    'GET',
    filter,
  )) {
    const key = JSON.stringify(resource);
    const found = resources.get(key) ?? { resource, acls: [] };
    found.acls.push({ principal, host, operation, permissionType });
    resources.set(key, found);
  }
  return [...resources.values()].map(({ resource, acls }) => ({ ...resource, acls }));
}

/** One filter after the other; rejects with the first that is refused. */
export async function deleteAcls(
  api: ApiClient,
  filters: readonly AclFilter[],
): Promise<DeleteAclFilterResponse[]> {
  const responses: DeleteAclFilterResponse[] = [];
  for (const filter of listOf('filters', filters)) {
    const deleted = await ask(api, 'DELETE', filter);
    const matchingAcls = deleted.map((acl): DeletedAcl => ({ errorCode: 0, ...acl }));
    responses.push({ errorCode: 0, matchingAcls });
  }
  return responses;
}

async function ask(
  api: ApiClient,
  method: 'GET' | 'DELETE',
  filter: AclFilter,
): Promise<AclEntry[]> {
  const { resourceName: resource_name, principal, host } = filter;
  const query = { ...namesOf(filter), resource_name, principal, host };
  const { data } = await api.json<{ readonly data: readonly AclBody[] }>({
    method,
    path: '/acls',
    query,
  });
  return data.map(entryOf);
}

function entryOf(body: AclBody): AclEntry {
  return {
    resourceType: AclResourceTypes[body.resource_type],
    resourceName: body.resource_name,
    resourcePatternType: ResourcePatternTypes[body.pattern_type],
    principal: body.principal,
    host: body.host,
    operation: AclOperationTypes[body.operation],
    permissionType: AclPermissionTypes[body.permission],
  };
}

function namesOf(numbers: {
  readonly resourceType: number;
  readonly resourcePatternType: number;
  readonly operation: number;
  readonly permissionType: number;
}) {
  const { resourceType, resourcePatternType, operation, permissionType } = numbers;
  return {
    resource_type: nameOf(AclResourceTypes, resourceType, 'resource type'),
    pattern_type: nameOf(ResourcePatternTypes, resourcePatternType, 'pattern type'),
    operation: nameOf(AclOperationTypes, operation, 'operation'),
    permission: nameOf(AclPermissionTypes, permissionType, 'permission type'),
  };
}

function nameOf(types: Readonly<Record<string, number>>, number: number, what: string): string {
  const name = Object.keys(types).find((one) => types[one] === number);
  if (name !== undefined && name !== 'UNKNOWN') return name;
  throw invalid(`there is no ${what} ${number}`);
}
