// The DynamoDB adapters of background work against dynoxide, which needs nothing but npm. More servers:
// `npm run test:emulators`.

import { afterAll, beforeAll, describe } from 'vitest';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { clientsOf } from '../support/emulators/aws-server.ts';
import { DYNOXIDE_MISSING, startDynoxide } from '../support/emulators/dynoxide.ts';
import type { Server } from '../support/emulators/server.ts';
import { cleanupStores, segmentStores } from '../support/emulators/upkeep-contracts.ts';
import { cleanupStoreContract, leaseStoreContract } from './cleanup-store-contract.ts';
import { segmentStoreContract } from './segment-store-contract.ts';

if (DYNOXIDE_MISSING !== undefined) {
  console.log(`skipped: background work against dynoxide (${DYNOXIDE_MISSING})`);
}

describe.skipIf(DYNOXIDE_MISSING !== undefined)('background work against dynoxide', () => {
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

  describe('segment store', () => segmentStoreContract(segmentStores(() => clients)));
  describe('cleanup store', () => cleanupStoreContract(cleanupStores(() => clients)));
  describe('lease store', () => leaseStoreContract(cleanupStores(() => clients)));
});
