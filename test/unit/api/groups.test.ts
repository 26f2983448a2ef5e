// Groups as operators see them over HTTP, and what the OpenAPI document says of the operations of groups.

import { beforeEach, describe, expect, it } from 'vitest';
import { encodePathName } from '../../../lib/path-name.ts';
import {
  createGroupApi,
  GROUP_OPERATIONS,
  type GroupApi,
  GroupCaller,
  places,
} from './groups-api.ts';

let api: GroupApi;
let group: GroupCaller;

beforeEach(async () => {
  api = await createGroupApi();
  group = new GroupCaller(api);
});

const V3 = '/v3/clusters/-';
const SELF = 'http://localhost/consumer-groups/billing';

describe('listing groups', () => {
  it('gives them by name in v3’s shape, and says which are empty', async () => {
    await new GroupCaller(api, 'b').commit(undefined, [{ ...places(0)[0], offset: 0 }]);
    await new GroupCaller(api, 'a').joined();
    const { status, json } = await api.send('GET', '/consumer-groups');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      kind: 'KafkaConsumerGroupList',
      metadata: { self: 'http://localhost/consumer-groups', next: null },
      data: [
        { kind: 'KafkaConsumerGroup', consumer_group_id: 'a', members_count: 1 },
        { consumer_group_id: 'b', members_count: 0, state: 'EMPTY', is_simple: false },
      ],
    });
  });

  it('is empty where there are none', async () => {
    expect((await api.send('GET', '/consumer-groups')).json).toMatchObject({ data: [] });
  });
});

describe('describing a group', () => {
  it('has v3’s fields and links that can be followed, short and under the cluster', async () => {
    await group.joined({ assignor: 'range' });
    const { json } = await group.get();
    expect(json).toMatchObject({
      kind: 'KafkaConsumerGroup',
      metadata: { self: SELF },
      consumer_group_id: 'billing',
      state: 'STABLE',
      partition_assignor: 'range',
      members_count: 1,
      consumers: { related: `${SELF}/consumers` },
      lag_summary: { related: `${SELF}/lag-summary` },
    });
    const long = await api.send('GET', `${V3}${group.path}`);
    expect(long.json).toMatchObject({
      consumers: { related: `http://localhost${V3}${group.path}/consumers` },
    });
    expect((await group.get('/consumers')).status).toBe(200);
    expect((await group.get('/lag-summary')).status).toBe(200);
  });

  it('takes a name of any characters', async () => {
    const name = 'a group/with ünusual % signs';
    const odd = new GroupCaller(api, name);
    await odd.joined();
    const { json } = await odd.get();
    expect(json).toMatchObject({
      consumer_group_id: name,
      metadata: { self: `http://localhost/consumer-groups/${encodePathName(name)}` },
    });
  });
});

describe('consumers', () => {
  it('shows who has what, and who is idle for want of partitions', async () => {
    const members = [];
    for (const client_id of ['c0', 'c1', 'c2', 'c3'])
      members.push(await group.joined({ client_id }));
    for (let round = 0; round < 3; round += 1) {
      for (const [index, member] of members.entries()) {
        const { json } = await group.heartbeat(member);
        members[index] = json;
      }
    }
    const { json } = await group.get('/consumers');
    expect(json).toMatchObject({ kind: 'KafkaConsumerList' });
    expect(json.data).toHaveLength(4);
    expect(json.data[0]).toMatchObject({
      kind: 'KafkaConsumer',
      consumer_group_id: 'billing',
      consumer_id: members[0]?.member_id,
      client_id: 'c0',
      instance_id: null,
      absent: false,
      subscribed_topics: ['orders'],
      topic_regex: null,
    });
    const parts = json.data.map(({ assignment, idle }) => ({ assignment, idle }));
    expect(parts.filter(({ idle }) => idle)).toEqual([{ assignment: [], idle: true }]);
    const told = members.flatMap(({ assignment }) => assignment.flatMap((one) => one.partitions));
    expect(told.toSorted()).toEqual([0, 1, 2]);
  });

  it('shows a static member that is away as absent', async () => {
    const member = await group.joined({ instance_id: 'one' });
    await group.leave(member, '?temporarily=true');
    expect((await group.get('/consumers')).json.data).toMatchObject([
      { instance_id: 'one', absent: true },
    ]);
  });
});

