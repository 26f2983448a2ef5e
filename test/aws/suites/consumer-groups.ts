// Consumer groups, through whatever way in the endpoint is: members share partitions, hand them over, and commit only
// what they own.

import { describe, expect, it } from 'vitest';
import { pathOf } from '../../../lib/client/api-client.ts';
import { type Ask, asking, newTopic, text } from '../../support/deploy/ask.ts';
import type { LogEndpoint } from '../../support/deploy/endpoint.ts';

interface Assignment {
  readonly topic_name: string;
  readonly partitions: readonly number[];
}

export interface Member {
  readonly group: string;
  readonly id: string;
  epoch: number;
  assignment: readonly Assignment[];
}

const HEARTBEATS_MAX = 40;
let made = 0;

export function newGroup(): string {
  made += 1;
  return `grüppe ${process.pid} ${made}`;
}

const groupPath = (group: string) => pathOf('consumer-groups', group);

export async function join(ask: Ask, group: string, topic: string): Promise<Member> {
  const { status, json } = await ask('POST', `${groupPath(group)}/members`, {
    json: { subscribed_topics: [topic] },
  });
  expect(status).toBe(201);
  return { group, id: json.member_id, epoch: json.member_epoch, assignment: json.assignment };
}

/** Tells that the member uses what it was given, and takes what it is given now. */
async function heartbeat(ask: Ask, member: Member): Promise<number> {
  const answer = await ask(
    'POST',
    groupPath(member.group) + pathOf('members', member.id, 'heartbeat'),
    { json: { member_epoch: member.epoch, owned_partitions: member.assignment } },
  );
  if (answer.status === 200) {
    member.epoch = answer.json.member_epoch;
    member.assignment = answer.json.assignment;
  }
  return answer.status;
}

const partitionsOf = (member: Member) =>
  member.assignment.flatMap(({ partitions }) => partitions).toSorted((a, b) => a - b);

/** Lets the members heartbeat in turn until each has as many partitions as it should. */
export async function converge(ask: Ask, members: readonly Member[], counts: readonly number[]) {
  for (let round = 0; round < HEARTBEATS_MAX; round += 1) {
    for (const member of members) expect(await heartbeat(ask, member)).toBe(200);
    if (members.every((member, index) => partitionsOf(member).length === counts[index])) return;
  }
  const have = members.map(partitionsOf);
  throw new Error(`after ${HEARTBEATS_MAX} rounds the members have ${JSON.stringify(have)}`);
}

export function claim(
  ask: Ask,
  member: Member,
  of: { readonly topic: string; readonly partitions: readonly number[] },
) {
  return ask('POST', `${groupPath(member.group)}/offsets/claim`, {
    json: {
      member_id: member.id,
      member_epoch: member.epoch,
      partitions: of.partitions.map((partition_id) => ({ topic_name: of.topic, partition_id })),
    },
  });
}

