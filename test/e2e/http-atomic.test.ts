// Atomic produce over HTTP: all records or none, over topics.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';

let home: LocalHome;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  for (const name of ['orders', 'payments']) await home.services.topics.create({ name });
});

afterAll(() => home.close());

async function post(path: string, body: object): Promise<{ status: number; json: unknown }> {
  const response = await fetch(`${home.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

const entry = (id: string, topic: string) => ({
  id,
  topic_name: topic,
  value: { type: 'STRING', data: id },
});

async function countOf(topicName: string): Promise<bigint> {
  const at = { kind: 'latest' } as const;
  const found = await home.services.listOffsets.find({ topicName, partition: 0, at });
  if (found.kind !== 'found') throw new Error('no such topic');
  return found.offset;
}

describe('POST /records with atomic', () => {
  it('stores all of several topics', async () => {
    const entries = [entry('1', 'orders'), entry('2', 'payments')];
    const { status, json } = await post('/records', { atomic: true, entries });
    expect(status).toBe(200);
    expect(json).toMatchObject({ successes: [{ id: '1' }, { id: '2' }], failures: [] });
    expect([await countOf('orders'), await countOf('payments')]).toEqual([1n, 1n]);
  });

  it('stores none when one is refused, with that one’s status (atomic-transaction)', async () => {
    const before = await countOf('orders');
    const entries = [entry('1', 'orders'), entry('2', 'missing')];
    const { status, json } = await post('/records', { atomic: true, entries });
    expect(status).toBe(404);
    expect(json).toMatchObject({
      kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION',
      successes: [],
      failures: [
        { id: '1', kafka_error: 'OPERATION_NOT_ATTEMPTED' },
        { id: '2', kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION' },
      ],
    });
    expect(await countOf('orders')).toBe(before);
  });

  it('is no option of a single record', async () => {
    const body = { atomic: true, value: { type: 'STRING', data: 'x' } };
    expect((await post('/topics/orders/records', body)).status).toBe(400);
  });
});
