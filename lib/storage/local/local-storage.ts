// The ports over SQLite and files, for a composition root: a directory in, ports out. It keeps the same invariants and
// refuses the same sizes as S3 and DynamoDB; in memory it is the same code over a database that nobody shares.

import { randomBytes } from 'node:crypto';
import { StratalogError } from '../../errors.ts';
import type { GroupStore } from '../../ports/group-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { OffsetStore } from '../../ports/offset-store.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { TopicStore } from '../../ports/topic-store.ts';
import { openDataDirectory, SECRET_BYTES } from './data-directory.ts';
import { type Database, openMemoryDatabase } from './database.ts';
import { createFileObjects } from './file-objects.ts';
import { createGroupStore } from './group-store.ts';
import { createMemoryObjects, type ObjectBytes } from './memory-objects.ts';
import { createOffsetStore } from './offset-store.ts';
import { createPartitionStore } from './partition-store.ts';
import { type ReferenceRequest, signReference, verifyReference } from './reference.ts';
import { countRequests, type RequestCounter } from './request-counter.ts';
import { createTopicStore } from './topic-store.ts';

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
  /** Every call of these ports. */
  readonly requests: RequestCounter;
  /** What a request for `/objects/<key>` gets: exactly the bytes that its reference was signed for. */
  openReference(request: ReferenceRequest, nowMs: number): Promise<OpenedReference>;
  /** Waits for what was asked, then closes; the ports can't be used after it. */
  close(): Promise<void>;
}

/** `refused`: not signed here, expired, or another range than the signed one (403). `missing`: no such object (404). */
export type OpenedReference =
  | { readonly kind: 'opened'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused' }
  | { readonly kind: 'missing' };

/** What lies below the ports. */
interface Stored {
  readonly database: Database;
  readonly objects: ObjectBytes & { close(): Promise<void> };
  readonly secret: Uint8Array;
}

/** Opens or makes a data directory. A StratalogError says why it can't be used. */
export function createLocalStorage(options: LocalStorageOptions): LocalStorage {
  const stored = options.directory === MEMORY ? openMemory() : openDirectory(options.directory);
  const { database, secret } = stored;
  const nowMs = neverBack(options.nowMs ?? Date.now);
  const objects: ObjectStore = {
    putObject: (request) => stored.objects.putObject(request),
    getRange: (range) => stored.objects.getRange(range),
    async referenceRange(range, nowMs) {
      return signReference(range, { baseUrl: serverOf(options), secret, nowMs });
    },
  };
  const { ports, requests } = countRequests({
    topics: createTopicStore(database),
    partitions: createPartitionStore(database),
    objects,
    groups: createGroupStore(database, nowMs),
    offsets: createOffsetStore(database, nowMs),
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
      await stored.objects.close();
      await database.close();
    },
  };
}

function openMemory(): Stored {
  const objects = { ...createMemoryObjects(), close: () => Promise.resolve() };
  return { database: openMemoryDatabase(), objects, secret: randomBytes(SECRET_BYTES) };
}

function openDirectory(directory: string): Stored {
  const { database, secret, paths } = openDataDirectory(directory);
  return { database, secret, objects: createFileObjects(database, paths) };
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
