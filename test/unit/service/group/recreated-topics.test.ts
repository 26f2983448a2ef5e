// A topic that is deleted and created again is another topic: what a group commits goes to the one that has the name now,
// through whichever process, even one that still takes the name for the dead one.

import { beforeEach, describe, expect, it } from 'vitest';
import {
  converge,
  createTestGroups,
  TestConsumer,
  type TestGroups,
  type TestProcess,
} from '../../../support/test-groups.ts';
import { appendTo, batchOf } from '../../../support/test-log.ts';

let test: TestGroups;
/** Knows the topic from before, for as long as what a process knows of a topic lasts. */
let stale: TestProcess;

beforeEach(async () => {
  test = createTestGroups();
  stale = test.another();
  await test.createTopic('orders', 1);
  await produce(5);
});

async function produce(count: number): Promise<void> {
  const values = Array.from({ length: count }, (_, index) => `value ${index}`);
  await test.log.services.append.append(appendTo('orders', { 0: batchOf(values) }));
}

async function recreate(): Promise<void> {
  await test.log.services.topics.delete('orders');
  await test.createTopic('orders', 1);
  await produce(5);
}

async function committed(): Promise<readonly bigint[]> {
  const fetched = await test.another().offsets.fetch('billing');
  if (fetched.kind === 'rejected') throw new Error(fetched.message);
  return fetched.offsets.map(({ offset }) => offset);
}

async function topicIdNow(): Promise<string> {
  const found = await test.log.services.topics.get('orders');
  if (found.kind === 'rejected') throw new Error(found.message);
  return found.topic.topicId;
}

function commit(one: TestConsumer | undefined, offset: bigint, topicId?: string) {
  const member =
    one === undefined ? {} : { member: { memberId: one.memberId, memberEpoch: one.epoch } };
  const offsets = [{ topicName: 'orders', topicId, partition: 0, offset }];
  return stale.offsets.commit({ groupId: 'billing', ...member, offsets });
}

const COMMITTED = { results: [{ kind: 'committed', superseded: false }] };

describe('a member', () => {
  let one: TestConsumer;
  let deadId: string;

  beforeEach(async () => {
    deadId = await topicIdNow();
    one = new TestConsumer(test.another());
    await one.join({ sessionTimeoutMs: 6_000 });
    expect(await commit(one, 4n)).toMatchObject(COMMITTED);
    await recreate();
  });

  /** Time for somebody's turn to look around. */
  async function later(): Promise<void> {
    test.log.clock.timeMs += 4_000;
    await one.heartbeat();
  }

  it('gives up the old partition before it is told the new one, and begins anew', async () => {
    await later();
    expect(one.owned).toEqual([]);
    await converge([one]);
    expect(one.positions.get('orders/0')).toEqual({ offset: 0n, counter: 0 });
  });

  it('one-owner: commits for the new topic through a process that knows the dead one', async () => {
    await later();
    await converge([one]);
    expect(await committed()).toEqual([]);
    expect(await commit(one, 2n)).toMatchObject(COMMITTED);
    expect(await committed()).toEqual([2n]);
  });

  it('one-owner: commits late for the dead one, which the new one it owns is not taken for', async () => {
    await later();
    await converge([one]);
    expect(await commit(one, 4n, deadId)).toMatchObject({
      results: [{ kind: 'rejected', code: 'STALE_MEMBER_EPOCH' }],
    });
    expect(await committed()).toEqual([]);
    expect(await commit(one, 2n, await topicIdNow())).toMatchObject(COMMITTED);
    expect(await committed()).toEqual([2n]);
  });

  it('fenced: commits nothing there before it has claimed it', async () => {
    const beat = await one.beat();
    expect(beat.kind).toBe('member');
    await later();
    expect(await commit(one, 3n)).toMatchObject({
      results: [{ kind: 'rejected', code: 'STALE_MEMBER_EPOCH' }],
    });
    expect(await committed()).toEqual([]);
  });

  it('hears that a topic is gone, once its group knows', async () => {
    await test.log.services.topics.delete('orders');
    await later();
    expect(await commit(one, 3n)).toMatchObject({
      results: [{ kind: 'rejected', code: 'UNKNOWN_TOPIC_OR_PARTITION' }],
    });
  });

  it('costs a group no more while its topics stay (bounded)', async () => {
    await later();
    await converge([one]);
    test.log.wire.take();
    await later();
    const { raiseOffsetOwner, getTopic } = test.log.wire.take();
    expect({ raiseOffsetOwner, getTopic }).toEqual({ raiseOffsetOwner: undefined, getTopic: 1 });
  });
});

describe('a consumer without membership', () => {
  it('is refused through a process that knows the dead topic, and then commits for the new one', async () => {
    expect(await commit(undefined, 4n)).toMatchObject(COMMITTED);
    await recreate();
    expect(await commit(undefined, 2n)).toMatchObject({
      results: [{ kind: 'rejected', code: 'UNKNOWN_TOPIC_OR_PARTITION' }],
    });
    expect(await commit(undefined, 2n)).toMatchObject(COMMITTED);
    expect(await committed()).toEqual([2n]);
  });
});
