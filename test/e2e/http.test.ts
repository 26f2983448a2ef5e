// The HTTP API of the local home, as any client meets it: what works, and what bad input gets.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { decodeFetchFrames, encodeFrames } from '../../lib/record/frames.ts';
import { decodeBatch, encodeBatch } from '../../lib/record/record.ts';
import { batchOf, text } from '../support/test-log.ts';

const RAW = 'application/vnd.apache.kafka.record-batch';

let home: LocalHome;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
});

afterAll(() => home.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the test is about
  readonly json: any;
  readonly bytes: Uint8Array;
}

async function ask(
  method: string,
  path: string,
  options: {
    readonly json?: unknown;
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  const hasJson = options.json !== undefined;
  const body = hasJson ? JSON.stringify(options.json) : options.body;
  const response = await fetch(home.url + path, {
    method,
    headers: { ...(hasJson ? { 'content-type': 'application/json' } : {}), ...options.headers },
    ...(body === undefined ? {} : { body }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isJson = response.headers.get('content-type') === 'application/json';
  const json = isJson ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
  return { status: response.status, headers: response.headers, json, bytes };
}

const raw = (frames: Parameters<typeof encodeFrames>[0], query = '') =>
  ask('POST', `/records${query}`, {
    body: encodeFrames(frames) as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': RAW },
  });

let made = 0;
async function newTopic(partitions = 1, configs: object[] = []): Promise<string> {
  made += 1;
  const name = `topic-${made}`;
  const json = { topic_name: name, partitions_count: partitions, configs };
  expect((await ask('POST', '/topics', { json })).status).toBe(201);
  return name;
}

const highWatermark = async (topic: string, partition = 0): Promise<number> =>
  (await ask('GET', `/topics/${topic}/partitions/${partition}`)).json.next_offset;

/** What every error has. */
const error = (error_code: number, kafka_error: string) =>
  expect.objectContaining({
    error_code,
    kafka_error,
    kafka_error_code: expect.any(Number),
    message: expect.any(String),
    retriable: expect.any(Boolean),
    request_id: expect.any(String),
  });

describe('topics over HTTP', () => {
  it('creates, describes, alters, lists and deletes, short and as v3', async () => {
    const json = { topic_name: 'lifecycle', partitions_count: 3, replication_factor: 3 };
    const created = await ask('POST', '/v3/clusters/any/topics', { json });
    expect(created.json).toMatchObject({
      kind: 'KafkaTopic',
      partitions_count: 3,
      replication_factor: 3,
    });
    const change = { partitions_count: 6, configs: [{ name: 'retention.ms', value: '60000' }] };
    const altered = await ask('PATCH', '/topics/lifecycle', { json: change });
    expect(altered.json.warnings).toEqual([expect.stringMatching(/keys go to other partitions/)]);
    const configs = await ask('GET', '/topics/lifecycle/configs');
    expect(configs.json.data).toContainEqual(
      expect.objectContaining({ name: 'retention.ms', value: '60000', is_default: false }),
    );
    const [{ metadata, ...first }] = configs.json.data;
    const own = await ask('GET', new URL(metadata.self).pathname);
    expect(own.json).toEqual({ metadata, ...first });
    expect((await ask('GET', '/topics/lifecycle/configs/no.such')).status).toBe(404);
    const partitions = await ask('GET', '/v3/clusters/-/topics/lifecycle/partitions');
    expect(partitions.json.data).toHaveLength(6);
    const list = await ask('GET', '/topics');
    expect(list.json.data).toContainEqual(expect.objectContaining({ topic_name: 'lifecycle' }));
    expect((await ask('DELETE', '/topics/lifecycle')).status).toBe(204);
    expect((await ask('GET', '/topics/lifecycle')).json).toEqual(
      error(40401, 'UNKNOWN_TOPIC_OR_PARTITION'),
    );
  });

  it.each([
    [{ topic_name: 'a/b' }, 40017],
    [{ topic_name: '..' }, 40017],
    [{ topic_name: 'x'.repeat(250) }, 40017],
    [{ topic_name: 'ok', partitions_count: 100_000 }, 40037],
    [{ topic_name: 'ok', partitions_count: 0 }, 40037],
    [{ topic_name: 'ok', replication_factor: 0 }, 40038],
    [{ topic_name: 'ok', configs: [{ name: 'retention.ms', value: 'x' }] }, 40040],
    [{ topic_name: 'ok', configs: [{ name: 'no.such', value: '1' }] }, 40040],
    [{ topic_name: 'ok', partition_count: 3 }, 40042],
    [{}, 40042],
    [[], 40042],
  ])('refuses to create %j', async (json, code) => {
    const answer = await ask('POST', '/topics', { json });
    expect(answer.status).toBe(400);
    expect(answer.json.error_code).toBe(code);
    expect((await ask('GET', '/topics/ok')).status).toBe(404);
  });

  it('makes and keeps what PUT asks for', async () => {
    const put = () => ask('PUT', '/topics/ensured', { json: { partitions_count: 2 } });
    expect((await put()).status).toBe(201);
    expect((await put()).status).toBe(200);
  });

  it('forgets records of a topic that was deleted and made again', async () => {
    const json = { topic_name: 'again' };
    await ask('POST', '/topics', { json });
    await ask('POST', '/topics/again/records', {
      json: { value: { type: 'STRING', data: 'old' } },
    });
    await ask('DELETE', '/topics/again');
    await ask('POST', '/topics', { json });
    expect((await ask('GET', '/topics/again/partitions/0/records')).json.records).toEqual([]);
  });
});

describe('records over HTTP', () => {
  it('gives back keys, values, headers and times of every type', async () => {
    const topic = await newTopic();
    const record = {
      key: { type: 'STRING', data: 'k' },
      value: { type: 'JSON', data: { n: [1, null] } },
      headers: [
        { name: 'h', value: Buffer.from('1').toString('base64') },
        { name: 'h', value: null },
      ],
      timestamp: '2001-01-01T00:00:00Z',
    };
    const produced = await ask('POST', `/topics/${topic}/records`, { json: record });
    expect(produced.json).toMatchObject({
      topic_name: topic,
      partition_id: 0,
      offset: 0,
      timestamp: '2001-01-01T00:00:00.000Z',
      key: { type: 'STRING', size: 1 },
      value: { type: 'JSON', size: 14 },
    });
    const binary = { value: { type: 'BINARY', data: Buffer.from([255, 0]).toString('base64') } };
    await ask('POST', `/topics/${topic}/records`, { json: binary });
    await ask('POST', `/topics/${topic}/records`, { json: { key: record.key, value: null } });
    const read = await ask('GET', `/topics/${topic}/partitions/0/records?as=json`);
    expect(read.json).toMatchObject({
      records: [
        {
          offset: 0,
          timestamp: '2001-01-01T00:00:00.000Z',
          timestamp_type: 'CreateTime',
          key: { type: 'STRING', data: 'k' },
          value: { type: 'JSON', data: { n: [1, null] } },
          headers: record.headers,
        },
        { offset: 1, key: null, value: { type: 'BINARY', data: '/wA=' } },
        { offset: 2, value: null },
      ],
      next_offset: 3,
      high_watermark: 3,
      log_start_offset: 0,
    });
  });

  it('keeps every digit of JSON values, there and back', async () => {
    const topic = await newTopic();
    const data = '{"id":12345678901234567890,"pi":3.14159265358979323846}';
    await ask('POST', `/topics/${topic}/records`, {
      body: `{"partition_id":0,"value":{"type":"JSON","data":${data}}}`,
      headers: { 'content-type': 'application/json' },
    });
    const read = await ask('GET', `/topics/${topic}/partitions/0/records?as=json`);
    expect(new TextDecoder().decode(read.bytes)).toContain(`{"type":"JSON","data":${data}}`);
  });

  it('answers 207 when some records are stored, and never 200 over a failure', async () => {
    const topic = await newTopic(2);
    const entry = (id: string, partition_id: number) => ({
      id,
      partition_id,
      value: { type: 'STRING', data: id },
    });
    const path = `/topics/${topic}/records:batch`;
    const mixed = await ask('POST', path, {
      json: { entries: [entry('a', 0), entry('b', 9), entry('c', 1)] },
    });
    expect(mixed.status).toBe(207);
    expect(mixed.json.successes.map(({ id }: { id: string }) => id)).toEqual(['a', 'c']);
    expect(mixed.json.failures).toEqual([
      expect.objectContaining({
        id: 'b',
        error_code: 40402,
        kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION',
      }),
    ]);
    const failed = await ask('POST', path, { json: { entries: [entry('b', 9)] } });
    expect(failed.status).toBe(404);
    expect(failed.json).toMatchObject({
      error_code: 40402,
      successes: [],
      failures: [{ id: 'b' }],
    });
  });

  it('appends to many topics with one request', async () => {
    const [one, two] = [await newTopic(), await newTopic()];
    const entries = [one, two, one].map((topic_name, id) => ({
      id,
      topic_name,
      value: { type: 'STRING', data: String(id) },
    }));
    const answer = await ask('POST', '/records', { json: { entries } });
    expect(answer.status).toBe(200);
    expect(answer.json.successes.map(({ offset }: { offset: number }) => offset)).toEqual([
      0, 0, 1,
    ]);
  });

  it('takes acks=0 with 202 and stores it later', async () => {
    const topic = await newTopic();
    const json = { acks: 0, value: { type: 'STRING', data: 'later' } };
    expect((await ask('POST', `/topics/${topic}/records`, { json })).status).toBe(202);
    const read = await ask(
      'GET',
      `/topics/${topic}/partitions/0/records?min_bytes=1&max_wait_ms=5000`,
    );
    expect(read.json.records[0].value).toEqual({ type: 'STRING', data: 'later' });
  });

  it('appends at one offset only (match_offset)', async () => {
    const topic = await newTopic();
    const json = { match_offset: 0, value: { type: 'STRING', data: 'first' } };
    expect((await ask('POST', `/topics/${topic}/records`, { json })).status).toBe(200);
    const again = await ask('POST', `/topics/${topic}/records`, { json });
    expect([again.status, again.json.error_code]).toEqual([412, 41201]);
  });

  it('takes and gives record batches as they are, compressed by every codec', async () => {
    const topic = await newTopic(5);
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
    const frames = codecs.map((compression, partition) => ({
      topicName: topic,
      partition,
      batches: batchOf([`${compression} `.repeat(50)], { compression }),
    }));
    const produced = await raw(frames);
    expect(produced.json.successes).toHaveLength(5);
    const partitions = codecs.map((_, partition_id) => ({
      topic_name: topic,
      partition_id,
      offset: 0,
    }));
    const fetched = await ask('POST', '/fetch', { json: { partitions }, headers: { accept: RAW } });
    for (const [index, frame] of decodeFetchFrames(fetched.bytes).entries()) {
      const { records } = decodeBatch(frame.batches);
      expect(Buffer.from(records[0]?.value ?? []).toString()).toBe(`${codecs[index]} `.repeat(50));
    }
    for (const [partition, compression] of codecs.entries()) {
      const read = await ask('GET', `/topics/${topic}/partitions/${partition}/records`);
      expect(read.json.records[0].value.data).toBe(`${compression} `.repeat(50));
    }
  });

  it('says where the bytes are, and a reference opens only them', async () => {
    const topic = await newTopic();
    await raw([{ topicName: topic, partition: 0, batches: batchOf(['by reference']) }]);
    const json = {
      deliver: 'reference',
      partitions: [{ topic_name: topic, partition_id: 0, offset: 0 }],
    };
    const [partition] = (await ask('POST', '/fetch', { json })).json.partitions;
    const [reference] = partition.references;
    const bytes = await (await fetch(reference.url, { headers: reference.headers })).arrayBuffer();
    expect(decodeBatch(new Uint8Array(bytes)).records[0]?.value).toEqual(text('by reference'));
    const other = await fetch(reference.url, { headers: { range: 'bytes=0-10' } });
    expect(other.status).toBe(403);
    expect((await fetch(reference.url)).status).toBe(403);
  });

  it('waits for records when it may, and answers when they come', async () => {
    const topic = await newTopic();
    const waiting = ask('GET', `/topics/${topic}/partitions/0/records?max_wait_ms=20000`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await raw([{ topicName: topic, partition: 0, batches: batchOf(['came']) }]);
    expect((await waiting).json.records).toHaveLength(1);
  });

  it('shows a time that no date has as milliseconds', async () => {
    const topic = await newTopic(1, [
      { name: 'message.timestamp.after.max.ms', value: '9223372036854775807' },
    ]);
    const timestampMs = Number.MAX_SAFE_INTEGER;
    await raw([{ topicName: topic, partition: 0, batches: batchOf(['x'], { timestampMs }) }]);
    const read = await ask('GET', `/topics/${topic}/partitions/0/records`);
    expect(read.json.records[0].timestamp).toBe(String(timestampMs));
  });

  it('finds offsets by time and end', async () => {
    const topic = await newTopic();
    for (const timestamp of [1_000, 3_000]) {
      const json = { timestamp, value: { type: 'STRING', data: 'x' } };
      await ask('POST', `/topics/${topic}/records`, { json });
    }
    const at = async (query: string) =>
      (await ask('GET', `/topics/${topic}/partitions/0/offset?${query}`)).json.offset;
    expect(await at('timestamp=1001')).toBe(1);
    expect(await at('timestamp=1970-01-01T00:00:01.000Z')).toBe(0);
    expect(await at('timestamp=3001')).toBeNull();
    expect(await at('earliest')).toBe(0);
    expect(await at('latest')).toBe(2);
    const list = await ask('POST', '/offsets/list', {
      json: {
        partitions: [
          { topic_name: topic, partition_id: 0 },
          { topic_name: 'none', partition_id: 0 },
        ],
      },
    });
    expect(list.json.partitions).toMatchObject([{ offset: 2 }, { error_code: 40401 }]);
  });

  it('deletes records below an offset', async () => {
    const topic = await newTopic();
    await raw([{ topicName: topic, partition: 0, batches: batchOf(['a', 'b', 'c']) }]);
    const path = `/topics/${topic}/partitions/0/records`;
    expect((await ask('POST', `${path}/delete`, { json: { offset: 2 } })).json).toEqual({
      topic_name: topic,
      partition_id: 0,
      log_start_offset: 2,
    });
    expect((await ask('GET', `${path}?offset=1`)).status).toBe(416);
    expect((await ask('GET', path)).json.records).toHaveLength(1);
    const beyond = await ask('POST', `${path}/delete`, { json: { offset: 4 } });
    expect(beyond.json).toEqual(error(41601, 'OFFSET_OUT_OF_RANGE'));
    expect(beyond.json).toMatchObject({ log_start_offset: 2, high_watermark: 3 });
  });
});

describe('what bad input gets', () => {
  it.each([-1, 5, 2 ** 53 - 1])('offset %i: 416 with both bounds', async (offset) => {
    const topic = await newTopic();
    const answer = await ask('GET', `/topics/${topic}/partitions/0/records?offset=${offset}`);
    expect(answer.status).toBe(416);
    expect(answer.json).toEqual(error(41601, 'OFFSET_OUT_OF_RANGE'));
    expect(answer.json).toMatchObject({ log_start_offset: 0, high_watermark: 0 });
  });

  const good = batchOf(['some value']);
  const changed = (position: number, value: number): Uint8Array => {
    const bytes = Uint8Array.from(good);
    bytes[position] = value;
    return bytes;
  };
  it.each([
    ['truncated', good.subarray(0, good.length - 1), 422],
    ['cut in its header', good.subarray(0, 30), 422],
    ['empty', new Uint8Array(), 422],
    ['wrong magic', changed(16, 1), 422],
    ['wrong CRC', changed(good.length - 1, 0xff), 422],
    ['a count that contradicts the header', contradicting(), 422],
    ['a batch over max.message.bytes', batchOf(['x'.repeat(1_100_000)]), 413],
    ['a control batch', batchOf(['x'], { isControl: true }), 422],
    ['a transactional batch', batchOf(['x'], { isTransactional: true }), 409],
    ['a time far ahead', batchOf(['x'], { timestampMs: Date.now() + 1e9 }), 422],
  ])('a batch that is %s: refused, nothing stored', async (_, batches, status) => {
    const topic = await newTopic();
    const answer = await raw([{ topicName: topic, partition: 0, batches }]);
    expect(answer.status).toBe(status);
    expect(answer.json.failures).toHaveLength(1);
    expect(await highWatermark(topic)).toBe(0);
  });

  function contradicting(): Uint8Array {
    return encodeBatch({ records: [{ timestamp: 1, value: text('x') }], lastOffsetDelta: 7 });
  }

  it.each([
    ['cut off', Uint8Array.of(0, 9, 1)],
    ['empty', new Uint8Array()],
    ['not frames', new TextEncoder().encode('{"entries":[]}')],
  ])('a raw body that is %s: 400', async (_, body) => {
    const answer = await ask('POST', '/records', { body, headers: { 'content-type': RAW } });
    expect([answer.status, answer.json.error_code]).toEqual([400, 40042]);
  });

  it.each([
    ['bad JSON', '{"value":', 40042],
    ['invalid UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 40042],
    ['no body', '', 40042],
    ['a wrong type', '{"value":{"type":"XML","data":""}}', 40042],
    ['text for STRING data', '{"value":{"type":"STRING","data":5}}', 40042],
    ['bad base64', '{"value":{"type":"BINARY","data":"%%%"}}', 40042],
    ['an unknown field', '{"valeu":{"type":"STRING","data":"x"}}', 40042],
    ['a time that is none', '{"timestamp":"soon"}', 40042],
    ['a negative partition', '{"partition_id":-1}', 40042],
    ['an acks that is none', '{"acks":2}', 40042],
    ['__proto__', '{"__proto__":{"a":1}}', 40042],
    ['too deep', '['.repeat(100_000), 40042],
    ['a value that is too deep', deepValue(), 40042],
    ['half a surrogate pair', '{"value":{"type":"STRING","data":"\\ud800"}}', 40042],
    ['an offset beyond 2^53', '{"match_offset":9007199254740993}', 40042],
  ])('%s: 400 and nothing stored', async (_, body, code) => {
    const topic = await newTopic();
    const answer = await ask('POST', `/topics/${topic}/records`, {
      body: body as string,
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, answer.json.error_code]).toEqual([400, code]);
    expect(await highWatermark(topic)).toBe(0);
  });

  function deepValue(): string {
    const data = '['.repeat(100_000) + ']'.repeat(100_000);
    return `{"value":{"type":"JSON","data":${data}}}`;
  }

  it('two entries of one id: 400, and neither is stored', async () => {
    const topic = await newTopic();
    const json = { entries: [{ id: 'a' }, { id: 'b' }, { id: 'a' }] };
    const answer = await ask('POST', `/topics/${topic}/records:batch`, { json });
    expect(answer.status).toBe(400);
    expect(answer.json.message).toContain('"a"');
    expect(await highWatermark(topic)).toBe(0);
  });

  it('one configuration twice: 400, and there is no topic', async () => {
    const configs = [1, 2].map((days) => ({ name: 'retention.ms', value: days * 86_400_000 }));
    const json = { topic_name: 'twice', configs };
    expect((await ask('POST', '/topics', { json })).status).toBe(400);
    expect((await ask('GET', '/topics/twice')).status).toBe(404);
  });

  it('an unknown topic or partition: 404', async () => {
    const topic = await newTopic();
    const json = { partition_id: 4, value: { type: 'STRING', data: 'x' } };
    expect((await ask('POST', `/topics/${topic}/records`, { json })).json).toEqual(
      error(40402, 'UNKNOWN_TOPIC_OR_PARTITION'),
    );
    expect((await ask('POST', '/topics/none/records', { json })).json).toEqual(
      error(40401, 'UNKNOWN_TOPIC_OR_PARTITION'),
    );
    expect((await ask('GET', '/topics/none/partitions/0/records')).status).toBe(404);
  });

  it.each(['text/plain', 'application/xml', ''])('content-type "%s": 415', async (type) => {
    const topic = await newTopic();
    const answer = await ask('POST', `/topics/${topic}/records`, {
      body: Buffer.from('{}'),
      headers: type === '' ? {} : { 'content-type': type },
    });
    expect([answer.status, answer.json.error_code]).toEqual([415, 41501]);
  });

  it('a compressed body: 415', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await ask('POST', '/topics', { body: 'x', headers });
    expect(answer.status).toBe(415);
  });

  it('an Accept that nothing meets: 406', async () => {
    const topic = await newTopic();
    const path = `/topics/${topic}/partitions/0/records`;
    for (const accept of ['text/html', 'application/json;q=0', 'text/*, */*; q=0.0']) {
      expect((await ask('GET', path, { headers: { accept } })).status).toBe(406);
    }
    const headers = { accept: 'text/html, application/json;q=0.1' };
    expect((await ask('GET', path, { headers })).status).toBe(200);
  });

  it('a body of more than 10 MB: 413 with the limit, announced or not', async () => {
    const topic = await newTopic();
    const body = Buffer.alloc(11 * 1_048_576, 'x');
    const headers = { 'content-type': 'application/json' };
    const announced = await ask('POST', `/topics/${topic}/records`, { body, headers });
    expect([announced.status, announced.json.error_code]).toEqual([413, 41301]);
    expect(announced.json.message).toMatch(/10485760/);
    const chunk = body.subarray(0, 1_048_576);
    let sent = 0;
    const stream = new ReadableStream({
      pull(controller) {
        sent += 1;
        if (sent > 11) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const response = await fetch(`${home.url}/topics/${topic}/records`, {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    expect((await ask('GET', '/health')).json.status).toBe('ok');
  });

  it('a decompression bomb: an error for JSON, raw bytes for who asks for them', async () => {
    const topic = await newTopic();
    const bomb = batchOf(['\0'.repeat(64 * 1_048_576)], { compression: 'zstd' });
    expect(bomb.length).toBeLessThan(100_000);
    expect((await raw([{ topicName: topic, partition: 0, batches: bomb }])).status).toBe(200);
    const path = `/topics/${topic}/partitions/0/records`;
    const answer = await ask('GET', path);
    expect([answer.status, answer.json.kafka_error]).toEqual([413, 'MESSAGE_TOO_LARGE']);
    expect((await ask('GET', path, { headers: { accept: RAW } })).bytes).toHaveLength(bomb.length);
  });

  it('an unknown path, another method, a query that is not known', async () => {
    expect((await ask('GET', '/nothing/here')).json.error_code).toBe(40400);
    const method = await ask('DELETE', '/records');
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'POST']);
    const topic = await newTopic();
    for (const query of [
      'ofset=5',
      'offset=x',
      'offset=1&offset=2',
      'from=middle',
      'offset=0&from=latest',
    ]) {
      const answer = await ask('GET', `/topics/${topic}/partitions/0/records?${query}`);
      expect([query, answer.status]).toEqual([query, 400]);
    }
  });

  it('never shows a stack, and gives every answer a request id', async () => {
    for (const path of ['/health', '/nothing', '/topics/%00', '/topics/%', '/topics/a%2Fb']) {
      const answer = await ask('GET', path);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(JSON.stringify(answer.json)).not.toMatch(/at .*\.ts:|node_modules/);
    }
  });
});

describe('GET /openapi.json', () => {
  it('describes every path, and every reference in it leads somewhere', async () => {
    const { json } = await ask('GET', '/openapi.json');
    expect(json.openapi).toBe('3.1.0');
    expect(Object.keys(json.paths)).toContain(
      '/topics/{topic_name}/partitions/{partition_id}/records',
    );
    const references = [
      ...JSON.stringify(json).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
    ];
    expect(references.length).toBeGreaterThan(5);
    for (const [, name] of references) expect(json.components.schemas).toHaveProperty(name ?? '');
  });
});
