// Edges of the HTTP API: what the REST Proxy's clients ask for first, and requests that are nearly right.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';

let home: LocalHome;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});

afterAll(() => home.close());

// biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
const jsonOf = async (response: Response): Promise<any> => await response.json();

describe('GET /v3/clusters', () => {
  it('shows the one cluster, with an id that makes paths', async () => {
    const response = await fetch(`${home.url}/v3/clusters`);
    const list = await jsonOf(response);
    const self = `${home.url}/v3/clusters/-`;
    expect([response.status, list]).toEqual([
      200,
      {
        kind: 'KafkaClusterList',
        metadata: { self: `${home.url}/v3/clusters`, next: null },
        data: [
          {
            kind: 'KafkaCluster',
            metadata: { self },
            cluster_id: '-',
            acls: { related: `${self}/acls` },
            brokers: { related: `${self}/brokers` },
            broker_configs: { related: `${self}/broker-configs` },
            consumer_groups: { related: `${self}/consumer-groups` },
            topics: { related: `${self}/topics` },
            partition_reassignments: {
              related: `${self}/topics/-/partitions/-/reassignment`,
            },
          },
        ],
      },
    ]);
    const [cluster] = list.data;
    expect(await jsonOf(await fetch(cluster.metadata.self))).toEqual(cluster);
    expect((await fetch(cluster.topics.related)).status).toBe(200);
  });

  it('knows nothing but GET, and no cluster below a cluster', async () => {
    for (const path of ['/v3/clusters', '/v3/clusters/lkc-1']) {
      const response = await fetch(home.url + path, { method: 'POST' });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
    }
    expect((await fetch(`${home.url}/v3/clusters/-/v3/clusters`)).status).toBe(404);
  });
});

describe('PUT /topics/{topic_name}', () => {
  it('takes the name in the body too, if it is the same', async () => {
    const put = (json: object) =>
      fetch(`${home.url}/topics/ensured`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(json),
      });
    expect((await put({ topic_name: 'other' })).status).toBe(400);
    expect((await fetch(`${home.url}/topics/ensured`)).status).toBe(404);
    expect((await put({ topic_name: 'ensured' })).status).toBe(201);
    expect((await put({})).status).toBe(200);
  });
});

describe('a charset of JSON', () => {
  const create = (type: string, body: Uint8Array<ArrayBuffer>) =>
    fetch(`${home.url}/topics`, { method: 'POST', headers: { 'content-type': type }, body });

  it.each(['utf-16', 'utf-16le', '"UTF-16"', 'iso-8859-1', ''])('"%s": 415', async (charset) => {
    const body = Buffer.from('{"topic_name":"sixteen"}', 'utf16le');
    const answer = await create(`application/json; charset=${charset}`, body);
    const { error_code, message } = await jsonOf(answer);
    expect([answer.status, error_code]).toEqual([415, 41501]);
    expect(message).toContain('JSON is UTF-8');
  });

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8'])('%s is what JSON is in', async (charset) => {
    const name = `eight-${Buffer.from(charset).toString('hex')}`;
    const body = Buffer.from(JSON.stringify({ topic_name: name }));
    const answer = await create(`application/json;charset=${charset}; q=1`, body);
    expect(answer.status).toBe(201);
  });
});
