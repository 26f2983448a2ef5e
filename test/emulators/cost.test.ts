// What the worked example in docs/OPERATIONS.md says a month costs, against the requests of a minute of it: 1 MiB a
// second in, in one request a second over 16 partitions, and two groups that read all of it. What is counted here is what
// the services send to the storage, with the capacity that it says was used, and what would have been sent to the API.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { required } from '../../lib/assert.ts';
import { createGroupServices } from '../../lib/service/group/group-services.ts';
import { createServices } from '../../lib/service/services.ts';
import { type AwsStorage, createAwsStorage } from '../../lib/storage/aws/aws-storage.ts';
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
import { appendTo, batchOf, SeededRandom } from '../support/test-log.ts';

const PARTITIONS = 16;
const BATCH_BYTES = 64 * 1024;
const SECONDS = 60;
/** Heartbeats and commits. */
const GROUP_INTERVAL_SECONDS = 5;
const GROUPS = ['billing', 'search'];
const MINUTES_A_MONTH = 60 * 24 * 30;
const TOPIC = 'orders';
/** An HTTP API counts a request once for each of these that it, or its answer, takes. */
const API_UNIT_BYTES = 512 * 1024;
/** Of a request or an answer of a few fields. */
const SMALL_BYTES = 2_000;
const DOCUMENT = fileURLToPath(new URL('../../docs/OPERATIONS.md', import.meta.url));

let dynamodb: Server;
let s3: AwsServer;
let storage: AwsStorage;

beforeAll(async () => {
  dynamodb = await startDynoxide();
  s3 = await startVersitygw();
  const clients = clientsOf({ dynamodb, s3 });
  const tables = tableNames('cost');
  await createTables(clients.dynamodb, tables);
  await createBucket(clients.s3, 'cost');
  clients.dynamodb.destroy();
  clients.s3.destroy();
  storage = createAwsStorage({
    bucket: 'cost',
    tables,
    region: REGION,
    endpoint: dynamodb.endpoint,
    s3Endpoint: s3.endpoint,
    credentials: s3.credentials,
  });
});

afterAll(async () => {
  storage.close();
  await dynamodb.stop();
  await s3.stop();
});

/** Each group reads in a process of its own: a warm function that appended has nothing in memory that readers have. */
function process() {
  const ports = {
    ...storage,
    clock: { nowMs: Date.now, sleep: async (delayMs: number) => await sleep(delayMs) },
    random: new SeededRandom(1),
    invoker: { appendLater: async () => undefined },
    access: undefined,
  };
  return { ...createServices(ports), ...createGroupServices(ports) };
}

type Process = ReturnType<typeof process>;

interface Member {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberEpoch: number;
}

const everyPartition = Array.from({ length: PARTITIONS }, (_, partition) => partition);

async function joined(services: Process, groupId: string): Promise<Member> {
  const answer = await services.groups.join({ groupId, topicNames: [TOPIC] });
  if (answer.kind === 'rejected') throw new Error(answer.message);
  const { memberId, memberEpoch } = answer;
  const partitions = everyPartition.map((partition) => ({ topicName: TOPIC, partition }));
  await services.offsets.claim({ groupId, memberId, memberEpoch, partitions });
  return { groupId, memberId, memberEpoch };
}

/** What went through the API, in the minute. */
class ApiCalls {
  requests = 0;
  units = 0;

  /** `bytes`: of the request or its answer, whichever is larger. */
  count(bytes: number): void {
    this.requests += 1;
    this.units += Math.ceil((bytes + SMALL_BYTES) / API_UNIT_BYTES);
  }
}

/** What a member does in a second. */
async function consume(
  services: Process,
  { member, calls }: { readonly member: Member; readonly calls: ApiCalls },
  second: number,
): Promise<void> {
  const partitions = everyPartition.map((partition) => ({
    topicName: TOPIC,
    partition,
    offset: BigInt(second),
  }));
  const results = await services.read.fetch({
    deliver: 'bytes',
    partitions,
    maxBytes: 4_000_000,
    minBytes: 1,
    maxWaitMs: 0,
  });
  expect(results.map(({ kind }) => kind)).toEqual(everyPartition.map(() => 'bytes'));
  const chunks = results.flatMap((result) => (result.kind === 'bytes' ? result.chunks : []));
  calls.count(chunks.reduce((bytes, chunk) => bytes + chunk.length, 0));
  if (second % GROUP_INTERVAL_SECONDS !== 0) return;
  const owned = [{ topicName: TOPIC, partitions: everyPartition }];
  calls.count(0);
  const beat = await services.groups.heartbeat({ ...member, owned });
  expect(beat.kind).not.toBe('rejected');
  const offsets = partitions.map((one) => ({ ...one, offset: one.offset + 1n }));
  calls.count(0);
  const committed = await services.offsets.commit({ groupId: member.groupId, member, offsets });
  if (committed.kind === 'rejected') throw new Error(committed.message);
  expect(committed.results.filter(({ kind }) => kind === 'rejected')).toEqual([]);
}

