// Every operation of the API asks for Kafka's operation on Kafka's resource, and says the same of what is there and of
// what isn't. A new operation that nobody guards fails here.

import { beforeEach, describe, expect, it } from 'vitest';
import { allRoutes } from '../../../lib/api/routes/all.ts';
import { encodeFrames } from '../../../lib/record/frames.ts';
import {
  createGuardedLog,
  type GuardedLog,
  type GuardedRequest,
  ROOT,
} from '../../support/guarded-log.ts';
import { batchOf } from '../../support/test-log.ts';

const TEXT = { type: 'STRING', data: 'x' };
const CALLER = { producer_id: 1, producer_epoch: 0, transaction_number: 1 };
const CLUSTER = 'CLUSTER kafka-cluster';

/** What a request is about: in the log that is asked all of `here` is there, and nothing of `gone`. */
type Name = 'here' | 'gone';

interface Guarded {
  readonly request: (name: Name) => Omit<GuardedRequest, 'principal'>;
  /** What suffices, each by itself; a list inside: all of them together. `N`: the name. */
  readonly needs: readonly (string | readonly string[])[];
  readonly error: 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID' | 'CLUSTER';
}

const get = (path: string): Omit<GuardedRequest, 'principal'> => ({ method: 'GET', path });
const post = (path: string, json: unknown = {}): Omit<GuardedRequest, 'principal'> => ({
  method: 'POST',
  path,
  json,
});
const place = (name: Name) => ({ topic_name: name, partition_id: 0 });

