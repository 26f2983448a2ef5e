// The contract suites' stores over any server that speaks AWS's protocols. Every test gets tables and buckets of its
// own, so that it finds nothing that another one left.

import {
  type AttributeValue,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import type { TableNames } from '../../../lib/storage/aws/aws-storage.ts';
import type { AwsClients } from '../../../lib/storage/aws/clients.ts';
import { createGroupStore } from '../../../lib/storage/aws/group-store.ts';
import { GroupsTable } from '../../../lib/storage/aws/groups-table.ts';
import { FLOOR_KEY } from '../../../lib/storage/aws/items-head.ts';
import { decodeDeletedTopic } from '../../../lib/storage/aws/items-topic.ts';
import { createObjectStore } from '../../../lib/storage/aws/object-store.ts';
import { createOffsetStore } from '../../../lib/storage/aws/offset-store.ts';
import { createPartitionStore } from '../../../lib/storage/aws/partition-store.ts';
import { createStorageClock } from '../../../lib/storage/aws/storage-clock.ts';
import { createTopicStore } from '../../../lib/storage/aws/topic-store.ts';
import type { MakeGroupStores } from '../../contract/group-values.ts';
import type { MakeObjectStore } from '../../contract/object-store-contract.ts';
import type {
  MakePartitionStore,
  PartitionStoreHarness,
} from '../../contract/partition-store-contract.ts';
import type { MakeTopicStore } from '../../contract/topic-store-contract.ts';
import { createBucket, createTables, tableNames } from './aws-server.ts';
import { MovedDates } from './moved-dates.ts';

const CLOCK_GRAIN_MS = 1_000;

/** Gives the clients when the server is up. */
export type Clients = () => AwsClients;

let made = 0;

/** A name that nobody else of this process has. */
function uniqueName(): string {
  made += 1;
  return `contract-${process.pid}-${made}`;
}

export function partitionStores(clients: Clients): MakePartitionStore {
  return async () => {
    const { dynamodb } = clients();
    const names = tableNames(uniqueName());
    await createTables(dynamodb, names, ['heads', 'index', 'topics']);
    return { store: createPartitionStore(dynamodb, names), ...futureJobs(dynamodb, names) };
  };
}

/** What jobs will do to heads, in their words. */
function futureJobs(
  client: DynamoDBClient,
  names: TableNames,
): Pick<PartitionStoreHarness, 'raiseFloor' | 'buryTopic'> {
  return {
    async raiseFloor(floor) {
      const item = { pk: { S: FLOOR_KEY }, floor: { S: floor } };
      await client.send(new PutItemCommand({ TableName: names.heads, Item: item }));
    },
    async buryTopic(topicId) {
      const topic = { topicId, name: 'buried', partitionCount: 1, deletedAtMs: 1 };
      await createTopicStore(client, names.topics).buryTopic(topic);
    },
  };
}

export function topicStores(clients: Clients): MakeTopicStore {
  return async () => {
    const { dynamodb } = clients();
    const names = tableNames(uniqueName());
    await createTables(dynamodb, names, ['topics']);
    return {
      store: createTopicStore(dynamodb, names.topics),
      async readDeletedTopics() {
        const answer = await dynamodb.send(
          new ScanCommand({ TableName: names.topics, ConsistentRead: true }),
        );
        const items: Record<string, AttributeValue>[] = answer.Items ?? [];
        return items.filter((item) => item.deletedAt !== undefined).map(decodeDeletedTopic);
      },
    };
  };
}

export function groupStores(clients: Clients): MakeGroupStores {
  return async () => {
    const { dynamodb } = clients();
    const prefix = uniqueName();
    const names = tableNames(prefix);
    await createTables(dynamodb, names, ['groups']);
    const dates = new MovedDates();
    dates.moveFor(dynamodb, prefix);
    const table = new GroupsTable(dynamodb, names.groups, createStorageClock(dynamodb));
    const groups = createGroupStore(table);
    return {
      groups,
      offsets: createOffsetStore(table),
      async passTime(durationMs) {
        // The clock's grain is a second, and a moment is written up to a second ahead.
        dates.pass(durationMs + 2 * CLOCK_GRAIN_MS);
        // The clock hears of it by an answer.
        await groups.readGroup('nobody');
      },
    };
  };
}

export function objectStores(clients: Clients): MakeObjectStore {
  return async () => {
    const { s3 } = clients();
    const bucket = uniqueName();
    await createBucket(s3, bucket);
    return createObjectStore(s3, bucket);
  };
}
