// Access lists as one principal may manage them: the cluster's affair.

import { CLUSTER_NAME } from '../../access/acl.ts';
import type { Rights } from './access.ts';
import type { AclServices } from './acls.ts';

export function guardAclServices({ acls }: AclServices, rights: Rights): AclServices {
  const refusal = (operation: 'ALTER' | 'DESCRIBE') =>
    rights.refusal(operation, 'CLUSTER', CLUSTER_NAME);
  return {
    acls: {
      create: async (wanted) => refusal('ALTER') ?? (await acls.create(wanted)),
      list: async (filter) => refusal('DESCRIBE') ?? (await acls.list(filter)),
      delete: async (filter) => refusal('ALTER') ?? (await acls.delete(filter)),
    },
  };
}
