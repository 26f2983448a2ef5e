// The stores of producers keep their contract: in memory, on disk, and in DynamoDB's protocol against dynoxide, which
// needs nothing but npm. More servers: `npm run test:emulators`.

import { afterAll, beforeAll, describe } from 'vitest';
import type { PartitionKey } from '../../lib/log/keys.ts';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';
import { clientsOf } from '../support/emulators/aws-server.ts';
import { DYNOXIDE_MISSING, startDynoxide } from '../support/emulators/dynoxide.ts';
import {
  producerStates,
  producerStores,
  transactionStores,
} from '../support/emulators/producer-contracts.ts';
import type { Server } from '../support/emulators/server.ts';
import { localHomes } from '../support/local-homes.ts';
import { appendToHeadsContract } from './append-to-heads-contract.ts';
import { producerStateContract } from './producer-state-contract.ts';
import { producerStoreContract } from './producer-store-contract.ts';
import { transactionStoreContract } from './transaction-store-contract.ts';

const { homes, closeLater } = localHomes();

describe.each(homes)('the local store of producers $home', ({ directory }) => {
  producerStoreContract(async () => {
    const storage = createLocalStorage({ directory: directory() });
    closeLater(() => storage.close());
    return storage.producers;
  });

  producerStateContract(async () => {
    let passedMs = 0;
    const nowMs = (): number => Date.now() + passedMs;
    const storage = createLocalStorage({ directory: directory(), nowMs });
    closeLater(() => storage.close());
    const passTime = async (_of: PartitionKey, _id: bigint, durationMs: number): Promise<void> => {
      passedMs += durationMs;
    };
    return { store: storage.partitions, passTime };
  });

  appendToHeadsContract(async () => {
    const storage = createLocalStorage({ directory: directory() });
    closeLater(() => storage.close());
    return storage.partitions;
  });

  transactionStoreContract(async () => {
    const storage = createLocalStorage({ directory: directory() });
    closeLater(() => storage.close());
    return storage;
  });
});

if (DYNOXIDE_MISSING !== undefined) {
  console.log(`skipped: the store of producers against dynoxide (${DYNOXIDE_MISSING})`);
}

describe.skipIf(DYNOXIDE_MISSING !== undefined)('the store of producers against dynoxide', () => {
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

  producerStoreContract(producerStores(() => clients));
  producerStateContract(producerStates(() => clients));
  appendToHeadsContract(async () => (await producerStates(() => clients)()).store);
  transactionStoreContract(transactionStores(() => clients));
});