const OPERATIONS: Readonly<Record<string, Guarded>> = {
  createTopic: {
    request: (name) => post('/topics', { topic_name: name, validate_only: true }),
    needs: ['CREATE TOPIC N', `CREATE ${CLUSTER}`],
    error: 'TOPIC',
  },
  getTopic: {
    request: (name) => get(`/topics/${name}`),
    needs: ['DESCRIBE TOPIC N', 'READ TOPIC N', 'WRITE TOPIC N', 'ALTER TOPIC N', 'DELETE TOPIC N'],
    error: 'TOPIC',
  },
  ensureTopic: {
    request: (name) => ({
      method: 'PUT',
      path: `/topics/${name}`,
      json: {
        partitions_count: 1,
        configs: [{ name: 'retention.ms', value: 1 }],
        validate_only: true,
      },
    }),
    needs: [['CREATE TOPIC N', 'ALTER TOPIC N', 'ALTER_CONFIGS TOPIC N']],
    error: 'TOPIC',
  },
  alterTopic: {
    request: (name) => ({
      method: 'PATCH',
      path: `/topics/${name}`,
      json: { partitions_count: 2, configs: [{ name: 'retention.ms', value: 1 }] },
    }),
    needs: [['ALTER TOPIC N', 'ALTER_CONFIGS TOPIC N']],
    error: 'TOPIC',
  },
  deleteTopic: {
    request: (name) => ({ method: 'DELETE', path: `/topics/${name}` }),
    needs: ['DELETE TOPIC N'],
    error: 'TOPIC',
  },
  listPartitions: {
    request: (name) => get(`/topics/${name}/partitions`),
    needs: ['DESCRIBE TOPIC N'],
    error: 'TOPIC',
  },
  getPartition: {
    request: (name) => get(`/topics/${name}/partitions/0`),
    needs: ['DESCRIBE TOPIC N'],
    error: 'TOPIC',
  },
  listTopicConfigs: {
    request: (name) => get(`/topics/${name}/configs`),
    needs: ['DESCRIBE_CONFIGS TOPIC N', 'ALTER_CONFIGS TOPIC N'],
    error: 'TOPIC',
  },
  getTopicConfig: {
    request: (name) => get(`/topics/${name}/configs/retention.ms`),
    needs: ['DESCRIBE_CONFIGS TOPIC N'],
    error: 'TOPIC',
  },
  listPartitionStorage: {
    request: (name) => get(`/topics/${name}/segments`),
    needs: ['DESCRIBE TOPIC N'],
    error: 'TOPIC',
  },
  getPartitionSegments: {
    request: (name) => get(`/topics/${name}/partitions/0/segments`),
    needs: ['DESCRIBE TOPIC N'],
    error: 'TOPIC',
  },
  previewGarbage: {
    request: () => get('/garbage'),
    needs: [`DESCRIBE ${CLUSTER}`],
    error: 'CLUSTER',
  },
  deleteRecords: {
    request: (name) => post(`/topics/${name}/partitions/0/records/delete`, { offset: 'latest' }),
    needs: ['DELETE TOPIC N'],
    error: 'TOPIC',
  },
  produceRecord: {
    request: (name) => post(`/topics/${name}/records`, { value: TEXT }),
    needs: ['WRITE TOPIC N', 'ALL TOPIC N'],
    error: 'TOPIC',
  },
  produceRecords: {
    request: (name) =>
      post(`/topics/${name}/records:batch`, { entries: [{ id: 'a', value: TEXT }] }),
    needs: ['WRITE TOPIC N'],
    error: 'TOPIC',
  },
  produceToTopics: {
    request: (name) => post('/records', { entries: [{ id: 'a', topic_name: name, value: TEXT }] }),
    needs: ['WRITE TOPIC N'],
    error: 'TOPIC',
  },
  readRecords: {
    request: (name) => get(`/topics/${name}/partitions/0/records?offset=0`),
    needs: ['READ TOPIC N'],
    error: 'TOPIC',
  },
  fetch: {
    request: (name) => post('/fetch', { partitions: [{ ...place(name), offset: 0 }] }),
    needs: ['READ TOPIC N'],
    error: 'TOPIC',
  },
  getOffset: {
    request: (name) => get(`/topics/${name}/partitions/0/offset?latest`),
    needs: ['DESCRIBE TOPIC N', 'READ TOPIC N'],
    error: 'TOPIC',
  },
  listOffsets: {
    request: (name) => post('/offsets/list', { partitions: [place(name)] }),
    needs: ['DESCRIBE TOPIC N'],
    error: 'TOPIC',
  },
  joinGroup: {
    request: (name) => post(`/consumer-groups/${name}/members`, { subscribed_topics: ['here'] }),
    needs: [['READ GROUP N', 'DESCRIBE TOPIC here']],
    error: 'GROUP',
  },
  heartbeat: {
    request: (name) =>
      post(`/consumer-groups/${name}/members/m/heartbeat`, {
        member_epoch: 1,
        owned_partitions: [],
      }),
    needs: ['READ GROUP N'],
    error: 'GROUP',
  },
  leaveGroup: {
    request: (name) => ({ method: 'DELETE', path: `/consumer-groups/${name}/members/m` }),
    needs: ['READ GROUP N'],
    error: 'GROUP',
  },
  claimPartitions: {
    request: (name) =>
      post(`/consumer-groups/${name}/offsets/claim`, {
        member_id: 'm',
        member_epoch: 1,
        partitions: [place('here')],
      }),
    needs: [['READ GROUP N', 'READ TOPIC here']],
    error: 'GROUP',
  },
  commitOffsets: {
    request: (name) =>
      post(`/consumer-groups/${name}/offsets`, { offsets: [{ ...place('here'), offset: 0 }] }),
    needs: [['READ GROUP N', 'READ TOPIC here']],
    error: 'GROUP',
  },
  fetchOffsets: {
    request: (name) => get(`/consumer-groups/${name}/offsets`),
    needs: ['DESCRIBE GROUP N', 'READ GROUP N'],
    error: 'GROUP',
  },
  resetOffsets: {
    request: (name) =>
      post(`/consumer-groups/${name}/offsets/reset`, {
        to: 'earliest',
        topics: [{ topic_name: 'here' }],
        dry_run: true,
      }),
    needs: [['READ GROUP N', 'READ TOPIC here']],
    error: 'GROUP',
  },
  getGroup: {
    request: (name) => get(`/consumer-groups/${name}`),
    needs: ['DESCRIBE GROUP N'],
    error: 'GROUP',
  },
  listConsumers: {
    request: (name) => get(`/consumer-groups/${name}/consumers`),
    needs: ['DESCRIBE GROUP N'],
    error: 'GROUP',
  },
  listLags: {
    request: (name) => get(`/consumer-groups/${name}/lags`),
    needs: ['DESCRIBE GROUP N'],
    error: 'GROUP',
  },
  getLagSummary: {
    request: (name) => get(`/consumer-groups/${name}/lag-summary`),
    needs: ['DESCRIBE GROUP N'],
    error: 'GROUP',
  },
  deleteGroup: {
    request: (name) => ({ method: 'DELETE', path: `/consumer-groups/${name}` }),
    needs: ['DELETE GROUP N'],
    error: 'GROUP',
  },
  initProducer: {
    request: (name) => post('/producers', { transactional_id: name }),
    needs: ['WRITE TRANSACTIONAL_ID N'],
    error: 'TRANSACTIONAL_ID',
  },
  stageRecords: {
    request: (name) =>
      post(`/transactions/${name}/records`, {
        ...CALLER,
        partitions: [{ ...place('here'), base_sequence: 0, records: [{ value: TEXT }] }],
      }),
    needs: [['WRITE TRANSACTIONAL_ID N', 'WRITE TOPIC here']],
    error: 'TRANSACTIONAL_ID',
  },
  stageOffsets: {
    request: (name) =>
      post(`/transactions/${name}/offsets`, {
        ...CALLER,
        group_id: 'here',
        member_id: 'm',
        member_epoch: 1,
        offsets: [{ ...place('here'), offset: 0 }],
      }),
    needs: [['WRITE TRANSACTIONAL_ID N', 'READ GROUP here', 'READ TOPIC here']],
    error: 'TRANSACTIONAL_ID',
  },
  commitTransaction: {
    request: (name) => post(`/transactions/${name}/commit`, CALLER),
    needs: ['WRITE TRANSACTIONAL_ID N'],
    error: 'TRANSACTIONAL_ID',
  },
  abortTransaction: {
    request: (name) => post(`/transactions/${name}/abort`, CALLER),
    needs: ['WRITE TRANSACTIONAL_ID N'],
    error: 'TRANSACTIONAL_ID',
  },
  getTransaction: {
    request: (name) => get(`/transactions/${name}`),
    needs: ['DESCRIBE TRANSACTIONAL_ID N', 'WRITE TRANSACTIONAL_ID N'],
    error: 'TRANSACTIONAL_ID',
  },
  listAcls: {
    request: () => get('/acls'),
    needs: [`DESCRIBE ${CLUSTER}`, `ALTER ${CLUSTER}`],
    error: 'CLUSTER',
  },
  createAcl: {
    request: (name) =>
      post('/acls', {
        resource_type: 'TOPIC',
        resource_name: name,
        pattern_type: 'LITERAL',
        principal: 'User:bob',
        operation: 'READ',
        permission: 'ALLOW',
      }),
    needs: [`ALTER ${CLUSTER}`],
    error: 'CLUSTER',
  },
  createAcls: {
    request: (name) =>
      post('/acls:batch', {
        data: [
          {
            resource_type: 'TOPIC',
            resource_name: name,
            pattern_type: 'LITERAL',
            principal: 'User:bob',
            operation: 'READ',
            permission: 'ALLOW',
          },
        ],
      }),
    needs: [`ALTER ${CLUSTER}`],
    error: 'CLUSTER',
  },
  deleteAcls: {
    request: (name) => ({
      method: 'DELETE',
      path: `/acls?resource_type=TOPIC&resource_name=${name}&pattern_type=ANY&operation=ANY&permission=ANY`,
    }),
    needs: [`ALTER ${CLUSTER}`],
    error: 'CLUSTER',
  },
};
/** These show what may be shown, or are about nothing. */
const UNREFUSED = ['getCluster', 'listClusters', 'listTopics', 'listGroups', 'health', 'openapi'];

