// The ports over S3 and DynamoDB, for a composition root: names in, ports out.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { AclStore } from '../../ports/acl-store.ts';
import type { CleanupStore } from '../../ports/cleanup-store.ts';
import type { GroupStore } from '../../ports/group-store.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { ObjectUpkeep } from '../../ports/object-upkeep.ts';
import type { OffsetStore } from '../../ports/offset-store.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { ProducerStore } from '../../ports/producer-store.ts';
import type { SegmentStore } from '../../ports/segment-store.ts';
import type { TopicStore } from '../../ports/topic-store.ts';
import type { TransactionStore } from '../../ports/transaction-store.ts';
import { createAclStore } from './acl-store.ts';
import { createCleanupStore } from './cleanup-store.ts';
import {
  type AwsClients,
  type ClientOptions,
  createClients,
  createDynamodbClient,
} from './clients.ts';
import { createGroupStore } from './group-store.ts';
import { GroupsTable } from './groups-table.ts';
import { createLeaseStore } from './lease-store.ts';
import { createObjectStore } from './object-store.ts';
import { createObjectUpkeep } from './object-upkeep.ts';
import { createOffsetStore } from './offset-store.ts';
import { createPartitionStore } from './partition-store.ts';
import { createProducerStore } from './producer-store.ts';
import { countRequests, type RequestCounter } from './request-counter.ts';
import { createSegmentStore } from './segment-store.ts';
import { createStorageClock, type StorageClock } from './storage-clock.ts';
import { createTopicStore } from './topic-store.ts';
import { createTransactionStore } from './transaction-store.ts';

/** The tables' names. A process needs rights only on the tables of the ports that it uses. */
export interface TableNames {
  readonly topics: string;
  readonly heads: string;
  readonly index: string;
  readonly groups: string;
  readonly producers: string;
  readonly acls: string;
}

export interface AwsStorageOptions extends ClientOptions {
  readonly bucket: string;
  readonly tables: TableNames;
}

/** The ports of the log itself. */
export interface AwsLogStorage {
  readonly topics: TopicStore;
  readonly partitions: PartitionStore;
  readonly objects: ObjectStore;
  readonly segments: SegmentStore;
  readonly acls: AclStore;
  /** Everything that these ports have sent. */
  readonly requests: RequestCounter;
  /** Closes the connections; the ports can't be used after it. */
  close(): void;
}

export interface AwsStorage extends AwsLogStorage {
  readonly groups: GroupStore;
  readonly offsets: OffsetStore;
  readonly producers: ProducerStore;
  readonly transactions: TransactionStore;
  readonly cleanup: CleanupStore;
  readonly leases: LeaseStore;
  readonly upkeep: ObjectUpkeep;
}

/** Asks nobody: the first request opens the first connection. */
export function createAwsStorage(options: AwsStorageOptions): AwsStorage {
  const connection = connect(options);
  const { clients, clock } = connection;
  const { tables, bucket } = options;
  const groups = new GroupsTable(clients.dynamodb, tables.groups, clock);
  return {
    ...logPorts(connection, options),
    groups: createGroupStore(groups),
    offsets: createOffsetStore(groups),
    producers: createProducerStore(clients.dynamodb, tables.producers),
    transactions: createTransactionStore(tables, groups),
    cleanup: createCleanupStore(clients.dynamodb, tables, clock),
    leases: createLeaseStore(clients.dynamodb, tables.index),
    upkeep: createObjectUpkeep(clients.s3, bucket),
  };
}

/** The same, without what groups, transactions and jobs need: a function that appends or reads carries nothing of it. */
export function createAwsLogStorage(options: AwsStorageOptions): AwsLogStorage {
  return logPorts(connect(options), options);
}

/** The ports of who is in groups and what was committed there: tables alone, so that nothing of S3 comes along. */
export type AwsGroupStorage = Omit<AwsLogStorage, 'objects' | 'requests' | 'close'> &
  Pick<AwsStorage, 'groups' | 'offsets'>;

export function createAwsGroupStorage(options: AwsStorageOptions): AwsGroupStorage {
  const { tables } = options;
  const dynamodb = createDynamodbClient(options);
  const clock = createStorageClock(dynamodb);
  const groups = new GroupsTable(dynamodb, tables.groups, clock);
  return {
    ...tablePorts(dynamodb, clock, tables),
    groups: createGroupStore(groups),
    offsets: createOffsetStore(groups),
  };
}

interface Connection {
  readonly clients: AwsClients;
  readonly clock: StorageClock;
  readonly requests: RequestCounter;
}

function connect(options: AwsStorageOptions): Connection {
  const clients = createClients(options);
  const requests = countRequests(clients);
  return { clients, requests, clock: createStorageClock(clients.dynamodb) };
}

function logPorts(
  { clients, clock, requests }: Connection,
  { tables, bucket }: AwsStorageOptions,
): AwsLogStorage {
  return {
    ...tablePorts(clients.dynamodb, clock, tables),
    objects: createObjectStore(clients.s3, bucket),
    requests,
    close() {
      clients.dynamodb.destroy();
      clients.s3.destroy();
    },
  };
}

function tablePorts(dynamodb: DynamoDBClient, clock: StorageClock, tables: TableNames) {
  return {
    topics: createTopicStore(dynamodb, tables.topics),
    partitions: createPartitionStore(dynamodb, tables, clock),
    segments: createSegmentStore(dynamodb, tables.index),
    acls: createAclStore(dynamodb, tables.acls),
  };
}
