// Join, heartbeat and leave over HTTP.

import { beforeEach, describe, expect, it } from 'vitest';
import { createGroupApi, type GroupApi, GroupCaller, places } from './groups-api.ts';

let api: GroupApi;
let group: GroupCaller;

beforeEach(async () => {
  api = await createGroupApi();
  group = new GroupCaller(api);
});

describe('a member from join to leave', () => {
  it('joins, heartbeats, claims, commits, shows its place and its lag, and leaves', async () => {
    const member = await group.joined({ member_id: 'first', session_timeout_ms: 10_000 });
    expect(member).toMatchObject({
      member_id: 'first',
      state: 'STABLE',
      assignment: [{ topic_name: 'orders', topic_id: expect.any(String), partitions: [0, 1, 2] }],
    });
    const beat = await group.heartbeat(member);
    expect(beat).toMatchObject({
      status: 200,
      json: { ...member, counter: member.counter + 1 },
    });
    const claimed = await group.claim(member, places(0, 1, 2));
    expect(claimed).toMatchObject({
      status: 200,
      json: {
        offsets: places(0, 1, 2).map((place) => ({ ...place, offset: null, metadata: '' })),
        failures: [],
      },
    });
    const [place] = places(0);
    const offset = { ...place, offset: 2, metadata: 'half way' };
    expect(await group.commit(member, [offset])).toMatchObject({
      status: 200,
      json: { successes: [{ ...place, superseded: false }], failures: [] },
    });
    const committedAt = new Date(api.clock.nowMs()).toISOString();
    expect((await group.get('/offsets')).json.offsets).toMatchObject([
      { ...offset, committed_at: committedAt },
    ]);
    const lags = await group.get('/lags');
    expect(lags.json.data.map(({ lag }) => lag)).toEqual([1, 2, 0]);
    expect((await group.leave(member)).status).toBe(204);
    expect((await group.get()).json).toMatchObject({ state: 'EMPTY', members_count: 0 });
  });

  it('fenced: neither heartbeats nor claims after it has left, nor commits once another has claimed', async () => {
    const member = await group.joined();
    await group.claim(member, places(0));
    await group.leave(member);
    const heir = await group.joined();
    await group.claim(heir, places(0));
    const refusals = [
      await group.heartbeat(member),
      await group.claim(member, places(0)),
      await group.commit(member, [{ ...places(0)[0], offset: 1 }]),
    ];
    for (const { status, json } of refusals) {
      expect(status).toBe(409);
      expect(json).toMatchObject({
        error_code: 40925,
        kafka_error: 'UNKNOWN_MEMBER_ID',
        kafka_error_code: 25,
        retriable: false,
      });
    }
    expect((await group.get('/offsets')).json.offsets).toEqual([]);
  });

  it('leaves once: a repetition of a leave that was done is told that nobody of that name is there', async () => {
    const member = await group.joined();
    expect((await group.leave(member)).status).toBe(204);
    expect(await group.leave(member)).toMatchObject({ status: 409, json: { error_code: 40925 } });
  });
});

describe('one-owner: a zombie', () => {
  it('is refused with 40911 after its session has run out, and its partitions are another member’s', async () => {
    const zombie = await group.joined({ session_timeout_ms: 1_000 });
    await group.claim(zombie, places(0));
    api.clock.timeMs += 60_000;
    let heir = await group.joined({ session_timeout_ms: 1_800_000 });
    for (let round = 0; round < 5 && heir.assignment.length === 0; round += 1) {
      api.clock.timeMs += 60_000;
      heir = (await group.heartbeat(heir)).json;
    }
    expect(heir.assignment).toEqual([
      { topic_name: 'orders', topic_id: expect.any(String), partitions: [0, 1, 2] },
    ]);
    expect((await group.claim(heir, places(0))).status).toBe(200);
    expect((await group.commit(heir, [{ ...places(0)[0], offset: 2 }])).status).toBe(200);
    const late = await group.commit(zombie, [{ ...places(0)[0], offset: 1 }]);
    const beat = await group.heartbeat(zombie);
    expect([late.status, beat.status]).toEqual([409, 409]);
    const fenced = { error_code: 40911, kafka_error: 'FENCED_MEMBER_EPOCH', retriable: false };
    expect(late.json).toMatchObject({ ...fenced, failures: [{ ...places(0)[0], ...fenced }] });
    expect(beat.json).toMatchObject(fenced);
    expect((await group.get('/offsets')).json.offsets).toMatchObject([{ offset: 2 }]);
  });
});