const CODES = {
  TOPIC: { error_code: 40301, kafka_error_code: 29, kafka_error: 'TOPIC_AUTHORIZATION_FAILED' },
  GROUP: { error_code: 40301, kafka_error_code: 30, kafka_error: 'GROUP_AUTHORIZATION_FAILED' },
  CLUSTER: { error_code: 40301, kafka_error_code: 31, kafka_error: 'CLUSTER_AUTHORIZATION_FAILED' },
  TRANSACTIONAL_ID: {
    error_code: 40301,
    kafka_error_code: 53,
    kafka_error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  },
} as const;
/** Every part has an error of its own in these, the answer as a whole doesn't. */
const IN_PARTS = ['fetch', 'listOffsets'];

let log: GuardedLog;

beforeEach(async () => {
  log = createGuardedLog();
  const root = (request: Omit<GuardedRequest, 'principal'>) =>
    log.ask({ ...request, principal: ROOT });
  await root(post('/topics', { topic_name: 'here' }));
  await root(post('/consumer-groups/here/offsets', { offsets: [{ ...place('here'), offset: 0 }] }));
  await root(post('/producers', { transactional_id: 'here' }));
});

/** What an answer says, less the id and the name that was asked for. */
function said(answer: { readonly json?: unknown; readonly bytes: Buffer }, name: Name): string {
  return answer.bytes
    .toString()
    .replaceAll(/"request_id":"[^"]+"/g, '')
    .replaceAll(name, 'N');
}