describe('lags', () => {
  it('are in records and in seconds, with the member that reads each partition', async () => {
    const member = await group.joined({ client_id: 'printer', instance_id: 'one' });
    await group.claim(member, places(0, 1, 2));
    await group.commit(member, [
      { ...places(0)[0], offset: 1 },
      { ...places(1)[0], offset: 2 },
    ]);
    api.clock.timeMs += 30_000;
    const { json } = await group.get('/lags');
    const reader = { consumer_id: member.member_id, client_id: 'printer', instance_id: 'one' };
    const row = (partition: number) => ({
      kind: 'KafkaConsumerLag',
      consumer_group_id: 'billing',
      ...places(partition)[0],
      ...reader,
    });
    expect(json).toMatchObject({
      kind: 'KafkaConsumerLagList',
      data: [
        {
          ...row(0),
          current_offset: 1,
          log_start_offset: 0,
          log_end_offset: 3,
          lag: 2,
          lag_seconds: 30,
        },
        { ...row(1), current_offset: 2, log_end_offset: 2, lag: 0, lag_seconds: 0 },
        { ...row(2), current_offset: null, log_end_offset: 0, lag: 0, lag_seconds: 0 },
      ],
    });
  });

  it('are summed up, and the worst is named with its reader', async () => {
    const member = await group.joined({ client_id: 'printer' });
    api.clock.timeMs += 5_000;
    const { json } = await group.get('/lag-summary');
    expect(json).toMatchObject({
      kind: 'KafkaConsumerGroupLagSummary',
      metadata: { self: `${SELF}/lag-summary` },
      consumer_group_id: 'billing',
      total_lag: 5,
      max_lag: 3,
      max_lag_consumer_id: member.member_id,
      max_lag_client_id: 'printer',
      max_lag_instance_id: null,
      max_lag_topic_name: 'orders',
      max_lag_partition_id: 0,
      max_lag_consumer: { related: `${SELF}/consumers` },
      max_lag_partition: { related: 'http://localhost/topics/orders/partitions/0' },
    });
  });

  it('name no reader when nobody is there, and nothing when the group reads nothing', async () => {
    await group.commit(undefined, [{ ...places(0)[0], offset: 0 }]);
    expect((await group.get('/lags')).json.data).toMatchObject([
      { ...places(0)[0], consumer_id: null, client_id: null, instance_id: null, lag: 3 },
    ]);
    const nothing = new GroupCaller(api, 'nothing');
    await nothing.joined({ subscribed_topics: ['not-there-yet'] });
    expect((await nothing.get('/lag-summary')).json).toMatchObject({
      max_lag: 0,
      total_lag: 0,
      max_lag_seconds: 0,
      max_lag_consumer_id: null,
      max_lag_topic_name: null,
      max_lag_consumer: null,
      max_lag_partition: null,
    });
  });
});

describe('deleting a group', () => {
  it('is refused with 40968 while it has members, and then takes its offsets with it', async () => {
    const member = await group.joined();
    expect(await api.send('DELETE', group.path)).toMatchObject({
      status: 409,
      json: { error_code: 40968, kafka_error: 'NON_EMPTY_GROUP' },
    });
    await group.leave(member);
    await group.commit(undefined, [{ ...places(0)[0], offset: 1 }]);
    expect((await api.send('DELETE', group.path)).status).toBe(204);
    for (const rest of ['', '/consumers', '/lags', '/lag-summary', '/offsets']) {
      expect(await group.get(rest)).toMatchObject({ status: 404, json: { error_code: 40405 } });
    }
    expect(await api.send('DELETE', group.path)).toMatchObject({ status: 404 });
  });

  it('fenced: a zombie of its past can neither claim nor commit in the group made anew', async () => {
    const zombie = await group.joined();
    await group.claim(zombie, places(0));
    await group.leave(zombie);
    await api.send('DELETE', group.path);
    const fresh = await group.joined();
    expect(fresh.member_epoch).toBeGreaterThan(zombie.member_epoch);
    expect(await group.claim(zombie, places(0))).toMatchObject({ status: 409 });
    const late = [{ ...places(0)[0], offset: 1 }];
    expect(await group.commit(zombie, late)).toMatchObject({ status: 409 });
    expect((await group.get('/offsets')).json.offsets).toEqual([]);
  });
});

