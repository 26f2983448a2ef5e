// Transactions: everything of one becomes visible at once or never, whatever gets lost, sleeps or comes twice.

import { beforeEach, describe, expect, it } from 'vitest';
import { ulidFloor } from '../../../../lib/ids.ts';
import {
  GARBAGE_GRACE_MS,
  HOLD_AFTER_CONFLICTS,
  TAIL_ENTRIES_CAP,
  TAIL_ENTRIES_ROLL,
  TRANSACTION_ENTRIES_PER_PARTITION_MAX,
  TRANSACTION_ITEMS_MAX,
  TRANSACTION_TIMEOUT_MS_MAX,
} from '../../../../lib/limits.ts';
import { walKey } from '../../../../lib/log/keys.ts';
import { GROUP_ID } from '../../../contract/group-values.ts';
import { appendTo, batchOf, type Fault, readAll } from '../../../support/test-log.ts';
import {
  claimPartitions,
  createTransactionLog,
  TestProducer,
  type TransactionLog,
} from '../../../support/test-transactions.ts';

const NO_ENTRY = { objectId: '', positionBytes: 0, lengthBytes: 0, producer: undefined };
/** In a batch's header. */
const ATTRIBUTES = 21;
const TRANSACTIONAL_BIT = 0x10;

let log: TransactionLog;
let producer: TestProducer;
let topic: { topicId: string; name: string };

beforeEach(async () => {
  log = createTransactionLog();
  const created = await log.services.topics.create({ name: 'accounts', partitionCount: 3 });
  if (created.kind !== 'created') throw new Error('not created');
  topic = created.topic;
  producer = new TestProducer(log.services);
  await producer.init();
  await producer.stage('accounts', { 2: 'warm' });
  await producer.end('aborted');
  log.wire.take();
});

const values = async (partition: number): Promise<string[]> =>
  (await readAll(log.services, 'accounts', partition)).map(([, value]) => value);
const all = async (): Promise<string[][]> => [await values(0), await values(1), await values(2)];

const committedOffset = async (partition = 0): Promise<bigint | undefined> => {
  const { offsets } = await log.storage.offsets.readOffsets({ groupId: GROUP_ID });
  return offsets.find((one) => one.partition === partition)?.committed?.offset;
};

