// The store of producers over any server that speaks DynamoDB's protocol, each test with a table of its own.

import { createProducerStore } from '../../../lib/storage/aws/producer-store.ts';
import type { MakeProducerStore } from '../../contract/producer-store-contract.ts';
import type { Clients } from './aws-contracts.ts';
import { createTables, tableNames } from './aws-server.ts';

let made = 0;

export function producerStores(clients: Clients): MakeProducerStore {
  return async () => {
    made += 1;
    const { dynamodb } = clients();
    const names = tableNames(`producers-${process.pid}-${made}`);
    await createTables(dynamodb, names, ['producers']);
    return createProducerStore(dynamodb, names.producers);
  };
}
