// Who asks, and what they may do: what API Gateway says of a request, and the access lists where the stack has turned
// them on.

import type { AccessRules } from '../../lib/access/authorize.ts';
import { ANONYMOUS, parsePrincipal, principalNamed } from '../../lib/access/principal.ts';
import { createDenialLog, type TellDenial } from '../../lib/service/access/denials.ts';

/** What of an event tells who has asked. API Gateway puts it together: no caller can. */
interface AuthorizedEvent {
  readonly requestContext?: {
    readonly authorizer?: {
      /** HTTP API, SigV4. */
      readonly iam?: { readonly userArn?: string };
      /** HTTP API, token. */
      readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> };
      /** Our own transport, which invokes the function: whoever may do that is believed. */
      readonly stratalog?: { readonly principal?: unknown };
    };
    /** REST API, SigV4. */
    readonly identity?: { readonly userArn?: string };
  };
}

/** Undefined where access lists are off. */
export function accessRules(): AccessRules | undefined {
  if (process.env.STRATALOG_ACLS !== 'on') return undefined;
  const superUsers = (process.env.STRATALOG_SUPER_USERS ?? '').split(';');
  return {
    superUsers: new Set(superUsers.map(believed).filter((one) => one !== ANONYMOUS)),
    allowIfNoAcl: process.env.STRATALOG_ALLOW_IF_NO_ACL === 'true',
  };
}

/** Into the function's log, which the access log of the API says nothing of: it knows no topics. */
export function denialLog(): TellDenial {
  return createDenialLog({ nowMs: () => Date.now() }, (line) => process.stdout.write(`${line}\n`));
}

export function principalOf(environment: unknown): string {
  const { event } = environment as { readonly event?: AuthorizedEvent };
  const { authorizer, identity } = event?.requestContext ?? {};
  if (authorizer?.iam !== undefined) return principalNamed(authorizer.iam.userArn);
  if (authorizer?.jwt !== undefined) return principalNamed(claimOf(authorizer.jwt.claims));
  if (authorizer?.stratalog !== undefined) return believed(authorizer.stratalog.principal);
  return principalNamed(identity?.userArn);
}

/** A principal that somebody writes down; what is none is nobody. */
export function believed(principal: unknown): string {
  const parsed = parsePrincipal(typeof principal === 'string' ? principal : '');
  return parsed.kind === 'parsed' && parsed.principal !== 'User:*' ? parsed.principal : ANONYMOUS;
}

function claimOf(claims: Readonly<Record<string, unknown>> = {}): string | undefined {
  const claim = claims[process.env.STRATALOG_PRINCIPAL_CLAIM ?? 'sub'];
  return typeof claim === 'string' ? claim : undefined;
}
