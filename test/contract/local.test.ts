// The local adapters keep the ports' contracts, in memory and on disk. A store on disk gets a connection of its own
// for what no port does, as another process would have.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe } from 'vitest';
import { assert } from '../../lib/assert.ts';
import type { DeletedTopic } from '../../lib/ports/topic-store.ts';
import { openDataDirectory } from '../../lib/storage/local/data-directory.ts';
import { type Database, openMemoryDatabase } from '../../lib/storage/local/database.ts';
import { createLocalStorage, type LocalStorage } from '../../lib/storage/local/local-storage.ts';
import { createPartitionStore } from '../../lib/storage/local/partition-store.ts';
import { createTopicStore } from '../../lib/storage/local/topic-store.ts';
import { groupStoreContract } from './group-store-contract.ts';
import type { GroupHarness } from './group-values.ts';
import { objectReferenceContract, objectStoreContract } from './object-store-contract.ts';
import { offsetStoreContract } from './offset-store-contract.ts';
import { type PartitionStoreHarness, partitionStoreContract } from './partition-store-contract.ts';
import { topicStoreContract } from './topic-store-contract.ts';

let closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const newDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'stratalog-'));
  closing.push(async () => rmSync(directory, { recursive: true }));
  return directory;
};

const newStorage = (directory: string, baseUrl?: () => string): LocalStorage => {
  const storage = createLocalStorage({
    directory,
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
  closing.push(() => storage.close());
  return storage;
};

/** A database in memory, or one on disk: what the store under test has, and what jobs have beside it. */
const openMemory = (): Database => {
  const database = openMemoryDatabase();
  closing.push(() => database.close());
  return database;
};
const openDisk = (): Database => {
  const { database } = openDataDirectory(newDirectory());
  closing.push(() => database.close());
  return database;
};

const partitionHarness = (database: Database): PartitionStoreHarness => ({
  store: createPartitionStore(database),
  async raiseFloor(floor) {
    const sql = 'INSERT OR REPLACE INTO floor VALUES (0, ?)';
    await database.write(() => database.statement(sql).run(floor));
  },
  async buryTopic(topicId) {
    const topic = { topicId, name: 'buried', partitionCount: 1, deletedAtMs: 1 };
    await createTopicStore(database).buryTopic(topic);
  },
});

const readDeletedTopics = (database: Database): Promise<DeletedTopic[]> =>
  database.read(() =>
    database
      .statement('SELECT * FROM deleted_topics')
      .all()
      .map((row) => ({
        topicId: String(row.topic_id),
        name: String(row.name),
        partitionCount: Number(row.partitions),
        deletedAtMs: Number(row.deleted_at),
      })),
  );

/** Serves references as the local server does. */
const serve = async (storage: () => LocalStorage): Promise<string> => {
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1');
    const reference = {
      path: url.pathname,
      expires: url.searchParams.get('expires') ?? undefined,
      signature: url.searchParams.get('signature') ?? undefined,
      range: request.headers.range,
    };
    const answer = async (): Promise<void> => {
      const opened = await storage().openReference(reference, Date.now());
      if (opened.kind === 'opened') response.writeHead(206).end(opened.bytes);
      else response.writeHead(opened.kind === 'missing' ? 404 : 403).end();
    };
    answer().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  const address = server.address();
  assert(typeof address === 'object' && address !== null, 'the server listens on a port');
  return `http://127.0.0.1:${address.port}`;
};

const homes = [
  { home: 'in memory', openDatabase: openMemory, directory: () => ':memory:' },
  { home: 'on disk', openDatabase: openDisk, directory: newDirectory },
];

describe.each(homes)('the local adapters $home', ({ openDatabase, directory }) => {
  describe('PartitionStore', () => {
    partitionStoreContract(async () => partitionHarness(openDatabase()));
  });

  describe('TopicStore', () => {
    topicStoreContract(async () => {
      const database = openDatabase();
      return {
        store: createTopicStore(database),
        readDeletedTopics: () => readDeletedTopics(database),
      };
    });
  });

  const groupHarness = async (): Promise<GroupHarness> => {
    let passedMs = 0;
    const storage = createLocalStorage({
      directory: directory(),
      nowMs: () => Date.now() + passedMs,
    });
    closing.push(() => storage.close());
    const passTime = async (durationMs: number): Promise<void> => {
      passedMs += durationMs + 1;
    };
    return { groups: storage.groups, offsets: storage.offsets, passTime };
  };
  describe('GroupStore', () => groupStoreContract(groupHarness));
  describe('OffsetStore', () => offsetStoreContract(groupHarness));

  describe('ObjectStore', () => {
    objectStoreContract(async () => newStorage(directory()).objects);
    objectReferenceContract(async () => {
      const url = await serve(() => storage);
      const storage = newStorage(directory(), () => url);
      return storage.objects;
    });
  });
});
