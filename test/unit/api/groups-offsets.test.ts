// Claim, commit, fetch and reset of offsets over HTTP.

import { beforeEach, describe, expect, it } from 'vitest';
import {
  type AnswerBody,
  createGroupApi,
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

const at = (partition: number, offset: unknown, more: object = {}) => ({
  ...places(partition)[0],
  offset,
  ...more,
});

async function committed(): Promise<unknown> {
  const { json } = await group.get('/offsets');
  return Object.fromEntries(json.offsets.map((one) => [one.partition_id, one.offset]));
}

async function owner(...partitions: number[]): Promise<AnswerBody> {
  const member = await group.joined();
  expect((await group.claim(member, places(...partitions))).status).toBe(200);
  return member;
}

describe('claim', () => {
  it('gives back what the owner before has committed', async () => {
    const member = await owner(0, 1);
    await group.commit(member, [at(0, 3, { metadata: 'done' })]);
    await group.leave(member);
    const heir = await group.joined();
    const { json } = await group.claim(heir, places(0, 1));
    expect(json.offsets).toMatchObject([at(0, 3, { metadata: 'done' }), at(1, null)]);
  });

  it('stale: is refused with 40913 at an epoch that the group has passed', async () => {
    const member = await group.joined();
    await group.joined();
    const moved = (await group.heartbeat(member)).json;
    expect(moved.member_epoch).toBeGreaterThan(member.member_epoch);
    expect(await group.claim(member, places(0))).toMatchObject({
      status: 409,
      json: { error_code: 40913, kafka_error: 'STALE_MEMBER_EPOCH', kafka_error_code: 113 },
    });
  });

  it('is answered with 207 when the member was told only some of the partitions', async () => {
    const member = await group.joined();
    const { status, json } = await group.claim(member, [
      ...places(0),
      { topic_name: 'payments', partition_id: 0 },
    ]);
    expect(status).toBe(207);
    expect(json).toMatchObject({
      offsets: places(0),
      failures: [{ topic_name: 'payments', partition_id: 0, error_code: 40913 }],
    });
  });

  it('is refused with 40925 for nobody’s member id', async () => {
    const nobody = { ...(await group.joined()), member_id: 'nobody' };
    expect(await group.claim(nobody, places(0))).toMatchObject({
      status: 409,
      json: { error_code: 40925 },
    });
  });
});

describe('commit', () => {
  it('stale: what was committed under an epoch that the member has left behind changes nothing', async () => {
    const member = await group.joined({ member_id: 'same' });
    const again = await group.joined({ member_id: 'same' });
    await group.claim(again, places(0));
    expect(await group.commit(member, [at(0, 1)])).toMatchObject({
      status: 409,
      json: { error_code: 40913, kafka_error: 'STALE_MEMBER_EPOCH', kafka_error_code: 113 },
    });
    expect(await committed()).toEqual({});
  });

  it('one-owner: only what the member has claimed', async () => {
    const one = await owner(0);
    expect(await group.commit(one, [at(1, 1)])).toMatchObject({ status: 409 });
    const other = { ...one, member_id: 'another' };
    expect(await group.commit(other, [at(0, 1)])).toMatchObject({
      status: 409,
      json: { error_code: 40925 },
    });
    expect(await committed()).toEqual({});
  });

  it('is answered with 207 when some are in and others are not, and says why for each', async () => {
    const member = await owner(0);
    const { status, json } = await group.commit(member, [
      at(0, 3),
      at(1, 99),
      at(7, 0),
      { topic_name: 'nowhere', partition_id: 0, offset: 0 },
      at(0, 1, { metadata: 'm'.repeat(4_097) }),
    ]);
    expect(status).toBe(207);
    expect(json).toMatchObject({
      successes: [{ ...places(0)[0], superseded: false }],
      failures: [
        { ...places(1)[0], error_code: 41601, kafka_error: 'OFFSET_OUT_OF_RANGE' },
        { ...places(7)[0], error_code: 40402 },
        { topic_name: 'nowhere', error_code: 40401, kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION' },
        { ...places(0)[0], error_code: 40012, kafka_error: 'OFFSET_METADATA_TOO_LARGE' },
      ],
    });
    expect(await committed()).toEqual({ 0: 3 });
  });

  it.each([
    ['out of range', at(0, 99), 41601],
    ['negative', at(0, -1), 41601],
    ['of no partition', at(7, 0), 40402],
    ['of no topic', { topic_name: 'nowhere', partition_id: 0, offset: 0 }, 40401],
    ['with too much metadata', at(0, 0, { metadata: 'm'.repeat(4_097) }), 40012],
  ])('of one offset, %s, has that refusal’s own status', async (_, offset, error_code) => {
    const member = await owner(0);
    const answer = await group.commit(member, [offset]);
    expect(answer).toMatchObject({
      status: Math.trunc(error_code / 100),
      json: { error_code, successes: [], failures: [{ error_code }] },
    });
    expect(await committed()).toEqual({});
  });

  it('counts: a commit that comes late is superseded and moves nothing back', async () => {
    const member = await owner(0);
    await group.commit(member, [at(0, 3, { counter: 2 })]);
    expect(await group.commit(member, [at(0, 1, { counter: 1 })])).toMatchObject({
      status: 200,
      json: { successes: [{ superseded: true }] },
    });
    expect(await committed()).toEqual({ 0: 3 });
  });

  it.each([
    ['9007199254740992', '2^53'],
    ['9007199254740993', 'what a number would round'],
    ['1.5', 'a fraction'],
    ['"1"', 'text'],
    ['null', 'null'],
  ])('exact: %s as an offset (%s) is refused, never rounded', async (offset) => {
    const member = await owner(0);
    const body = `{"member_id":"${member.member_id}","member_epoch":${member.member_epoch},
      "offsets":[{"topic_name":"orders","partition_id":0,"offset":${offset}}]}`;
    const { status, json } = await api.send('POST', `${group.path}/offsets`, body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ error_code: 40042 });
    expect(json.message).toContain('offsets[0].offset');
  });

  it('exact: the largest offset that JSON holds reaches the log, which ends before it', async () => {
    const member = await owner(0);
    const { status, json } = await group.commit(member, [at(0, Number.MAX_SAFE_INTEGER)]);
    expect(status).toBe(416);
    expect(json.message).toContain(String(Number.MAX_SAFE_INTEGER));
  });

  it.each([
    ['no offset', []],
    ['too many offsets', Array.from({ length: 1_001 }, () => at(0, 0))],
    ['an unknown field', [at(0, 0, { leader_epoch: 1 })]],
  ])('of %s is not valid', async (_, offsets) => {
    const member = await owner(0);
    expect(await group.commit(member, offsets)).toMatchObject({
      status: 400,
      json: { error_code: 40042 },
    });
  });

  it('without membership is taken only while the group is empty', async () => {
    expect((await group.commit(undefined, [at(0, 2)])).status).toBe(200);
    expect(await committed()).toEqual({ 0: 2 });
    await group.joined();
    expect(await group.commit(undefined, [at(0, 1)])).toMatchObject({
      status: 409,
      json: { error_code: 40925 },
    });
    expect(await committed()).toEqual({ 0: 2 });
  });

  it('to a group with a name of 300 characters is refused with 40024', async () => {
    const named = new GroupCaller(api, 'g'.repeat(300));
    expect(await named.commit(undefined, [at(0, 0)])).toMatchObject({
      status: 400,
      json: { error_code: 40024 },
    });
    expect(await named.reset({ to: 'earliest' })).toMatchObject({
      status: 400,
      json: { error_code: 40024 },
    });
  });
});

describe('reset', () => {
  beforeEach(async () => {
    await group.commit(undefined, [at(0, 2), at(1, 1)]);
  });

  it('changes nothing when it is a dry run, and what it said when it is none', async () => {
    const planned = {
      offsets: [
        { ...places(0)[0], previous_offset: 2, offset: 0 },
        { ...places(1)[0], previous_offset: 1, offset: 0 },
      ],
      failures: [],
    };
    expect(await group.reset({ to: 'earliest', dry_run: true })).toMatchObject({
      status: 200,
      json: { ...planned, dry_run: true, applied: false },
    });
    expect(await committed()).toEqual({ 0: 2, 1: 1 });
    expect(await group.reset({ to: 'earliest' })).toMatchObject({
      status: 200,
      json: { ...planned, dry_run: false, applied: true },
    });
    expect(await committed()).toEqual({ 0: 0, 1: 0 });
  });

  it.each([
    [{ to: 'earliest' }, { 0: 0, 1: 0 }],
    [{ to: 'latest' }, { 0: 3, 1: 2 }],
    [
      { to: 'offset', offset: 1 },
      { 0: 1, 1: 1 },
    ],
    [
      { to: 'timestamp', timestamp: '2000-01-01T00:00:00Z' },
      { 0: 0, 1: 0 },
    ],
    [
      { to: 'timestamp', timestamp: '2100-01-01T00:00:00Z' },
      { 0: 3, 1: 2 },
    ],
    [
      { to: 'duration', duration_ms: 3_600_000 },
      { 0: 0, 1: 0 },
    ],
    [
      { to: 'shift', by: -1 },
      { 0: 1, 1: 0 },
    ],
    [
      { to: 'shift', by: 100 },
      { 0: 3, 1: 2 },
    ],
    [
      { to: 'latest', topics: [{ topic_name: 'orders', partitions: [1] }] },
      { 0: 2, 1: 2 },
    ],
    [
      { to: 'latest', topics: [{ topic_name: 'orders' }] },
      { 0: 3, 1: 2, 2: 0 },
    ],
  ])('%j', async (body, expected) => {
    expect((await group.reset(body)).status).toBe(200);
    expect(await committed()).toEqual(expected);
  });

  it('is refused with 40968 while the group has members, a dry run of it is not', async () => {
    await group.joined();
    expect(await group.reset({ to: 'earliest' })).toMatchObject({
      status: 409,
      json: { error_code: 40968, kafka_error: 'NON_EMPTY_GROUP' },
    });
    expect((await group.reset({ to: 'earliest', dry_run: true })).status).toBe(200);
    expect(await committed()).toEqual({ 0: 2, 1: 1 });
  });

  it('sets none when one can not be set, with that one’s status and the whole plan', async () => {
    const body = { to: 'offset', offset: 3 };
    const refused = await group.reset(body);
    expect(refused).toMatchObject({
      status: 416,
      json: {
        error_code: 41601,
        applied: false,
        offsets: [{ ...places(0)[0], previous_offset: 2, offset: 3 }],
        failures: [{ ...places(1)[0], error_code: 41601 }],
      },
    });
    expect((await group.reset({ ...body, dry_run: true })).status).toBe(207);
    expect(await committed()).toEqual({ 0: 2, 1: 1 });
  });

  it.each([
    [{}],
    [{ to: 'yesterday' }],
    [{ to: 'offset' }],
    [{ to: 'offset', offset: -1 }],
    [{ to: 'timestamp', timestamp: 'noon' }],
    [{ to: 'duration', duration_ms: -1 }],
    [{ to: 'shift', by: 0.5 }],
    [{ to: 'earliest', offset: 1 }],
    [{ to: 'earliest', dry_run: 'yes' }],
  ])('%j is not valid', async (body) => {
    expect(await group.reset(body)).toMatchObject({ status: 400, json: { error_code: 40042 } });
    expect(await committed()).toEqual({ 0: 2, 1: 1 });
  });
});

describe('fetching offsets', () => {
  it('knows no group that never was', async () => {
    expect(await group.get('/offsets')).toMatchObject({
      status: 404,
      json: { error_code: 40405, kafka_error: 'GROUP_ID_NOT_FOUND' },
    });
  });
});
