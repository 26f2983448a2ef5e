// The client against a local home over HTTP: admin, producer and reading without a group.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CompressionTypes,
  httpTransport,
  type KafkaMessage,
  Partitioners,
  type RequestPayload,
  Stratalog,
} from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';

let home: LocalHome;
let client: Stratalog;
let topicCount = 0;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = new Stratalog({ endpoint: home.url, retry: { initialRetryTime: 5 } });
});

afterAll(() => home.close());

async function newTopic(numPartitions = 3, configs: Record<string, string> = {}): Promise<string> {
  topicCount += 1;
  const topic = `topic-${topicCount}`;
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  await client.admin().createTopics({ topics: [{ topic, numPartitions, configEntries }] });
  return topic;
}

async function readAll(topic: string): Promise<Map<number, KafkaMessage[]>> {
  const read = new Map<number, KafkaMessage[]>();
  for await (const { partition, messages } of client.read({ topic })) {
    read.set(partition, [...(read.get(partition) ?? []), ...messages]);
  }
  return read;
}

async function valuesOf(topic: string): Promise<Record<number, string[]>> {
  const read = await readAll(topic);
  const values = [...read].map(([partition, messages]) => [
    partition,
    messages.map(({ value }) => String(value)),
  ]);
  return Object.fromEntries(values);
}

/** A client whose n-th POST of records meets a fault before the log has it. */
function clientWithFaults(
  fault: (count: number) => 'refuse' | Response | undefined,
  retries = 3,
): {
  readonly client: Stratalog;
  readonly counts: { produce: number };
} {
  const counts = { produce: 0 };
  const faulty: typeof fetch = async (input, init) => {
    if (!String(input).includes('/records?')) return fetch(input, init);
    counts.produce += 1;
    const what = fault(counts.produce);
    if (what instanceof Response) return what;
    if (what === 'refuse') {
      throw new TypeError('fetch failed', {
        cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
      });
    }
    return fetch(input, init);
  };
  return {
    counts,
    client: new Stratalog({
      transport: httpTransport({ endpoint: home.url, fetch: faulty }),
      retry: { initialRetryTime: 5, retries },
    }),
  };
}

describe('admin', () => {
  it('creates, lists, describes, alters and deletes topics by kafkajs’s names', async () => {
    const admin = client.admin();
    await admin.connect();
    const wanted = { topic: 'admin-1', numPartitions: 2, configEntries: [] };
    expect(await admin.createTopics({ topics: [wanted] })).toBe(true);
    expect(await admin.createTopics({ topics: [wanted] })).toBe(false);
    expect(await admin.listTopics()).toContain('admin-1');
    await admin.createPartitions({ topicPartitions: [{ topic: 'admin-1', count: 4 }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: ['admin-1'] });
    expect(topics[0]?.partitions.map(({ partitionId }) => partitionId)).toEqual([0, 1, 2, 3]);
    await admin.deleteTopics({ topics: ['admin-1'] });
    expect(await admin.listTopics()).not.toContain('admin-1');
    await expect(admin.fetchTopicOffsets('admin-1')).rejects.toMatchObject({
      name: 'StratalogRequestError',
      type: 'UNKNOWN_TOPIC_OR_PARTITION',
      code: 3,
      retriable: true,
      status: 404,
    });
  });

  it('alterConfigs sets exactly what is given, incrementalAlterConfigs leaves the rest', async () => {
    const admin = client.admin();
    const topic = await newTopic(1, { 'retention.ms': '1000', 'segment.ms': '2000' });
    const set = async (): Promise<Record<string, string>> => {
      const { resources } = await admin.describeConfigs({
        resources: [{ type: 2, name: topic }],
      });
      const changed = resources[0]?.configEntries.filter(({ isDefault }) => !isDefault) ?? [];
      return Object.fromEntries(changed.map((one) => [one.configName, one.configValue]));
    };
    await admin.incrementalAlterConfigs(topic, [{ name: 'retention.ms', value: '5000' }]);
    expect(await set()).toEqual({ 'retention.ms': '5000', 'segment.ms': '2000' });
    const configEntries = [{ name: 'retention.ms', value: '7000' }];
    await admin.alterConfigs({ resources: [{ type: 2, name: topic, configEntries }] });
    expect(await set()).toEqual({ 'retention.ms': '7000' });
  });

  it('finds offsets by time and deletes records', async () => {
    const topic = await newTopic(1);
    const admin = client.admin();
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    const messages = [1_000, 2_000, 3_000].map((timestamp) => ({ value: 'x', timestamp }));
    await producer.send({ topic, messages });
    await producer.disconnect();
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, 1_500)).toEqual([
      { partition: 0, offset: '1' },
    ]);
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, 9_000)).toEqual([
      { partition: 0, offset: '3' },
    ]);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    expect(await admin.fetchTopicOffsets(topic)).toEqual([
      { partition: 0, offset: '3', high: '3', low: '2' },
    ]);
    await expect(async () => {
      for await (const _ of client.read({ topic, from: { kind: 'offset', offset: 1 } }));
    }).rejects.toMatchObject({ type: 'OFFSET_OUT_OF_RANGE', status: 416 });
  });
});

