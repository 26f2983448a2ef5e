// What every TopicStore must do; each adapter's runner calls this.

import { beforeEach, describe, expect, it } from 'vitest';
import { TOPICS_PER_LIST_PAGE_MAX } from '../../lib/limits.ts';
import type { Topic } from '../../lib/log/topic.ts';
import type { DeletedTopic, TopicStore } from '../../lib/ports/topic-store.ts';
import { numbersTo, OTHER_TOPIC_ID, TOPIC_ID } from './contract-values.ts';

/** A store in which nothing is stored, and what no port does yet but a job will. */
interface TopicStoreHarness {
  readonly store: TopicStore;
  /** Every tombstone that is stored, in any order. */
  readDeletedTopics(): Promise<readonly DeletedTopic[]>;
}

export type MakeTopicStore = () => Promise<TopicStoreHarness>;

const ORDERS: Topic = {
  name: 'orders',
  topicId: TOPIC_ID,
  state: 'active',
  partitionCount: 3,
  configs: { 'retention.ms': '1000', 'cleanup.policy': 'compact,delete' },
  createdAtMs: 1_800_000_000_001,
  version: 1,
};

const REMOVED: DeletedTopic = {
  topicId: TOPIC_ID,
  name: 'orders',
  partitionCount: 3,
  deletedAtMs: 1_800_000_000_999,
};

