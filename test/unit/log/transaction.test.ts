import { describe, expect, it } from 'vitest';
import {
  TRANSACTION_ENTRIES_MAX,
  TRANSACTION_ENTRIES_PER_PARTITION_MAX,
  TRANSACTION_METADATA_BYTES_MAX,
} from '../../../lib/limits.ts';
import {
  newTransaction,
  planEnd,
  planOffsets,
  planStage,
  type StagedBatch,
  type Transaction,
} from '../../../lib/log/transaction.ts';
import { decodeTransaction, encodeTransaction } from '../../../lib/log/transaction-codec.ts';
import { entry } from '../../support/log.ts';

const PARTITION = { topicId: 'AAAAAAAAQACAAAAAAAAAAA', partition: 3 };
const KEY = 'AAAAAAAAQACAAAAAAAAAAA/3';
const NOW_MS = 1_800_000_000_000;

const fresh = newTransaction({ transactionalId: 't', producerId: 2n ** 52n, timeoutMs: 5_000 });
const call = { transactionalId: 't', producerId: 2n ** 52n, producerEpoch: 0, number: 1 };

const batch = (baseSequence: number, recordCount = 1, partition = PARTITION): StagedBatch => ({
  partition,
  batch: { producerId: call.producerId, producerEpoch: 0, baseSequence, recordCount },
  entries: [entry({ recordCount })],
});
const stage = (transaction: Transaction | undefined, ...batches: StagedBatch[]) =>
  planStage(transaction, { call, batches }, NOW_MS);
const kindOf = (plan: { readonly kind: string; readonly code?: string }): string =>
  plan.code ?? plan.kind;

