// Appends to several partitions at once: all or none, once, whatever gets lost and whoever writes beside them.

import { beforeEach, describe, expect, it } from 'vitest';
import { TAIL_ENTRIES_ROLL, TRANSACTION_ITEMS_MAX } from '../../../../lib/limits.ts';
import type { PartitionAppendResult } from '../../../../lib/log/append.ts';
import {
  appendTo,
  batchOf,
  createTestLog,
  type Fault,
  readAll,
  type TestLog,
} from '../../../support/test-log.ts';

let log: TestLog;

beforeEach(async () => {
  log = createTestLog();
  await log.services.topics.create({ name: 'orders', partitionCount: 3 });
  await log.services.append.append(appendTo('orders', { 2: batchOf(['warm']) }));
  log.wire.take();
});

const outcome = (result: PartitionAppendResult): string | bigint =>
  result.kind === 'appended' ? result.baseOffset : result.code;

const append = async (
  batches: Readonly<Record<number, Uint8Array>>,
  services = log.services,
): Promise<(string | bigint)[]> => {
  const results = await services.append.append({ ...appendTo('orders', batches), atomic: true });
  return results.map(outcome);
};

const plain = (...values: string[]): Uint8Array => batchOf(values);
const numbered = (value: string, baseSequence: number, producerEpoch = 0): Uint8Array =>
  batchOf([value], { producerId: 8n, producerEpoch, baseSequence });

const values = async (partition: number): Promise<string[]> =>
  (await readAll(log.services, 'orders', partition)).map(([, value]) => value);
const lengths = async (): Promise<number[]> => [
  (await values(0)).length,
  (await values(1)).length,
  (await values(2)).length,
];

describe('append to all partitions or none', () => {
  it('tells where each lies, for one object, one transaction and one read (atomic-transaction)', async () => {
    const outcomes = await append({ 0: plain('a'), 1: plain('b', 'c'), 2: plain('d') });
    expect(outcomes).toEqual([0n, 0n, 1n]);
    expect(log.wire.take()).toEqual({ putObject: 1, appendToHeads: 1, readHeads: 1 });
    expect([await values(0), await values(1), await values(2)]).toEqual([
      ['a'],
      ['b', 'c'],
      ['warm', 'd'],
    ]);
  });

  it('appends to none when one is refused, and says which (atomic-transaction)', async () => {
    const request = appendTo('orders', { 0: plain('a'), 1: plain('b'), 3: plain('nowhere') });
    const results = await log.services.append.append({ ...request, atomic: true });
    expect(results.map(outcome)).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'OPERATION_NOT_ATTEMPTED',
      'UNKNOWN_PARTITION',
    ]);
    expect(log.wire.take()).not.toHaveProperty('putObject');
    expect(await lengths()).toEqual([0, 0, 1]);
  });

  it('appends to none when a topic went meanwhile', async () => {
    await log.services.topics.create({ name: 'going' });
    await log.services.append.append(appendTo('going', { 0: plain('x') }));
    log.wire.meanwhile('appendToHeads', () => log.services.topics.delete('going'));
    const results = await log.services.append.append({
      atomic: true,
      partitions: [
        ...appendTo('orders', { 0: plain('a') }).partitions,
        ...appendTo('going', { 0: plain('b') }).partitions,
      ],
    });
    expect(results.map(outcome)).toEqual(['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect(await lengths()).toEqual([0, 0, 1]);
  });

  it('refuses more partitions than a transaction takes, before anything is written', async () => {
    const partitionCount = TRANSACTION_ITEMS_MAX + 1;
    await log.services.topics.create({ name: 'wide', partitionCount });
    log.wire.take();
    const batches = Array.from({ length: partitionCount }, () => plain('x'));
    const request = appendTo('wide', Object.fromEntries(batches.entries()));
    const results = await log.services.append.append({ ...request, atomic: true });
    expect(new Set(results.map(outcome))).toEqual(new Set(['INVALID_REQUEST']));
    expect(log.wire.take()).toEqual({});
    const fits = { ...request, partitions: request.partitions.slice(1) };
    const taken = await log.services.append.append({ ...fits, atomic: true });
    expect(new Set(taken.map(outcome))).toEqual(new Set([0n]));
  });

  it('rolls the tails that it fills (bounded)', async () => {
    const count = 3 * TAIL_ENTRIES_ROLL;
    for (let index = 0; index < count; index += 1) {
      expect(await append({ 0: plain(`a${index}`), 1: plain(`b${index}`) })).toEqual([
        BigInt(index),
        BigInt(index),
      ]);
    }
    expect(log.wire.take()).toMatchObject({ trimTail: 6 });
    expect(await lengths()).toEqual([count, count, 1]);
  });
});

