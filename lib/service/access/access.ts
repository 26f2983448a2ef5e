// What a principal may do, by the access lists as this process knows them: every entry, for ACL_CACHE_TTL_MS. After that
// one request asks for their version; the entries are read again only when it has changed. So a warm request asks the
// storage nothing, and a change holds everywhere a moment later (`bounded`).

import type { AclOperation, ResourceType } from '../../access/acl.ts';
import {
  type AccessRules,
  type AclIndex,
  indexAcls,
  isAllowed,
  isAllowedSomewhere,
} from '../../access/authorize.ts';
import { type ErrorCode, type Rejected, rejected } from '../../errors.ts';
import { ACL_CACHE_TTL_MS } from '../../limits.ts';
import type { AclStore } from '../../ports/acl-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import type { TellDenial } from './denials.ts';
import { readAcls } from './read-acls.ts';

/** What one principal may do. Its answers don't change: made anew for every request. */
export interface Rights {
  readonly principal: string;
  may(operation: AclOperation, type: ResourceType, name: string): boolean;
  /** Whether with some resource of the type, there or not. */
  mayAnywhere(operation: AclOperation, type: ResourceType): boolean;
  /** Why it may not; says the same whether there is such a resource or not. */
  refusal(operation: AclOperation, type: ResourceType, name: string): Rejected | undefined;
}

export interface Access {
  /** At most one look-up of the version and, when it has changed, of the entries; none while what is known is fresh. */
  rightsOf(principal: string): Promise<Rights>;
  /** The entries were changed here: the next look-up reads them. */
  forget(): void;
}

export interface AccessPorts extends RetryPorts {
  readonly acls: AclStore;
}

interface Known {
  readonly index: AclIndex;
  readonly version: number;
  readonly untilMs: number;
}

/** `tell` hears of every refusal that a caller gets. */
export function createAccess(
  ports: AccessPorts,
  rules: AccessRules,
  tell: TellDenial = () => undefined,
): Access {
  let known: Known | undefined;
  let loading: Promise<Known> | undefined;

  async function load(): Promise<Known> {
    const untilMs = ports.clock.nowMs() + ACL_CACHE_TTL_MS;
    const before = known;
    // The version first: what changes meanwhile raises it, and is read the next time.
    const version = await withRetries(ports, () => ports.acls.readVersion(), { repeatable: true });
    const index = before?.version === version ? before.index : indexAcls(await readAcls(ports));
    return { index, version, untilMs };
  }

  async function refresh(): Promise<AclIndex> {
    const started = load();
    loading = started;
    try {
      const loaded = await started;
      // What was forgotten meanwhile is not known again by this.
      if (loading === started) known = loaded;
      return loaded.index;
    } finally {
      if (loading === started) loading = undefined;
    }
  }

  /** Callers that ask while entries are being read share them. */
  async function current(): Promise<AclIndex> {
    if (known !== undefined && ports.clock.nowMs() < known.untilMs) return known.index;
    return loading === undefined ? refresh() : (await loading).index;
  }

  return {
    async rightsOf(principal) {
      return rightsBy({ index: await current(), rules, tell }, principal);
    },
    forget() {
      known = undefined;
      loading = undefined;
    },
  };
}

interface Deciding {
  readonly index: AclIndex;
  readonly rules: AccessRules;
  readonly tell: TellDenial;
}

function rightsBy({ index, rules, tell }: Deciding, principal: string): Rights {
  const decided = new Map<string, boolean>();
  const may: Rights['may'] = (operation, type, name) => {
    const key = `${operation} ${type} ${name}`;
    const before = decided.get(key);
    if (before !== undefined) return before;
    const resource = { type, name };
    const decision = isAllowed(index, rules, { principal, operation, resource });
    decided.set(key, decision);
    return decision;
  };
  return {
    principal,
    may,
    mayAnywhere: (operation, resourceType) =>
      isAllowedSomewhere(index, rules, { principal, operation, resourceType }),
    refusal(operation, type, name) {
      if (may(operation, type, name)) return undefined;
      tell({ principal, operation, resourceType: type, resourceName: name });
      return denied(principal, { operation, type, name });
    },
  };
}

const DENIED: Readonly<Record<ResourceType, { readonly code: ErrorCode; readonly what: string }>> =
  {
    TOPIC: { code: 'TOPIC_AUTHORIZATION_FAILED', what: 'topic' },
    GROUP: { code: 'GROUP_AUTHORIZATION_FAILED', what: 'group' },
    CLUSTER: { code: 'CLUSTER_AUTHORIZATION_FAILED', what: 'cluster' },
    TRANSACTIONAL_ID: { code: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', what: 'transactional id' },
  };

function denied(
  principal: string,
  { operation, type, name }: { operation: AclOperation; type: ResourceType; name: string },
): Rejected {
  const { code, what } = DENIED[type];
  return rejected(
    code,
    `${principal.slice(0, 249)} may not ${operation} ${what} "${name.slice(0, 249)}": an access list has to allow it`,
  );
}
