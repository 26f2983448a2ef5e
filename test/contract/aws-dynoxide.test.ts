// The DynamoDB adapters against dynoxide, which needs nothing but npm. More servers: `npm run test:emulators`.

import { afterAll, beforeAll, describe } from 'vitest';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { groupStores, partitionStores, topicStores } from '../support/emulators/aws-contracts.ts';
import { clientsOf } from '../support/emulators/aws-server.ts';
import { DYNOXIDE_MISSING, startDynoxide } from '../support/emulators/dynoxide.ts';
import type { Server } from '../support/emulators/server.ts';
import { groupStoreContract } from './group-store-contract.ts';
import { offsetStoreContract } from './offset-store-contract.ts';
import { partitionStoreContract } from './partition-store-contract.ts';
import { topicStoreContract } from './topic-store-contract.ts';

if (DYNOXIDE_MISSING !== undefined) {
  console.log(`skipped: the DynamoDB adapters against dynoxide (${DYNOXIDE_MISSING})`);
}

describe.skipIf(DYNOXIDE_MISSING !== undefined)('the DynamoDB adapters against dynoxide', () => {
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

  describe('partition store', () => partitionStoreContract(partitionStores(() => clients)));
  describe('group store', () => groupStoreContract(groupStores(() => clients)));
  describe('offset store', () => offsetStoreContract(groupStores(() => clients)));
  describe('topic store', () => topicStoreContract(topicStores(() => clients)));
});