describe('when the storage fails', () => {
  it.each([
    ['throttles', 'throttled', 429, 'THROTTLING_QUOTA_EXCEEDED'],
    ['does not answer', 'before', 503, 'REQUEST_TIMED_OUT'],
  ] as const)('and %s, the answer is retriable and says when', async (_, fault, status, name) => {
    api.wire.fail('readGroup', ...Array.from({ length: 50 }, () => fault));
    const answer = await group.join();
    expect(answer).toMatchObject({ status, json: { kafka_error: name, retriable: true } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(api.unexpected).toEqual([]);
  });
});

describe('requests that are none', () => {
  it.each([
    ['another media type', { headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
    ['no JSON', { headers: { 'content-type': 'application/json' }, body: '{' }, 400],
    [
      'a body beyond the limit',
      { headers: { 'content-type': 'application/json', 'content-length': '10485761' }, body: '{}' },
      413,
    ],
  ])('with %s', async (_, init, status) => {
    const posts = GROUP_OPERATIONS.filter(({ method }) => method === 'post');
    expect(posts).toHaveLength(5);
    for (const { path } of posts) {
      const real = path.replace('{group_id}', 'g').replace('{member_id}', 'm');
      expect((await api.send('POST', real, undefined, init)).status, path).toBe(status);
    }
  });

  it('with another method are told which there are', async () => {
    const answer = await api.send('PUT', `${group.path}/offsets`);
    expect(answer).toMatchObject({ status: 405, json: { error_code: 40501 } });
    expect(answer.headers.get('allow')).toBe('GET, POST');
  });
});

describe('the OpenAPI document', () => {
  it('has every operation of groups', () => {
    const described = GROUP_OPERATIONS.map(({ path, method }) => {
      const { paths } = api.document;
      return paths[path]?.[method] === undefined ? `${method} ${path} is missing` : 'described';
    });
    expect(described).toHaveLength(13);
    expect(new Set(described)).toEqual(new Set(['described']));
  });

  it('refers to nothing that is not there', () => {
    const names = new Set(Object.keys(api.document.components.schemas));
    const refs = [...JSON.stringify(api.document).matchAll(/"\$ref":"([^"]+)"/g)];
    const missing = refs
      .map(([, ref = '']) => ref)
      .filter((ref) => !names.has(ref.replace('#/components/schemas/', '')));
    expect(refs.length).toBeGreaterThan(GROUP_OPERATIONS.length);
    expect(missing).toEqual([]);
  });

  it('documents the statuses of fencing and of mixed outcomes', () => {
    const statuses = (path: string, method: string) =>
      Object.keys(
        api.document.paths[`/consumer-groups/{group_id}${path}`]?.[method]?.responses ?? {},
      );
    const member = '/members/{member_id}';
    expect(statuses('/members', 'post')).toEqual(expect.arrayContaining(['201', '400', '409']));
    expect(statuses(`${member}/heartbeat`, 'post')).toEqual(expect.arrayContaining(['200', '409']));
    expect(statuses(member, 'delete')).toEqual(expect.arrayContaining(['204', '409']));
    for (const path of ['/offsets', '/offsets/claim', '/offsets/reset']) {
      const answers = ['200', '207', '400', '404', '409', '413', '415', '429', '503'];
      expect(statuses(path, 'post'), path).toEqual(expect.arrayContaining(answers));
    }
    expect(statuses('', 'delete')).toEqual(expect.arrayContaining(['204', '404', '409']));
  });
});
