// Producers append through the real services and adapters while requests and answers are lost, late, throttled and in
// conflict at random. Afterwards the log is read back and compared with what each producer was told.
//
// The seed is printed with a failure; STRATALOG_SEED repeats its faults (not the order in which they meet requests).

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS, StratalogError } from '../../lib/errors.ts';
import type { PartitionAppendResult } from '../../lib/log/append.ts';
import { createServices, type Services } from '../../lib/service/services.ts';
import { createObjectStore } from '../../lib/storage/aws/object-store.ts';
import { createPartitionStore } from '../../lib/storage/aws/partition-store.ts';
import { createSegmentStore } from '../../lib/storage/aws/segment-store.ts';
import { createTopicStore } from '../../lib/storage/aws/topic-store.ts';
import {
  type AwsServer,
  clientsOf,
  createBucket,
  createTables,
  tableNames,
} from '../support/emulators/aws-server.ts';
import { startDynoxide } from '../support/emulators/dynoxide.ts';
import type { Server } from '../support/emulators/server.ts';
import { startVersitygw } from '../support/emulators/versitygw.ts';
import { type Fault, type Faults, installFaults } from '../support/faults.ts';
import { SEED } from '../support/seed.ts';
import { appendTo, batchOf, readAll, SeededRandom } from '../support/test-log.ts';

const FAULTS_IN_256 = 40;
const PRODUCERS = 4;
const BATCHES_PER_PRODUCER = 40;
const ATTEMPTS_MAX = 20;
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

let dynamodb: Server;
let s3: AwsServer;
let faults: Faults;
let services: Services;
let close: () => void;

beforeAll(async () => {
  dynamodb = await startDynoxide();
  s3 = await startVersitygw();
  const clients = clientsOf({ dynamodb, s3 });
  const names = tableNames('under-faults');
  await createTables(clients.dynamodb, names, ['topics', 'heads', 'index']);
  await createBucket(clients.s3, 'under-faults');
  faults = installFaults(clients);
  services = createServices({
    topics: createTopicStore(clients.dynamodb, names.topics),
    partitions: createPartitionStore(clients.dynamodb, names),
    objects: createObjectStore(clients.s3, 'under-faults'),
    segments: createSegmentStore(clients.dynamodb, names.index),
    clock: { nowMs: Date.now, sleep: async (delayMs) => await sleep(delayMs) },
    random: new SeededRandom(SEED),
    invoker: { appendLater: async () => undefined },
  });
  close = () => {
    clients.dynamodb.destroy();
    clients.s3.destroy();
  };
});

afterAll(async () => {
  close();
  await dynamodb.stop();
  await s3.stop();
});

function faultsOf(random: SeededRandom): (operation: string) => Fault | undefined {
  return () => {
    const [chance = 0, kind = 0] = random.randomBytes(2);
    return chance < FAULTS_IN_256 ? KINDS[kind % KINDS.length] : undefined;
  };
}

/** One send: its base offset, or undefined when the producer may try again. */
async function send(topicName: string, batch: Uint8Array): Promise<bigint | undefined> {
  let result: PartitionAppendResult | undefined;
  try {
    [result] = await services.append.append(appendTo(topicName, { 0: batch }));
  } catch (error) {
    if (error instanceof StratalogError && error.retriable) return undefined;
    throw error;
  }
  if (result?.kind === 'appended') return result.baseOffset;
  if (result !== undefined && ERRORS[result.code].retriable) return undefined;
  throw new Error(`not retriable: ${JSON.stringify(result)}`);
}

async function createTopic(name: string): Promise<void> {
  faults.choose(() => undefined);
  expect((await services.topics.create({ name, partitionCount: 1 })).kind).toBe('created');
  // Known before the faults begin.
  await services.topics.get(name);
  faults.choose(faultsOf(new SeededRandom(SEED)));
}

/** Everything in the log, after everything that was late has arrived. */
async function settle(topicName: string): Promise<readonly [bigint, string][]> {
  faults.choose(() => undefined);
  await faults.arrived();
  const values = await readAll(services, topicName);
  const offsets = values.map(([offset]) => offset);
  expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
  return values;
}

describe(`appends under faults (seed ${SEED})`, () => {
  it('of idempotent producers appear once each, in order, where they were said to be (no-double-append, ordered, dense, durable)', async () => {
    await createTopic('idempotent');
    const acknowledged = new Map<string, bigint>();
    const produce = async (producer: number): Promise<void> => {
      for (let sequence = 0; sequence < BATCHES_PER_PRODUCER; sequence += 1) {
        const value = `${producer}/${sequence}`;
        const fields = { producerId: BigInt(producer), producerEpoch: 0, baseSequence: sequence };
        const batch = batchOf([value], fields);
        let offset: bigint | undefined;
        for (let attempt = 0; offset === undefined; attempt += 1) {
          expect(attempt).toBeLessThan(ATTEMPTS_MAX);
          offset = await send('idempotent', batch);
        }
        acknowledged.set(value, offset);
      }
    };
    await Promise.all(Array.from({ length: PRODUCERS }, (_, producer) => produce(producer)));
    const values = await settle('idempotent');
    expect(new Map(values.map(([offset, value]) => [value, offset]))).toEqual(acknowledged);
    expect(values.length).toBe(PRODUCERS * BATCHES_PER_PRODUCER);
    for (let producer = 0; producer < PRODUCERS; producer += 1) {
      const own = values.filter(([, value]) => value.startsWith(`${producer}/`));
      const sequences = own.map(([, value]) => Number(value.split('/')[1]));
      expect(sequences).toEqual(sequences.map((_, index) => index));
    }
  });

  it('of plain producers appear where they were said to be, and each request at most once (durable, no-double-append)', async () => {
    await createTopic('plain');
    const acknowledged = new Map<string, bigint>();
    const produce = async (producer: number): Promise<void> => {
      for (let number = 0; number < BATCHES_PER_PRODUCER; number += 1) {
        const value = `${producer}/${number}`;
        const offset = await send('plain', batchOf([value]));
        if (offset !== undefined) acknowledged.set(value, offset);
      }
    };
    await Promise.all(Array.from({ length: PRODUCERS }, (_, producer) => produce(producer)));
    const values = await settle('plain');
    const byOffset = new Map(values);
    for (const [value, offset] of acknowledged) expect(byOffset.get(offset)).toBe(value);
    expect(new Set(byOffset.values()).size).toBe(values.length);
    expect(acknowledged.size).toBeGreaterThan((PRODUCERS * BATCHES_PER_PRODUCER) / 2);
  });

  it('go through while S3 says SlowDown, and then doesn’t', async () => {
    await createTopic('slow-down');
    faults.choose(() => undefined);
    faults.inject('PutObject', { kind: 'throttled' }, 3);
    expect(await send('slow-down', batchOf(['a']))).toBe(0n);
    faults.inject('PutObject', { kind: 'throttled' }, 100);
    expect(await send('slow-down', batchOf(['b']))).toBeUndefined();
  });
});
