// The store of access lists over any server that speaks DynamoDB's protocol, each test with a table of its own.

import type { AclStore } from '../../../lib/ports/acl-store.ts';
import { createAclStore } from '../../../lib/storage/aws/acl-store.ts';
import type { MakeAclStore } from '../../contract/acl-store-contract.ts';
import type { Clients } from './aws-contracts.ts';
import { createTables, tableNames } from './aws-server.ts';

let made = 0;

/** With the table's name, for a look at what is in it. */
export function aclTables(
  clients: Clients,
): () => Promise<{ readonly store: AclStore; readonly table: string }> {
  return async () => {
    const { dynamodb } = clients();
    made += 1;
    const names = tableNames(`acls-${process.pid}-${made}`);
    await createTables(dynamodb, names, ['acls']);
    return { store: createAclStore(dynamodb, names.acls), table: names.acls };
  };
}

export function aclStores(clients: Clients): MakeAclStore {
  return async () => (await aclTables(clients)()).store;
}