describe('the epoch of a heartbeat', () => {
  it('fenced: is refused with 40911 when it is of no life of the member', async () => {
    const member = await group.joined();
    const ahead = await group.heartbeat(member, { member_epoch: member.member_epoch + 100 });
    expect(ahead).toMatchObject({
      status: 409,
      json: { error_code: 40911, kafka_error: 'FENCED_MEMBER_EPOCH', kafka_error_code: 110 },
    });
  });

  it('is taken when it is older: the member hears where it stands', async () => {
    const member = await group.joined();
    await group.joined();
    const beat = await group.heartbeat(member);
    expect(beat.status).toBe(200);
    expect(beat.json.assignment).not.toEqual(member.assignment);
  });

  it.each([[-1], [1.5], ['1'], [null], [2 ** 53]])('can not be %j', async (member_epoch) => {
    const member = await group.joined();
    const { status, json } = await group.heartbeat(member, { member_epoch });
    expect(status).toBe(400);
    expect(json).toMatchObject({ error_code: 40042 });
    expect(json.message).toContain('member_epoch');
  });
});

describe('what a heartbeat says', () => {
  it('monotonic-ownership: a partition in use goes to nobody until its owner leaves it out', async () => {
    const one = await group.joined();
    const two = await group.joined();
    expect(two).toMatchObject({ assignment: [] });
    const told = (await group.heartbeat(one)).json;
    expect(told.assignment).not.toEqual(one.assignment);
    const holding = (await group.heartbeat(told, { owned_partitions: one.assignment })).json;
    const waiting = (await group.heartbeat(two)).json;
    expect(waiting.assignment).toEqual([]);
    expect((await group.heartbeat(holding)).status).toBe(200);
    const { assignment } = (await group.heartbeat(waiting)).json;
    const all = [...told.assignment, ...assignment].flatMap(({ partitions }) => partitions);
    expect(assignment).not.toEqual([]);
    expect(all.toSorted()).toEqual([0, 1, 2]);
  });

  it.each([{ subscribed_topics: ['payments'] }, { topic_regex: 'pay.*' }])(
    'changes the subscription: %j',
    async (subscription) => {
      const created = await api.send('POST', '/topics', { topic_name: 'payments' });
      expect(created.status).toBe(201);
      let member = await group.joined();
      member = (await group.heartbeat(member, subscription)).json;
      for (let round = 0; round < 3; round += 1) member = (await group.heartbeat(member)).json;
      expect(member.assignment).toEqual([
        { topic_name: 'payments', topic_id: expect.any(String), partitions: [0] },
      ]);
    },
  );

  it('fenced: counts for nothing when a later one was heard before it', async () => {
    const member = await group.joined();
    await group.heartbeat(member, { counter: member.counter + 5 });
    const late = await group.leave(member, `?counter=${member.counter + 1}`);
    expect(late).toMatchObject({ status: 409, json: { error_code: 40911 } });
    expect((await group.get()).json).toMatchObject({ members_count: 1 });
  });
});

