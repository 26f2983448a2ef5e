// Transactions over HTTP, as any program that speaks it sees them.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { encodeFrames } from '../../lib/record/frames.ts';
import { batchOf, readAll } from '../support/test-log.ts';

interface Producer {
  readonly producer_id: number;
  readonly producer_epoch: number;
  readonly transaction_number: number;
}

let home: LocalHome;
let made = 0;
let topic: string;
let id: string;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});

afterAll(() => home.close());

beforeEach(async () => {
  made += 1;
  topic = `accounts-${made}`;
  id = `transfers/${made}`;
  await home.services.topics.create({ name: topic, partitionCount: 2 });
});

async function send(
  method: string,
  path: string,
  body?: object | Uint8Array,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const isRaw = body instanceof Uint8Array;
  const type = isRaw ? 'application/vnd.apache.kafka.record-batch' : 'application/json';
  const response = await fetch(`${home.url}${path}`, {
    method,
    headers: { 'content-type': type },
    ...(body === undefined ? {} : { body: isRaw ? Buffer.from(body) : JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const pathOf = (...segments: string[]): string =>
  `/transactions/${[encodeURIComponent(id), ...segments].join('/')}`;

async function init(): Promise<Producer> {
  const { json } = await send('POST', '/producers', { transactional_id: id });
  return json as unknown as Producer;
}

const staged = (producer: Producer, value: string, sequence: number) => ({
  ...producer,
  partitions: [0, 1].map((partition) => ({
    topic_name: topic,
    partition_id: partition,
    base_sequence: sequence,
    records: [{ value: { type: 'STRING', data: value }, key: { type: 'JSON', data: { k: 1 } } }],
  })),
});

const valuesOf = async (partition: number): Promise<string[]> =>
  (await readAll(home.services, topic, partition)).map(([, value]) => value);

describe('a transaction over HTTP', () => {
  it('stages JSON, commits, and tells what stands (atomic-transaction)', async () => {
    const producer = await init();
    expect(producer).toEqual({
      producer_id: expect.any(Number),
      producer_epoch: 0,
      transaction_number: 1,
    });
    const stage = await send('POST', pathOf('records'), staged(producer, 'a', 0));
    expect(stage).toEqual({ status: 200, json: { failures: [] } });
    expect((await send('GET', pathOf())).json).toMatchObject({
      transactional_id: id,
      state: 'OPEN',
      partitions_count: 2,
      last_outcome: null,
    });
    expect(await valuesOf(0)).toEqual([]);
    const commit = await send('POST', pathOf('commit'), producer);
    expect(commit.json).toEqual({ outcome: 'committed', next_transaction_number: 2 });
    expect([await valuesOf(0), await valuesOf(1)]).toEqual([['a'], ['a']]);
    expect((await send('GET', pathOf())).json).toMatchObject({
      state: 'READY',
      transaction_number: 2,
      times_out_at: null,
      last_outcome: 'committed',
    });
  });

  it('stages record batches as they are, whoever repeats them (no-double-append)', async () => {
    const producer = await init();
    const fields = { producerId: BigInt(producer.producer_id), producerEpoch: 0, baseSequence: 0 };
    const batches = batchOf(['a', 'b'], { ...fields, isTransactional: true });
    const frames = encodeFrames([{ topicName: topic, partition: 1, batches }]);
    const query = Object.entries(producer)
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await send('POST', `${pathOf('records')}?${query}`, frames)).status).toBe(200);
    }
    await send('POST', pathOf('commit'), producer);
    expect(await valuesOf(1)).toEqual(['a', 'b']);
    const without = await send('POST', pathOf('records'), frames);
    expect([without.status, without.json.kafka_error]).toEqual([400, 'INVALID_REQUEST']);
  });

  it('aborts, and the next transaction has the next number', async () => {
    const producer = await init();
    await send('POST', pathOf('records'), staged(producer, 'a', 0));
    const abort = await send('POST', pathOf('abort'), producer);
    expect(abort.json).toEqual({ outcome: 'aborted', next_transaction_number: 2 });
    const late = await send('POST', pathOf('records'), staged(producer, 'b', 1));
    expect([late.status, late.json.kafka_error]).toEqual([409, 'INVALID_TXN_STATE']);
    const next = { ...producer, transaction_number: 2 };
    expect((await send('POST', pathOf('records'), staged(next, 'b', 1))).status).toBe(200);
    await send('POST', pathOf('commit'), next);
    expect(await valuesOf(0)).toEqual(['b']);
  });

  it('is fenced by who takes its id over (fenced)', async () => {
    const older = await init();
    await send('POST', pathOf('records'), staged(older, 'old', 0));
    const newer = await init();
    expect(newer.producer_epoch).toBe(1);
    for (const call of [
      send('POST', pathOf('records'), staged(older, 'old', 1)),
      send('POST', pathOf('commit'), older),
    ]) {
      const { status, json } = await call;
      expect([status, json.kafka_error, json.kafka_error_code]).toEqual([
        409,
        'INVALID_PRODUCER_EPOCH',
        47,
      ]);
    }
    expect(await valuesOf(0)).toEqual([]);
  });

  it('stages nothing when one partition is at fault', async () => {
    const producer = await init();
    const body = staged(producer, 'a', 0);
    const [first] = body.partitions;
    const wrong = { ...first, topic_name: 'missing' };
    const { status, json } = await send('POST', pathOf('records'), {
      ...body,
      partitions: [first, wrong],
    });
    expect(status).toBe(404);
    expect(json).toMatchObject({
      kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION',
      failures: [
        { kafka_error: 'OPERATION_NOT_ATTEMPTED' },
        { topic_name: 'missing', kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION' },
      ],
    });
    expect((await send('GET', pathOf())).json).toMatchObject({ state: 'READY' });
  });

  it('commits offsets of nobody but their owner (one-owner)', async () => {
    const producer = await init();
    const body = {
      ...producer,
      group_id: 'billing',
      member_id: 'nobody',
      member_epoch: 1,
      offsets: [{ topic_name: topic, partition_id: 0, offset: 3 }],
    };
    expect((await send('POST', pathOf('offsets'), body)).status).toBe(200);
    const { status, json } = await send('POST', pathOf('commit'), producer);
    expect([status, json.kafka_error]).toEqual([409, 'STALE_MEMBER_EPOCH']);
  });

  it.each([
    ['GET /transactions/never-used', undefined, 404, 'TRANSACTIONAL_ID_NOT_FOUND'],
    ['POST /producers', { transactional_id: '' }, 400, 'INVALID_REQUEST'],
    [
      'POST /producers',
      { transactional_id: 'x', transaction_timeout_ms: 1 },
      400,
      'INVALID_TRANSACTION_TIMEOUT',
    ],
    ['POST /transactions/x/commit', { producer_id: 1 }, 400, 'INVALID_REQUEST'],
  ])('%s %j is answered with %i %s', async (request, body, status, error) => {
    const [method = '', path = ''] = request.split(' ');
    const answer = await send(method, path, body);
    expect([answer.status, answer.json.kafka_error]).toEqual([status, error]);
  });
});
