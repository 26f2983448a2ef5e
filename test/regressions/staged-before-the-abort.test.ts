// A producer asks for a batch to be staged, hears nothing, asks again, and is refused for another reason: a server that
// doesn't know the topic yet. The first request had been staged all the same. The producer aborts, and its next transaction
// begins with the sequence that it takes for free. That was answered as a duplicate, so that the records were neither
// staged nor ever in the log, though their transaction was committed. A batch is a duplicate only of what was staged in
// the same transaction. Found by the simulation. Invariants: `durable`, `atomic-transaction`.

import { describe, expect, it } from 'vitest';
import { createTransactionLog, TestProducer } from '../support/test-transactions.ts';

describe('a transaction after one that was aborted', () => {
  it('does not take the batch of the one before for its own', async () => {
    const { services } = createTransactionLog();
    await services.topics.create({ name: 'orders' });
    const producer = new TestProducer(services);
    await producer.init();
    expect(await producer.stage('orders', { 0: 'lost answer' })).toBe('staged');
    expect(await producer.end('aborted')).toBe('aborted');
    expect(await producer.stage('orders', { 0: 'new' }, { repeat: true })).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
  });
});