/** Requests and units of the minute, in the words of the document. */
function counted(calls: ApiCalls): Record<string, number> {
  const counts = storage.requests.read();
  const requests = (operation: string) => counts.get(operation)?.requests ?? 0;
  const units = (operations: readonly string[]) =>
    operations.reduce((sum, operation) => sum + (counts.get(operation)?.capacityUnits ?? 0), 0);
  return {
    'S3 PUT': requests('PutObject'),
    'S3 GET': requests('GetObject'),
    'DynamoDB write units': units(['UpdateItem', 'PutItem']),
    'DynamoDB read units': units(['GetItem', 'BatchGetItem', 'Query']),
    'HTTP API, units of 512 KB': calls.units,
    'Lambda requests': calls.requests,
  };
}

describe('the worked example of what a month costs', () => {
  it('counts the requests that a minute of it makes, within 5 %', async () => {
    const producer = process();
    await producer.topics.create({ name: TOPIC, partitionCount: PARTITIONS });
    const readers = GROUPS.map(() => process());
    const members = await Promise.all(
      readers.map((reader, index) => joined(reader, required(GROUPS[index], 'a group'))),
    );
    const value = 'x'.repeat(BATCH_BYTES - 100);
    const batches = Object.fromEntries(
      everyPartition.map((partition) => [partition, batchOf([value])]),
    );
    const calls = new ApiCalls();
    const appendedBytes = Object.values(batches).reduce((bytes, batch) => bytes + batch.length, 0);
    storage.requests.reset();
    for (let second = 0; second < SECONDS; second += 1) {
      await producer.append.append(appendTo(TOPIC, batches));
      calls.count(appendedBytes);
      for (const [index, reader] of readers.entries()) {
        await consume(reader, { member: required(members[index], 'a member'), calls }, second);
      }
    }
    const said = new Map(documentRows().map(({ what, amount }) => [what, amount]));
    for (const [what, count] of Object.entries(counted(calls))) {
      const inMonth = count * MINUTES_A_MONTH;
      const error = Math.abs(required(said.get(what), `the row of ${what}`) - inMonth) / inMonth;
      expect(error, `${what}: ${inMonth} a month`).toBeLessThan(0.05);
    }
  });

  it('adds up: each amount by its price, and all of them together', () => {
    const rows = documentRows();
    for (const { what, amount, price, dollars } of rows) {
      if (price !== undefined) expect(Math.abs(dollars - amount * price), what).toBeLessThan(0.01);
    }
    const [, together] = /\| \*\*together\*\* \|.*\*\*([\d.]+)\*\* \|/.exec(document()) ?? [];
    const sum = rows.reduce((total, { dollars }) => total + dollars, 0);
    expect(Number(together)).toBeCloseTo(sum, 2);
    const [, perGib] = /That is \$([\d.]+) a GiB written and read twice/.exec(document()) ?? [];
    const gibAMonth = (SECONDS * MINUTES_A_MONTH) / 1024;
    expect(Number(perGib)).toBeCloseTo(sum / gibAMonth, 2);
  });
});

interface DocumentRow {
  readonly what: string;
  readonly amount: number;
  /** Dollars for one; undefined where the row is an estimate as a whole. */
  readonly price: number | undefined;
  readonly dollars: number;
}

function document(): string {
  return readFileSync(DOCUMENT, 'utf8');
}

/** `| S3 PUT | 2,592,000 | $5 a million | 12.96 |`; what is in brackets explains, and is left out. */
function documentRows(): readonly DocumentRow[] {
  const text = document();
  const table = text.slice(text.indexOf('| what | a month |'), text.indexOf('| **together**'));
  return table
    .split('\n')
    .slice(2)
    .filter((line) => line !== '')
    .map((line) => {
      const [, what = '', amount = '', price = '', dollars = ''] = line
        .split('|')
        .map((cell) => cell.trim());
      const [, each, million] = /^\$([\d.]+) a( million)?/.exec(price) ?? [];
      return {
        what: what.replace(/ \(.*\)$/, ''),
        amount: Number(amount.replace(/[^\d.]/g, '')),
        price: each === undefined ? undefined : Number(each) / (million === undefined ? 1 : 1e6),
        dollars: Number(dollars),
      };
    });
}
