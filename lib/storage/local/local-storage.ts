// The ports over SQLite and files, for a composition root: a directory in, ports out. It keeps the same invariants and
// refuses the same sizes as S3 and DynamoDB; in memory it is the same code over a database that nobody shares.

import { randomBytes } from 'node:crypto';
import { StratalogError } from '../../errors.ts';
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
import { openDataDirectory, SECRET_BYTES } from './data-directory.ts';
import { type Database, openMemoryDatabase } from './database.ts';
import { createFileObjects } from './file-objects.ts';
import { createFileUpkeep } from './file-upkeep.ts';
import { createGroupStore } from './group-store.ts';
import { createLeaseStore } from './lease-store.ts';
import { createMemoryObjects, type KeptObject, type ObjectBytes } from './memory-objects.ts';
import { createMemoryUpkeep } from './memory-upkeep.ts';
import { createOffsetStore } from './offset-store.ts';
import { createPartitionStore } from './partition-store.ts';
import { createProducerStore } from './producer-store.ts';
import { type ReferenceRequest, signReference, verifyReference } from './reference.ts';
import { countRequests, type RequestCounter } from './request-counter.ts';
import { createSegmentStore } from './segment-store.ts';
import { createTopicStore } from './topic-store.ts';
import { createTransactionStore } from './transaction-store.ts';

const MEMORY = ':memory:';

export interface LocalStorageOptions {
  /** Made when it isn't there; `:memory:` keeps everything in memory, until it is closed. */
  readonly directory: string;
  /** Where the server is that opens references, without a slash at the end; asked at every reference. */
  readonly baseUrl?: () => string;
  /** The storage's clock, by which leases run: milliseconds since 1970. Default: this machine's. */
  readonly nowMs?: () => number;
}

export interface LocalStorage {
  readonly topics: TopicStore;
  readonly partitions: PartitionStore;
  readonly objects: ObjectStore;
  readonly groups: GroupStore;
  readonly offsets: OffsetStore;
  readonly producers: ProducerStore;
  readonly transactions: TransactionStore;
  readonly acls: AclStore;
  readonly segments: SegmentStore;
  readonly cleanup: CleanupStore;
  readonly leases: LeaseStore;
  readonly upkeep: ObjectUpkeep;
  /** Every call of these ports. */
  readonly requests: RequestCounter;
  /** What a request for `/objects/<key>` gets: exactly the bytes that its reference was signed for. */
  openReference(request: ReferenceRequest, nowMs: number): Promise<OpenedReference>;
  /** Waits for what was asked, then closes; the ports can't be used after it. */
  close(): Promise<void>;
}

/** `refused`: not signed here, expired, or another range than the signed one (403). `missing`: no such object (404). */
type OpenedReference =
  | { readonly kind: 'opened'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused' }
  | { readonly kind: 'missing' };

/** What lies below the ports. */
interface Stored {
  readonly database: Database;
  readonly objects: ObjectBytes;
  readonly upkeep: ObjectUpkeep;
  readonly closeObjects: () => Promise<void>;
  readonly secret: Uint8Array;
}

/** Opens or makes a data directory. A StratalogError says why it can't be used. */
export function createLocalStorage(options: LocalStorageOptions): LocalStorage {
  const nowMs = neverBack(options.nowMs ?? Date.now);
  const stored =
    options.directory === MEMORY ? openMemory(nowMs) : openDirectory(options.directory);
  const { database, secret } = stored;
  const objects: ObjectStore = {
    putObject: (request) => stored.objects.putObject(request),
    getRange: (range) => stored.objects.getRange(range),
    async referenceRange(range, nowMs) {
      return signReference(range, { baseUrl: serverOf(options), secret, nowMs });
    },
  };
  const { ports, requests } = countRequests({
    topics: createTopicStore(database),
    partitions: createPartitionStore(database, nowMs),
    objects,
    groups: createGroupStore(database, nowMs),
    offsets: createOffsetStore(database, nowMs),
    producers: createProducerStore(database),
    transactions: createTransactionStore(database, nowMs),
    acls: createAclStore(database),
    segments: createSegmentStore(database),
    cleanup: createCleanupStore(database, nowMs),
    leases: createLeaseStore(database),
    upkeep: stored.upkeep,
  });
  return {
    ...ports,
    requests,
    async openReference(request, nowMs) {
      const range = verifyReference(request, secret, nowMs);
      if (range === undefined) return { kind: 'refused' };
      const bytes = await ports.objects.getRange(range);
      return bytes === undefined ? { kind: 'missing' } : { kind: 'opened', bytes };
    },
    async close() {
      await stored.closeObjects();
      await database.close();
    },
  };
}

function openMemory(nowMs: () => number): Stored {
  const kept = new Map<string, KeptObject>();
  return {
    database: openMemoryDatabase(),
    objects: createMemoryObjects(kept),
    upkeep: createMemoryUpkeep(kept, nowMs),
    closeObjects: () => Promise.resolve(),
    secret: randomBytes(SECRET_BYTES),
  };
}

function openDirectory(directory: string): Stored {
  const { database, secret, paths } = openDataDirectory(directory);
  const objects = createFileObjects(database, paths);
  const upkeep = createFileUpkeep(database, paths);
  const closeObjects = async (): Promise<void> => {
    await objects.close();
    await upkeep.close();
  };
  return { database, secret, objects, upkeep, closeObjects };
}

function serverOf({ baseUrl }: LocalStorageOptions): string {
  if (baseUrl !== undefined) return baseUrl();
  throw new StratalogError(
    'INVALID_REQUEST',
    'nobody serves references of this storage: fetch bytes instead, or give it the URL of a local server',
  );
}

/** A clock that stands still while the machine's is set back. */
function neverBack(nowMs: () => number): () => number {
  let latestMs = 0;
  return () => {
    latestMs = Math.max(latestMs, nowMs());
    return latestMs;
  };
}
