// Transactions through the real services and DynamoDB adapters, against dynoxide, while requests and answers are lost,
// late, throttled and in conflict at random; others append beside them, to one partition and to both at once. Each
// transaction is in the log whole and once, with its offset committed, or not at all, as its producer was told.
//
// The seed is printed with a failure; STRATALOG_SEED repeats its faults (not the order in which they meet requests).

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StratalogError } from '../../lib/errors.ts';
import type { GroupStore } from '../../lib/ports/group-store.ts';
import type { OffsetStore } from '../../lib/ports/offset-store.ts';
import { createServices } from '../../lib/service/services.ts';
import { createTransactionServices } from '../../lib/service/transactions/transaction-services.ts';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { createGroupStore } from '../../lib/storage/aws/group-store.ts';
import { GroupsTable } from '../../lib/storage/aws/groups-table.ts';
import { createOffsetStore } from '../../lib/storage/aws/offset-store.ts';
import { createPartitionStore } from '../../lib/storage/aws/partition-store.ts';
import { createProducerStore } from '../../lib/storage/aws/producer-store.ts';
import { createSegmentStore } from '../../lib/storage/aws/segment-store.ts';
import { createStorageClock } from '../../lib/storage/aws/storage-clock.ts';
import { createTopicStore } from '../../lib/storage/aws/topic-store.ts';
import { createTransactionStore } from '../../lib/storage/aws/transaction-store.ts';
import { createLocalStorage } from '../../lib/storage/local/local-storage.ts';
import { clientsOf, createTables, tableNames } from '../support/emulators/aws-server.ts';
import { DYNOXIDE_MISSING, startDynoxide } from '../support/emulators/dynoxide.ts';
import type { Server } from '../support/emulators/server.ts';
import { type Fault, type Faults, installFaults } from '../support/faults.ts';
import { SEED } from '../support/seed.ts';
import { appendTo, batchOf, readAll, SeededRandom } from '../support/test-log.ts';
import { claimPartitions, TestProducer, type TestServices } from '../support/test-transactions.ts';
import { GROUP_ID } from './group-values.ts';

const FAULTS_IN_256 = 40;
/** Each owns a partition of the group's topic. */
const PRODUCERS = 3;
const TRANSACTIONS_PER_PRODUCER = 12;
const ATTEMPTS_MAX = 30;
const KINDS: readonly Fault[] = [
  { kind: 'request-lost' },
  { kind: 'answer-lost' },
  { kind: 'effect-late', delayMs: 30 },
  { kind: 'answer-late', delayMs: 20 },
  { kind: 'answer-garbled' },
  { kind: 'throttled' },
  { kind: 'conflict' },
  { kind: 'server-error' },
];

if (DYNOXIDE_MISSING !== undefined) {
  console.log(`skipped: transactions under faults against dynoxide (${DYNOXIDE_MISSING})`);
}

/** What is thrown was stored nowhere, or nobody knows. */
function asBusy(error: unknown): readonly { readonly kind: 'failed' }[] {
  if (error instanceof StratalogError) return [{ kind: 'failed' }];
  throw error;
}

