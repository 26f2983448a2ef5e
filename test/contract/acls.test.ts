// The store of access lists keeps its contract: in memory, on disk, and in DynamoDB's protocol against dynoxide. More
// servers: `npm run test:emulators`.

import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';
import { aclStores, aclTables } from '../support/emulators/acl-contracts.ts';
import { clientsOf } from '../support/emulators/aws-server.ts';
import { DYNOXIDE_MISSING, startDynoxide } from '../support/emulators/dynoxide.ts';
import type { Server } from '../support/emulators/server.ts';
import { localHomes } from '../support/local-homes.ts';
import { aclStoreContract } from './acl-store-contract.ts';

const { homes, closeLater } = localHomes();

describe.each(homes)('the local store of access lists $home', ({ directory }) => {
  aclStoreContract(async () => {
    const storage = createLocalStorage({ directory: directory() });
    closeLater(() => storage.close());
    return storage.acls;
  });
});

if (DYNOXIDE_MISSING !== undefined) {
  console.log(`skipped: the store of access lists against dynoxide (${DYNOXIDE_MISSING})`);
}

describe.skipIf(DYNOXIDE_MISSING !== undefined)(
  'the store of access lists against dynoxide',
  () => {
    let server: Server;
    let clients: AwsClients;

    beforeAll(async () => {
      server = await startDynoxide();
      clients = clientsOf({ dynamodb: server });
    });

    afterAll(async () => {
      clients.dynamodb.destroy();
      clients.s3.destroy();
      await server.stop();
    });

    aclStoreContract(aclStores(() => clients));

    it('leaves no item behind of what was removed and swept', async () => {
      const { store, table } = await aclTables(() => clients)();
      const acl = {
        resourceType: 'TOPIC',
        patternType: 'LITERAL',
        resourceName: 'orders',
        principal: 'User:alice',
        operation: 'READ',
        permission: 'ALLOW',
      } as const;
      const scan = { TableName: table, ConsistentRead: true };
      const items = async () => (await clients.dynamodb.send(new ScanCommand(scan))).Count;
      await store.addAcls([acl]);
      await store.removeAcls([acl]);
      expect(await items()).toBe(2);
      await store.sweepAcl(acl);
      expect(await items()).toBe(1);
    });
  },
);
