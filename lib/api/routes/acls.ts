// Access lists: the REST Proxy's v3 shapes.

import * as z from 'zod';
import {
  ACL_OPERATIONS,
  ACL_PERMISSIONS,
  type Acl,
  PATTERN_TYPES,
  RESOURCE_TYPES,
} from '../../access/acl.ts';
import type { AclFilter } from '../../access/filter.ts';
import { required } from '../../assert.ts';
import { ACLS_PER_REQUEST_MAX } from '../../limits.ts';
import type { AclServices } from '../../service/access/acls.ts';
import { aclRoute, type Route } from '../operation.ts';
import { problem } from '../problem.ts';
import type { Reply } from '../reply.ts';

const entryShape = {
  resource_type: z.enum(RESOURCE_TYPES),
  resource_name: z.string().describe('*: every one; of CLUSTER always kafka-cluster'),
  pattern_type: z.enum(PATTERN_TYPES),
  principal: z.string().describe('User:<name>, or User:* for everybody'),
  host: z.string().optional().describe('Always *'),
  operation: z.enum(ACL_OPERATIONS),
  permission: z.enum(ACL_PERMISSIONS),
};
const entry = z.strictObject(entryShape).meta({ id: 'CreateAcl' });
type Entry = z.output<typeof entry>;

const orAny = <Name extends string>(names: readonly Name[]) => z.enum(['ANY', ...names]);
const filterShape = {
  resource_type: orAny(RESOURCE_TYPES),
  resource_name: z.string().optional(),
  pattern_type: orAny(['MATCH', ...PATTERN_TYPES]).describe(
    'MATCH: all that are about the resource of this name',
  ),
  principal: z.string().optional(),
  host: z.string().optional(),
  operation: orAny(ACL_OPERATIONS),
  permission: orAny(ACL_PERMISSIONS),
};
/** Who deletes says how much. */
const deleteQuery = z.strictObject(filterShape);
const listQuery = deleteQuery.partial();
type FilterQuery = z.output<typeof listQuery>;

const metadata = z.looseObject({ self: z.string() });
const aclShape = z
  .looseObject({
    kind: z.literal('KafkaAcl'),
    metadata,
    cluster_id: z.string(),
    ...entryShape,
    host: z.literal('*'),
  })
  .meta({ id: 'Acl' });
const aclList = z.object({
  kind: z.literal('KafkaAclList'),
  metadata,
  data: z.array(aclShape),
});

const ERRORS = [401, 403] as const;
const BODY_ERRORS = [...ERRORS, 413, 415] as const;

export const aclRoutes: readonly Route<AclServices>[] = [
  aclRoute(
    {
      id: 'listAcls',
      method: 'get',
      path: '/acls',
      function: 'acls',
      summary: 'Entries of the access lists that fit, or all',
      query: listQuery,
      answers: { 200: { description: 'All that fit', schema: aclList } },
      errors: ERRORS,
    },
    async ({ query, base }, { acls }) => {
      const found = await acls.list(filterOf(query));
      return found.kind === 'rejected' ? problem(found) : listReply(base, found.acls);
    },
  ),
  aclRoute(
    {
      id: 'createAcl',
      method: 'post',
      path: '/acls',
      function: 'acls',
      summary: 'Add an entry; one that is there stays',
      body: entry,
      answers: { 201: { description: 'It is there' } },
      errors: BODY_ERRORS,
    },
    async ({ body, base }, { acls }) => {
      const asked = required(body, 'the body');
      const created = await acls.create([aclOf(asked)]);
      if (created.kind === 'rejected') return problem(created);
      return { status: 201, headers: { location: linkTo(base, asked) } };
    },
  ),
  aclRoute(
    {
      id: 'createAcls',
      method: 'post',
      path: '/acls:batch',
      function: 'acls',
      summary: 'Add many entries; when one is not valid, none is added',
      body: z
        .strictObject({ data: z.array(entry).min(1).max(ACLS_PER_REQUEST_MAX) })
        .meta({ id: 'CreateAcls' }),
      answers: { 201: { description: 'They are there' } },
      errors: BODY_ERRORS,
    },
    async ({ body }, { acls }) => {
      const created = await acls.create(required(body, 'the body').data.map(aclOf));
      return created.kind === 'rejected' ? problem(created) : { status: 201 };
    },
  ),
  aclRoute(
    {
      id: 'deleteAcls',
      method: 'delete',
      path: '/acls',
      function: 'acls',
      summary: 'Remove the entries that fit, and tell which they were',
      query: deleteQuery,
      answers: { 200: { description: 'Removed', schema: aclList } },
      errors: ERRORS,
    },
    async ({ query, base }, { acls }) => {
      const deleted = await acls.delete(filterOf(query));
      return deleted.kind === 'rejected' ? problem(deleted) : listReply(base, deleted.acls);
    },
  ),
];

function aclOf(body: Entry): Acl & { readonly host?: string | undefined } {
  return {
    resourceType: body.resource_type,
    patternType: body.pattern_type,
    resourceName: body.resource_name,
    principal: body.principal,
    host: body.host,
    operation: body.operation,
    permission: body.permission,
  };
}

function filterOf(query: FilterQuery): AclFilter & { readonly host?: string | undefined } {
  return {
    resourceType: unlessAny(query.resource_type),
    resourceName: query.resource_name,
    patternType: unlessAny(query.pattern_type),
    principal: query.principal,
    host: query.host,
    operation: unlessAny(query.operation),
    permission: unlessAny(query.permission),
  };
}

function unlessAny<Name extends string>(name: Name | 'ANY' | undefined): Name | undefined {
  return name === 'ANY' ? undefined : name;
}

function listReply(base: string, acls: readonly Acl[]): Reply {
  const data = acls.map((acl) => {
    const shown = entryJson(acl);
    return {
      kind: 'KafkaAcl',
      metadata: { self: linkTo(base, shown) },
      cluster_id: '-',
      ...shown,
    };
  });
  const json = { kind: 'KafkaAclList', metadata: { self: `${base}/acls`, next: null }, data };
  return { status: 200, json };
}

function entryJson(acl: Acl) {
  return {
    resource_type: acl.resourceType,
    resource_name: acl.resourceName,
    pattern_type: acl.patternType,
    principal: acl.principal,
    host: '*',
    operation: acl.operation,
    permission: acl.permission,
  };
}

/** The filter that finds exactly this entry. */
function linkTo(base: string, shown: Omit<Entry, 'host'>): string {
  const { resource_type, resource_name, pattern_type, principal, operation, permission } = shown;
  const query = new URLSearchParams({
    ...{ resource_type, resource_name, pattern_type, principal, operation, permission },
  });
  return `${base}/acls?${query}`;
}