const entriesFor = (need: string | readonly string[], name: Name): string[] =>
  [need].flat().map((one) => `allow alice ${one.replace(/N$/, name)}`);

describe('every operation', () => {
  it('is guarded, or shows only what may be shown', () => {
    const known = [...Object.keys(OPERATIONS), ...UNREFUSED].toSorted();
    expect(allRoutes.map(({ operation }) => operation.id).toSorted()).toEqual(known);
  });
});

describe.each(Object.keys(OPERATIONS))('%s', (id) => {
  const { request, needs, error } = OPERATIONS[id] as Guarded;
  const ask = (name: Name) => log.ask({ ...request(name), principal: 'User:alice' });
  const refusalIn = (answer: Awaited<ReturnType<typeof ask>>) =>
    IN_PARTS.includes(id) ? answer.json.partitions[0] : answer.json;

  it('refuses who was given nothing, the same way for what is there and what is not, and asks nobody', async () => {
    await ask('here');
    log.wire.take();
    const here = await ask('here');
    const gone = await ask('gone');
    expect(log.wire.take()).toEqual({});
    expect(said(here, 'here')).toBe(said(gone, 'gone'));
    expect(here.status).toBe(IN_PARTS.includes(id) ? 200 : 403);
    expect(refusalIn(here)).toMatchObject({ ...CODES[error], retriable: false });
  });

  it.each(needs.map((need) => [need]))('takes %j, and less is not enough', async (need) => {
    const entries = entriesFor(need, 'here');
    for (const entry of entries.slice(1)) await log.give(entry);
    if (entries.length > 1) expect(refusalIn(await ask('here')).kafka_error_code).toBeDefined();
    await log.give(...entries);
    const answer = await ask('here');
    expect([403, 500]).not.toContain(answer.status);
    expect(JSON.stringify(answer.json ?? {})).not.toContain('AUTHORIZATION_FAILED');
  });

  it('refuses what somebody is denied who is allowed everything', async () => {
    const all = ['TOPIC *', 'GROUP *', 'TRANSACTIONAL_ID *', CLUSTER];
    await log.give(...all.map((one) => `allow alice ALL ${one}`));
    const denied = error === 'CLUSTER' ? CLUSTER : `${error} h*`;
    if (id === 'createTopic' || id === 'ensureTopic') await log.give(`deny alice ALL ${CLUSTER}`);
    await log.give(`deny alice ALL ${denied}`);
    expect(refusalIn(await ask('here'))).toMatchObject(CODES[error]);
  });
});

describe('raw record batches', () => {
  const frames = (name: string) =>
    encodeFrames([{ topicName: name, partition: 0, batches: batchOf(['x']) }]);

  it('are refused as records are', async () => {
    const principal = 'User:alice';
    const ask = (name: string, query = '') =>
      log.ask({ principal, method: 'POST', path: `/records${query}`, raw: frames(name) });
    for (const query of ['', '?acks=0', '?atomic']) {
      const [here, gone] = [await ask('here', query), await ask('gone', query)];
      expect(here.json).toMatchObject(CODES.TOPIC);
      expect(said(here, 'here')).toBe(said(gone, 'gone'));
    }
    expect(log.late).toEqual([]);
    await log.give('allow alice WRITE TOPIC here');
    expect((await ask('here')).status).toBe(200);
    expect((await ask('here', '?acks=0')).status).toBe(202);
  });
});