describe('a transaction', () => {
  it('shows nothing before it is committed, then everything (atomic-transaction, visible-once-complete)', async () => {
    expect(await producer.stage('accounts', { 0: 'a', 1: 'b' })).toBe('staged');
    expect(await producer.stage('accounts', { 0: 'c' })).toBe('staged');
    expect(await all()).toEqual([[], [], []]);
    expect(await producer.end('committed')).toBe('committed');
    expect(await all()).toEqual([['a', 'c'], ['b'], []]);
  });

  it('shows nothing of what it aborted, ever (atomic-transaction)', async () => {
    await producer.stage('accounts', { 0: 'a', 1: 'b' });
    expect(await producer.end('aborted')).toBe('aborted');
    await producer.stage('accounts', { 0: 'c' });
    await producer.end('committed');
    expect(await all()).toEqual([['c'], [], []]);
  });

  it('costs a put, a read and a write to stage, and one write to commit, whatever the partitions', async () => {
    await producer.stage('accounts', { 0: 'a' });
    expect(log.wire.take()).toEqual({ readTransaction: 1, putObject: 1, writeTransaction: 1 });
    await producer.stage('accounts', { 0: 'b', 1: 'c', 2: 'd' });
    expect(log.wire.take()).toEqual({ readTransaction: 1, putObject: 1, writeTransaction: 1 });
    await producer.end('committed');
    expect(log.wire.take()).toEqual({ readTransaction: 1, commitTransaction: 1, readHeads: 1 });
  });

  it('costs those who read nothing: what is in the log is committed', async () => {
    await producer.stage('accounts', { 0: 'a' });
    await producer.end('committed');
    await values(0);
    log.wire.take();
    await log.services.records.read({
      partitions: [{ topicName: 'accounts', partition: 0, offset: 0n }],
      maxBytes: 1_000,
      minBytes: 0,
      maxWaitMs: 0,
      maxRecords: 10,
    });
    expect(log.wire.take()).toEqual({ readHeads: 1 });
  });

  it('leaves records that no reader tells from others: no bit, no marker, dense offsets (dense)', async () => {
    await log.services.append.append(appendTo('accounts', { 0: batchOf(['plain']) }));
    await producer.stage('accounts', { 0: 'a' });
    await producer.end('committed');
    await log.services.append.append(appendTo('accounts', { 0: batchOf(['after']) }));
    expect(await readAll(log.services, 'accounts')).toEqual([
      [0n, 'plain'],
      [1n, 'a'],
      [2n, 'after'],
    ]);
    const [head] = await log.storage.partitions.readHeads([{ ...topic, partition: 0 }]);
    const { objectId, positionBytes, lengthBytes, producer: numbers } = head?.tail[1] ?? NO_ENTRY;
    const range = { key: walKey(objectId), positionBytes, lengthBytes };
    const bytes = Buffer.from((await log.storage.objects.getRange(range)) ?? new Uint8Array(61));
    expect([bytes.readInt16BE(ATTRIBUTES) & TRANSACTIONAL_BIT, numbers]).toEqual([0, undefined]);
  });

  it('commits nothing when nothing was staged, and may be ended again', async () => {
    expect(await producer.end('committed', true)).toBe('committed');
    expect(log.wire.take()).toEqual({ readTransaction: 1, writeTransaction: 1 });
    expect(await producer.end('committed')).toBe('committed');
    expect(log.wire.take()).toEqual({ readTransaction: 1 });
  });

  it('rolls the tails that only transactions fill (bounded)', async () => {
    for (let index = 0; index < 5 * TAIL_ENTRIES_ROLL; index += 1) {
      await producer.stage('accounts', { 0: `a${index}`, 1: `b${index}` });
      expect(await producer.end('committed')).toBe('committed');
    }
    const [head] = await log.storage.partitions.readHeads([{ ...topic, partition: 0 }]);
    expect(head?.tail.length).toBeLessThan(2 * TAIL_ENTRIES_ROLL);
    expect((await values(0)).length).toBe(5 * TAIL_ENTRIES_ROLL);
  });

  it('commits to a tail at its cap after it has rolled it', async () => {
    log.wire.fail('putPage', ...Array<Fault>(1_000).fill('before'));
    for (let index = 0; index < TAIL_ENTRIES_CAP; index += 1) {
      await log.services.append.append(appendTo('accounts', { 0: batchOf([`v${index}`]) }));
    }
    log.wire.fail('putPage');
    await producer.stage('accounts', { 0: 'a', 1: 'b' });
    expect(await producer.end('committed')).toBe('committed');
    expect((await values(0)).at(-1)).toBe('a');
  });
});