describe('planStage', () => {
  it('opens the transaction with the first batch, and raises the version', () => {
    const plan = stage(fresh, batch(0, 5));
    expect(plan).toEqual({
      kind: 'stage',
      next: {
        ...fresh,
        version: 2,
        deadlineMs: NOW_MS + 6_000,
        sequences: new Map([[KEY, 4]]),
        staged: new Map([[KEY, [entry({ recordCount: 5 })]]]),
      },
    });
  });

  it('goes on after sequence 2^31 − 1 with 0, and knows what came before it (no-double-append)', () => {
    const staged = new Map([[KEY, [entry({ recordCount: 4 })]]]);
    const last = { ...fresh, staged, sequences: new Map([[KEY, 2 ** 31 - 1]]) };
    expect(kindOf(stage(last, batch(0)))).toBe('stage');
    expect(kindOf(stage(last, batch(2 ** 31 - 3, 3)))).toBe('duplicate');
    expect(kindOf(stage(last, batch(1)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    const wrapped = { ...fresh, staged, sequences: new Map([[KEY, 1]]) };
    expect(kindOf(stage(wrapped, batch(2 ** 31 - 2, 4)))).toBe('duplicate');
  });

  it('refuses a batch of which only a part is staged: the rest would be lost (durable)', () => {
    const staged = new Map([[KEY, [entry({ recordCount: 2 })]]]);
    const last = { ...fresh, staged, sequences: new Map([[KEY, 9]]) };
    expect(kindOf(stage(last, batch(8, 2)))).toBe('duplicate');
    expect(kindOf(stage(last, batch(8, 5)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(kindOf(stage(last, batch(10, 5)))).toBe('stage');
  });

  it('takes nothing for a duplicate that an earlier transaction staged (durable, atomic-transaction)', () => {
    const aborted = { ...fresh, sequences: new Map([[KEY, 9]]) };
    expect(kindOf(stage(aborted, batch(8, 2)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(kindOf(stage(aborted, batch(10, 2)))).toBe('stage');
    const open = { ...aborted, staged: new Map([[KEY, [entry({ recordCount: 1 })]]]) };
    expect(kindOf(stage(open, batch(9)))).toBe('duplicate');
    expect(kindOf(stage(open, batch(8, 2)))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });

  it('stages of a request only what is not there yet', () => {
    const other = { ...PARTITION, partition: 4 };
    const staged = new Map([[KEY, [entry({ recordCount: 1 })]]]);
    const before = { ...fresh, staged, sequences: new Map([[KEY, 0]]) };
    const plan = stage(before, batch(0), batch(0, 1, other));
    expect(plan.kind === 'stage' && [...plan.next.staged.keys()]).toEqual([
      KEY,
      'AAAAAAAAQACAAAAAAAAAAA/4',
    ]);
  });

  it('takes as many batches in all as the item holds, and no more', () => {
    const staged = new Map(
      Array.from({ length: 20 }, (_, partition) => [
        `AAAAAAAAQACAAAAAAAAAAA/${partition + 10}`,
        Array.from({ length: 50 }, () => entry()),
      ]),
    );
    expect(20 * 50).toBe(TRANSACTION_ENTRIES_MAX);
    expect(50).toBeLessThan(TRANSACTION_ENTRIES_PER_PARTITION_MAX);
    expect(kindOf(stage({ ...fresh, staged }, batch(0)))).toBe('INVALID_REQUEST');
    staged.set('AAAAAAAAQACAAAAAAAAAAA/10', []);
    expect(kindOf(stage({ ...fresh, staged }, batch(0)))).toBe('stage');
  });

  it.each<readonly [string, Partial<typeof call>, string]>([
    ['another producer', { producerId: 7n }, 'INVALID_PRODUCER_ID_MAPPING'],
    ['an older epoch', { producerEpoch: -1 }, 'INVALID_PRODUCER_EPOCH'],
    ['a later epoch', { producerEpoch: 1 }, 'INVALID_PRODUCER_EPOCH'],
    ['a transaction before', { number: 0 }, 'INVALID_TXN_STATE'],
    ['a transaction to come', { number: 2 }, 'INVALID_TXN_STATE'],
  ])('refuses %s (fenced)', (_what, change, code) => {
    const request = { call: { ...call, ...change }, batches: [batch(0)] };
    expect(kindOf(planStage(fresh, request, NOW_MS))).toBe(code);
  });

  it('refuses an id that nobody has initialised', () => {
    expect(kindOf(stage(undefined, batch(0)))).toBe('INVALID_PRODUCER_ID_MAPPING');
  });
});

describe('planOffsets', () => {
  const offset = (partition: number, metadata: string) => ({
    ...PARTITION,
    partition,
    groupId: 'g',
    memberId: 'm',
    memberEpoch: 1,
    topicName: 'orders',
    offset: 1n,
    metadata,
  });

  it('takes so much metadata together, and no more', () => {
    const half = 'x'.repeat(TRANSACTION_METADATA_BYTES_MAX / 2);
    const plan = (...offsets: ReturnType<typeof offset>[]) =>
      kindOf(planOffsets(fresh, { call, offsets }, NOW_MS));
    expect(plan(offset(0, half), offset(1, half))).toBe('stage');
    expect(plan(offset(0, half), offset(1, `${half}x`))).toBe('OFFSET_METADATA_TOO_LARGE');
    expect(plan(offset(0, half), offset(1, half), offset(1, half))).toBe('stage');
  });
});

describe('planEnd', () => {
  const opened = (): Transaction => {
    const plan = stage(fresh, batch(0));
    if (plan.kind !== 'stage') throw new Error('not staged');
    return plan.next;
  };
  const end = (transaction: Transaction, outcome: 'committed' | 'aborted', nowMs = NOW_MS) =>
    planEnd(transaction, { call, outcome }, nowMs);

  it('open → committed: names the oldest object of each partition, and closes under the next number', () => {
    const older = '01JD0000000000000000000001';
    const before = opened();
    const staged = new Map([[KEY, [entry(), entry({ objectId: older })]]]);
    const plan = end({ ...before, staged }, 'committed');
    expect(plan).toMatchObject({
      kind: 'commit',
      appends: [{ partition: PARTITION, objectId: older, entries: staged.get(KEY) }],
      next: { number: 2, last: 'committed', version: 3, staged: new Map(), offsets: [] },
    });
    expect(plan.kind === 'commit' && plan.next).not.toHaveProperty('deadlineMs');
  });

  it('open → aborted: forgets what was staged, and keeps the sequences', () => {
    expect(end(opened(), 'aborted')).toMatchObject({
      kind: 'close',
      next: { number: 2, last: 'aborted', staged: new Map(), sequences: new Map([[KEY, 0]]) },
    });
  });

  it('timed out → aborted, whatever was wanted', () => {
    const lateMs = NOW_MS + 6_000;
    expect(kindOf(end(opened(), 'committed', lateMs - 1))).toBe('commit');
    expect(end(opened(), 'committed', lateMs)).toMatchObject({
      kind: 'timed-out',
      next: { number: 2, last: 'aborted' },
      refusal: { code: 'INVALID_TXN_STATE' },
    });
    expect(kindOf(end(opened(), 'aborted', lateMs))).toBe('close');
  });

  it('ended → tells the same caller how', () => {
    const ended = { ...fresh, number: 2, last: 'committed' as const };
    expect(end(ended, 'committed')).toEqual({ kind: 'done', outcome: 'committed' });
    expect(kindOf(end(ended, 'aborted'))).toBe('INVALID_TXN_STATE');
    expect(kindOf(end({ ...ended, producerEpoch: 1 }, 'committed'))).toBe('INVALID_PRODUCER_EPOCH');
  });
});

describe('decodeTransaction', () => {
  it('gives back what was encoded', () => {
    const plan = stage(fresh, batch(0, 5));
    const transaction = plan.kind === 'stage' ? plan.next : fresh;
    const { transactionalId, version } = transaction;
    const text = encodeTransaction(transaction);
    expect(decodeTransaction({ transactionalId, version }, text)).toEqual(transaction);
  });

  it.each(['', '{', '{}', 'null', '{"p":"x","s":{},"q":{},"o":[]}'])('refuses %j', (text) => {
    const decode = () => decodeTransaction({ transactionalId: 't', version: 1 }, text);
    expect(decode).toThrow('can’t be read');
  });
});
