// Found by the simulation: a member gave a partition up, which the next owner was told at the very epoch that the giver's
// own item then held. The giver died and was fenced. Somebody who had read the group before all that raised the owners of
// all that the giver had held then to the epoch of its fenced item: so the next owner lost the partition at the only
// epoch at which it may claim it, and nobody read it until the group changed again.

import { describe, expect, it } from 'vitest';
import { createTestGroups, TestConsumer } from '../support/test-groups.ts';
import { appendTo, batchOf } from '../support/test-log.ts';

describe('one-owner: an eviction by somebody who knows an old state of the group', () => {
  it('takes nothing from the member that has the partition by now', async () => {
    const test = createTestGroups();
    await test.createTopic('orders', 2);
    const batch = batchOf(['a', 'b', 'c']);
    await test.log.services.append.append(appendTo('orders', { 0: batch, 1: batch }));
    const first = new TestConsumer(test.another());
    const second = new TestConsumer(test.another());
    await first.join({ sessionTimeoutMs: 10_000 });
    await second.join({ sessionTimeoutMs: 30_000 });
    await first.heartbeat();

    const looker = test.another();
    test.log.wire.meanwhile('listMembers', async () => {
      // The first one gives up, the second one gets it, both at one epoch; then the first one dies and is evicted.
      await first.heartbeat();
      await second.heartbeat();
      expect(second.epoch).toBe(first.epoch);
      expect(second.owned).toHaveLength(1);
      test.log.clock.timeMs += 11_000;
      await test.another().groups.lookAround('billing');
    });
    await looker.groups.lookAround('billing');

    const [partition = ''] = second.owned;
    expect(await second.commit(partition, 1n)).toBe('committed');
    await second.heartbeat();
    expect(second.owned).toEqual(['orders/0', 'orders/1']);
  });
});