describe('staging', () => {
  it('is repeated without being staged twice (no-double-append)', async () => {
    await producer.stage('accounts', { 0: 'a', 1: 'b' });
    expect(await producer.stage('accounts', { 0: 'a', 1: 'b' }, { repeat: true })).toBe('staged');
    await producer.end('committed');
    expect(await all()).toEqual([['a'], ['b'], []]);
  });

  it('keeps sequences across transactions: a batch of the one before is none of this one (no-double-append)', async () => {
    await producer.stage('accounts', { 0: 'a' });
    await producer.end('committed');
    expect(await producer.stage('accounts', { 0: 'a' }, { repeat: true })).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
    await producer.stage('accounts', { 0: 'b' });
    await producer.end('committed');
    expect(await values(0)).toEqual(['a', 'b']);
  });

  it.each<readonly [string, readonly Fault[]]>([
    ['readTransaction', ['before']],
    ['readTransaction', ['throttled']],
    ['putObject', ['before', 'after']],
    ['writeTransaction', ['before']],
    ['writeTransaction', ['after']],
    ['writeTransaction', ['throttled', 'after']],
    ['writeTransaction', ['before', 'before', 'after']],
  ])('stages once when %s fails %j (no-double-append)', async (method, faults) => {
    log.wire.fail(method, ...faults);
    expect(await producer.stage('accounts', { 0: 'a' })).toBe('staged');
    log.wire.fail(method);
    await producer.stage('accounts', { 0: 'b' });
    expect(await producer.end('committed')).toBe('committed');
    expect(await values(0)).toEqual(['a', 'b']);
  });

  it('refuses a gap, and stages nothing of the request (ordered)', async () => {
    await producer.stage('accounts', { 0: 'a' });
    const { producerId, producerEpoch } = producer.call;
    const late = batchOf(['late'], { producerId, producerEpoch, baseSequence: 7 });
    const request = { ...producer.call, ...appendTo('accounts', { 0: late }) };
    expect(await log.services.transactions.stage(request)).toMatchObject({
      code: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    });
    await producer.end('committed');
    expect(await values(0)).toEqual(['a']);
  });

  it('stages nothing when one partition is at fault, and says which', async () => {
    expect(await producer.stage('accounts', { 0: 'a', 7: 'nowhere' })).toBe(
      'OPERATION_NOT_ATTEMPTED,UNKNOWN_PARTITION',
    );
    expect(log.wire.take()).not.toHaveProperty('putObject');
  });

  it('refuses a batch of somebody else', async () => {
    const batch = batchOf(['x'], { producerId: 5n, producerEpoch: 0, baseSequence: 0 });
    const request = { ...producer.call, ...appendTo('accounts', { 0: batch }) };
    expect(await log.services.transactions.stage(request)).toMatchObject({
      kind: 'partly-wrong',
      results: [{ code: 'INVALID_PRODUCER_ID_MAPPING' }],
    });
  });

  it('refuses more partitions than a commit can write, before anything is written', async () => {
    const partitionCount = TRANSACTION_ITEMS_MAX;
    await log.services.topics.create({ name: 'wide', partitionCount });
    const each = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [index, 'x']));
    log.wire.take();
    expect(await producer.stage('wide', each(partitionCount))).toBe('INVALID_REQUEST');
    expect(log.wire.take()).not.toHaveProperty('putObject');
    await producer.init();
    expect(await producer.stage('wide', each(partitionCount - 1))).toBe('staged');
    expect(await producer.stage('accounts', { 0: 'y' })).toBe('INVALID_REQUEST');
    expect(await producer.end('committed')).toBe('committed');
  });

  it('refuses more batches of a partition than a tail takes at once, and commits what it has', async () => {
    for (let index = 0; index < TRANSACTION_ENTRIES_PER_PARTITION_MAX; index += 1) {
      expect(await producer.stage('accounts', { 0: `v${index}` })).toBe('staged');
    }
    log.wire.take();
    expect(await producer.stage('accounts', { 0: 'more' })).toBe('INVALID_REQUEST');
    expect(log.wire.take()).not.toHaveProperty('putObject');
    expect(await producer.end('committed')).toBe('committed');
    expect((await values(0)).length).toBe(TRANSACTION_ENTRIES_PER_PARTITION_MAX);
  });
});

describe('what a transaction remembers', () => {
  /** As after many transactions of one epoch. */
  const rememberPartitions = async (count: number): Promise<void> => {
    const { transaction } = await log.storage.transactions.readTransaction('transfers');
    if (transaction === undefined) throw new Error('no transaction');
    const keys = Array.from({ length: count }, (_, index) => `${topic.topicId}/${index + 1_000}`);
    await log.storage.transactions.writeTransaction({
      ...transaction,
      version: transaction.version + 1,
      sequences: new Map(keys.map((key) => [key, 2_000_000_000])),
    });
  };

  it('may be thousands of partitions of one epoch', async () => {
    await rememberPartitions(9_500);
    expect(await producer.stage('accounts', { 0: 'a', 1: 'b' })).toBe('staged');
    expect(await producer.end('committed')).toBe('committed');
  });

  it('is refused before it is staged where its item can hold no more, and an initialisation cures that', async () => {
    await rememberPartitions(9_885);
    log.wire.take();
    expect(await producer.stage('accounts', { 0: 'a' })).toBe('INVALID_REQUEST');
    expect(log.wire.take()).toEqual({ readTransaction: 1 });
    expect(await producer.end('aborted')).toBe('aborted');
    await producer.init();
    expect(await producer.stage('accounts', { 0: 'a' })).toBe('staged');
    expect(await producer.end('committed')).toBe('committed');
    expect(await values(0)).toEqual(['a']);
  });
});

