// Consumer groups through the real services and adapters against dynoxide: processes with clients of their own, the
// storage's clock, and faults.
//
// The seed is printed with a failure; STRATALOG_SEED repeats its faults (not the order in which they meet requests).

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGroupService } from '../../lib/service/group/groups.ts';
import { createOffsetService } from '../../lib/service/group/offsets.ts';
import { createOffsetFinder } from '../../lib/service/read/offset-finder.ts';
import { createRangeReader } from '../../lib/service/read/range-reader.ts';
import { createSegmentHints } from '../../lib/service/read/segment-hints.ts';
import { createServices } from '../../lib/service/services.ts';
import { createTopicCatalog } from '../../lib/service/topics/topic-catalog.ts';
import type { TableNames } from '../../lib/storage/aws/aws-storage.ts';
import type { AwsClients } from '../../lib/storage/aws/clients.ts';
import { createGroupStore } from '../../lib/storage/aws/group-store.ts';
import { GroupsTable } from '../../lib/storage/aws/groups-table.ts';
import { createObjectStore } from '../../lib/storage/aws/object-store.ts';
import { createOffsetStore } from '../../lib/storage/aws/offset-store.ts';
import { createPartitionStore } from '../../lib/storage/aws/partition-store.ts';
import { createSegmentStore } from '../../lib/storage/aws/segment-store.ts';
import { createStorageClock } from '../../lib/storage/aws/storage-clock.ts';
import { createTopicStore } from '../../lib/storage/aws/topic-store.ts';
import { entryOf, objectIdOf } from '../contract/contract-values.ts';
import { clientsOf, createTables, tableNames } from '../support/emulators/aws-server.ts';
import { startDynoxide } from '../support/emulators/dynoxide.ts';
import { MovedDates } from '../support/emulators/moved-dates.ts';
import type { Server } from '../support/emulators/server.ts';
import { type Fault, type Faults, installFaults } from '../support/faults.ts';
import { SEED } from '../support/seed.ts';
import { converge, TestConsumer, type TestProcess } from '../support/test-groups.ts';
import { SeededRandom } from '../support/test-log.ts';

const SESSION_MS = 60_000;
const PARTITIONS = 12;
const TOPIC = 'orders';
const ALL = Array.from({ length: PARTITIONS }, (_, partition) => `${TOPIC}/${partition}`).sort();
const FAULTS_IN_256 = 20;
const KINDS: readonly Fault[] = [
  { kind: 'request-lost' },
  { kind: 'answer-lost' },
  { kind: 'effect-late', delayMs: 30 },
  { kind: 'answer-garbled' },
  { kind: 'throttled' },
  { kind: 'conflict' },
  { kind: 'server-error' },
];

interface AwsProcess extends TestProcess {
  readonly faults: Faults;
}

/** Of the storage: sessions run out when a test lets time pass. */
let dates: MovedDates;
let prefix: string;
let server: Server;
let names: TableNames;
let opened: AwsClients[] = [];
let made = 0;

beforeAll(async () => {
  server = await startDynoxide();
});

afterAll(async () => {
  await server.stop();
});

/** A process with connections of its own, over the same tables. */
function startProcess(clockSkewMs = 0): AwsProcess {
  const clients = clientsOf({ dynamodb: server });
  opened.push(clients);
  const faults = installFaults(clients);
  dates.moveFor(clients.dynamodb, prefix);
  const table = new GroupsTable(
    clients.dynamodb,
    names.groups,
    createStorageClock(clients.dynamodb),
  );
  made += 1;
  const ports = {
    topics: createTopicStore(clients.dynamodb, names.topics),
    partitions: createPartitionStore(clients.dynamodb, names),
    objects: createObjectStore(clients.s3, 'unused'),
    segments: createSegmentStore(clients.dynamodb, names.index),
    groups: createGroupStore(table),
    offsets: createOffsetStore(table),
    clock: {
      nowMs: () => Date.now() + clockSkewMs,
      sleep: async (delayMs: number) => await sleep(delayMs),
    },
    random: new SeededRandom(SEED + made),
    access: undefined,
  };
  const catalog = createTopicCatalog(ports);
  const ranges = createRangeReader(ports);
  const reading = { catalog, ranges, hints: createSegmentHints() };
  const listOffsets = createOffsetFinder(ports, reading);
  return {
    groups: createGroupService(ports),
    offsets: createOffsetService({ ports, catalog, listOffsets }),
    faults,
  };
}

beforeEach(async () => {
  made += 1;
  prefix = `groups-${made}`;
  names = tableNames(prefix);
  dates = new MovedDates();
  const clients = clientsOf({ dynamodb: server });
  opened.push(clients);
  await createTables(clients.dynamodb, names);
  const services = createServices({
    topics: createTopicStore(clients.dynamodb, names.topics),
    partitions: createPartitionStore(clients.dynamodb, names),
    objects: createObjectStore(clients.s3, 'unused'),
    segments: createSegmentStore(clients.dynamodb, names.index),
    clock: { nowMs: Date.now, sleep: async (delayMs) => await sleep(delayMs) },
    random: new SeededRandom(SEED),
    invoker: { appendLater: async () => undefined },
  });
  const created = await services.topics.create({ name: TOPIC, partitionCount: PARTITIONS });
  if (created.kind === 'rejected') throw new Error(created.message);
  // Offsets up to the log's end can be committed; nobody reads the records.
  const { topicId } = created.topic;
  const heads = createPartitionStore(clients.dynamodb, names);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const entries = [entryOf(partition, { recordCount: 1_000 })];
    await heads.appendToHead({
      partition: { topicId, partition },
      entries,
      objectId: objectIdOf(partition),
    });
  }
});

