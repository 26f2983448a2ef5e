// Requests of many parts, lists, and what is shown of groups: each caller hears of what is theirs, and nothing tells
// whether anything else is there.

import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFrames } from '../../../lib/record/frames.ts';
import {
  createGuardedLog,
  type GuardedLog,
  type GuardedRequest,
  ROOT,
} from '../../support/guarded-log.ts';
import { batchOf } from '../../support/test-log.ts';

const TEXT = { type: 'STRING', data: 'x' };
const DENIED = { kafka_error: 'TOPIC_AUTHORIZATION_FAILED', retriable: false };

let log: GuardedLog;

const as =
  (principal: string) =>
  (method: string, path: string, json?: unknown, more: Partial<GuardedRequest> = {}) =>
    log.ask({ principal, method, path, json, ...more });
const root = as(ROOT);
const alice = as('User:alice');

beforeEach(async () => {
  log = createGuardedLog();
  for (const topic_name of ['mine', 'secret']) await root('POST', '/topics', { topic_name });
  await log.give(
    'allow alice READ TOPIC mine*',
    'allow alice WRITE TOPIC mine*',
    'allow alice READ GROUP team*',
  );
});

const placeOf = (topic_name: string, more: object = {}) => ({
  topic_name,
  partition_id: 0,
  ...more,
});
const nextOffset = async (topic: string) =>
  (await root('GET', `/topics/${topic}/partitions/0`)).json.next_offset;