describe('a batch of a transactional producer outside of a transaction', () => {
  it.each([
    ['its bit says so', { isTransactional: true, producerId: 9n }],
    ['its producer id is of that kind', { isTransactional: false, producerId: 2n ** 52n }],
  ])('is refused when %s', async (_what, fields) => {
    const batch = batchOf(['x'], { ...fields, producerEpoch: 0, baseSequence: 0 });
    const [result] = await log.services.append.append(appendTo('accounts', { 0: batch }));
    expect(result).toMatchObject({ kind: 'rejected', code: 'INVALID_TXN_STATE' });
  });
});

describe('the commit of a transaction', () => {
  it.each<readonly [string, readonly Fault[]]>([
    ['readTransaction', ['before', 'throttled']],
    ['commitTransaction', ['before']],
    ['commitTransaction', ['after']],
    ['commitTransaction', ['throttled', 'throttled', 'after']],
    ['commitTransaction', ['before', 'before', 'after']],
    ['readHeads', Array<Fault>(9).fill('before')],
  ])(
    'happens once when %s fails %j (atomic-transaction, no-double-append)',
    async (method, faults) => {
      await producer.stage('accounts', { 0: 'a', 1: 'b' });
      log.wire.fail(method, ...faults);
      expect(await producer.end('committed')).toBe('committed');
      log.wire.fail(method);
      expect(await all()).toEqual([['a'], ['b'], []]);
    },
  );

  it('is told its outcome when its answer was lost on the way to the caller', async () => {
    await producer.stage('accounts', { 0: 'a' });
    await producer.end('committed', true);
    expect(await producer.end('committed', true)).toBe('committed');
    expect(await producer.end('aborted', true)).toBe('INVALID_TXN_STATE');
    expect(await values(0)).toEqual(['a']);
  });

  it('gives up with a bound where it always meets other writes, and leaves the transaction open', async () => {
    await producer.stage('accounts', { 0: 'a' });
    log.wire.fail('commitTransaction', ...Array<Fault>(100).fill('throttled'));
    await expect(producer.end('committed')).rejects.toMatchObject({ code: 'THROTTLED' });
    log.wire.fail('commitTransaction');
    expect(await producer.end('committed')).toBe('committed');
  });

  it('asks others to stay away from its heads when it has met them too often, and gets through', async () => {
    await producer.stage('accounts', { 0: 'a', 1: 'b' });
    log.wire.take();
    log.wire.fail('commitTransaction', ...Array<Fault>(HOLD_AFTER_CONFLICTS).fill('throttled'));
    expect(await producer.end('committed')).toBe('committed');
    expect(log.wire.take()).toEqual({
      readTransaction: HOLD_AFTER_CONFLICTS + 1,
      commitTransaction: HOLD_AFTER_CONFLICTS + 1,
      holdHead: 2,
      readHeads: 1,
    });
  });

  it('gets through where the holds fail too', async () => {
    await producer.stage('accounts', { 0: 'a', 1: 'b' });
    log.wire.fail('commitTransaction', ...Array<Fault>(HOLD_AFTER_CONFLICTS + 1).fill('throttled'));
    log.wire.fail('holdHead', 'throttled', 'before', 'after', 'throttled');
    expect(await producer.end('committed')).toBe('committed');
    expect(await all()).toEqual([['a'], ['b'], []]);
  });

  it('commits exactly what was staged, however a sleeper and a stager meet (atomic-transaction)', async () => {
    await producer.stage('accounts', { 0: 'a' });
    log.wire.meanwhile('commitTransaction', () => producer.stage('accounts', { 1: 'b' }));
    expect(await producer.end('committed')).toBe('committed');
    expect(await all()).toEqual([['a'], ['b'], []]);
  });

  it('loses against an abort that comes first', async () => {
    await producer.stage('accounts', { 0: 'a' });
    const { call } = producer;
    log.wire.meanwhile('commitTransaction', () =>
      log.another().transactions.end({ ...call, outcome: 'aborted' }),
    );
    expect(await producer.end('committed')).toBe('INVALID_TXN_STATE');
    expect(await all()).toEqual([[], [], []]);
  });

  it('is refused when a topic was deleted, as a whole; then it can be aborted (atomic-transaction)', async () => {
    await log.services.topics.create({ name: 'going' });
    await producer.stage('accounts', { 0: 'a' });
    await producer.stage('going', { 0: 'b' });
    await log.services.topics.delete('going');
    expect(await producer.end('committed')).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(await producer.end('aborted')).toBe('aborted');
    expect(await all()).toEqual([[], [], []]);
  });

  it('is refused when its bytes may have been collected (no-loss-by-cleanup)', async () => {
    expect(TRANSACTION_TIMEOUT_MS_MAX).toBeLessThan(GARBAGE_GRACE_MS / 2);
    await producer.stage('accounts', { 0: 'old' });
    log.clock.timeMs += 1_000;
    await producer.stage('accounts', { 0: 'new' });
    // The floor lies between the two: it is the oldest object that counts.
    const floor = ulidFloor(log.clock.timeMs - 500);
    await log.storage.cleanup.raiseHeadFloor({ ...topic, partition: 0 }, floor);
    expect(await producer.end('committed')).toBe('INVALID_TXN_STATE');
    expect(await all()).toEqual([[], [], []]);
  });
});

