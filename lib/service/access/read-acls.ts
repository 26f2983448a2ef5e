// All entries of the access lists, as the storage holds them now.

import type { Acl } from '../../access/acl.ts';
import { ACLS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type { AclStore } from '../../ports/acl-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';

export async function readAcls(
  ports: RetryPorts & { readonly acls: AclStore },
): Promise<readonly Acl[]> {
  const acls: Acl[] = [];
  let after: string | undefined;
  do {
    const request = { limit: ACLS_PER_LIST_PAGE_MAX, ...(after === undefined ? {} : { after }) };
    const page = await withRetries(ports, () => ports.acls.listAcls(request), { repeatable: true });
    acls.push(...page.acls);
    after = page.next;
  } while (after !== undefined);
  return acls;
}
