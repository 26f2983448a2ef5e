// The local adapters of background work keep their ports' contracts, in memory and on disk.

import { describe } from 'vitest';
import { createLocalStorage, type LocalStorage } from '../../lib/storage/local/local-storage.ts';
import { localHomes } from '../support/local-homes.ts';
import { cleanupStoreContract, leaseStoreContract } from './cleanup-store-contract.ts';
import { objectUpkeepContract } from './object-upkeep-contract.ts';
import { segmentStoreContract } from './segment-store-contract.ts';

const { homes, closeLater } = localHomes();

describe.each(homes)('the local adapters of background work $home', ({ directory }) => {
  const open = async (): Promise<LocalStorage> => {
    const storage = createLocalStorage({ directory: directory() });
    closeLater(() => storage.close());
    return storage;
  };

  describe('SegmentStore', () => segmentStoreContract(open));
  describe('CleanupStore', () => cleanupStoreContract(open));
  describe('LeaseStore', () => leaseStoreContract(open));
  describe('ObjectUpkeep', () => objectUpkeepContract(open));
});