describe('producing to several topics', () => {
  const entriesOf = (...names: string[]) =>
    names.map((topic_name, id) => ({ id, topic_name, value: TEXT }));

  it('stores what is allowed and refuses the rest, there or not, in the same words', async () => {
    const entries = entriesOf('secret', 'mine', 'nowhere', 'mine-too');
    const { status, json } = await alice('POST', '/records', { entries });
    expect(status).toBe(207);
    expect(json.successes).toMatchObject([{ id: '1', topic_name: 'mine' }]);
    expect(json.failures).toMatchObject([
      { id: '0', ...DENIED },
      { id: '2', ...DENIED },
      { id: '3', kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION' },
    ]);
    const [secret, nowhere] = json.failures.map(({ message }: { message: string }) => message);
    expect(secret).toBe(nowhere.replace('nowhere', 'secret'));
    expect(await nextOffset('secret')).toBe(0);
  });

  it('stores nothing when it is to be all or none', async () => {
    const { status, json } = await alice('POST', '/records', {
      atomic: true,
      entries: entriesOf('mine', 'secret'),
    });
    expect([status, json.kafka_error]).toEqual([403, 'TOPIC_AUTHORIZATION_FAILED']);
    expect(json.failures).toMatchObject([{ kafka_error: 'OPERATION_NOT_ATTEMPTED' }, DENIED]);
    expect(await nextOffset('mine')).toBe(0);
  });

  it('takes batches as they are no further, with their own order of answers', async () => {
    const frame = (topicName: string) => ({ topicName, partition: 0, batches: batchOf(['x']) });
    const raw = encodeFrames([frame('secret'), frame('mine'), frame('nowhere')]);
    const { status, json } = await alice('POST', '/records', undefined, { raw });
    expect(status).toBe(207);
    expect(json.successes).toMatchObject([{ topic_name: 'mine', base_offset: 0 }]);
    expect(json.failures).toMatchObject([
      { topic_name: 'secret', ...DENIED },
      { topic_name: 'nowhere', ...DENIED },
    ]);
    const late = await alice('POST', '/records?acks=0', undefined, { raw });
    expect(late.status).toBe(207);
    expect(log.late).toMatchObject([{ partitions: [{ topicName: 'mine' }] }]);
  });
});

describe('reading several partitions', () => {
  beforeEach(() => root('POST', '/topics/mine/records', { value: TEXT }));

  it.each(['bytes', 'reference'])(
    'gives %s of what is allowed, and an error each for the rest',
    async (deliver) => {
      const partitions = ['secret', 'mine', 'nowhere'].map((name) => placeOf(name, { offset: 0 }));
      const { json } = await alice('POST', '/fetch', { deliver, partitions });
      const [secret, mine, nowhere] = json.partitions;
      expect([secret, nowhere]).toMatchObject([DENIED, DENIED]);
      expect(Object.keys(secret)).toEqual(Object.keys(nowhere));
      expect(mine).toMatchObject({ topic_name: 'mine', high_watermark: 1 });
    },
  );

  it('answers at once when a part is refused, as for any other error', async () => {
    const partitions = ['mine', 'secret'].map((name) => placeOf(name, { offset: 1 }));
    const before = log.clock.nowMs();
    partitions[1] = placeOf('secret', { offset: 0 });
    const { json } = await alice('POST', '/fetch', {
      partitions,
      min_bytes: 1,
      max_wait_ms: 20_000,
    });
    expect(json.partitions).toMatchObject([{ records: [] }, DENIED]);
    expect(log.clock.nowMs()).toBe(before);
  });

  it('finds offsets of what may be described, and refuses the rest', async () => {
    const partitions = ['nowhere', 'mine', 'secret'].map((name) => placeOf(name));
    const { json } = await alice('POST', '/offsets/list', { partitions });
    expect(json.partitions).toMatchObject([DENIED, { offset: 1 }, DENIED]);
  });
});

describe('lists', () => {
  const names = (answer: {
    json: { data: { topic_name?: string; consumer_group_id?: string }[] };
  }) => answer.json.data.map((one) => one.topic_name ?? one.consumer_group_id);

  it('show the topics that may be described', async () => {
    expect(names(await alice('GET', '/topics'))).toEqual(['mine']);
    expect(names(await as('User:bob')('GET', '/topics'))).toEqual([]);
    expect(names(await root('GET', '/topics'))).toEqual(['mine', 'secret']);
  });

  it('show the groups that may be described, and all to who may describe the cluster', async () => {
    for (const group of ['team-a', 'other']) {
      const offsets = [placeOf('mine', { offset: 0 })];
      await root('POST', `/consumer-groups/${group}/offsets`, { offsets });
    }
    expect(names(await alice('GET', '/consumer-groups'))).toEqual(['team-a']);
    await log.give('allow bob DESCRIBE CLUSTER kafka-cluster');
    expect(names(await as('User:bob')('GET', '/consumer-groups'))).toEqual(['other', 'team-a']);
  });
});

describe('a group that others use too', () => {
  const group = '/consumer-groups/team';

  beforeEach(async () => {
    const topics = { subscribed_topics: ['mine', 'secret'], member_id: 'rooted' };
    const joined = await root('POST', `${group}/members`, topics);
    const partitions = ['mine', 'secret'].map((name) => placeOf(name));
    const member = { member_id: 'rooted', member_epoch: joined.json.member_epoch };
    await root('POST', `${group}/offsets/claim`, { ...member, partitions });
    const offsets = ['mine', 'secret'].map((name) => placeOf(name, { offset: 0, metadata: name }));
    const committed = await root('POST', `${group}/offsets`, { ...member, offsets });
    expect(committed.status).toBe(200);
  });

  it('shows a member what may be described of its subscription and its partitions', async () => {
    const { json } = await alice('GET', `${group}/consumers`);
    expect(json.data).toMatchObject([{ subscribed_topics: ['mine'], idle: false }]);
    expect(JSON.stringify(json)).not.toContain('secret');
    expect(JSON.stringify((await root('GET', `${group}/consumers`)).json)).toContain('secret');
  });

  it.each(['offsets', 'lags', 'lag-summary'])(
    'shows no topic in %s that may not be described',
    async (what) => {
      await root('POST', '/topics/secret/records', { value: TEXT });
      const { status, bytes } = await alice('GET', `${group}/${what}`);
      expect(status).toBe(200);
      expect(bytes.toString()).not.toContain('secret');
      expect((await root('GET', `${group}/${what}`)).bytes.toString()).toContain('secret');
    },
  );

  it('refuses a member a topic that it may not describe, by name, there or not', async () => {
    const join = (...subscribed_topics: string[]) =>
      alice('POST', `${group}/members`, { subscribed_topics });
    expect((await join('mine', 'secret')).json).toMatchObject(DENIED);
    expect((await join('mine', 'nowhere')).json).toMatchObject(DENIED);
    const member = await join('mine');
    const path = `${group}/members/${member.json.member_id}/heartbeat`;
    const beat = { member_epoch: member.json.member_epoch, owned_partitions: [] };
    expect((await alice('POST', path, beat)).status).toBe(200);
    const more = { ...beat, subscribed_topics: ['mine', 'secret'] };
    expect((await alice('POST', path, more)).json).toMatchObject(DENIED);
  });

  it('claims and commits what may be read, each partition for itself', async () => {
    const partitions = ['secret', 'mine', 'nowhere'].map((name) => placeOf(name));
    const claim = { member_id: 'm', member_epoch: 1, partitions };
    expect((await alice('POST', `${group}/offsets/claim`, claim)).json).toMatchObject({
      kafka_error: 'UNKNOWN_MEMBER_ID',
    });
    const offsets = partitions.map((place) => ({ ...place, offset: 0 }));
    const committed = await alice('POST', '/consumer-groups/team-2/offsets', { offsets });
    expect(committed.status).toBe(207);
    expect(committed.json.successes).toMatchObject([{ topic_name: 'mine' }]);
    expect(committed.json.failures).toMatchObject([DENIED, DENIED]);
  });

  it('sets the offsets of topics that may be read, and no others', async () => {
    await root('DELETE', `${group}/members/rooted`);
    const reset = await alice('POST', `${group}/offsets/reset`, { to: 'latest' });
    expect(reset.json).toMatchObject({ applied: true, offsets: [{ topic_name: 'mine' }] });
    const named = { to: 'latest', topics: [{ topic_name: 'mine' }, { topic_name: 'secret' }] };
    expect((await alice('POST', `${group}/offsets/reset`, named)).json).toMatchObject(DENIED);
  });
});

describe('a regex', () => {
  const join = (who: string, group: string, topic_regex = '.*') =>
    as(`User:${who}`)('POST', `/consumer-groups/${group}/members`, { topic_regex });
  const beat = (who: string, group: string, member: { member_id: string; member_epoch: number }) =>
    as(`User:${who}`)('POST', `/consumer-groups/${group}/members/${member.member_id}/heartbeat`, {
      member_epoch: member.member_epoch,
      owned_partitions: [],
    });
  const topicsOf = (answer: { json: { assignment: { topic_name: string }[] } }) =>
    answer.json.assignment.map(({ topic_name }) => topic_name);

  it('matches what its member may describe, whoever else is in the group', async () => {
    const joined = await join('alice', 'team');
    expect([joined.status, topicsOf(joined)]).toEqual([201, ['mine']]);
    const { json: other } = await root('POST', '/consumer-groups/team/members', {
      topic_regex: '.*',
    });
    for (let round = 0; round < 5; round += 1) {
      log.clock.timeMs += 25_000;
      await log.another().watch();
      const { json } = await beat('alice', 'team', joined.json);
      expect(JSON.stringify(json)).not.toContain('secret');
      await root('POST', `/consumer-groups/team/members/${other.member_id}/heartbeat`, {
        member_epoch: other.member_epoch,
        owned_partitions: [],
      });
    }
    const { json } = await root('GET', '/consumer-groups/team/consumers');
    const read = json.data.flatMap((one: { target_assignment: object[] }) => one.target_assignment);
    const topic_id = expect.any(String);
    expect(read).toContainEqual({ topic_name: 'secret', topic_id, partitions: [0] });
  });

  it('matches a topic when its member may describe it, and no longer than that', async () => {
    const joined = await join('alice', 'team');
    const look = async () => {
      log.clock.timeMs += 25_000;
      const { json } = await beat('alice', 'team', joined.json);
      joined.json.member_epoch = json.member_epoch;
      return topicsOf({ json }).toSorted();
    };
    expect(await look()).toEqual(['mine']);
    await log.give('allow alice DESCRIBE TOPIC secret');
    expect(await look()).toEqual(['mine', 'secret']);
    await log.give('deny alice DESCRIBE TOPIC secret');
    expect(await look()).toEqual(['mine']);
  });
});

describe('producer ids', () => {
  const initAs = (who: string) => as(`User:${who}`)('POST', '/producers', {});

  it('are for who may write somewhere, or write idempotently', async () => {
    expect((await initAs('bob')).json).toMatchObject({
      kafka_error: 'CLUSTER_AUTHORIZATION_FAILED',
    });
    expect((await initAs('alice')).status).toBe(200);
    await log.give('allow bob IDEMPOTENT_WRITE CLUSTER kafka-cluster');
    expect((await initAs('bob')).status).toBe(200);
  });
});

describe('a transaction', () => {
  beforeEach(() => log.give('allow alice WRITE TRANSACTIONAL_ID tx*'));

  it('stages nothing when one topic is refused, there or not', async () => {
    const { json: producer } = await alice('POST', '/producers', { transactional_id: 'tx-1' });
    const stage = (...names: string[]) =>
      alice('POST', '/transactions/tx-1/records', {
        ...producer,
        partitions: names.map((name) =>
          placeOf(name, {
            base_sequence: 0,
            records: [{ value: TEXT, timestamp: log.clock.nowMs() }],
          }),
        ),
      });
    for (const other of ['secret', 'nowhere']) {
      const { status, json } = await stage('mine', other);
      expect([status, json.kafka_error]).toEqual([403, 'TOPIC_AUTHORIZATION_FAILED']);
      expect(json.failures).toMatchObject([{ kafka_error: 'OPERATION_NOT_ATTEMPTED' }, DENIED]);
    }
    const { json } = await alice('GET', '/transactions/tx-1');
    expect(json).toMatchObject({ state: 'READY', partitions_count: 0 });
    expect((await stage('mine')).status).toBe(200);
  });

  it('takes offsets of groups and topics that may be read', async () => {
    const { json: producer } = await alice('POST', '/producers', { transactional_id: 'tx-1' });
    const stage = (group_id: string, name: string) =>
      alice('POST', '/transactions/tx-1/offsets', {
        ...{ ...producer, group_id, member_id: 'm', member_epoch: 1 },
        offsets: [placeOf(name, { offset: 0 })],
      });
    expect((await stage('other', 'mine')).json.kafka_error).toBe('GROUP_AUTHORIZATION_FAILED');
    expect((await stage('team', 'secret')).json).toMatchObject(DENIED);
    expect((await stage('team', 'mine')).status).toBe(200);
  });
});

describe('who asks', () => {
  it('is ANONYMOUS when nothing tells, whom an entry can name', async () => {
    const list = async () => (await log.ask({ method: 'GET', path: '/topics' })).json.data.length;
    expect(await list()).toBe(0);
    await log.give('allow ANONYMOUS DESCRIBE TOPIC mine');
    expect(await list()).toBe(1);
    await log.give('allow * DESCRIBE TOPIC *');
    expect(await list()).toBe(2);
  });

  it('is nobody else for calling themselves *, or for another header', async () => {
    await log.give('deny ANONYMOUS DESCRIBE TOPIC mine', 'allow * DESCRIBE TOPIC mine');
    const list = async (headers: Record<string, string>) =>
      (await log.ask({ method: 'GET', path: '/topics', headers })).json.data.length;
    expect(await list({ principal: '*' })).toBe(0);
    expect(await list({ 'x-client-id': 'root' })).toBe(0);
    expect(await list({ principal: 'carol' })).toBe(1);
  });
});
