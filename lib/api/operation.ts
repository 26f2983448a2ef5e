// What an operation of the HTTP API is: one value that checks its requests, types its handler, is routed, and is
// described in the OpenAPI document.

import type * as z from 'zod';
import { checkGroupId, checkMemberIds } from '../group/profile.ts';
import type { AclServices } from '../service/access/acls.ts';
import type {
  CommitServices,
  GroupServices,
  MembershipServices,
} from '../service/group/group-services.ts';
import type { Services } from '../service/services.ts';
import type { TransactionServices } from '../service/transactions/transaction-services.ts';
import { problem } from './problem.ts';
import type { Reply } from './reply.ts';

/** The Lambda function that serves an operation. */
export type FunctionName =
  | 'produce'
  | 'fetch'
  | 'list-offsets'
  | 'topics'
  | 'join'
  | 'heartbeat'
  | 'leave'
  | 'commit'
  | 'fetch-offsets'
  | 'groups'
  | 'transactions'
  | 'inspect'
  | 'acls'
  | 'meta';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The media type of record batches as they are, in a request or an answer. */
export const RAW_MEDIA_TYPE = 'application/vnd.apache.kafka.record-batch';

export interface Answer {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** The answer may be raw as well. */
  readonly raw?: boolean;
}

export interface Operation {
  readonly id: string;
  readonly method: Method;
  /** Short path with `{parameters}`, each a whole segment; `servedPaths` says where else it is served. */
  readonly path: string;
  readonly function: FunctionName;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** The JSON body; without it, a body is ignored. */
  readonly body?: z.ZodType;
  /** Whether the body may be raw instead. */
  readonly rawBody?: boolean;
  /** By status, errors apart: those have one shape everywhere. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of errors that this operation knows beside the general ones (400, 404, 405, 429, 500, 503). */
  readonly errors?: readonly number[];
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** One request, checked. */
export interface Call<Of extends Operation = Operation> {
  readonly params: Output<Of['params']>;
  readonly query: Output<Of['query']>;
  /** Undefined when the body is raw. */
  readonly body: Output<Of['body']> | undefined;
  readonly raw: Uint8Array | undefined;
  /** The caller takes record batches as they are. */
  readonly wantsRaw: boolean;
  /** What the caller calls itself (x-client-id). */
  readonly clientId: string | undefined;
  /** Scheme, host and the prefix that the path was asked under: for links. */
  readonly base: string;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
}

/** An operation, and what does it with the services that it uses. */
export interface Route<Uses = Services> {
  readonly operation: Operation;
  readonly handle: (call: Call, services: Uses) => Promise<Reply>;
}

/** An operation of the log itself. */
export function route<const Of extends Operation>(
  operation: Of,
  handle: (call: Call<Of>, services: Services) => Promise<Reply>,
): Route {
  return { operation, handle: handle as Route['handle'] };
}

/** An operation of consumer groups. */
export function groupRoute<const Of extends Operation, Uses = GroupServices>(
  operation: Of,
  handle: (call: Call<Of>, services: Uses) => Promise<Reply>,
): Route<Uses> {
  return {
    operation,
    handle: async (call, services) => {
      // Names are keys of what is stored, which has a limit of its own.
      const { group_id, member_id } = (call.params ?? {}) as GroupNames;
      const refusal =
        (group_id === undefined ? undefined : checkGroupId(group_id)) ??
        checkMemberIds({ memberId: member_id });
      if (refusal !== undefined) return problem(refusal);
      return (handle as Route<Uses>['handle'])(call, services);
    },
  };
}

interface GroupNames {
  readonly group_id?: string;
  readonly member_id?: string;
}

/** An operation of who is in a group. */
export function memberRoute<const Of extends Operation>(
  operation: Of,
  handle: (call: Call<Of>, services: MembershipServices) => Promise<Reply>,
): Route<MembershipServices> {
  return groupRoute(operation, handle);
}

/** An operation of members on offsets. */
export function commitRoute<const Of extends Operation>(
  operation: Of,
  handle: (call: Call<Of>, services: CommitServices) => Promise<Reply>,
): Route<CommitServices> {
  return groupRoute(operation, handle);
}

/** An operation of producers' ids and of transactions. */
export function transactionRoute<const Of extends Operation>(
  operation: Of,
  handle: (call: Call<Of>, services: TransactionServices) => Promise<Reply>,
): Route<TransactionServices> {
  return { operation, handle: handle as Route<TransactionServices>['handle'] };
}

/** An operation of access lists. */
export function aclRoute<const Of extends Operation>(
  operation: Of,
  handle: (call: Call<Of>, services: AclServices) => Promise<Reply>,
): Route<AclServices> {
  return { operation, handle: handle as Route<AclServices>['handle'] };
}