describe('an atomic append whose calls fail', () => {
  it('finds what was stored though its answer was lost (no-double-append)', async () => {
    log.wire.fail('appendToHeads', 'after');
    expect(await append({ 0: plain('a'), 1: plain('b') })).toEqual([0n, 0n]);
    expect(log.wire.take()).toMatchObject({ appendToHeads: 1 });
    expect(await lengths()).toEqual([1, 1, 1]);
  });

  it('finds it in a page when the tails were rolled meanwhile (no-double-append)', async () => {
    const other = log.another();
    log.wire.meanwhile('readHeads', async () => {
      for (let index = 0; index < TAIL_ENTRIES_ROLL; index += 1) {
        await other.append.append(appendTo('orders', { 0: plain(`w${index}`) }));
      }
    });
    expect(await append({ 0: plain('a'), 1: plain('b') })).toEqual([0n, 0n]);
  });

  it('tells a plain producer that it may try again when nothing is there', async () => {
    log.wire.fail('appendToHeads', 'before');
    const outcomes = await append({ 0: plain('a'), 1: plain('b') });
    expect(outcomes).toEqual(['REQUEST_TIMED_OUT', 'REQUEST_TIMED_OUT']);
    expect(await lengths()).toEqual([0, 0, 1]);
  });

  it('is not repeated when only the look-up of its offsets fails (no-double-append)', async () => {
    log.wire.fail('readHeads', ...Array<Fault>(20).fill('throttled'));
    const outcomes = await append({ 0: plain('a'), 1: plain('b') });
    expect(outcomes).toEqual(['REQUEST_TIMED_OUT', 'REQUEST_TIMED_OUT']);
    log.wire.fail('readHeads');
    expect(await lengths()).toEqual([1, 1, 1]);
  });

  it('goes again when it met other writes, and gives up with a bound', async () => {
    log.wire.fail('appendToHeads', 'throttled', 'throttled', 'throttled');
    log.wire.take();
    expect(await append({ 0: plain('a'), 1: plain('b') })).toEqual([0n, 0n]);
    // The fourth try asks others to stay away.
    expect(log.wire.take()).toMatchObject({ appendToHeads: 4, holdHead: 2 });
    log.wire.fail('appendToHeads', ...Array<Fault>(100).fill('throttled'));
    expect(await append({ 0: plain('c'), 1: plain('d') })).toEqual(['THROTTLED', 'THROTTLED']);
    log.wire.fail('appendToHeads');
    expect(await lengths()).toEqual([1, 1, 1]);
  });
});

describe('an atomic append of an idempotent producer', () => {
  it('is answered with its offsets when it is repeated (no-double-append)', async () => {
    const first = { 0: numbered('a', 0), 1: numbered('b', 0) };
    expect(await append(first)).toEqual([0n, 0n]);
    expect(await append(first, log.another())).toEqual([0n, 0n]);
    const second = { 0: numbered('c', 1), 1: numbered('d', 1) };
    log.wire.take();
    expect(await append(second)).toEqual([1n, 1n]);
    expect(log.wire.take()).toEqual({ putObject: 1, appendToHeads: 1, readHeads: 1 });
    expect(await append(second)).toEqual([1n, 1n]);
    expect(await lengths()).toEqual([2, 2, 1]);
  });

  it.each<readonly [string, readonly (Fault | undefined)[]]>([
    ['its request is lost', ['before', 'before']],
    ['its answer is lost', ['after']],
    ['it is throttled, then lost', ['throttled', 'before', 'after']],
  ])('is stored once when %s (no-double-append)', async (_what, faults) => {
    await append({ 0: numbered('a', 0), 1: numbered('b', 0) });
    log.wire.fail('appendToHeads', ...faults);
    expect(await append({ 0: numbered('c', 1), 1: numbered('d', 1) })).toEqual([1n, 1n]);
    expect(await lengths()).toEqual([2, 2, 1]);
  });

  it('appends nothing when one of its sequences has a gap, or its epoch is old (ordered, fenced)', async () => {
    await append({ 0: numbered('a', 0), 1: numbered('b', 0) });
    expect(await append({ 0: numbered('c', 1), 1: numbered('d', 5) })).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ]);
    expect(await append({ 0: numbered('c', 0, 1), 1: numbered('d', 0, 1) })).toEqual([1n, 1n]);
    expect(await append({ 0: numbered('e', 1), 1: numbered('f', 1) })).toEqual([
      'INVALID_PRODUCER_EPOCH',
      'INVALID_PRODUCER_EPOCH',
    ]);
    expect(await lengths()).toEqual([2, 2, 1]);
  });

  it('is refused when only a part of it is there: half of a request is never added (atomic-transaction)', async () => {
    await append({ 0: numbered('a', 0) });
    expect(await append({ 0: numbered('a', 0), 1: numbered('b', 0) })).toEqual([
      'INVALID_REQUEST',
      'OPERATION_NOT_ATTEMPTED',
    ]);
    expect(await lengths()).toEqual([1, 0, 1]);
  });
});

describe('produce to all or none', () => {
  const record = (topicName: string, value: string | null) => ({
    topicName,
    key: null,
    value: value === null ? null : new TextEncoder().encode(value),
    headers: [],
  });

  it('stores no record when one of them can’t be (atomic-transaction)', async () => {
    const results = await log.services.produce.produce({
      acks: 'stored',
      atomic: true,
      records: [record('orders', 'a'), record('missing', 'b')],
    });
    expect(
      results.map((result) => (result.kind === 'rejected' ? result.code : result.kind)),
    ).toEqual(['OPERATION_NOT_ATTEMPTED', 'UNKNOWN_TOPIC_OR_PARTITION']);
    expect(await lengths()).toEqual([0, 0, 1]);
  });

  it('stores records of several topics at once', async () => {
    await log.services.topics.create({ name: 'payments' });
    const results = await log.services.produce.produce({
      acks: 'stored',
      atomic: true,
      records: [record('orders', 'a'), record('payments', 'b')],
    });
    expect(results.map(({ kind }) => kind)).toEqual(['produced', 'produced']);
    expect(log.wire.take()).toMatchObject({ appendToHeads: 1 });
  });

  it('needs an answer', async () => {
    const asked = { acks: 'none', atomic: true, records: [record('orders', 'a')] } as const;
    const [result] = await log.services.produce.produce(asked);
    expect(result).toMatchObject({ kind: 'rejected', code: 'INVALID_REQUEST' });
  });
});
