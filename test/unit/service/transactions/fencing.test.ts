// Transactions that somebody else has ended: a newer instance, or the clock.

import { beforeEach, describe, expect, it } from 'vitest';
import { TRANSACTION_TIMEOUT_MS_MAX } from '../../../../lib/limits.ts';
import { type Fault, readAll } from '../../../support/test-log.ts';
import {
  createTransactionLog,
  TestProducer,
  type TransactionLog,
} from '../../../support/test-transactions.ts';

let log: TransactionLog;
let producer: TestProducer;

beforeEach(async () => {
  log = createTransactionLog();
  const created = await log.services.topics.create({ name: 'accounts', partitionCount: 3 });
  if (created.kind !== 'created') throw new Error('not created');
  producer = new TestProducer(log.services);
  await producer.init();
  await producer.stage('accounts', { 2: 'warm' });
  await producer.end('aborted');
  log.wire.take();
});

const values = async (partition: number): Promise<string[]> =>
  (await readAll(log.services, 'accounts', partition)).map(([, value]) => value);
const all = async (): Promise<string[][]> => [await values(0), await values(1), await values(2)];

describe('a newer instance of the same transactional id', () => {
  it('fences the older one, and aborts what it left open (fenced)', async () => {
    await producer.stage('accounts', { 0: 'old' });
    const newer = new TestProducer(log.another());
    await newer.init();
    for (const attempt of [
      producer.stage('accounts', { 0: 'zombie' }),
      producer.stageOffset('accounts', 0, 1n),
      producer.end('committed'),
      producer.end('aborted'),
    ]) {
      expect(await attempt).toBe('INVALID_PRODUCER_EPOCH');
    }
    await newer.stage('accounts', { 0: 'new' });
    expect(await newer.end('committed')).toBe('committed');
    expect(await all()).toEqual([['new'], [], []]);
  });

  it.each(['commitTransaction', 'writeTransaction'])(
    'fences one that sleeps before its %s (fenced)',
    async (method) => {
      const newer = new TestProducer(log.another());
      if (method === 'commitTransaction') await producer.stage('accounts', { 0: 'old' });
      log.wire.meanwhile(method, () => newer.init());
      const slept =
        method === 'commitTransaction'
          ? producer.end('committed')
          : producer.stage('accounts', { 0: 'old' });
      expect(await slept).toBe('INVALID_PRODUCER_EPOCH');
      await newer.end('committed');
      expect(await all()).toEqual([[], [], []]);
    },
  );

  it('leaves a commit that took effect committed: its producer hears so, not that it was fenced (fenced)', async () => {
    await producer.stage('accounts', { 0: 'a' });
    const newer = new TestProducer(log.another());
    log.wire.fail('commitTransaction', 'after');
    log.wire.meanwhile('commitTransaction', async () =>
      log.wire.meanwhile('readTransaction', () => newer.init()),
    );
    expect(await producer.end('committed', true)).toBe('committed');
    expect(await producer.end('committed', true)).toBe('committed');
    expect(await producer.end('aborted', true)).toBe('INVALID_PRODUCER_EPOCH');
    // When the newer instance has ended a transaction, nobody knows any more how the one before it ended.
    await newer.stage('accounts', { 0: 'b' });
    expect(await newer.end('aborted')).toBe('aborted');
    expect(await producer.end('committed', true)).toBe('INVALID_PRODUCER_EPOCH');
    expect(await values(0)).toEqual(['a']);
  });

  it('does not pass its commits off as those of the older one (fenced)', async () => {
    const newer = new TestProducer(log.another());
    await newer.init();
    await newer.stage('accounts', { 0: 'b' });
    expect(await newer.end('committed')).toBe('committed');
    expect(await producer.end('committed')).toBe('INVALID_PRODUCER_EPOCH');
  });

  it('begins its sequences anew, and hears how the last transaction ended', async () => {
    await producer.stage('accounts', { 0: 'a' });
    log.wire.fail('commitTransaction', 'after');
    log.wire.fail('readTransaction', undefined, ...Array<Fault>(5).fill('before'));
    await expect(producer.end('committed')).rejects.toMatchObject({ effect: 'unknown' });
    log.wire.fail('readTransaction');
    const newer = new TestProducer(log.another());
    await newer.init();
    expect(await log.services.transactions.describe('transfers')).toMatchObject({
      transaction: { last: 'committed', number: newer.call.number },
    });
    await newer.stage('accounts', { 0: 'b' });
    await newer.end('committed');
    expect(await values(0)).toEqual(['a', 'b']);
  });

  it('two that initialise in a loop never both commit at once (fenced)', async () => {
    const [left, right] = [new TestProducer(log.another()), new TestProducer(log.another())];
    let committed = 0;
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([left.init(), right.init()]);
      const outcomes = await Promise.all(
        [left, right].map(async (one) => {
          const staged = await one.stage('accounts', { 0: `${round}` });
          return staged === 'staged' ? await one.end('committed') : staged;
        }),
      );
      expect(outcomes.sort()).toEqual(['INVALID_PRODUCER_EPOCH', 'committed']);
      committed += 1;
    }
    expect((await values(0)).length).toBe(committed);
  });

  it('takes another producer id when the epochs have run out', async () => {
    const { transaction } = await log.storage.transactions.readTransaction('transfers');
    if (transaction === undefined) throw new Error('no transaction');
    const spent = { ...transaction, version: transaction.version + 1, producerEpoch: 32_767 };
    await log.storage.transactions.writeTransaction(spent);
    const before = producer.call.producerId;
    await producer.init();
    expect(producer.call.producerEpoch).toBe(0);
    expect(producer.call.producerId).not.toBe(before);
    await producer.stage('accounts', { 0: 'a' });
    expect(await producer.end('committed')).toBe('committed');
  });

  it.each<readonly [string, Fault]>([
    ['allocateProducerIds', 'before'],
    ['writeTransaction', 'before'],
    ['writeTransaction', 'after'],
    ['readTransaction', 'before'],
  ])('is initialised when %s fails (%s)', async (method, fault) => {
    const other = new TestProducer(log.services, 'another');
    log.wire.fail(method, fault);
    await other.init();
    await other.stage('accounts', { 0: 'a' });
    expect(await other.end('committed')).toBe('committed');
  });

  it.each([
    ['', 60_000, 'INVALID_REQUEST'],
    ['x'.repeat(250), 60_000, 'INVALID_REQUEST'],
    ['fine', 999, 'INVALID_TRANSACTION_TIMEOUT'],
    ['fine', TRANSACTION_TIMEOUT_MS_MAX + 1, 'INVALID_TRANSACTION_TIMEOUT'],
  ])('is refused as %j with a timeout of %i', async (transactionalId, timeoutMs, code) => {
    const outcome = await log.services.transactions.init({ transactionalId, timeoutMs });
    expect(outcome).toMatchObject({ code });
  });
});

describe('a transaction that is open for too long', () => {
  beforeEach(async () => {
    await producer.init(10_000);
    await producer.stage('accounts', { 0: 'a' });
  });

  it('may be committed until its timeout is over, not after', async () => {
    log.clock.timeMs += 10_000;
    expect(await producer.end('committed')).toBe('committed');
    await producer.stage('accounts', { 0: 'b' });
    log.clock.timeMs += 11_001;
    expect(await producer.end('committed', true)).toBe('INVALID_TXN_STATE');
    expect(await producer.end('committed', true)).toBe('INVALID_TXN_STATE');
    expect(await producer.end('aborted')).toBe('aborted');
    expect(await values(0)).toEqual(['a']);
  });

  it('takes nothing more, and the next one is its own', async () => {
    log.clock.timeMs += 60_000;
    expect(await producer.stage('accounts', { 0: 'b' })).toBe('INVALID_TXN_STATE');
    expect(await producer.end('aborted')).toBe('aborted');
    await producer.init();
    await producer.stage('accounts', { 0: 'c' });
    await producer.end('committed');
    expect(await values(0)).toEqual(['c']);
  });
});
