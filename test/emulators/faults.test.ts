// What each port says when the network or the service fails, and what then stands in the storage: against dynoxide
// and versitygw, with faults injected below the SDK.

import { createServer, type Server as NetServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode, FailureEffect } from '../../lib/errors.ts';
import { StratalogError } from '../../lib/errors.ts';
import { ulidFloor } from '../../lib/ids.ts';
import { walKey } from '../../lib/log/keys.ts';
import type { Page } from '../../lib/log/partition.ts';
import type { GroupStore } from '../../lib/ports/group-store.ts';
import type { ObjectStore } from '../../lib/ports/object-store.ts';
import type { OffsetStore } from '../../lib/ports/offset-store.ts';
import type { PartitionStore } from '../../lib/ports/partition-store.ts';
import type { TopicStore } from '../../lib/ports/topic-store.ts';
import { type AwsStorage, createAwsStorage } from '../../lib/storage/aws/aws-storage.ts';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { createGroupStore } from '../../lib/storage/aws/group-store.ts';
import { GroupsTable } from '../../lib/storage/aws/groups-table.ts';
import { createObjectStore } from '../../lib/storage/aws/object-store.ts';
import { createOffsetStore } from '../../lib/storage/aws/offset-store.ts';
import { createPartitionStore } from '../../lib/storage/aws/partition-store.ts';
import { countRequests, type RequestCounter } from '../../lib/storage/aws/request-counter.ts';
import { createStorageClock, type StorageClock } from '../../lib/storage/aws/storage-clock.ts';
import { createTopicStore } from '../../lib/storage/aws/topic-store.ts';
import { entryOf, objectIdOf, PARTITION, TOPIC_ID } from '../contract/contract-values.ts';
import {
  createMember,
  GROUP_ID,
  groupState,
  MEMBER,
  PROFILE,
  publication,
} from '../contract/group-values.ts';
import {
  type AwsServer,
  clientsOf,
  createBucket,
  createTables,
  REGION,
  tableNames,
} from '../support/emulators/aws-server.ts';
import { startDynoxide } from '../support/emulators/dynoxide.ts';
import type { Server } from '../support/emulators/server.ts';
import { startVersitygw } from '../support/emulators/versitygw.ts';
import { type Fault, type Faults, installFaults } from '../support/faults.ts';
import { freePort } from '../support/free-port.ts';

/** Those that are told by their name alone. */
type SimpleFault = Exclude<Fault['kind'], 'effect-late' | 'answer-late'>;

let dynamodb: Server;
let s3: AwsServer;
let clients: AwsClients;
let faults: Faults;
let requests: RequestCounter;
let made = 0;
let partitions: PartitionStore;
let topics: TopicStore;
let objects: ObjectStore;
let clock: StorageClock;
let groups: GroupStore;
let offsets: OffsetStore;

beforeAll(async () => {
  dynamodb = await startDynoxide();
  s3 = await startVersitygw();
  clients = clientsOf({ dynamodb, s3 });
  requests = countRequests(clients);
  faults = installFaults(clients);
  clock = createStorageClock(clients.dynamodb);
});

afterAll(async () => {
  clients.dynamodb.destroy();
  clients.s3.destroy();
  await dynamodb.stop();
  await s3.stop();
});

beforeEach(async () => {
  made += 1;
  const names = tableNames(`faults-${made}`);
  await createTables(clients.dynamodb, names, ['topics', 'heads', 'index', 'groups']);
  await createBucket(clients.s3, `faults-${made}`);
  partitions = createPartitionStore(clients.dynamodb, names);
  topics = createTopicStore(clients.dynamodb, names.topics);
  objects = createObjectStore(clients.s3, `faults-${made}`);
  const table = new GroupsTable(clients.dynamodb, names.groups, clock);
  groups = createGroupStore(table);
  offsets = createOffsetStore(table);
  const floor = ulidFloor(0);
  await partitions.createHeads({ topicId: TOPIC_ID, partitions: [0], floor });
  requests.reset();
});

