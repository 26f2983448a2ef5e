import { describe, expect, it } from 'vitest';
import { ProduceQueue, type Run } from '../../../lib/client/producer-queue.ts';

function run(change: Partial<Run> = {}): Run {
  return {
    topic: 't',
    partition: 0,
    acks: -1,
    compression: 'none',
    enqueuedAtMs: 0,
    records: [],
    sizeBytes: 100,
    settle: () => undefined,
    ...change,
  };
}

const anything = (): number => 1_000;

describe('ProduceQueue', () => {
  it('takes the runs of all partitions together', () => {
    const queue = new ProduceQueue();
    for (const partition of [0, 1, 0]) queue.push(run({ partition }));
    const taken = queue.take(anything);
    expect(taken.map(({ partition, runs }) => [partition, runs.length])).toEqual([
      [0, 2],
      [1, 1],
    ]);
    expect(queue.take(anything)).toEqual([]);
  });

  it('`ordered`: gives nothing of a partition while a batch of it is under way', () => {
    const queue = new ProduceQueue();
    queue.push(run());
    queue.take(anything);
    queue.push(run({ enqueuedAtMs: 7 }));
    expect(queue.take(anything)).toEqual([]);
    expect([queue.readyBytes, queue.readySinceMs]).toEqual([0, undefined]);
    queue.unlock({ topic: 't', partition: 0 });
    expect([queue.readyBytes, queue.readySinceMs]).toEqual([100, 7]);
    expect(queue.take(anything)).toHaveLength(1);
  });

  it('fills a request up to its limit, and takes a run that is larger alone', () => {
    const queue = new ProduceQueue();
    for (const sizeBytes of [400, 400, 400, 2_000]) queue.push(run({ sizeBytes }));
    const sizes: number[][] = [];
    for (let taken = queue.take(anything); taken.length > 0; taken = queue.take(anything)) {
      sizes.push(taken.flatMap(({ runs }) => runs.map(({ sizeBytes }) => sizeBytes)));
      queue.unlock({ topic: 't', partition: 0 });
    }
    expect(sizes).toEqual([[400, 400], [400], [2_000]]);
  });

  it('takes one batch a partition: of one compression, and no larger than a batch may be', () => {
    const queue = new ProduceQueue(500);
    for (const sizeBytes of [300, 200, 100]) queue.push(run({ sizeBytes }));
    queue.push(run({ partition: 1, compression: 'gzip' }));
    queue.push(run({ partition: 1 }));
    const sizes = queue.take(anything).map(({ runs }) => runs.map(({ sizeBytes }) => sizeBytes));
    expect(sizes).toEqual([[300, 200], [100]]);
    for (const partition of [0, 1]) queue.unlock({ topic: 't', partition });
    expect(queue.take(anything).map(({ runs }) => runs.length)).toEqual([1, 1]);
  });

  it('never mixes acks in one request, and keeps their order in a partition', () => {
    const queue = new ProduceQueue();
    queue.push(run({ acks: 0 }));
    queue.push(run({ acks: -1 }));
    queue.push(run({ acks: 0, partition: 1 }));
    const first = queue.take(anything);
    expect(first.map(({ partition, runs }) => [partition, runs.map(({ acks }) => acks)])).toEqual([
      [0, [0]],
      [1, [0]],
    ]);
    queue.unlock({ topic: 't', partition: 0 });
    expect(queue.take(anything).flatMap(({ runs }) => runs.map(({ acks }) => acks))).toEqual([-1]);
  });
});
