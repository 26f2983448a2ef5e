// A group that would outgrow its item: whoever makes it so is refused, and the others go on.

import { describe, expect, it } from 'vitest';
import { converge, createTestGroups, TestConsumer } from '../../../support/test-groups.ts';

/** A quarter of a megabyte of names. */
const namesOf = (letter: string): readonly string[] =>
  Array.from({ length: 999 }, (_, index) => `${index}`.padEnd(249, letter));

describe('a subscription that is too large for the group', () => {
  it('is refused, and keeps nobody from being evicted', async () => {
    const test = createTestGroups();
    await test.createTopic('orders', 3);
    const consumers = [1, 2, 3].map(() => new TestConsumer(test.another()));
    for (const consumer of consumers) {
      test.log.clock.timeMs += 1;
      await consumer.join();
    }
    await converge(consumers);
    const [one, two] = consumers as [TestConsumer, TestConsumer];
    expect(await one.heartbeat({ topicNames: ['orders', ...namesOf('a')] })).toMatchObject({
      kind: 'member',
    });
    expect(await two.heartbeat({ topicNames: ['orders', ...namesOf('b')] })).toMatchObject({
      kind: 'rejected',
      code: 'GROUP_MAX_SIZE_REACHED',
    });
    // The third has died.
    for (let second = 0; second < 90; second += 1) {
      test.log.clock.timeMs += 1_000;
      for (const consumer of [one, two]) {
        expect(await consumer.heartbeat()).toMatchObject({ kind: 'member' });
      }
    }
    await converge([one, two]);
    expect([...one.owned, ...two.owned].sort()).toEqual(['orders/0', 'orders/1', 'orders/2']);
  });
});
