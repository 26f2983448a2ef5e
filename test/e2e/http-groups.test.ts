// Consumer groups over real HTTP: what each verb takes, gives and refuses. How groups behave is tested with the services.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';

let home: LocalHome;
let nextGroup = 0;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  await expectStatus(201, post('/topics', { topic_name: 'orders', partitions_count: 3 }));
  const entries = [0, 1, 2, 0].map((partition_id, id) => ({
    id: String(id),
    partition_id,
    value: { type: 'STRING', data: 'x' },
  }));
  await expectStatus(200, post('/topics/orders/records:batch', { entries }));
});

afterAll(() => home.close());

async function send(method: string, path: string, body?: unknown) {
  const init =
    body === undefined
      ? { method }
      : {
          method,
          headers: { 'content-type': 'application/json', 'x-client-id': 'tester' },
          body: JSON.stringify(body),
        };
  const response = await fetch(home.url + path, init);
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
}

const get = (path: string) => send('GET', path);
const post = (path: string, body: unknown) => send('POST', path, body);

async function expectStatus(status: number, sent: ReturnType<typeof send>) {
  const answer = await sent;
  expect(answer, JSON.stringify(answer.json)).toMatchObject({ status });
  return answer.json;
}

const newGroup = () => `/consumer-groups/group-${nextGroup++}`;
const join = (group: string, more: object = {}) =>
  expectStatus(201, post(`${group}/members`, { subscribed_topics: ['orders'], ...more }));
const places = (...partitions: number[]) =>
  partitions.map((partition_id) => ({ topic_name: 'orders', partition_id }));
const claim = (group: string, member: { member_id: string; member_epoch: number }, all: object[]) =>
  post(`${group}/offsets/claim`, {
    member_id: member.member_id,
    member_epoch: member.member_epoch,
    partitions: all,
  });

describe('membership', () => {
  it('joins, heartbeats and leaves', async () => {
    const group = newGroup();
    const member = await join(group, { session_timeout_ms: 10_000 });
    expect(member).toMatchObject({
      member_id: expect.any(String),
      member_epoch: expect.any(Number),
      counter: expect.any(Number),
      heartbeat_interval_ms: expect.any(Number),
      state: 'STABLE',
      assignment: [{ topic_name: 'orders', topic_id: expect.any(String), partitions: [0, 1, 2] }],
    });
    const path = `${group}/members/${member.member_id}`;
    const beat = await expectStatus(
      200,
      post(`${path}/heartbeat`, {
        member_epoch: member.member_epoch,
        counter: member.counter + 1,
        owned_partitions: member.assignment,
      }),
    );
    expect(beat).toMatchObject({ member_epoch: member.member_epoch, counter: member.counter + 1 });
    await expectStatus(204, send('DELETE', `${path}?counter=${member.counter + 2}`));
    const gone = await expectStatus(
      409,
      post(`${path}/heartbeat`, { member_epoch: member.member_epoch, owned_partitions: [] }),
    );
    expect(gone).toMatchObject({ kafka_error: 'UNKNOWN_MEMBER_ID', kafka_error_code: 25 });
  });

  it('takes group and member names of any characters', async () => {
    const group = `/consumer-groups/${encodeURIComponent('a group/with ünusual % signs')}`;
    const member = await join(group);
    const found = await expectStatus(200, get(group));
    expect(found.consumer_group_id).toBe('a group/with ünusual % signs');
    await expectStatus(204, send('DELETE', `${group}/members/${member.member_id}`));
    await expectStatus(204, send('DELETE', group));
    expect(await expectStatus(404, get(group))).toMatchObject({ error_code: 40405 });
  });

  it('refuses a second process of an instance until the first one has left', async () => {
    const group = newGroup();
    const member = await join(group, { instance_id: 'one' });
    const body = { subscribed_topics: ['orders'], instance_id: 'one' };
    const refused = await expectStatus(409, post(`${group}/members`, body));
    expect(refused).toMatchObject({ kafka_error: 'UNRELEASED_INSTANCE_ID', retriable: true });
    const path = `${group}/members/${member.member_id}?temporarily=true`;
    await expectStatus(204, send('DELETE', path));
    expect((await join(group, { instance_id: 'one' })).assignment).toEqual(member.assignment);
  });

  it.each([
    ['no subscription', {}, 400, 'INVALID_REQUEST'],
    ['a name that no topic has', { subscribed_topics: ['a/b'] }, 400, 'INVALID_TOPIC_EXCEPTION'],
    ['an unknown assignor', { assignor: 'sticky' }, 400, 'UNSUPPORTED_ASSIGNOR'],
    ['a session of an hour', { session_timeout_ms: 3_600_000 }, 400, 'INVALID_SESSION_TIMEOUT'],
    ['a regex that is none', { topic_regex: '(' }, 400, 'INVALID_REGULAR_EXPRESSION'],
    ['an unknown field', { topics: ['orders'] }, 400, 'INVALID_REQUEST'],
  ])('refuses a join with %s', async (name, more, status, kafka_error) => {
    const topics = name === 'no subscription' ? {} : { subscribed_topics: ['orders'] };
    const sent = post(`${newGroup()}/members`, { ...topics, ...more });
    expect(await expectStatus(status, sent)).toMatchObject({ kafka_error });
  });
});

