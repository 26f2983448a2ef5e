import { describe, expect, it } from 'vitest';
import { PartitionLease } from '../../../../lib/client/consumer/lease.ts';

function open(committed: number | undefined, offset = committed ?? 0): PartitionLease {
  return new PartitionLease(
    { topic: 't', topicId: 'T', partition: 0 },
    { offset, committed, counter: 3 },
  );
}

describe('PartitionLease', () => {
  it('has nothing to commit until something is handled, whether or not the group has an offset', () => {
    for (const lease of [open(undefined, 5), open(5)]) {
      expect(lease.isDirty).toBe(false);
      lease.tracker.completeThrough(5);
      expect([lease.isDirty, lease.uncommittedCount]).toEqual([true, 1]);
      lease.committed = 6;
      lease.countFromHere();
      expect([lease.isDirty, lease.uncommittedCount]).toEqual([false, 0]);
    }
  });

  it('begins anew where it is sought, and has that to commit', () => {
    const lease = open(10);
    lease.push({ messages: [], sizeBytes: 0, highWatermark: 20, nextOffset: 20 });
    const { interruption, generation } = lease;
    lease.seek(4);
    expect(lease).toMatchObject({ fetchOffset: 4, isDrained: false, isDirty: true });
    expect(lease.generation).toBe(generation + 1);
    expect([interruption.aborted, lease.interruption.aborted]).toEqual([true, false]);
  });

  it('wakes what waits on it when its state changes', () => {
    const lease = open(0);
    const { interruption } = lease;
    lease.setState('revoking');
    expect(interruption.aborted).toBe(true);
  });
});