export function describeConsumerGroups(name: string, endpoint: () => LogEndpoint): void {
  const ask = asking(endpoint);
  const commit = (
    member: Pick<Member, 'group' | 'id' | 'epoch'>,
    topic: string,
    { partition = 0, offset = 0 },
  ) =>
    ask('POST', `${groupPath(member.group)}/offsets`, {
      json: {
        member_id: member.id,
        member_epoch: member.epoch,
        offsets: [{ topic_name: topic, partition_id: partition, offset }],
      },
    });
  const produce = (topic: string) =>
    ask('POST', `/topics/${topic}/records`, { json: { partition_id: 0, value: text('a') } });

  describe(`consumer groups ${name}`, () => {
    it('one-owner: two joiners share the partitions, and none has both', async () => {
      const topic = await newTopic(ask, 4);
      const group = newGroup();
      const first = await join(ask, group, topic);
      await converge(ask, [first], [4]);
      const second = await join(ask, group, topic);
      await converge(ask, [first, second], [2, 2]);
      const all = [...partitionsOf(first), ...partitionsOf(second)];
      expect(all.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    });

    it('fenced: who gave a partition up commits no more for it', async () => {
      const topic = await newTopic(ask, 2);
      await produce(topic);
      const first = await join(ask, newGroup(), topic);
      await converge(ask, [first], [2]);
      expect((await claim(ask, first, { topic, partitions: [0, 1] })).status).toBe(200);
      expect((await commit(first, topic, { offset: 1 })).status).toBe(200);
      const before = { ...first };
      const second = await join(ask, first.group, topic);
      await converge(ask, [first, second], [1, 1]);
      const [taken = -1] = partitionsOf(second);
      const takenOver = await claim(ask, second, { topic, partitions: [taken] });
      expect(takenOver.status).toBe(200);
      expect(takenOver.json.offsets).toMatchObject([
        { partition_id: taken, offset: taken === 0 ? 1 : null },
      ]);
      const late = await commit(before, topic, { partition: taken, offset: 0 });
      expect(late.status).toBe(409);
    });

    it('leave hands over at once, and offsets go on where they were', async () => {
      const topic = await newTopic(ask);
      await produce(topic);
      const first = await join(ask, newGroup(), topic);
      await converge(ask, [first], [1]);
      await claim(ask, first, { topic, partitions: [0] });
      expect((await commit(first, topic, { offset: 1 })).status).toBe(200);
      const path = groupPath(first.group) + pathOf('members', first.id);
      expect((await ask('DELETE', path)).status).toBe(204);
      const second = await join(ask, first.group, topic);
      await converge(ask, [second], [1]);
      expect((await claim(ask, second, { topic, partitions: [0] })).json.offsets).toMatchObject([
        { offset: 1 },
      ]);
      expect(await heartbeat(ask, first)).toBeGreaterThanOrEqual(400);
    });

    it('shows members and lag, in records', async () => {
      const topic = await newTopic(ask);
      const member = await join(ask, newGroup(), topic);
      await converge(ask, [member], [1]);
      await claim(ask, member, { topic, partitions: [0] });
      for (let index = 0; index < 3; index += 1) await produce(topic);
      await commit(member, topic, { offset: 1 });
      const path = groupPath(member.group);
      expect((await ask('GET', path)).json).toMatchObject({ state: 'STABLE', members_count: 1 });
      const { json: consumers } = await ask('GET', `${path}/consumers`);
      expect(consumers.data).toMatchObject([{ consumer_id: member.id, idle: false }]);
      const { json: lags } = await ask('GET', `${path}/lags`);
      expect(lags.data).toMatchObject([{ current_offset: 1, log_end_offset: 3, lag: 2 }]);
      expect((await ask('GET', `${path}/lag-summary`)).json).toMatchObject({ total_lag: 2 });
      const { json: groups } = await ask('GET', '/consumer-groups');
      expect(groups.data).toContainEqual(
        expect.objectContaining({ consumer_group_id: member.group }),
      );
    });

    it.each(['a/b', '50% off', 'a%20b', 'where?', '#1', 'a b', 'äöü 🎉', '..', '~', 'a\\b'])(
      'may be called anything, and is no other group for it: %j',
      async (called) => {
        const topic = await newTopic(ask);
        const group = `${called}${made}`;
        const member = await join(ask, group, topic);
        await converge(ask, [member], [1]);
        expect((await ask('GET', groupPath(group))).json).toMatchObject({
          consumer_group_id: group,
          members_count: 1,
        });
        const path = groupPath(group) + pathOf('members', member.id);
        expect((await ask('DELETE', path)).status).toBe(204);
        expect((await ask('DELETE', groupPath(group))).status).toBe(204);
      },
    );

    // Not what is percent-encoded once more: gateways differ in how often they decode.
    it.each(['a b', 'äöü 🎉', '50% off', '#1'])(
      'may stand percent-encoded in a path: %j',
      async (called) => {
        const group = `${called}${made}`;
        const topic = await newTopic(ask);
        const member = await join(ask, group, topic);
        const { json } = await ask('GET', `/consumer-groups/${encodeURIComponent(group)}`);
        expect(json).toMatchObject({ consumer_group_id: group });
        await ask('DELETE', groupPath(group) + pathOf('members', member.id));
      },
    );

    it('is reset only while it is empty, and to what was asked for', async () => {
      const topic = await newTopic(ask);
      for (let index = 0; index < 3; index += 1) await produce(topic);
      const member = await join(ask, newGroup(), topic);
      await converge(ask, [member], [1]);
      await claim(ask, member, { topic, partitions: [0] });
      await commit(member, topic, { offset: 2 });
      const path = groupPath(member.group);
      const reset = (json: object) => ask('POST', `${path}/offsets/reset`, { json });
      expect((await reset({ to: 'earliest' })).status).toBe(409);
      await ask('DELETE', path + pathOf('members', member.id));
      const earliest = await reset({ to: 'earliest' });
      expect(earliest.json.offsets).toMatchObject([{ previous_offset: 2, offset: 0 }]);
      await reset({ to: 'timestamp', timestamp: '2020-01-01T00:00:00Z' });
      const { json: committed } = await ask('GET', `${path}/offsets`);
      expect(committed.offsets).toMatchObject([{ topic_name: topic, offset: 0 }]);
      expect((await ask('DELETE', path)).status).toBe(204);
      expect((await ask('GET', path)).status).toBe(404);
    });
  });
}
