// Access lists, as who manages them sees them. Whoever may, that is: guards stand before this as before everything.

import { type Acl, parseAcl } from '../../access/acl.ts';
import { type AclFilter, matchesFilter, parseFilter } from '../../access/filter.ts';
import { type Rejected, rejected } from '../../errors.ts';
import { ACLS_MAX, ACLS_PER_WRITE_MAX, GROUP_CALLS_PARALLEL_MAX } from '../../limits.ts';
import { mapInParallel } from '../parallel.ts';
import { withRetries } from '../retry.ts';
import type { Access, AccessPorts } from './access.ts';
import { readAcls } from './read-acls.ts';

type Hosted<Of> = Of & { readonly host?: string | undefined };

export interface AclService {
  /** All are checked before one is added; more than ACLS_PER_WRITE_MAX are added in pieces. Those that are there stay. */
  create(wanted: readonly Hosted<Acl>[]): Promise<{ readonly kind: 'created' } | Rejected>;
  /** By resource, then by principal. */
  list(
    filter: Hosted<AclFilter>,
  ): Promise<{ readonly kind: 'acls'; readonly acls: readonly Acl[] } | Rejected>;
  /** Removes what fits the filter; what that was. */
  delete(
    filter: Hosted<AclFilter>,
  ): Promise<{ readonly kind: 'deleted'; readonly acls: readonly Acl[] } | Rejected>;
}

export interface AclServices {
  readonly acls: AclService;
}

export function createAclServices(ports: AccessPorts, access: Pick<Access, 'forget'>): AclServices {
  return { acls: createAclService(ports, access) };
}

function createAclService(ports: AccessPorts, access: Pick<Access, 'forget'>): AclService {
  const find: AclService['list'] = async (wanted) => {
    const parsed = parseFilter(wanted);
    if (parsed.kind === 'rejected') return parsed;
    const found = (await readAcls(ports)).filter((acl) => matchesFilter(parsed.filter, acl));
    return { kind: 'acls', acls: found.toSorted(byResource) };
  };

  /** Every write may be repeated: it says what is to be, and raising the version once more does no harm. */
  const write = async (
    acls: readonly Acl[],
    change: (piece: readonly Acl[]) => Promise<void>,
  ): Promise<void> => {
    try {
      for (let start = 0; start < acls.length; start += ACLS_PER_WRITE_MAX) {
        const piece = acls.slice(start, start + ACLS_PER_WRITE_MAX);
        await withRetries(ports, () => change(piece), { repeatable: true });
      }
    } finally {
      access.forget();
    }
  };

  return {
    list: find,

    async create(wanted) {
      const acls: Acl[] = [];
      for (const one of wanted) {
        const parsed = parseAcl(one);
        if (parsed.kind === 'rejected') return parsed;
        acls.push(parsed.acl);
      }
      const count = (await readAcls(ports)).length + acls.length;
      if (count > ACLS_MAX) return tooMany(count);
      await write(acls, (piece) => ports.acls.addAcls(piece));
      return { kind: 'created' };
    },

    async delete(filter) {
      const found = await find(filter);
      if (found.kind === 'rejected') return found;
      const { acls } = found;
      await write(acls, (piece) => ports.acls.removeAcls(piece));
      await mapInParallel(oneOfEach(acls), GROUP_CALLS_PARALLEL_MAX, (acl) =>
        withRetries(ports, () => ports.acls.sweepAcl(acl), { repeatable: true }),
      );
      return { kind: 'deleted', acls };
    },
  };
}

/** What a log without access lists answers to those who would manage them. */
export function noAclServices(): AclServices {
  const refuse = (): Promise<Rejected> => {
    const message = 'this log has no access lists: they are an option of its stack (acls)';
    return Promise.resolve(rejected('SECURITY_DISABLED', message));
  };
  return { acls: { create: refuse, list: refuse, delete: refuse } };
}

function tooMany(count: number): Rejected {
  return rejected(
    'POLICY_VIOLATION',
    `${count} entries are more than the ${ACLS_MAX} that access lists may have; use prefixes, or User:*`,
  );
}

/** Of each resource and principal one entry. */
function oneOfEach(acls: readonly Acl[]): readonly Acl[] {
  const byItem = acls.map(
    (acl) =>
      [
        JSON.stringify([acl.resourceType, acl.patternType, acl.resourceName, acl.principal]),
        acl,
      ] as const,
  );
  return [...new Map(byItem).values()];
}

function byResource(left: Acl, right: Acl): number {
  const of = ({ resourceType, resourceName, patternType, principal, permission, operation }: Acl) =>
    [resourceType, resourceName, patternType, principal, permission, operation].join('\0');
  return of(left) < of(right) ? -1 : 1;
}
