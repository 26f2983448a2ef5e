// Every storage contract over a pair of servers.

import { afterAll, beforeAll, describe } from 'vitest';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { aclStoreContract } from '../contract/acl-store-contract.ts';
import { appendToHeadsContract } from '../contract/append-to-heads-contract.ts';
import { cleanupStoreContract, leaseStoreContract } from '../contract/cleanup-store-contract.ts';
import { groupStoreContract } from '../contract/group-store-contract.ts';
import { objectReferenceContract, objectStoreContract } from '../contract/object-store-contract.ts';
import { objectUpkeepContract } from '../contract/object-upkeep-contract.ts';
import { offsetStoreContract } from '../contract/offset-store-contract.ts';
import { partitionStoreContract } from '../contract/partition-store-contract.ts';
import { producerStateContract } from '../contract/producer-state-contract.ts';
import { producerStoreContract } from '../contract/producer-store-contract.ts';
import { segmentStoreContract } from '../contract/segment-store-contract.ts';
import { topicStoreContract } from '../contract/topic-store-contract.ts';
import { transactionStoreContract } from '../contract/transaction-store-contract.ts';
import { aclStores } from '../support/emulators/acl-contracts.ts';
import {
  groupStores,
  objectStores,
  partitionStores,
  topicStores,
} from '../support/emulators/aws-contracts.ts';
import { type AwsServer, clientsOf } from '../support/emulators/aws-server.ts';
import {
  producerStates,
  producerStores,
  transactionStores,
} from '../support/emulators/producer-contracts.ts';
import type { Server } from '../support/emulators/server.ts';
import {
  cleanupStores,
  objectUpkeeps,
  segmentStores,
} from '../support/emulators/upkeep-contracts.ts';

export interface StorageServers {
  readonly dynamodb: Server | AwsServer;
  /** Where it isn't the same. */
  readonly s3?: AwsServer;
}

export function storageContracts(start: () => Promise<StorageServers>): void {
  let servers: StorageServers | undefined;
  let clients: AwsClients;

  beforeAll(async () => {
    servers = await start();
    clients = clientsOf(servers);
  });

  afterAll(async () => {
    clients?.dynamodb.destroy();
    clients?.s3.destroy();
    await servers?.dynamodb.stop();
    await servers?.s3?.stop();
  });

  describe('partition store', () => partitionStoreContract(partitionStores(() => clients)));
  describe('group store', () => groupStoreContract(groupStores(() => clients)));
  describe('offset store', () => offsetStoreContract(groupStores(() => clients)));
  describe('producer states', () => producerStateContract(producerStates(() => clients)));
  describe('appends to several heads', () =>
    appendToHeadsContract(async () => (await producerStates(() => clients)()).store));
  describe('transaction store', () => transactionStoreContract(transactionStores(() => clients)));
  describe('producer store', () => producerStoreContract(producerStores(() => clients)));
  describe('acl store', () => aclStoreContract(aclStores(() => clients)));
  describe('topic store', () => topicStoreContract(topicStores(() => clients)));
  describe('object store', () => objectStoreContract(objectStores(() => clients)));
  describe('object references', () => objectReferenceContract(objectStores(() => clients)));
  describe('segment store', () => segmentStoreContract(segmentStores(() => clients)));
  describe('cleanup store', () => cleanupStoreContract(cleanupStores(() => clients)));
  describe('lease store', () => leaseStoreContract(cleanupStores(() => clients)));
  describe('object upkeep', () => objectUpkeepContract(objectUpkeeps(() => clients)));
}
