// The stores of background work over any server that speaks AWS's protocols, each test with tables and a bucket of
// its own.

import { createCleanupStore } from '../../../lib/storage/aws/cleanup-store.ts';
import { createLeaseStore } from '../../../lib/storage/aws/lease-store.ts';
import { createObjectStore } from '../../../lib/storage/aws/object-store.ts';
import { createObjectUpkeep } from '../../../lib/storage/aws/object-upkeep.ts';
import { createPartitionStore } from '../../../lib/storage/aws/partition-store.ts';
import { createSegmentStore } from '../../../lib/storage/aws/segment-store.ts';
import { createStorageClock } from '../../../lib/storage/aws/storage-clock.ts';
import { createTopicStore } from '../../../lib/storage/aws/topic-store.ts';
import type { MakeCleanupStore } from '../../contract/cleanup-store-contract.ts';
import type { MakeObjectUpkeep } from '../../contract/object-upkeep-contract.ts';
import type { MakeSegmentStore } from '../../contract/segment-store-contract.ts';
import type { Clients } from './aws-contracts.ts';
import { createBucket, createTables, tableNames } from './aws-server.ts';

let made = 0;

function uniqueName(): string {
  made += 1;
  return `upkeep-${process.pid}-${made}`;
}

export function segmentStores(clients: Clients): MakeSegmentStore {
  return async () => {
    const { dynamodb } = clients();
    const names = tableNames(uniqueName());
    await createTables(dynamodb, names, ['heads', 'index', 'topics']);
    return {
      segments: createSegmentStore(dynamodb, names.index),
      partitions: createPartitionStore(dynamodb, names),
    };
  };
}

export function cleanupStores(clients: Clients): MakeCleanupStore {
  return async () => {
    const { dynamodb } = clients();
    const names = tableNames(uniqueName());
    await createTables(dynamodb, names, ['heads', 'index', 'topics']);
    return {
      cleanup: createCleanupStore(dynamodb, names, createStorageClock(dynamodb)),
      partitions: createPartitionStore(dynamodb, names),
      topics: createTopicStore(dynamodb, names.topics),
      leases: createLeaseStore(dynamodb, names.index),
    };
  };
}

export function objectUpkeeps(clients: Clients): MakeObjectUpkeep {
  return async () => {
    const { s3 } = clients();
    const bucket = uniqueName();
    await createBucket(s3, bucket);
    return { objects: createObjectStore(s3, bucket), upkeep: createObjectUpkeep(s3, bucket) };
  };
}
