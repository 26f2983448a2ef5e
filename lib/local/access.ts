// Access lists in the local home: off unless asked for. Nothing is authenticated here, so that who asks is nobody in
// particular, or whom a header names: for tests, and behind a proxy on this machine that has seen to it.

import type { AccessRules } from '../access/authorize.ts';
import { parsePrincipal, principalNamed } from '../access/principal.ts';
import type { AppAccess } from '../api/app.ts';
import { type Access, type AccessPorts, createAccess } from '../service/access/access.ts';
import { type AclServices, createAclServices, noAclServices } from '../service/access/acls.ts';
import { createDenialLog } from '../service/access/denials.ts';
import { type AllServices, guardAll } from '../service/access/guard-all.ts';

export interface LocalAccess {
  readonly rules: AccessRules;
  /** The header that says who asks, believed as it is. */
  readonly principalHeader?: string | undefined;
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** What was asked for on the command line; undefined: no access lists. Throws TypeError where it makes no sense. */
export function parseLocalAccess(options: {
  readonly acls: boolean;
  readonly host: string;
  readonly superUsers: readonly string[];
  readonly allowIfNoAcl: boolean;
  readonly principalHeader: string | undefined;
}): LocalAccess | undefined {
  const { acls, host, superUsers, allowIfNoAcl, principalHeader } = options;
  if (!acls) {
    if (superUsers.length === 0 && !allowIfNoAcl && principalHeader === undefined) return undefined;
    throw new TypeError(
      '--super-user, --allow-everyone-if-no-acl-found and --principal-header go with --acls',
    );
  }
  if (principalHeader !== undefined && !/^[A-Za-z0-9-]{1,100}$/.test(principalHeader)) {
    throw new TypeError(`--principal-header is a header's name, not "${principalHeader}"`);
  }
  if (principalHeader !== undefined && !LOOPBACK.includes(host)) {
    throw new TypeError(
      `--principal-header is not for --host ${host}: whoever reaches it from elsewhere could be anybody`,
    );
  }
  const parsed = superUsers.map(parsePrincipal);
  for (const one of parsed) if (one.kind === 'rejected') throw new TypeError(one.message);
  const principals = parsed.flatMap((one) => (one.kind === 'parsed' ? [one.principal] : []));
  return { rules: { superUsers: new Set(principals), allowIfNoAcl }, principalHeader };
}

export interface LocalGuard {
  readonly access: Access | undefined;
  readonly acls: AclServices;
  appAccess(services: AllServices): AppAccess<AllServices> | undefined;
}

/** `wanted` undefined: everybody may do everything. `writeLine` gets what is refused. */
export function createLocalGuard(
  ports: AccessPorts,
  wanted: LocalAccess | undefined,
  writeLine: (line: string) => void,
): LocalGuard {
  if (wanted === undefined) {
    return { access: undefined, acls: noAclServices(), appAccess: () => undefined };
  }
  const { rules, principalHeader } = wanted;
  const access = createAccess(ports, rules, createDenialLog(ports.clock, writeLine));
  return {
    access,
    acls: createAclServices(ports, access),
    appAccess: (services) => ({
      principalOf(_, request) {
        const name =
          principalHeader === undefined ? undefined : request.headers.get(principalHeader);
        return principalNamed(name?.replace(/^User:/, ''));
      },
      servicesFor: async (principal) => guardAll(services, await access.rightsOf(principal)),
    }),
  };
}
