// The local adapters of background work keep their ports' contracts, in memory and on disk.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe } from 'vitest';
import { createLocalStorage, type LocalStorage } from '../../lib/storage/local/local-storage.ts';
import { cleanupStoreContract, leaseStoreContract } from './cleanup-store-contract.ts';
import { objectUpkeepContract } from './object-upkeep-contract.ts';
import { segmentStoreContract } from './segment-store-contract.ts';

let closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const inMemory = (): string => ':memory:';
const onDisk = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
  closing.push(async () => rmSync(directory, { recursive: true }));
  return directory;
};

describe.each([
  { home: 'in memory', directory: inMemory },
  { home: 'on disk', directory: onDisk },
])('the local adapters of background work $home', ({ directory }) => {
  const open = async (): Promise<LocalStorage> => {
    const storage = createLocalStorage({ directory: directory() });
    closing.push(() => storage.close());
    return storage;
  };

  describe('SegmentStore', () => segmentStoreContract(open));
  describe('CleanupStore', () => cleanupStoreContract(open));
  describe('LeaseStore', () => leaseStoreContract(open));
  describe('ObjectUpkeep', () => objectUpkeepContract(open));
});