describe.skipIf(DYNOXIDE_MISSING !== undefined)(`transactions under faults, seed ${SEED}`, () => {
  let server: Server;
  let clients: AwsClients;
  let faults: Faults;
  let services: TestServices;
  let groups: { readonly groups: GroupStore; readonly offsets: OffsetStore };

  beforeAll(async () => {
    server = await startDynoxide();
    clients = clientsOf({ dynamodb: server });
    const names = tableNames('transactions-under-faults');
    await createTables(clients.dynamodb, names);
    faults = installFaults(clients);
    const { dynamodb } = clients;
    const table = new GroupsTable(dynamodb, names.groups, createStorageClock(dynamodb));
    const ports = {
      topics: createTopicStore(dynamodb, names.topics),
      partitions: createPartitionStore(dynamodb, names),
      segments: createSegmentStore(dynamodb, names.index),
      producers: createProducerStore(dynamodb, names.producers),
      transactions: createTransactionStore(names, table),
      // Objects have their own tests.
      objects: createLocalStorage({ directory: ':memory:' }).objects,
      clock: { nowMs: Date.now, sleep: async (delayMs: number) => await sleep(delayMs / 10) },
      random: new SeededRandom(SEED),
      invoker: { appendLater: async () => undefined },
    };
    services = { ...createServices(ports), ...createTransactionServices(ports) };
    await services.topics.create({ name: 'accounts', partitionCount: 2 });
    const created = await services.topics.create({ name: 'orders', partitionCount: PRODUCERS });
    if (created.kind !== 'created') throw new Error('not created');
    groups = { groups: createGroupStore(table), offsets: createOffsetStore(table) };
    await claimPartitions(groups, created.topic, [0, 1, 2]);
  });

  afterAll(async () => {
    clients.dynamodb.destroy();
    clients.s3.destroy();
    await server.stop();
  });

  /** As a client does: again while the log may have been unlucky. */
  async function persist(work: () => Promise<string>): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        const mayRepeat = error instanceof StratalogError && error.retriable;
        if (!mayRepeat || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  }

  /** The values that this producer was told are committed. */
  async function runProducer(number: number, random: SeededRandom): Promise<string[]> {
    const producer = new TestProducer(services, `producer-${number}`);
    await persist(() => producer.init().then(() => 'done'));
    const committed: string[] = [];
    for (let index = 0; index < TRANSACTIONS_PER_PRODUCER; index += 1) {
      const value = `${number}/${index}`;
      let repeat = false;
      const staged = await persist(async () => {
        const again = repeat;
        repeat = true;
        return await producer.stage('accounts', { 0: value, 1: value }, { repeat: again });
      });
      expect(staged).toBe('staged');
      const offset = BigInt(index + 1);
      expect(await persist(() => producer.stageOffset('orders', number, offset))).toBe('staged');
      const [chance = 0] = random.randomBytes(1);
      const outcome = chance < 80 ? 'aborted' : 'committed';
      expect(await persist(() => producer.end(outcome))).toBe(outcome);
      if (outcome === 'committed') committed.push(value);
    }
    return committed;
  }

  async function runPlain(isDone: () => boolean): Promise<number> {
    let appended = 0;
    while (!isDone()) {
      const [result] = await services.append.append(
        appendTo('accounts', { 0: batchOf(['plain']) }),
      );
      if (result?.kind === 'appended') appended += 1;
      await sleep(5);
    }
    return appended;
  }

  /** Of both partitions at once, the values that were told to be there. */
  async function runAtomic(isDone: () => boolean): Promise<string[]> {
    const stored: string[] = [];
    for (let index = 0; !isDone(); index += 1) {
      const value = `both/${index}`;
      const batches = { 0: batchOf([value]), 1: batchOf([value]) };
      const results = await services.append
        .append({ ...appendTo('accounts', batches), atomic: true })
        .catch(asBusy);
      const isStored = results.map(({ kind }) => kind === 'appended');
      expect(isStored).toEqual(isStored.map(() => isStored[0]));
      if (isStored[0] === true) stored.push(value);
      await sleep(5);
    }
    return stored;
  }

  async function lastCommitted(partition: number): Promise<bigint | undefined> {
    const { offsets } = await groups.offsets.readOffsets({ groupId: GROUP_ID });
    return offsets.find((one) => one.partition === partition)?.committed?.offset;
  }

  it('are whole and once, or not at all, and leave the rest alone (atomic-transaction, no-double-append, dense)', async () => {
    const random = new SeededRandom(SEED);
    await services.append.append(
      appendTo('accounts', { 0: batchOf(['plain']), 1: batchOf(['plain']) }),
    );
    faults.choose(() => {
      const [chance = 0, kind = 0] = random.randomBytes(2);
      return chance < FAULTS_IN_256 ? KINDS[kind % KINDS.length] : undefined;
    });
    let isDone = false;
    const plain = runPlain(() => isDone);
    const atomic = runAtomic(() => isDone);
    const told = await Promise.all(
      Array.from({ length: PRODUCERS }, (_, number) => runProducer(number, random)),
    ).finally(() => {
      isDone = true;
    });
    const appended = await plain;
    const both = await atomic;
    faults.choose(() => undefined);
    await faults.arrived();
    for (const [number, own] of told.entries()) {
      const last = own.at(-1)?.split('/')[1];
      const expected = last === undefined ? undefined : BigInt(last) + 1n;
      expect(await lastCommitted(number)).toBe(expected);
    }
    const atomicOf: string[][] = [];
    for (const partition of [0, 1]) {
      const read = await readAll(services, 'accounts', partition);
      expect(read.map(([offset]) => Number(offset))).toEqual(read.map((_, index) => index));
      const all = read.map(([, value]) => value);
      atomicOf.push(all.filter((value) => value.startsWith('both/')));
      const values = all.filter((value) => value !== 'plain' && !value.startsWith('both/'));
      expect([...values].sort()).toEqual(told.flat().sort());
      for (const [number, own] of told.entries()) {
        expect(values.filter((value) => value.startsWith(`${number}/`))).toEqual(own);
      }
      const plainCount = all.filter((value) => value === 'plain').length;
      if (partition === 0) expect(plainCount).toBeGreaterThanOrEqual(appended);
    }
    // Whoever was not told may still have stored; nobody stored a half, or twice.
    const [left = [], right = []] = atomicOf.map((values) => values.sort());
    expect(left).toEqual(right);
    expect(new Set(left).size).toBe(left.length);
    expect(left).toEqual(expect.arrayContaining(both));
  }, 120_000);
});