describe('offsets', () => {
  it('claims, commits and shows what was committed', async () => {
    const group = newGroup();
    const member = await join(group);
    const taken = await expectStatus(200, claim(group, member, places(0, 1, 2)));
    expect(taken.offsets).toHaveLength(3);
    expect(taken.offsets[0]).toMatchObject({ ...places(0)[0], offset: null, metadata: '' });
    const committed = await expectStatus(
      200,
      post(`${group}/offsets`, {
        member_id: member.member_id,
        member_epoch: member.member_epoch,
        offsets: [{ ...places(0)[0], offset: 2, metadata: 'so far' }],
      }),
    );
    expect(committed).toEqual({
      successes: [{ ...places(0)[0], superseded: false }],
      failures: [],
    });
    const { offsets } = await expectStatus(200, get(`${group}/offsets`));
    expect(offsets).toMatchObject([{ ...places(0)[0], offset: 2, metadata: 'so far' }]);
  });

  it('answers 207 when some offsets are committed and others not, and 4xx when none is', async () => {
    const group = newGroup();
    const member = await join(group);
    await expectStatus(200, claim(group, member, places(0)));
    const { member_id, member_epoch } = member;
    const commit = (...offsets: object[]) =>
      post(`${group}/offsets`, { member_id, member_epoch, offsets });
    const good = { ...places(0)[0], offset: 1 };
    const beyond = { ...places(1)[0], offset: 99 };
    const mixed = await expectStatus(207, commit(good, beyond));
    expect(mixed.successes).toHaveLength(1);
    expect(mixed.failures).toMatchObject([{ ...places(1)[0], kafka_error: 'OFFSET_OUT_OF_RANGE' }]);
    const none = await expectStatus(416, commit(beyond));
    expect(none).toMatchObject({ error_code: 41601, failures: mixed.failures });
  });

  it('fenced: a commit of the life before changes nothing', async () => {
    const group = newGroup();
    const member = await join(group);
    const again = await join(group, { member_id: member.member_id });
    await expectStatus(200, claim(group, again, places(0)));
    const refused = await expectStatus(
      409,
      post(`${group}/offsets`, {
        member_id: member.member_id,
        member_epoch: member.member_epoch,
        offsets: [{ ...places(0)[0], offset: 1 }],
      }),
    );
    expect(refused).toMatchObject({ kafka_error: 'STALE_MEMBER_EPOCH', retriable: false });
    expect(await expectStatus(200, get(`${group}/offsets`))).toEqual({ offsets: [] });
  });

  it('refuses a member without its epoch, an offset beyond 2^53, and no offset at all', async () => {
    const group = newGroup();
    const offsets = [{ ...places(0)[0], offset: 1 }];
    const half = await expectStatus(400, post(`${group}/offsets`, { member_id: 'm', offsets }));
    expect(half.message).toContain('member_epoch');
    const [large] = offsets.map((one) => ({ ...one, offset: 2 ** 53 }));
    const beyond = await expectStatus(400, post(`${group}/offsets`, { offsets: [large] }));
    expect(beyond.message).toContain('offsets[0].offset');
    await expectStatus(400, post(`${group}/offsets`, { offsets: [] }));
  });

  it('commits without membership while the group is empty, and not with members in it', async () => {
    const group = newGroup();
    const offsets = [{ ...places(0)[0], offset: 1 }];
    await expectStatus(200, post(`${group}/offsets`, { offsets }));
    await join(group);
    const refused = await expectStatus(409, post(`${group}/offsets`, { offsets }));
    expect(refused).toMatchObject({ kafka_error: 'UNKNOWN_MEMBER_ID' });
  });

  it.each([
    [{ to: 'earliest' }, 0],
    [{ to: 'latest' }, 2],
    [{ to: 'offset', offset: 1 }, 1],
    [{ to: 'timestamp', timestamp: '2000-01-01T00:00:00Z' }, 0],
    [{ to: 'duration', duration_ms: 3_600_000 }, 0],
    [{ to: 'shift', by: 1 }, 2],
    [{ to: 'shift', by: -7 }, 0],
  ])('resets to %j', async (target, offset) => {
    const group = newGroup();
    await expectStatus(
      200,
      post(`${group}/offsets`, { offsets: [{ ...places(0)[0], offset: 1 }] }),
    );
    const dry = await expectStatus(
      200,
      post(`${group}/offsets/reset`, { ...target, dry_run: true }),
    );
    expect(dry).toMatchObject({ dry_run: true, applied: false });
    const before = await expectStatus(200, get(`${group}/offsets`));
    expect(before.offsets[0].offset).toBe(1);
    const done = await expectStatus(200, post(`${group}/offsets/reset`, target));
    expect(done).toEqual({
      dry_run: false,
      applied: true,
      offsets: [{ ...places(0)[0], previous_offset: 1, offset }],
      failures: [],
    });
    const after = await expectStatus(200, get(`${group}/offsets`));
    expect(after.offsets[0].offset).toBe(offset);
  });

  it('sets nothing when one partition can not be set, and says which', async () => {
    const group = newGroup();
    const topics = [{ topic_name: 'orders' }, { topic_name: 'nowhere' }];
    const refused = await expectStatus(
      404,
      post(`${group}/offsets/reset`, { to: 'latest', topics }),
    );
    expect(refused).toMatchObject({ applied: false, failures: [{ topic_name: 'nowhere' }] });
    expect(refused.offsets).toHaveLength(3);
    const dry = { to: 'latest', topics, dry_run: true };
    await expectStatus(207, post(`${group}/offsets/reset`, dry));
  });

  it('resets nothing while the group has members', async () => {
    const group = newGroup();
    await join(group);
    const reset = { to: 'earliest', topics: [{ topic_name: 'orders' }] };
    const refused = await expectStatus(409, post(`${group}/offsets/reset`, reset));
    expect(refused).toMatchObject({ kafka_error: 'NON_EMPTY_GROUP' });
  });
});

