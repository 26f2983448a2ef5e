// The log's core, through whatever way in its endpoint is: topics, produce, fetch, offsets, and what bad input gets.

import { describe, expect, it } from 'vitest';
import { decodeFetchFrames, encodeFrames } from '../../../lib/record/frames.ts';
import { decodeBatch, encodeBatch } from '../../../lib/record/record.ts';
import { asking, newTopic, RAW_MEDIA_TYPE, text } from '../../support/deploy/ask.ts';
import type { LogEndpoint } from '../../support/deploy/endpoint.ts';

const RAW = { 'content-type': RAW_MEDIA_TYPE };
const WANTS_RAW = { accept: RAW_MEDIA_TYPE };
const CONCURRENT_APPENDS = 20;

function batch(...values: string[]): Uint8Array {
  const records = values.map((value) => ({
    timestamp: 1_700_000_000_000,
    key: null,
    value: Buffer.from(value),
    headers: [],
  }));
  return encodeBatch({ records });
}

export function describeLogCore(name: string, endpoint: () => LogEndpoint): void {
  const ask = asking(endpoint);
  const produce = (topic: string, value: string, query = '') =>
    ask('POST', `/topics/${topic}/records${query}`, { json: { value: text(value) } });
  const read = (topic: string, query = '') =>
    ask('GET', `/topics/${topic}/partitions/0/records${query}`);
  const valuesOf = (json: { records: { value: { data: string } }[] }) =>
    json.records.map(({ value }) => value.data);

  describe(`topics ${name}`, () => {
    it('are created, described, altered, listed and deleted', async () => {
      const topic = await newTopic(ask, 2);
      expect((await ask('POST', '/topics', { json: { topic_name: topic } })).status).toBe(400);
      const described = await ask('GET', `/topics/${topic}`);
      expect(described.json).toMatchObject({ topic_name: topic, partitions_count: 2 });
      const change = {
        partitions_count: 3,
        configs: [{ name: 'retention.ms', value: '60000' }],
      };
      expect((await ask('PATCH', `/topics/${topic}`, { json: change })).status).toBe(200);
      const partitions = await ask('GET', `/topics/${topic}/partitions`);
      expect(partitions.json.data).toHaveLength(3);
      const configs = await ask('GET', `/topics/${topic}/configs`);
      expect(configs.json.data).toContainEqual(
        expect.objectContaining({ name: 'retention.ms', value: '60000' }),
      );
      const listed = await ask('GET', '/topics');
      expect(listed.json.data).toContainEqual(expect.objectContaining({ topic_name: topic }));
      expect((await ask('DELETE', `/topics/${topic}`)).status).toBe(204);
      expect((await ask('GET', `/topics/${topic}`)).json).toMatchObject({
        error_code: 40401,
        kafka_error: 'UNKNOWN_TOPIC_OR_PARTITION',
      });
    });

    it('are ensured by PUT, however often', async () => {
      const topic = `${await newTopic(ask)}-ensured`;
      const put = () => ask('PUT', `/topics/${topic}`, { json: { partitions_count: 2 } });
      expect((await put()).status).toBe(201);
      expect((await put()).status).toBe(200);
    });
  });

  describe(`produce ${name}`, () => {
    it('durable: what was answered with success is read back', async () => {
      const topic = await newTopic(ask);
      const produced = await ask('POST', `/topics/${topic}/records`, {
        json: { key: text('k'), value: text('v'), headers: [{ name: 'h', value: 'AQ==' }] },
      });
      expect(produced.status).toBe(200);
      expect(produced.json).toMatchObject({ topic_name: topic, partition_id: 0, offset: 0 });
      const { json } = await read(topic);
      expect(json).toMatchObject({
        records: [
          {
            offset: 0,
            key: text('k'),
            value: text('v'),
            headers: [{ name: 'h', value: 'AQ==' }],
          },
        ],
        next_offset: 1,
        high_watermark: 1,
        log_start_offset: 0,
      });
    });

    it('answers 207 when some records are stored, and no 200 over a failure', async () => {
      const topic = await newTopic(ask);
      const entry = (id: string, partition_id: number) => ({ id, partition_id, value: text(id) });
      const path = `/topics/${topic}/records:batch`;
      const mixed = await ask('POST', path, { json: { entries: [entry('a', 0), entry('b', 7)] } });
      expect(mixed.status).toBe(207);
      expect(mixed.json).toMatchObject({ successes: [{ id: 'a' }], failures: [{ id: 'b' }] });
      const none = await ask('POST', path, { json: { entries: [entry('b', 7)] } });
      expect(none.status).toBeGreaterThanOrEqual(400);
      expect(valuesOf((await read(topic)).json)).toEqual(['a']);
    });

    it('takes batches as they are, and gives the same bytes back with their offsets', async () => {
      const [first, second] = [await newTopic(ask), await newTopic(ask)];
      const bytes = batch('1', '2', '3');
      const frames = [first, second].map((topicName) => ({
        topicName,
        partition: 0,
        batches: bytes,
      }));
      await produce(second, 'before');
      const sent = await ask('POST', '/records', { body: encodeFrames(frames), headers: RAW });
      expect(sent.status).toBe(200);
      expect(sent.json.successes).toMatchObject([
        { topic_name: first, base_offset: 0, record_count: 3 },
        { topic_name: second, base_offset: 1, record_count: 3 },
      ]);
      const one = await ask('GET', `/topics/${first}/partitions/0/records`, {
        headers: WANTS_RAW,
      });
      expect(one.headers.get('stratalog-next-offset')).toBe('3');
      // Base offset and leader epoch are the log's; what the CRC covers and the length are the producer's.
      expect(one.bytes.subarray(16)).toEqual(Buffer.from(bytes.subarray(16)));
      const partitions = [first, second].map((topic_name) => ({
        topic_name,
        partition_id: 0,
        offset: topic_name === second ? 1 : 0,
      }));
      const many = await ask('POST', '/fetch', { json: { partitions }, headers: WANTS_RAW });
      expect(many.status).toBe(200);
      const fetched = decodeFetchFrames(many.bytes);
      expect(fetched.map(({ batches }) => decodeBatch(batches).header.baseOffset)).toEqual([
        0n,
        1n,
      ]);
    });

    it('appends only at the offset that is asked for', async () => {
      const topic = await newTopic(ask);
      expect((await produce(topic, 'a', '?match_offset=0')).status).toBe(200);
      const refused = await produce(topic, 'b', '?match_offset=0');
      expect(refused.status).toBe(412);
      expect(valuesOf((await read(topic)).json)).toEqual(['a']);
    });

    it('atomic: appends to all partitions, or to none', async () => {
      const [first, second] = [await newTopic(ask), await newTopic(ask)];
      const entries = (...topics: string[]) =>
        topics.map((topic_name, id) => ({ id, topic_name, partition_id: 0, value: text('a') }));
      const produceAll = (...topics: string[]) =>
        ask('POST', '/records', { json: { atomic: true, entries: entries(...topics) } });
      expect((await produceAll(first, `${first}-missing`)).status).toBe(404);
      expect((await read(first)).json.records).toEqual([]);
      expect((await produceAll(first, second)).status).toBe(200);
      expect(valuesOf((await read(first)).json)).toEqual(['a']);
      expect(valuesOf((await read(second)).json)).toEqual(['a']);
    });

    it('answers acks=0 before it is stored, and stores it once', async () => {
      const topicName = await newTopic(ask);
      const body = encodeFrames([{ topicName, partition: 0, batches: batch('later') }]);
      expect((await ask('POST', '/records?acks=0', { body, headers: RAW })).status).toBe(202);
      const { json } = await read(topicName, '?min_bytes=1&max_wait_ms=15000');
      expect(valuesOf(json)).toEqual(['later']);
    });

    it('dense, ordered: concurrent appends take offsets in a line', async () => {
      const topic = await newTopic(ask);
      const answers = await Promise.all(
        Array.from({ length: CONCURRENT_APPENDS }, (_, index) => produce(topic, `${index}`)),
      );
      const offsets = answers.map(({ json }) => json.offset).sort((a, b) => a - b);
      expect(offsets).toEqual(Array.from({ length: CONCURRENT_APPENDS }, (_, index) => index));
      const stored = valuesOf((await read(topic)).json);
      for (const [index, { json }] of answers.entries()) {
        expect(stored[json.offset]).toBe(`${index}`);
      }
    });
  });

  describe(`fetch ${name}`, () => {
    it('goes on where the last answer ended, through rolled tails', async () => {
      const topic = await newTopic(ask);
      const count = 40;
      for (let index = 0; index < count; index += 1) await produce(topic, `${index}`);
      const seen: string[] = [];
      for (let offset = 0; offset < count; ) {
        const { json } = await read(topic, `?offset=${offset}&max_records=7`);
        seen.push(...valuesOf(json));
        offset = json.next_offset;
      }
      expect(seen).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
    });

    it('waits for records, and not for ever', async () => {
      const topic = await newTopic(ask);
      const waiting = read(topic, '?min_bytes=1&max_wait_ms=10000');
      await produce(topic, 'awaited');
      expect(valuesOf((await waiting).json)).toEqual(['awaited']);
      const empty = await read(topic, '?offset=1&min_bytes=1&max_wait_ms=200');
      expect(empty).toMatchObject({ status: 200, json: { records: [], next_offset: 1 } });
    });

    it('refuses an offset out of range with the bounds', async () => {
      const topic = await newTopic(ask);
      await produce(topic, 'a');
      const { status, json } = await read(topic, '?offset=5');
      expect(status).toBe(416);
      expect(json).toMatchObject({
        error_code: 41601,
        kafka_error: 'OFFSET_OUT_OF_RANGE',
        high_watermark: 1,
        log_start_offset: 0,
      });
    });

    it('forgets what delete-records moved the start past', async () => {
      const topic = await newTopic(ask);
      for (const value of ['a', 'b', 'c']) await produce(topic, value);
      const path = `/topics/${topic}/partitions/0/records/delete`;
      expect((await ask('POST', path, { json: { offset: 2 } })).status).toBe(200);
      expect((await read(topic, '?offset=1')).status).toBe(416);
      expect(valuesOf((await read(topic, '?from=earliest')).json)).toEqual(['c']);
    });
  });

  describe(`offsets ${name}`, () => {
    it('are found by end and by time', async () => {
      const topic = await newTopic(ask);
      const at = (timestamp: string, value: string) =>
        ask('POST', `/topics/${topic}/records`, { json: { timestamp, value: text(value) } });
      await at('2020-01-01T00:00:00Z', 'a');
      await at('2021-01-01T00:00:00Z', 'b');
      const offset = async (query: string) =>
        (await ask('GET', `/topics/${topic}/partitions/0/offset?${query}`)).json.offset;
      expect(await offset('earliest')).toBe(0);
      expect(await offset('latest')).toBe(2);
      expect(await offset('timestamp=2020-06-01T00:00:00Z')).toBe(1);
    });
  });

  describe(`bad input ${name}`, () => {
    it.each([
      ['a body that is no JSON', 400, { body: Buffer.from('{"value":') }],
      ['a field that nobody knows', 400, { json: { valeu: text('a') } }],
      ['garbage for base64', 400, { json: { value: { type: 'BINARY', data: '!!' } } }],
    ])(
      '%s is refused, and nothing is stored',
      async (_, status, { json, body }: { json?: unknown; body?: Uint8Array }) => {
        const topic = await newTopic(ask);
        const answer = await ask('POST', `/topics/${topic}/records`, {
          ...(json === undefined ? {} : { json }),
          ...(body === undefined ? {} : { body }),
          headers: { 'content-type': 'application/json' },
        });
        expect(answer.status).toBe(status);
        expect(answer.json).toMatchObject({ retriable: false, request_id: expect.any(String) });
        expect((await read(topic)).json.records).toEqual([]);
      },
    );

    it('a media type that nobody knows is refused', async () => {
      const topic = await newTopic(ask);
      const headers = { 'content-type': 'text/csv' };
      const body = Buffer.from('a,b');
      const answer = await ask('POST', `/topics/${topic}/records`, { body, headers });
      expect(answer.status).toBe(415);
    });

    it('a record over the topic’s limit is refused, and the limit is said', async () => {
      const topic = await newTopic(ask);
      const answer = await produce(topic, 'x'.repeat(1_200_000));
      expect(answer.status).toBe(413);
      expect(answer.json).toMatchObject({ retriable: false });
      expect(answer.json.message).toContain('1048588');
      expect((await read(topic)).json.records).toEqual([]);
    });

    it('a batch whose bytes were damaged is refused', async () => {
      const topicName = await newTopic(ask);
      const batches = batch('a');
      batches[batches.length - 1] = (batches.at(-1) ?? 0) ^ 1;
      const frames = encodeFrames([{ topicName, partition: 0, batches }]);
      const answer = await ask('POST', '/records', { body: frames, headers: RAW });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect((await read(topicName)).json.records).toEqual([]);
    });
  });
}

/** Every path is served under v3's prefix, too, by whatever has a URL. */
export function describeV3Paths(name: string, endpoint: () => LogEndpoint): void {
  const ask = asking(endpoint);

  describe(`paths of REST Proxy v3 ${name}`, () => {
    it('lead to the same log', async () => {
      const topic = await newTopic(ask);
      const path = `/v3/clusters/-/topics/${topic}`;
      const produced = await ask('POST', `${path}/records`, { json: { value: text('a') } });
      expect(produced.json).toMatchObject({ topic_name: topic, offset: 0 });
      const described = await ask('GET', path);
      expect(described.json).toMatchObject({ kind: 'KafkaTopic', topic_name: topic });
    });
  });
}