describe('a join’s bounds', () => {
  it.each([
    { name: 'session_timeout_ms', is: 'too short', value: 999, expected: 40026 },
    { name: 'session_timeout_ms', is: 'the shortest', value: 1_000, expected: 201 },
    { name: 'session_timeout_ms', is: 'the longest', value: 1_800_000, expected: 201 },
    { name: 'session_timeout_ms', is: 'too long', value: 1_800_001, expected: 40026 },
    { name: 'rebalance_timeout_ms', is: 'too short', value: 999, expected: 40042 },
    { name: 'rebalance_timeout_ms', is: 'the longest', value: 3_600_000, expected: 201 },
    { name: 'rebalance_timeout_ms', is: 'too long', value: 3_600_001, expected: 40042 },
    { name: 'member_id', is: 'the longest', value: 'm'.repeat(255), expected: 201 },
    { name: 'member_id', is: 'too long', value: 'm'.repeat(256), expected: 40042 },
    { name: 'member_id', is: 'empty', value: '', expected: 40042 },
    { name: 'instance_id', is: 'too long', value: 'i'.repeat(256), expected: 40042 },
    { name: 'client_id', is: 'too long', value: 'c'.repeat(256), expected: 40042 },
    { name: 'assignor', is: 'known', value: 'range', expected: 201 },
    { name: 'assignor', is: 'unknown', value: 'sticky', expected: 40013 },
    { name: 'topic_regex', is: 'valid', value: 'ord.*', expected: 201 },
    { name: 'topic_regex', is: 'too long', value: 'r'.repeat(257), expected: 40028 },
    { name: 'subscribed_topics', is: 'empty', value: [], expected: 40042 },
    {
      name: 'subscribed_topics',
      is: 'too many',
      value: Array.from({ length: 1_001 }, (_, one) => `t${one}`),
      expected: 40042,
    },
    { name: 'subscribed_topics', is: 'no topic’s name', value: ['no/topic'], expected: 40017 },
    { name: 'unheard_of', is: 'not a field', value: 1, expected: 40042 },
  ])('$name, $is, is answered with $expected', async ({ name, value, expected }) => {
    const { status, json } = await group.join({ [name]: value });
    if (expected === 201) expect(status, json.message).toBe(201);
    else
      expect({ status, json }).toMatchObject({
        status: Math.trunc(expected / 100),
        json: { error_code: expected },
      });
  });

  it('has a session of 45 seconds where none is asked for', async () => {
    await group.joined();
    const { json } = await group.get('/consumers');
    expect(json.data).toMatchObject([{ session_timeout_ms: 45_000 }]);
  });

  it.each([
    [255, 201],
    [256, 400],
    [300, 400],
  ])('a group’s name of %i characters is answered with %i', async (length, expected) => {
    const named = new GroupCaller(api, 'g'.repeat(length));
    const { status, json } = await named.join();
    expect(status).toBe(expected);
    if (expected === 400) {
      expect(json).toMatchObject({ error_code: 40024, kafka_error: 'INVALID_GROUP_ID' });
    }
  });

  it('an empty group’s name is no path', async () => {
    const answer = await api.send('POST', '/consumer-groups//members', {
      subscribed_topics: ['orders'],
    });
    expect(answer).toMatchObject({ status: 404, json: { error_code: 40400 } });
  });
});

describe('a static member', () => {
  it('keeps its partitions over a restart, and refuses a second process meanwhile', async () => {
    const member = await group.joined({ instance_id: 'one' });
    expect(await group.join({ instance_id: 'one' })).toMatchObject({
      status: 409,
      json: { error_code: 40912, kafka_error: 'UNRELEASED_INSTANCE_ID', retriable: true },
    });
    expect((await group.leave(member, '?temporarily=true')).status).toBe(204);
    const next = await group.joined({ instance_id: 'one' });
    expect(next.assignment).toEqual(member.assignment);
    expect(await group.heartbeat(member)).toMatchObject({ status: 409 });
  });
});

describe('leaving', () => {
  it('fenced: is refused when it is of a former life', async () => {
    const member = await group.joined({ member_id: 'same' });
    const again = await group.joined({ member_id: 'same' });
    expect(again.member_epoch).toBeGreaterThan(member.member_epoch);
    expect(await group.leave(member, `?member_epoch=${member.member_epoch}`)).toMatchObject({
      status: 409,
      json: { error_code: 40911 },
    });
    expect((await group.heartbeat(again)).status).toBe(200);
  });

  it.each(['?temporarily=perhaps', '?member_epoch=-1', '?counter=one', '?unheard_of=1'])(
    'with %s is not valid',
    async (query) => {
      const member = await group.joined();
      expect(await group.leave(member, query)).toMatchObject({
        status: 400,
        json: { error_code: 40042 },
      });
    },
  );
});