describe('offsets of a group in a transaction', () => {
  beforeEach(() => claimPartitions(log.storage, topic, [0, 1]));

  it('are committed with its records, or not at all (atomic-transaction)', async () => {
    await producer.stage('accounts', { 1: 'a' });
    expect(await producer.stageOffset('accounts', 0, 5n)).toBe('staged');
    expect(await committedOffset()).toBeUndefined();
    await producer.end('committed');
    expect([await values(1), await committedOffset()]).toEqual([['a'], 5n]);
    await producer.stage('accounts', { 1: 'b' });
    await producer.stageOffset('accounts', 0, 6n);
    await producer.end('aborted');
    expect([await values(1), await committedOffset()]).toEqual([['a'], 5n]);
  });

  it('alone are a transaction, and the last of a partition counts', async () => {
    await producer.stageOffset('accounts', 0, 5n);
    await producer.stageOffset('accounts', 0, 9n);
    await producer.stageOffset('accounts', 1, 1n);
    await producer.end('committed');
    expect([await committedOffset(0), await committedOffset(1)]).toEqual([9n, 1n]);
  });

  it('whose partition has another owner by now undo everything (one-owner, atomic-transaction)', async () => {
    await producer.stage('accounts', { 1: 'a' });
    await producer.stageOffset('accounts', 0, 5n);
    const partition = { topicId: topic.topicId, topicName: topic.name, partition: 0 };
    const claim = { groupId: GROUP_ID, memberId: 'member-2', epoch: 4, partition };
    log.wire.meanwhile('commitTransaction', () => log.storage.offsets.claimPartition(claim));
    expect(await producer.end('committed')).toBe('STALE_MEMBER_EPOCH');
    expect([await all(), await committedOffset()]).toEqual([[[], [], []], undefined]);
    expect(await producer.end('aborted')).toBe('aborted');
  });

  it('count among what a commit can write', async () => {
    const partitionCount = TRANSACTION_ITEMS_MAX - 2;
    await log.services.topics.create({ name: 'wide', partitionCount });
    const each = Array.from({ length: partitionCount }, (_, index) => [index, 'x']);
    await producer.stage('wide', Object.fromEntries(each));
    expect(await producer.stageOffset('accounts', 0, 5n)).toBe('staged');
    expect(await producer.stageOffset('accounts', 1, 5n)).toBe('INVALID_REQUEST');
    expect(await producer.end('committed')).toBe('committed');
    expect(await committedOffset()).toBe(5n);
  });

  it('of a topic that is not there are refused', async () => {
    expect(await producer.stageOffset('missing', 0, 5n)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(await producer.stageOffset('accounts', 3, 5n)).toBe('UNKNOWN_PARTITION');
  });
});