describe('what is shown of groups', () => {
  it('lists groups, and describes one with its consumers and who is idle', async () => {
    const group = newGroup();
    const groupId = group.split('/').at(-1);
    for (const client_id of ['c0', 'c1', 'c2', 'c3']) await join(group, { client_id });
    const list = await expectStatus(200, get('/v3/clusters/-/consumer-groups'));
    expect(list).toMatchObject({ kind: 'KafkaConsumerGroupList' });
    const listed = list.data.find((one: { consumer_group_id: string }) => {
      return one.consumer_group_id === groupId;
    });
    expect(listed).toMatchObject({ kind: 'KafkaConsumerGroup', members_count: 4 });
    expect(listed.metadata.self).toBe(`${home.url}/v3/clusters/-${group}`);
    const found = await expectStatus(200, get(group));
    expect(found).toMatchObject({ members_count: 4, partition_assignor: 'uniform' });
    const { data } = await expectStatus(200, get(`${group}/consumers`));
    const idle = data.filter((one: { idle: boolean }) => one.idle);
    expect(data).toHaveLength(4);
    expect(idle).toHaveLength(1);
    expect(data[0]).toMatchObject({
      kind: 'KafkaConsumer',
      client_id: 'c0',
      absent: false,
      subscribed_topics: ['orders'],
    });
  });

  it('takes the client id from the header where the body has none', async () => {
    const group = newGroup();
    await join(group);
    const { data } = await expectStatus(200, get(`${group}/consumers`));
    expect(data).toMatchObject([{ client_id: 'tester' }]);
  });

  it('shows the lag of each partition, and the worst and the sum of them', async () => {
    const group = newGroup();
    const offsets = [
      { ...places(0)[0], offset: 0 },
      { ...places(1)[0], offset: 1 },
    ];
    await expectStatus(200, post(`${group}/offsets`, { offsets }));
    const { data } = await expectStatus(200, get(`${group}/lags`));
    expect(data).toMatchObject([
      { ...places(0)[0], current_offset: 0, log_end_offset: 2, lag: 2, consumer_id: null },
      { ...places(1)[0], current_offset: 1, log_end_offset: 1, lag: 0, lag_seconds: 0 },
    ]);
    expect(data[0].lag_seconds).toBeGreaterThan(0);
    expect(await expectStatus(200, get(`${group}/lag-summary`))).toMatchObject({
      kind: 'KafkaConsumerGroupLagSummary',
      max_lag: 2,
      total_lag: 2,
      max_lag_topic_name: 'orders',
      max_lag_partition_id: 0,
    });
  });

  it('deletes a group that is empty, and no other', async () => {
    const group = newGroup();
    const member = await join(group);
    expect(await expectStatus(409, send('DELETE', group))).toMatchObject({
      kafka_error: 'NON_EMPTY_GROUP',
    });
    await expectStatus(204, send('DELETE', `${group}/members/${member.member_id}`));
    await expectStatus(204, send('DELETE', group));
    for (const path of ['', '/consumers', '/lags', '/lag-summary', '/offsets']) {
      expect(await expectStatus(404, get(group + path))).toMatchObject({ error_code: 40405 });
    }
  });
});
