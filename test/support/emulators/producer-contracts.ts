// The stores of producers over any server that speaks DynamoDB's protocol, each test with tables of its own.

import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { partitionKeyText, producerSortKey } from '../../../lib/log/keys.ts';
import { createGroupStore } from '../../../lib/storage/aws/group-store.ts';
import { GroupsTable } from '../../../lib/storage/aws/groups-table.ts';
import { createOffsetStore } from '../../../lib/storage/aws/offset-store.ts';
import { createPartitionStore } from '../../../lib/storage/aws/partition-store.ts';
import { createProducerStore } from '../../../lib/storage/aws/producer-store.ts';
import { createStorageClock } from '../../../lib/storage/aws/storage-clock.ts';
import { createTopicStore } from '../../../lib/storage/aws/topic-store.ts';
import { createTransactionStore } from '../../../lib/storage/aws/transaction-store.ts';
import type { MakeProducerStates } from '../../contract/producer-state-contract.ts';
import type { MakeProducerStore } from '../../contract/producer-store-contract.ts';
import type { MakeTransactionStore } from '../../contract/transaction-store-contract.ts';
import type { Clients } from './aws-contracts.ts';
import { createTables, tableNames } from './aws-server.ts';

let made = 0;

function uniqueNames() {
  made += 1;
  return tableNames(`producers-${process.pid}-${made}`);
}

export function producerStores(clients: Clients): MakeProducerStore {
  return async () => {
    const { dynamodb } = clients();
    const names = uniqueNames();
    await createTables(dynamodb, names, ['producers']);
    return createProducerStore(dynamodb, names.producers);
  };
}

export function producerStates(clients: Clients): MakeProducerStates {
  return async () => {
    const { dynamodb } = clients();
    const names = uniqueNames();
    await createTables(dynamodb, names, ['heads', 'index', 'topics']);
    return {
      store: createPartitionStore(dynamodb, names),
      // A server's clock can't be set: the item is made older instead.
      async passTime(partition, producerId, durationMs) {
        const command = new UpdateItemCommand({
          TableName: names.index,
          Key: {
            pk: { S: partitionKeyText(partition) },
            sk: { S: producerSortKey(producerId) },
          },
          UpdateExpression: 'ADD expires :passed',
          ExpressionAttributeValues: { ':passed': { N: String(-durationMs / 1_000) } },
        });
        await dynamodb.send(command);
      },
    };
  };
}

export function transactionStores(clients: Clients): MakeTransactionStore {
  return async () => {
    const { dynamodb } = clients();
    const names = uniqueNames();
    await createTables(dynamodb, names, ['producers', 'heads', 'index', 'groups', 'topics']);
    const table = new GroupsTable(dynamodb, names.groups, createStorageClock(dynamodb));
    return {
      transactions: createTransactionStore(names, table),
      partitions: createPartitionStore(dynamodb, names),
      groups: createGroupStore(table),
      offsets: createOffsetStore(table),
      topics: createTopicStore(dynamodb, names.topics),
    };
  };
}
