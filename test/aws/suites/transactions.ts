// Transactions, through whatever way in the endpoint is: all of one is seen at once, or nothing of it.

import { describe, expect, it } from 'vitest';
import { type Ask, asking, newTopic, text } from '../../support/deploy/ask.ts';
import type { LogEndpoint } from '../../support/deploy/endpoint.ts';
import { claim, converge, join, newGroup } from './consumer-groups.ts';

interface Producer {
  readonly id: string;
  readonly caller: {
    readonly producer_id: number;
    readonly producer_epoch: number;
    readonly transaction_number: number;
  };
}

let made = 0;

async function init(ask: Ask, id?: string): Promise<Producer> {
  made += 1;
  const transactionalId = id ?? `shop-${process.pid}-${made}`;
  const json = { transactional_id: transactionalId };
  const answer = await ask('POST', '/producers', { json });
  expect(answer.status).toBe(200);
  return { id: transactionalId, caller: answer.json };
}

export function describeTransactions(name: string, endpoint: () => LogEndpoint): void {
  const ask = asking(endpoint);
  const post = (producer: Producer, verb: string, json: object = {}) =>
    ask('POST', `/transactions/${producer.id}/${verb}`, { json: { ...producer.caller, ...json } });
  const stage = (producer: Producer, topics: readonly string[], value: string) =>
    post(producer, 'records', {
      partitions: topics.map((topic_name) => ({
        topic_name,
        partition_id: 0,
        base_sequence: 0,
        records: [{ value: text(value) }],
      })),
    });
  const valuesOf = async (topic: string): Promise<string[]> => {
    const { json } = await ask('GET', `/topics/${topic}/partitions/0/records`);
    return json.records.map((record: { value: { data: string } }) => record.value.data);
  };

  describe(`transactions ${name}`, () => {
    it('no-double-append: producers take ids that nobody has', async () => {
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => ask('POST', '/producers', { json: {} })),
      );
      const ids = answers.map(({ json }) => json.producer_id);
      expect(new Set(ids).size).toBe(5);
    });

    it('atomic-transaction: records of two topics and offsets are seen after the commit', async () => {
      const topics = [await newTopic(ask), await newTopic(ask)];
      const [from = ''] = topics;
      const producer = await init(ask);
      const member = await join(ask, newGroup(), from);
      await converge(ask, [member], [1]);
      await claim(ask, member, { topic: from, partitions: [0] });
      expect((await stage(producer, topics, 'a')).status).toBe(200);
      const offsets = await post(producer, 'offsets', {
        group_id: member.group,
        member_id: member.id,
        member_epoch: member.epoch,
        offsets: [{ topic_name: from, partition_id: 0, offset: 0 }],
      });
      expect(offsets.status).toBe(200);
      expect(await Promise.all(topics.map(valuesOf))).toEqual([[], []]);
      const committed = await post(producer, 'commit');
      expect(committed.json).toMatchObject({ outcome: 'committed' });
      expect(await Promise.all(topics.map(valuesOf))).toEqual([['a'], ['a']]);
      const group = `/consumer-groups/${encodeURIComponent(member.group)}`;
      const { json } = await ask('GET', `${group}/offsets`);
      expect(json.offsets).toMatchObject([{ topic_name: from, offset: 0 }]);
    });

    it('atomic-transaction: nothing of what was aborted is ever seen', async () => {
      const topic = await newTopic(ask);
      const producer = await init(ask);
      await stage(producer, [topic], 'a');
      expect((await post(producer, 'abort')).json).toMatchObject({ outcome: 'aborted' });
      expect(await valuesOf(topic)).toEqual([]);
      expect((await ask('GET', `/transactions/${producer.id}`)).json).toMatchObject({
        state: 'READY',
        last_outcome: 'aborted',
      });
    });

    it('fenced: the older instance of a transactional id commits no more', async () => {
      const topic = await newTopic(ask);
      const older = await init(ask);
      await stage(older, [topic], 'a');
      await init(ask, older.id);
      expect((await post(older, 'commit')).status).toBe(409);
      expect(await valuesOf(topic)).toEqual([]);
    });
  });
}