describe('producer', () => {
  it('sends what is sent within the linger, of all partitions and topics, as one request', async () => {
    const [first, second] = [await newTopic(), await newTopic()];
    const producer = client.producer({ linger: 20 });
    const requests: RequestPayload[] = [];
    producer.on(producer.events.REQUEST, ({ payload }) => requests.push(payload));
    await producer.connect();
    const sent = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        producer.send({
          topic: index % 2 === 0 ? first : second,
          messages: [{ key: String(index), value: 'x' }],
        }),
      ),
    );
    await producer.disconnect();
    expect(sent.flat()).toHaveLength(30);
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /topics/${first}`,
      `GET /topics/${second}`,
      'POST /producers',
      'POST /records?acks=all',
    ]);
  });

  it('says for each send where its first record went', async () => {
    const topic = await newTopic(2);
    const producer = client.producer({ linger: 20 });
    await producer.connect();
    const send = (values: string[], partition: number) =>
      producer.send({ topic, messages: values.map((value) => ({ value, partition })) });
    const [first, second, third] = await Promise.all([
      send(['a', 'b'], 0),
      send(['c'], 1),
      send(['d', 'e'], 0),
    ]);
    await producer.disconnect();
    expect(first).toEqual([
      { topicName: topic, partition: 0, errorCode: 0, baseOffset: '0', logAppendTime: '-1' },
    ]);
    expect(second?.[0]?.baseOffset).toBe('0');
    expect(third?.[0]?.baseOffset).toBe('2');
    expect(await valuesOf(topic)).toEqual({ 0: ['a', 'b', 'd', 'e'], 1: ['c'] });
  });

  it('spreads records without a key in turn, and those with a key as Kafka’s Java client does', async () => {
    const topic = await newTopic(3);
    const producer = client.producer();
    await producer.connect();
    const turn = await producer.send({
      topic,
      messages: Array.from({ length: 6 }, (_, index) => ({ value: `M${index + 1}` })),
    });
    expect(turn.map(({ partition }) => partition).sort()).toEqual([0, 1, 2]);
    const inTurn = Object.values(await valuesOf(topic)).toSorted((a, b) =>
      a[0]! < b[0]! ? -1 : 1,
    );
    expect(inTurn).toEqual([
      ['M1', 'M4'],
      ['M2', 'M5'],
      ['M3', 'M6'],
    ]);
    // murmur2("21") = -973932308 in Kafka's own test of its hash: positive 1173551340, partition 0 of 3.
    const [keyed] = await producer.send({ topic, messages: [{ key: '21', value: 'x' }] });
    expect(keyed?.partition).toBe(1_173_551_340 % 3);
    await producer.disconnect();
  });

  it('takes a partitioner of one’s own', async () => {
    const topic = await newTopic(4);
    const seen: number[] = [];
    const producer = client.producer({
      createPartitioner: () => {
        return ({ partitionMetadata }) => {
          seen.push(partitionMetadata.length);
          return 2;
        };
      },
    });
    const inTurn = client.producer({ createPartitioner: Partitioners.RoundRobinPartitioner });
    await Promise.all([producer.connect(), inTurn.connect()]);
    const [sent] = await producer.send({ topic, messages: [{ key: 'k', value: 'x' }] });
    expect([sent?.partition, seen]).toEqual([2, [4]]);
    const messages = Array.from({ length: 4 }, () => ({ key: 'same', value: 'x' }));
    expect(await inTurn.send({ topic, messages })).toHaveLength(4);
    await Promise.all([producer.disconnect(), inTurn.disconnect()]);
  });

  it('keeps nulls, headers and times through every compression', async () => {
    const topic = await newTopic(1);
    const producer = client.producer();
    await producer.connect();
    const message = {
      key: null,
      value: Buffer.from([0, 255, 1]),
      headers: { twice: ['a', Buffer.from('b')], none: null },
      timestamp: '1700000000000',
    };
    for (const compression of [...Object.values(CompressionTypes), 'zstd' as const]) {
      await producer.send({
        topic,
        compression,
        messages: [message, { key: 'gone', value: null }],
      });
    }
    await producer.disconnect();
    const messages = (await readAll(topic)).get(0) ?? [];
    expect(messages).toHaveLength(12);
    for (const [index, read] of messages.entries()) {
      if (index % 2 === 1) {
        expect([read.key?.toString(), read.value]).toEqual(['gone', null]);
        continue;
      }
      expect(read).toEqual({
        key: null,
        value: Buffer.from([0, 255, 1]),
        timestamp: '1700000000000',
        attributes: 0,
        offset: String(index),
        headers: { twice: [Buffer.from('a'), Buffer.from('b')], none: null },
      });
    }
  });

  it('`ordered`: thousands of sends arrive in the order of the calls, though requests overlap and fail', async () => {
    const topic = await newTopic(3);
    const faulty = clientWithFaults((count) => (count % 3 === 0 ? 'refuse' : undefined), 50);
    const producer = faulty.client.producer({ linger: 0, batchBytes: 2_000 });
    await producer.connect();
    const sends = Array.from({ length: 3_000 }, (_, index) =>
      producer.send({ topic, messages: [{ partition: index % 3, value: String(index) }] }),
    );
    await Promise.all(sends);
    await producer.disconnect();
    const values = await valuesOf(topic);
    for (const partition of [0, 1, 2]) {
      const expected = Array.from({ length: 1_000 }, (_, index) => String(index * 3 + partition));
      expect(values[partition]).toEqual(expected);
    }
    expect(faulty.counts.produce).toBeGreaterThan(10);
  });

  it('splits a send that is larger than a request', async () => {
    const topic = await newTopic(2);
    const producer = client.producer();
    await producer.connect();
    const value = Buffer.alloc(10_000, 1);
    const messages = Array.from({ length: 500 }, (_, index) => ({ value, partition: index % 2 }));
    const sent = await producer.send({ topic, messages });
    await producer.disconnect();
    expect(sent.map(({ baseOffset }) => baseOffset)).toEqual(['0', '0']);
    const ends = await client.admin().fetchTopicOffsets(topic);
    expect(ends.map(({ high }) => high)).toEqual(['250', '250']);
  });

  it('fails only the send whose record is refused, not those that share its request', async () => {
    const topic = await newTopic(1);
    const producer = client.producer({ linger: 20 });
    await producer.connect();
    const send = (value: string | Buffer) => producer.send({ topic, messages: [{ value }] });
    const outcomes = await Promise.allSettled([
      send('a'),
      send('b'),
      send(Buffer.alloc(1_100_000)),
      send('c'),
    ]);
    await producer.disconnect();
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(outcomes[2]).toMatchObject({ reason: { type: 'MESSAGE_TOO_LARGE', retriable: false } });
    expect(await valuesOf(topic)).toEqual({ 0: ['a', 'b', 'c'] });
  });

  it('makes batches smaller where a topic takes only small ones', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '5000' });
    const producer = client.producer();
    await producer.connect();
    const messages = Array.from({ length: 100 }, () => ({ value: Buffer.alloc(1_000) }));
    await producer.send({ topic, messages });
    await producer.disconnect();
    expect((await readAll(topic)).get(0)).toHaveLength(100);
  });

  it('acks=0 is answered without an offset, and stored', async () => {
    const topic = await newTopic(1);
    const producer = client.producer();
    await producer.connect();
    const [sent] = await producer.send({ topic, acks: 0, messages: [{ value: 'soon' }] });
    expect(sent).toEqual({ topicName: topic, partition: 0, errorCode: 0, logAppendTime: '-1' });
    await producer.disconnect();
    await expect.poll(() => valuesOf(topic)).toEqual({ 0: ['soon'] });
  });

  it('waits as long as Retry-After asks', async () => {
    const topic = await newTopic(1);
    const busy = { error_code: 42901, kafka_error: 'THROTTLING_QUOTA_EXCEEDED', retriable: true };
    const faulty = clientWithFaults((count) =>
      count === 1
        ? Response.json(busy, { status: 429, headers: { 'retry-after': '0.3' } })
        : undefined,
    );
    const producer = faulty.client.producer({ linger: 0 });
    await producer.connect();
    const startedAt = performance.now();
    await producer.send({ topic, messages: [{ value: 'x' }] });
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    await producer.disconnect();
  });

  it('gives up after its tries, with the reason', async () => {
    const topic = await newTopic(1);
    const faulty = clientWithFaults(() => 'refuse');
    const producer = faulty.client.producer({ linger: 0 });
    await producer.connect();
    await expect(producer.send({ topic, messages: [{ value: 'x' }] })).rejects.toMatchObject({
      name: 'StratalogConnectionError',
      reason: 'refused',
      retriable: true,
    });
    expect(faulty.counts.produce).toBe(4);
    await producer.disconnect();
  });

  it('waits while its buffer is full, then says so', async () => {
    const topic = await newTopic(1);
    const faulty = clientWithFaults(() => 'refuse');
    const producer = faulty.client.producer({ linger: 0, bufferBytes: 2_000, maxBlock: 20 });
    await producer.connect();
    const value = Buffer.alloc(1_500);
    const outcomes = await Promise.allSettled([
      producer.send({ topic, messages: [{ value }] }),
      producer.send({ topic, messages: [{ value }] }),
    ]);
    expect(outcomes[0]).toMatchObject({ reason: { name: 'StratalogConnectionError' } });
    expect(outcomes[1]).toMatchObject({ reason: { reason: 'buffer-full', retriable: true } });
    await producer.disconnect();
  });

  it('sends what waits when it is disconnected, and nothing after', async () => {
    const topic = await newTopic(1);
    const producer = client.producer({ linger: 60_000 });
    await producer.connect();
    const sent = producer.send({ topic, messages: [{ value: 'last' }] });
    await producer.disconnect();
    await sent;
    expect(await valuesOf(topic)).toEqual({ 0: ['last'] });
    await expect(producer.send({ topic, messages: [{ value: 'late' }] })).rejects.toMatchObject({
      reason: 'not-connected',
    });
  });

  it('learns that a topic was made anew with fewer partitions', async () => {
    const topic = await newTopic(3);
    const producer = client.producer({ linger: 0, retry: { retries: 1 } });
    await producer.connect();
    await producer.send({ topic, messages: [{ key: 'a', value: 'old' }] });
    const admin = client.admin();
    await admin.deleteTopics({ topics: [topic] });
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    // A send that still aims at a partition that is gone fails, and makes the producer look again.
    const sendAll = () =>
      Promise.allSettled(
        ['a', 'b', 'c', 'd'].map((key) =>
          producer.send({ topic, messages: [{ key, value: 'new' }] }),
        ),
      );
    expect((await sendAll()).map(({ status }) => status)).toContain('rejected');
    for (const outcome of await sendAll()) {
      expect(outcome).toMatchObject({ status: 'fulfilled', value: [{ partition: 0 }] });
    }
    await producer.disconnect();
  });

  it('says which topic is not there', async () => {
    const producer = client.producer();
    await producer.connect();
    await expect(
      producer.send({ topic: 'nowhere', messages: [{ value: 'x' }] }),
    ).rejects.toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION', code: 3 });
    await producer.disconnect();
  });
});

describe('reading without a group', () => {
  it('ends where the topic ended, or follows until it is told to stop', async () => {
    const topic = await newTopic(2);
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] });
    const stop = new AbortController();
    const followed: string[] = [];
    const following = (async () => {
      for await (const { messages } of client.read({ topic, follow: true, signal: stop.signal })) {
        followed.push(...messages.map(({ value }) => String(value)));
      }
    })();
    await expect.poll(() => followed.length).toBe(2);
    await producer.send({ topic, messages: [{ value: '3' }] });
    await expect.poll(() => followed.toSorted()).toEqual(['1', '2', '3']);
    stop.abort();
    await following;
    await producer.disconnect();
  });

  it('begins at an offset, a time, or the end', async () => {
    const topic = await newTopic(1);
    const producer = client.producer({ linger: 0 });
    await producer.connect();
    const messages = [1, 2, 3, 4].map((number) => ({
      value: `${number}`,
      timestamp: number * 1_000,
    }));
    await producer.send({ topic, messages });
    await producer.disconnect();
    const valuesFrom = async (from: Parameters<Stratalog['read']>[0]['from'] & object) => {
      const values: string[] = [];
      for await (const batch of client.read({ topic, from })) {
        values.push(...batch.messages.map(({ value }) => String(value)));
      }
      return values;
    };
    expect(await valuesFrom({ kind: 'offset', offset: 2 })).toEqual(['3', '4']);
    expect(await valuesFrom({ kind: 'timestamp', timestampMs: 1_500 })).toEqual(['2', '3', '4']);
    expect(await valuesFrom({ kind: 'latest' })).toEqual([]);
  });

  it('says that nobody is there', async () => {
    const gone = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
    await gone.close();
    const nobody = new Stratalog({ endpoint: gone.url, retry: { retries: 0 } });
    await expect(nobody.admin().listTopics()).rejects.toThrow(`can't reach ${gone.url}`);
  });
});
