import { describe, expect, it } from 'vitest';
import {
  type FetchLimits,
  type FetchState,
  planFetches,
} from '../../../../lib/client/consumer/fetch-plan.ts';
import { PartitionLease } from '../../../../lib/client/consumer/lease.ts';

const LIMITS: FetchLimits = {
  maxBytesPerPartition: 1_000,
  maxBytes: 4_000,
  referenceFromBytes: 500,
};

function lease(partition: number): PartitionLease {
  return new PartitionLease(
    { topic: 't', topicId: 'T', partition },
    { offset: 0, committed: undefined, counter: 0 },
  );
}

function push(to: PartitionLease, sizeBytes: number, isEnd: boolean): void {
  const offset = String(to.fetchOffset);
  const message = { key: null, value: null, timestamp: '0', attributes: 0, offset, headers: {} };
  const nextOffset = to.fetchOffset + 1;
  const highWatermark = isEnd ? nextOffset : nextOffset + 10;
  to.push({ messages: [message], sizeBytes, highWatermark, nextOffset });
}

function state(leases: readonly PartitionLease[], change: Partial<FetchState> = {}): FetchState {
  return {
    leases,
    busy: new Set(),
    isWaiting: false,
    isPaused: () => false,
    nowMs: 0,
    ...change,
  };
}

function shown(fetches: ReturnType<typeof planFetches>): unknown[] {
  return fetches.map(({ deliver, wait, leases }) => [
    deliver,
    wait,
    leases.map(({ partition }) => partition),
  ]);
}

describe('planFetches', () => {
  it('asks for all partitions with one request that waits', () => {
    const plan = planFetches(state([lease(0), lease(1), lease(2)]), LIMITS);
    expect(shown(plan)).toEqual([['bytes', true, [0, 1, 2]]]);
  });

  it('beside a request that waits asks only for what is known to have more, without waiting', () => {
    const [drained, hungry] = [lease(0), lease(1)];
    push(drained, 100, true);
    push(hungry, 100, false);
    const plan = planFetches(state([drained, hungry], { isWaiting: true }), LIMITS);
    expect(shown(plan)).toEqual([['bytes', false, [1]]]);
  });

  it('leaves out what is paused, under way, blocked, given up, or full', () => {
    const leases = [0, 1, 2, 3, 4, 5].map(lease);
    const [paused, busy, blocked, revoking, full] = leases as PartitionLease[];
    blocked!.blockedUntilMs = 1;
    revoking!.setState('revoking');
    push(full!, 2_000, false);
    const plan = planFetches(
      state(leases, { busy: new Set([busy!]), isPaused: (one) => one === paused }),
      LIMITS,
    );
    expect(shown(plan)).toEqual([['bytes', true, [5]]]);
  });

  it('prefetches while one answer waits for its handler', () => {
    const one = lease(0);
    push(one, 499, false);
    expect(planFetches(state([one]), LIMITS)).toHaveLength(1);
  });

  it('goes by reference after a large answer that was not the end', () => {
    const [far, near] = [lease(0), lease(1)];
    push(far, 600, false);
    push(near, 600, true);
    const plan = planFetches(state([far, near]), LIMITS);
    expect(shown(plan)).toEqual([
      ['reference', false, [0]],
      ['bytes', true, [1]],
    ]);
    const never = { ...LIMITS, referenceFromBytes: undefined };
    expect(shown(planFetches(state([far, near]), never))).toEqual([['bytes', true, [0, 1]]]);
  });

  it('asks nothing when there is nothing to ask', () => {
    expect(planFetches(state([]), LIMITS)).toEqual([]);
  });
});