export function topicStoreContract(makeStore: MakeTopicStore): void {
  let harness: TopicStoreHarness;
  let store: TopicStore;

  beforeEach(async () => {
    harness = await makeStore();
    store = harness.store;
  });

  /** All topics by pages of `limit`, and how many pages it took. */
  const listAll = async (limit: number): Promise<{ names: string[]; topics: Topic[] }> => {
    const topics: Topic[] = [];
    let after: string | undefined;
    do {
      const page = await store.listTopics(after === undefined ? { limit } : { limit, after });
      expect(page.topics.length).toBeLessThanOrEqual(limit);
      topics.push(...page.topics);
      after = page.next;
    } while (after !== undefined);
    return { topics, names: topics.map(({ name }) => name).sort() };
  };

  describe('createTopic', () => {
    it('puts a topic that is read back whole', async () => {
      expect(await store.createTopic(ORDERS)).toBe('created');
      expect(await store.getTopic('orders')).toEqual(ORDERS);
    });

    it('leaves the topic that has the name', async () => {
      await store.createTopic(ORDERS);
      const rival = { ...ORDERS, topicId: OTHER_TOPIC_ID, partitionCount: 9 };
      expect(await store.createTopic(rival)).toBe('exists');
      expect(await store.getTopic('orders')).toEqual(ORDERS);
    });

    it('gives a name to one of 20 rivals', async () => {
      const outcomes = await Promise.all(
        numbersTo(20).map(
          async (number) => await store.createTopic({ ...ORDERS, topicId: `rival-${number}` }),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'created').length).toBe(1);
      const winner = outcomes.indexOf('created');
      expect((await store.getTopic('orders'))?.topicId).toBe(`rival-${winner}`);
    });

    it('takes names of every allowed character and of 249 of them, and no configuration', async () => {
      for (const name of ['a.b_c-D9', '__consumer_offsets', 'x'.repeat(249)]) {
        const topic = { ...ORDERS, name, configs: {} };
        expect(await store.createTopic(topic)).toBe('created');
        expect(await store.getTopic(name)).toEqual(topic);
      }
    });
  });

  describe('getTopic', () => {
    it('knows no topic that was not created, and tells upper from lower case', async () => {
      await store.createTopic(ORDERS);
      expect(await store.getTopic('Orders')).toBeUndefined();
      expect(await store.getTopic('order')).toBeUndefined();
    });
  });

  describe('updateTopic', () => {
    const update: Topic = { ...ORDERS, partitionCount: 5, configs: {}, version: 2 };

    it('replaces the topic whose id and version are those given', async () => {
      await store.createTopic(ORDERS);
      expect(await store.updateTopic(update, { topicId: TOPIC_ID, version: 1 })).toBe('updated');
      expect(await store.getTopic('orders')).toEqual(update);
    });

    it.each([
      ['another version', { topicId: TOPIC_ID, version: 2 }],
      ['another topic of the same name', { topicId: OTHER_TOPIC_ID, version: 1 }],
    ])('leaves %s alone', async (_what, expected) => {
      await store.createTopic(ORDERS);
      expect(await store.updateTopic(update, expected)).toBe('changed');
      expect(await store.getTopic('orders')).toEqual(ORDERS);
    });

    it('makes no topic that is not there', async () => {
      const expected = { topicId: TOPIC_ID, version: 1 };
      expect(await store.updateTopic(update, expected)).toBe('changed');
      expect(await store.getTopic('orders')).toBeUndefined();
    });

    it('lets one of 20 rivals change a version', async () => {
      await store.createTopic(ORDERS);
      const outcomes = await Promise.all(
        numbersTo(20).map(
          async (number) =>
            await store.updateTopic(
              { ...update, partitionCount: 10 + number },
              { topicId: TOPIC_ID, version: 1 },
            ),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'updated').length).toBe(1);
      const winner = outcomes.indexOf('updated');
      expect((await store.getTopic('orders'))?.partitionCount).toBe(10 + winner);
    });
  });

  describe('listTopics', () => {
    it('lists nothing where nothing is', async () => {
      expect((await listAll(10)).topics).toEqual([]);
    });

    it.each([1, 2, 7, TOPICS_PER_LIST_PAGE_MAX])(
      'lists every topic once, in pages of %i, deleting ones too',
      async (limit) => {
        const topics: Topic[] = numbersTo(7).map((number) => ({
          ...ORDERS,
          name: `topic-${number}`,
          state: number === 3 ? 'deleting' : 'active',
        }));
        for (const topic of topics) await store.createTopic(topic);
        const listed = await listAll(limit);
        const byName = (a: Topic, b: Topic) => a.name.localeCompare(b.name);
        expect([...listed.topics].sort(byName)).toEqual(topics);
      },
    );

    it('lists no deleted topic', async () => {
      await store.createTopic(ORDERS);
      await store.createTopic({ ...ORDERS, name: 'other', topicId: OTHER_TOPIC_ID });
      await store.releaseTopic(REMOVED);
      for (const limit of [1, 10]) expect((await listAll(limit)).names).toEqual(['other']);
    });

    it('refuses a page larger than the limit', async () => {
      const tooMany = store.listTopics({ limit: TOPICS_PER_LIST_PAGE_MAX + 1 });
      await expect(tooMany).rejects.toThrow('assertion failed');
    });
  });

  describe('buryTopic', () => {
    it('leaves a tombstone, after which a topic of that id can’t be put (durable)', async () => {
      expect(await store.buryTopic(REMOVED)).toBe('buried');
      expect(await harness.readDeletedTopics()).toEqual([REMOVED]);
      expect(await store.createTopic(ORDERS)).toBe('dead');
      expect(await store.getTopic('orders')).toBeUndefined();
      expect(await store.createTopic({ ...ORDERS, topicId: OTHER_TOPIC_ID })).toBe('created');
    });

    it('buries a topic that is marked, and one whose name another topic has', async () => {
      await store.createTopic({ ...ORDERS, state: 'deleting' });
      expect(await store.buryTopic(REMOVED)).toBe('buried');
      expect(await store.buryTopic({ ...REMOVED, topicId: OTHER_TOPIC_ID })).toBe('buried');
    });

    it('buries nothing that is alive', async () => {
      await store.createTopic(ORDERS);
      expect(await store.buryTopic(REMOVED)).toBe('alive');
      expect(await harness.readDeletedTopics()).toEqual([]);
    });

    it('can be done again', async () => {
      await store.buryTopic(REMOVED);
      expect(await store.buryTopic(REMOVED)).toBe('buried');
    });
  });

  describe('releaseTopic', () => {
    it('frees the name and leaves a tombstone', async () => {
      await store.createTopic(ORDERS);
      expect(await store.releaseTopic(REMOVED)).toBe('released');
      expect(await store.getTopic('orders')).toBeUndefined();
      expect(await harness.readDeletedTopics()).toEqual([REMOVED]);
    });

    it('lets the name be taken again, with tombstones of every forerunner', async () => {
      await store.createTopic(ORDERS);
      await store.releaseTopic(REMOVED);
      const second = { ...ORDERS, topicId: OTHER_TOPIC_ID };
      expect(await store.createTopic(second)).toBe('created');
      expect(await store.getTopic('orders')).toEqual(second);
      await store.releaseTopic({ ...REMOVED, topicId: OTHER_TOPIC_ID });
      const ids = (await harness.readDeletedTopics()).map(({ topicId }) => topicId);
      expect([...ids].sort()).toEqual([TOPIC_ID, OTHER_TOPIC_ID]);
    });

    it('does neither when the name belongs to another topic, or to none', async () => {
      expect(await store.releaseTopic(REMOVED)).toBe('changed');
      const second = { ...ORDERS, topicId: OTHER_TOPIC_ID };
      await store.createTopic(second);
      expect(await store.releaseTopic(REMOVED)).toBe('changed');
      expect(await store.getTopic('orders')).toEqual(second);
      expect(await harness.readDeletedTopics()).toEqual([]);
    });
  });
}