/** The failure of a request that must fail. */
async function failureOf(request: Promise<unknown>): Promise<StratalogError> {
  const outcome = await request.then(
    (answer) => ({ answer }),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(StratalogError);
  return outcome as StratalogError;
}

const append = (number = 1) =>
  partitions.appendToHead({
    partition: PARTITION,
    entries: [entryOf(number)],
    objectId: objectIdOf(number),
  });

async function tailLength(): Promise<number | undefined> {
  const [head] = await partitions.readHeads([PARTITION]);
  return head?.tail.length;
}

const KEY = walKey(objectIdOf(1));
const put = (nonce = 'nonce-a') =>
  objects.putObject({ key: KEY, chunks: [new Uint8Array([1, 2, 3])], nonce });

const PAGE: Page = {
  baseOffset: 0n,
  endOffset: 1n,
  entries: [entryOf(1)],
  maxTimestampMs: 0,
  bytesBefore: 0,
};
const CLAIM = {
  ...MEMBER,
  epoch: 1,
  partition: { topicId: TOPIC_ID, topicName: 'orders', partition: 0 },
};
const TOPIC = {
  name: 'orders',
  topicId: TOPIC_ID,
  state: 'active',
  partitionCount: 1,
  configs: {},
  createdAtMs: 0,
  version: 1,
} as const;

describe('an append to a head', () => {
  it.each<[SimpleFault, ErrorCode, FailureEffect, number]>([
    ['request-lost', 'STORAGE_UNAVAILABLE', 'unknown', 0],
    ['answer-lost', 'STORAGE_UNAVAILABLE', 'unknown', 1],
    ['answer-garbled', 'STORAGE_UNAVAILABLE', 'unknown', 1],
    ['server-error', 'STORAGE_UNAVAILABLE', 'unknown', 0],
    ['throttled', 'THROTTLED', 'none', 0],
    ['conflict', 'THROTTLED', 'none', 0],
  ])('after %s fails with %s, effect %s', async (kind, code, effect, entries) => {
    faults.inject('UpdateItem', { kind });
    const failure = await failureOf(append());
    expect([failure.code, failure.effect]).toEqual([code, effect]);
    expect(await tailLength()).toBe(entries);
  });

  it('is sent once, whatever becomes of it (no-double-append)', async () => {
    const kinds = ['request-lost', 'answer-lost', 'server-error', 'throttled', 'conflict'] as const;
    for (const kind of kinds) {
      requests.reset();
      faults.inject('UpdateItem', { kind });
      await failureOf(append());
      expect(requests.read().get('UpdateItem')).toMatchObject({ requests: 1, failures: 1 });
    }
  });

  it('may take effect after its caller was told of a time-out', async () => {
    faults.inject('UpdateItem', { kind: 'effect-late', delayMs: 50 });
    const failure = await failureOf(append());
    expect([failure.code, failure.effect]).toEqual(['REQUEST_TIMED_OUT', 'unknown']);
    expect(await tailLength()).toBe(0);
    await faults.arrived();
    expect(await tailLength()).toBe(1);
  });

  it('takes an answer that is late, but not too late', async () => {
    faults.inject('UpdateItem', { kind: 'answer-late', delayMs: 200 });
    expect((await append()).kind).toBe('appended');
  });
});

describe('every other method of the DynamoDB ports', () => {
  const methods: readonly [string, string, () => Promise<unknown>][] = [
    ['readFloor', 'GetItem', () => partitions.readFloor()],
    [
      'createHeads',
      'TransactWriteItems',
      () => partitions.createHeads({ topicId: TOPIC_ID, partitions: [5], floor: ulidFloor(0) }),
    ],
    [
      'deleteHeads',
      'BatchWriteItem',
      () => partitions.deleteHeads({ topicId: TOPIC_ID, partitions: [0] }),
    ],
    ['readHeads of one', 'GetItem', () => partitions.readHeads([PARTITION])],
    [
      'readHeads of two',
      'BatchGetItem',
      () => partitions.readHeads([PARTITION, { ...PARTITION, partition: 1 }]),
    ],
    ['putPage', 'PutItem', () => partitions.putPage(PARTITION, PAGE)],
    [
      'trimTail',
      'UpdateItem',
      () => partitions.trimTail({ partition: PARTITION, tailBase: 0n, page: PAGE }),
    ],
    ['findPages', 'Query', () => partitions.findPages(PARTITION, { offset: 0n, limit: 1 })],
    ['holdHead', 'UpdateItem', () => partitions.holdHead(PARTITION, 1)],
    ['raiseLogStart', 'UpdateItem', () => partitions.raiseLogStart(PARTITION, 1n)],
    ['getTopic', 'GetItem', () => topics.getTopic('orders')],
    ['listTopics', 'Scan', () => topics.listTopics({ limit: 1 })],
    ['createTopic', 'TransactWriteItems', () => topics.createTopic(TOPIC)],
    ['updateTopic', 'PutItem', () => topics.updateTopic(TOPIC, { topicId: TOPIC_ID, version: 1 })],
    [
      'releaseTopic',
      'TransactWriteItems',
      () =>
        topics.releaseTopic({
          topicId: TOPIC_ID,
          name: 'orders',
          partitionCount: 1,
          deletedAtMs: 0,
        }),
    ],
    ['readGroup', 'GetItem', () => groups.readGroup(GROUP_ID)],
    ['writeGroup', 'PutItem', () => groups.writeGroup(groupState())],
    ['listGroups', 'Scan', () => groups.listGroups({ limit: 1 })],
    ['createMember', 'PutItem', () => createMember(groups)],
    [
      'rejoinMember',
      'UpdateItem',
      () => groups.rejoinMember({ ...MEMBER, profile: PROFILE, joinEpoch: 1 }),
    ],
    [
      'heartbeatMember',
      'UpdateItem',
      () => groups.heartbeatMember({ ...MEMBER, memberEpoch: 1, counter: 1 }),
    ],
    ['readMember', 'GetItem', () => groups.readMember(MEMBER)],
    ['listMembers', 'Query', () => groups.listMembers({ groupId: GROUP_ID })],
    [
      'publishAssignment',
      'UpdateItem',
      () => groups.publishAssignment({ ...MEMBER, joinEpoch: 1, publication: publication(1) }),
    ],
    [
      'fenceMember',
      'UpdateItem',
      () =>
        groups.fenceMember({
          ...MEMBER,
          reason: 'left',
          seen: { leaseExpiresAtMs: 0, status: 'live' },
        }),
    ],
    ['leaveMember', 'UpdateItem', () => groups.leaveMember({ ...MEMBER, temporarily: true })],
    ['deleteMember', 'DeleteItem', () => groups.deleteMember({ ...MEMBER, joinEpoch: 1 })],
    ['claimPartition', 'UpdateItem', () => offsets.claimPartition(CLAIM)],
    ['claimFirst', 'TransactWriteItems', () => offsets.claimFirst(CLAIM)],
    [
      'commitOffset',
      'UpdateItem',
      () => offsets.commitOffset({ ...CLAIM, memberEpoch: 1, offset: 1n, metadata: '' }),
    ],
    [
      'commitWhileEmpty',
      'TransactWriteItems',
      () =>
        offsets.commitWhileEmpty({
          groupId: GROUP_ID,
          groupVersion: 1,
          epoch: 1,
          offsets: [{ partition: CLAIM.partition, offset: 1n, metadata: '' }],
        }),
    ],
    ['raiseOffsetOwner', 'UpdateItem', () => offsets.raiseOffsetOwner(CLAIM)],
    ['readOffsets', 'Query', () => offsets.readOffsets({ groupId: GROUP_ID })],
    ['deleteOffset', 'DeleteItem', () => offsets.deleteOffset(CLAIM)],
  ];

  it.each(methods)(
    '%s says what %s failed with, after one request',
    async (_name, operation, call) => {
      const expected = [
        ['throttled', 'THROTTLED', 'none'],
        ['conflict', 'THROTTLED', 'none'],
        ['server-error', 'STORAGE_UNAVAILABLE', 'unknown'],
        ['request-lost', 'STORAGE_UNAVAILABLE', 'unknown'],
        ['answer-lost', 'STORAGE_UNAVAILABLE', 'unknown'],
      ] as const;
      for (const [kind, code, effect] of expected) {
        requests.reset();
        faults.inject(operation, { kind });
        const failure = await failureOf(call());
        expect([kind, failure.code, failure.effect]).toEqual([kind, code, effect]);
        expect([...requests.read().keys()]).toEqual([operation]);
        expect(requests.read().get(operation)?.requests).toBe(1);
      }
    },
  );
});

describe('a process that has not heard from the storage yet', () => {
  it('asks for the time once, before the first lease that it writes', async () => {
    const names = tableNames(`faults-${made}`);
    await createMember(groups);
    const cold = clientsOf({ dynamodb, s3 });
    const counter = countRequests(cold);
    const unheard = createStorageClock(cold.dynamodb);
    const store = createGroupStore(new GroupsTable(cold.dynamodb, names.groups, unheard));
    for (let number = 0; number < 3; number += 1) {
      expect((await store.heartbeatMember({ ...MEMBER, memberEpoch: 3 })).kind).toBe('written');
    }
    expect(counter.read().get('GetItem')).toMatchObject({ requests: 1 });
    expect(counter.read().get('UpdateItem')).toMatchObject({ requests: 3, capacityUnits: 3 });
    cold.dynamodb.destroy();
  });

  it('hears the time in a refusal too', async () => {
    const cold = clientsOf({ dynamodb, s3 });
    const unheard = createStorageClock(cold.dynamodb);
    const table = new GroupsTable(cold.dynamodb, 'no-such-table', unheard);
    await failureOf(createGroupStore(table).readGroup(GROUP_ID));
    expect(Math.abs(unheard.answeredMs() - Date.now())).toBeLessThan(60_000);
    cold.dynamodb.destroy();
  });
});

describe('putObject', () => {
  it.each<[SimpleFault, ErrorCode, FailureEffect]>([
    ['throttled', 'THROTTLED', 'none'],
    ['conflict', 'THROTTLED', 'none'],
    ['server-error', 'STORAGE_UNAVAILABLE', 'unknown'],
    ['request-lost', 'STORAGE_UNAVAILABLE', 'unknown'],
  ])('after %s fails with %s, effect %s, and a second try stores', async (kind, code, effect) => {
    faults.inject('PutObject', { kind });
    const failure = await failureOf(put());
    expect([failure.code, failure.effect, failure.retriable]).toEqual([code, effect, true]);
    expect(await put()).toEqual({ kind: 'stored' });
  });

  it('knows its own object again after its answer was lost (no-double-append)', async () => {
    faults.inject('PutObject', { kind: 'answer-lost' });
    const failure = await failureOf(put());
    expect([failure.code, failure.effect]).toEqual(['STORAGE_UNAVAILABLE', 'unknown']);
    expect(await put()).toEqual({ kind: 'exists', own: true });
    expect(await put('nonce-b')).toEqual({ kind: 'exists', own: false });
  });

  it('fails, to be tried again, when it can’t tell whose object is there (durable)', async () => {
    await put();
    for (const kind of ['throttled', 'answer-lost', 'answer-garbled'] as const) {
      faults.inject('HeadObject', { kind });
      expect((await failureOf(put())).retriable).toBe(true);
    }
    expect(await put()).toEqual({ kind: 'exists', own: true });
  });
});

describe('getRange', () => {
  it.each<[SimpleFault, ErrorCode]>([
    ['throttled', 'THROTTLED'],
    ['server-error', 'STORAGE_UNAVAILABLE'],
    ['answer-lost', 'STORAGE_UNAVAILABLE'],
    ['answer-garbled', 'CORRUPT_MESSAGE'],
  ])('after %s fails with %s, and a second try reads', async (kind, code) => {
    await put();
    faults.inject('GetObject', { kind });
    const range = { key: KEY, positionBytes: 0, lengthBytes: 3 };
    expect((await failureOf(objects.getRange(range))).code).toBe(code);
    expect(await objects.getRange(range)).toEqual(new Uint8Array([1, 2, 3]));
  });
});

describe('a storage that can’t be used', () => {
  let silent: NetServer;
  let silentEndpoint: string;

  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => undefined));
    const port = await freePort();
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
    silentEndpoint = `http://127.0.0.1:${port}`;
  });

  afterAll(() => {
    silent.close();
  });

  const storageAt = (endpoints: { readonly dynamodb: string; readonly s3: string }): AwsStorage =>
    createAwsStorage({
      bucket: 'missing-bucket',
      tables: tableNames('missing'),
      region: REGION,
      endpoint: endpoints.dynamodb,
      s3Endpoint: endpoints.s3,
      credentials: { accessKeyId: 'test', secretAccessKey: 'wrong-secret' },
    });
  const READ = { key: KEY, positionBytes: 0, lengthBytes: 1 };

  it('fails in time when nobody answers', async () => {
    const storage = storageAt({ dynamodb: silentEndpoint, s3: silentEndpoint });
    const failures = await Promise.all([
      failureOf(storage.partitions.readFloor()),
      failureOf(storage.objects.getRange(READ)),
    ]);
    for (const { code, effect } of failures) {
      expect([code, effect]).toEqual(['REQUEST_TIMED_OUT', 'unknown']);
    }
    storage.close();
  });

  it('says that nothing was sent when nobody listens', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const storage = storageAt({ dynamodb: nobody, s3: nobody });
    for (const request of [storage.partitions.readFloor(), storage.objects.getRange(READ)]) {
      const { code, effect, message } = await failureOf(request);
      expect([code, effect]).toEqual(['STORAGE_UNAVAILABLE', 'none']);
      expect(message).toContain('endpoint');
    }
  });

  it('says which thing to check when the tables are missing, or the credentials are wrong', async () => {
    const storage = storageAt({ dynamodb: dynamodb.endpoint, s3: s3.endpoint });
    const missing = await failureOf(storage.partitions.readFloor());
    expect([missing.code, missing.effect]).toEqual(['STORAGE_UNAVAILABLE', 'none']);
    expect(missing.message).toContain('table');
    const denied = await failureOf(storage.objects.getRange(READ));
    expect([denied.code, denied.effect]).toEqual(['STORAGE_UNAVAILABLE', 'none']);
    expect(denied.message).toContain('credentials');
    expect(denied.message).not.toContain('wrong-secret');
  });
});

describe('countRequests', () => {
  it('counts requests, bytes and capacity by operation', async () => {
    await append();
    await append(2);
    await put();
    const counts = requests.read();
    const updates = counts.get('UpdateItem');
    expect(updates).toMatchObject({ requests: 2, failures: 0, capacityUnits: 2 });
    expect(updates?.sentBytes).toBeGreaterThan(500);
    expect(updates?.receivedBytes).toBeGreaterThan(200);
    expect(counts.get('PutObject')).toMatchObject({ requests: 1, failures: 0, sentBytes: 3 });
  });

  it('costs one write unit an append while the tail is being filled (bounded)', async () => {
    for (let number = 1; number <= 16; number += 1) await append(number);
    expect(requests.read().get('UpdateItem')).toMatchObject({ requests: 16, capacityUnits: 16 });
  });

  it('counts refused conditions as failures', async () => {
    await partitions.raiseLogStart(PARTITION, 5n);
    expect(requests.read().get('UpdateItem')).toMatchObject({ requests: 1, failures: 1 });
  });
});