afterEach(() => {
  for (const clients of opened) {
    clients.dynamodb.destroy();
    clients.s3.destroy();
  }
  opened = [];
});

/** Everything is owned, by one consumer each. */
function expectSharedOut(consumers: readonly TestConsumer[]): void {
  expect(consumers.flatMap(({ owned }) => owned).sort()).toEqual(ALL);
}

describe('two processes that join at once', () => {
  it('get disjoint partitions, and all of them (one-owner)', async () => {
    const consumers = [0, 1, 2, 3].map(() => new TestConsumer(startProcess()));
    await Promise.all(consumers.map(async (consumer) => await consumer.join()));
    await converge(consumers);
    expectSharedOut(consumers);
    for (const { owned } of consumers) expect(owned.length).toBe(3);
  });
});

describe('a member that falls silent', () => {
  it('is evicted when its lease is over by the storage’s clock, and can commit no more (fenced, monotonic-ownership)', async () => {
    const hourAhead = startProcess(3_600_000);
    const hourBehind = startProcess(-3_600_000);
    const silent = new TestConsumer(hourBehind);
    const alive = new TestConsumer(hourAhead);
    await silent.join({ sessionTimeoutMs: SESSION_MS });
    await alive.join({ sessionTimeoutMs: SESSION_MS });
    await converge([silent, alive]);
    expectSharedOut([silent, alive]);
    const [mine = ''] = silent.owned;
    expect(await silent.commit(mine, 5n)).toBe('committed');
    // Heartbeats keep it, whatever the machines' clocks say.
    for (let beat = 0; beat < 8; beat += 1) {
      dates.pass(SESSION_MS / 4);
      await converge([silent, alive]);
    }
    expect(silent.owned.length).toBe(PARTITIONS / 2);
    let silences = 0;
    for (; alive.owned.length < PARTITIONS && silences < 20; silences += 1) {
      dates.pass(SESSION_MS / 4);
      await alive.heartbeat();
    }
    expectSharedOut([alive]);
    expect(silences).toBeGreaterThan(2);
    expect(await silent.commit(mine, 6n)).toBe('FENCED_MEMBER_EPOCH');
    expect(alive.positions.get(mine)?.offset).toBe(5n);
    expect(await alive.commit(mine, 7n)).toBe('committed');
  });
});

/** Some requests of these processes fail from now on. */
function beginFaults(processes: readonly AwsProcess[]): void {
  const random = new SeededRandom(SEED);
  const pick = (): Fault | undefined => {
    const [chance = 0, kind = 0] = random.randomBytes(2);
    return chance < FAULTS_IN_256 ? KINDS[kind % KINDS.length] : undefined;
  };
  for (const { faults } of processes) faults.choose(pick);
}

async function endFaults(processes: readonly AwsProcess[]): Promise<void> {
  for (const { faults } of processes) {
    faults.choose(() => undefined);
    await faults.arrived();
  }
}

/** Commits for the first of its partitions: what came of it, undefined when it has none. */
async function commitSomewhere(
  consumer: TestConsumer | undefined,
  offset: bigint,
): Promise<string | undefined> {
  const name = consumer?.owned[0];
  return name === undefined ? undefined : await consumer?.commit(name, offset).catch(String);
}

describe(`groups under faults (seed ${SEED})`, () => {
  it('converge to one owner a partition, and nobody else commits (one-owner, fenced)', async () => {
    const processes = [startProcess(), startProcess()];
    const consumers = processes.flatMap((each) => [new TestConsumer(each), new TestConsumer(each)]);
    const committed: (string | undefined)[] = [];
    for (const consumer of consumers) expect((await consumer.join()).kind).toBe('member');
    beginFaults(processes);
    for (let round = 0; round < 12; round += 1) {
      // A heartbeat that failed is followed by the next one, as a client's would be.
      await Promise.allSettled(consumers.map(async (consumer) => await consumer.heartbeat()));
      committed.push(await commitSomewhere(consumers[round % consumers.length], BigInt(round)));
    }
    await endFaults(processes);
    expect(committed).toContain('committed');
    await converge(consumers);
    expectSharedOut(consumers);
  });

  it('leave nobody but the owner able to commit (one-owner, fenced)', async () => {
    const processes = [startProcess(), startProcess()];
    const consumers = processes.flatMap((each) => [new TestConsumer(each), new TestConsumer(each)]);
    beginFaults(processes);
    await Promise.allSettled(consumers.map(async (consumer) => await consumer.join()));
    await endFaults(processes);
    const joined = consumers.filter(({ memberId }) => memberId !== '');
    expect(joined.length).toBeGreaterThan(0);
    await converge(joined);
    for (const name of joined.flatMap(({ owned }) => owned)) {
      const outcomes = await Promise.all(
        joined.map(async (consumer) => await consumer.commit(name, 100n, { counter: 1_000 })),
      );
      const owner = joined.findIndex(({ owned }) => owned.includes(name));
      expect(outcomes.map((outcome) => outcome === 'committed')).toEqual(
        joined.map((_, index) => index === owner),
      );
    }
  });
});
