// Wrong arguments, as a program in plain JavaScript may give them: each is refused by name and at once; none is taken for
// something else, and none is waited for.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ConsumerConfig,
  type ConsumerRunConfig,
  type ProducerConfig,
  Stratalog,
  StratalogClientError,
} from '../../lib/index.ts';
import { type LocalHome, startLocalHome } from '../../lib/local/home.ts';
import { createTopic, quickClient } from '../support/client.ts';

let home: LocalHome;
let client: Stratalog;

beforeAll(async () => {
  home = await startLocalHome({ port: 0, dataDirectory: ':memory:' });
  client = quickClient(home.url);
});

afterAll(async () => {
  await client.close();
  await home.close();
});

/** Types say no to most of what is tried here. */
function untyped<Shape>(value: unknown): Shape {
  return value as Shape;
}

async function connected(config: ProducerConfig = {}) {
  const producer = client.producer({ linger: 0, ...config });
  await producer.connect();
  return producer;
}

describe('a producer refuses', () => {
  it.each([
    [{ linger: -1 }, /linger is a number from 0/],
    [{ linger: '5' }, /linger is .* not "5"/],
    [{ maxBlock: Number.POSITIVE_INFINITY }, /maxBlock is a number from 0 to 2147483647/],
    [{ maxInFlightRequests: 0 }, /maxInFlightRequests is a number of at least 1, not 0/],
    [{ bufferBytes: Number.NaN }, /bufferBytes is .* not NaN/],
    [{ acks: 2 }, /acks is -1 \(all\), 0 or 1, not 2/],
    [{ createPartitioner: 5 }, /createPartitioner is a function, not 5/],
    [{ createPartitioner: () => 5 }, /what createPartitioner returns is a function, not 5/],
    [{ compression: 'zip' }, /compression is one of/],
    [{ retry: { retries: '3' } }, /retries is a number of at least 0, not "3"/],
    [{ transactionalId: '' }, /transactionalId is a text that isn't empty/],
    [null, /producer\(\) takes an object, not null/],
  ])('the settings %j', (config, message) => {
    expect(() => client.producer(untyped(config))).toThrow(message);
  });

  it.each([
    [[{ value: 5 }], /a value is text, bytes or null, not 5/],
    [[{ value: { total: 5 } }], /a value is .* not an object/],
    [[{ key: 7, value: 'v' }], /a key is text/],
    [[{ value: 'v', headers: { source: 5 } }], /the value of a header is text/],
    [[{ value: 'v', headers: 'x' }], /headers are an object/],
    [[{ value: 'v', partition: -1 }], /a partition is a whole number from 0 on, not -1/],
    [[{ value: 'v', partition: '0' }], /a partition is/],
    [['just text'], /a message is an object/],
    [[null], /a message is an object/],
    ['just text', /messages is a list, not "just text"/],
    [undefined, /messages is a list, not undefined/],
  ])(
    'the messages %j, without harm to those that are sent with them',
    async (messages, message) => {
      const topic = await createTopic(client, `refused-${Math.random().toString(36).slice(2)}`, 1);
      const producer = await connected();
      const wrong = producer.send({ topic, messages: untyped(messages) });
      const right = producer.send({ topic, messages: [{ value: 'right' }] });
      await expect(wrong).rejects.toThrow(message);
      await expect(wrong).rejects.toThrow(StratalogClientError);
      expect(await right).toMatchObject([{ baseOffset: '0' }]);
    },
  );

  it.each([
    ['send', undefined, 'send() takes an object, not undefined'],
    ['send', { messages: [] }, "topic is a text that isn't empty, not undefined"],
    ['sendBatch', undefined, 'sendBatch() takes an object, not undefined'],
    ['sendBatch', { topicMessages: [null] }, 'topicMessages[0] is an object, not null'],
  ] as const)('%s of %j', async (verb, argument, message) => {
    await expect((await connected())[verb](untyped(argument))).rejects.toThrow(message);
  });

  it('an event that there isn’t', () => {
    const listen = () =>
      client.producer().on(untyped<'producer.connect'>('producer.crash'), () => undefined);
    expect(listen).toThrow('there is no event producer.crash; there are producer.connect');
  });

  it.each([Number.NaN, 2, 'all'])('acks %s', async (acks) => {
    const topic = await createTopic(client, 'acks', 1);
    const sent = (await connected()).send({
      topic,
      acks: untyped(acks),
      messages: [{ value: 'v' }],
    });
    await expect(sent).rejects.toThrow(/acks is -1 \(all\), 0 or 1/);
  });

  it('a partition that there isn’t, and takes it once it is added', async () => {
    const topic = await createTopic(client, 'growing', 3);
    const producer = await connected();
    const send = () => producer.send({ topic, messages: [{ value: 'v', partition: 4 }] });
    await expect(send()).rejects.toThrow('topic "growing" has partitions 0 to 2, not 4');
    await client.admin().createPartitions({ topicPartitions: [{ topic, count: 5 }] });
    expect(await send()).toMatchObject([{ partition: 4, baseOffset: '0' }]);
  });
});

describe('a consumer refuses', () => {
  it.each([
    [{}, /a consumer has a groupId/],
    [{ groupId: 'g', maxBytes: -1 }, /maxBytes is a number of at least 1/],
    [{ groupId: 'g', heartbeatInterval: Number.NaN }, /heartbeatInterval is/],
    [{ groupId: 'g', failurePolicy: { afterRetries: 'drop' } }, /afterRetries is one of stop/],
    [{ groupId: 'g', failurePolicy: 'skip' }, /failurePolicy is an object, not "skip"/],
    [{ groupId: 'g', storeOffsets: 5 }, /storeOffsets is a function, not 5/],
    [{ groupId: 'g', assignor: 'sticky' }, /assignor is one of uniform, range, roundrobin/],
    [{ groupId: 'g', sessionTimeout: '9' }, /sessionTimeout is a number from 0/],
    [undefined, /consumer\(\) takes an object, not undefined/],
  ])('the settings %j', (config, message) => {
    expect(() => client.consumer(untyped<ConsumerConfig>(config))).toThrow(message);
  });

  it('an instance id that is empty, in words that are not the server’s own', async () => {
    const consumer = client.consumer({ groupId: 'instances', groupInstanceId: '' });
    await consumer.subscribe({ topic: await createTopic(client, 'instances', 1) });
    const run = consumer.run({ eachMessage: async () => undefined });
    await expect(run).rejects.toThrow('an instance id has 1 to 255 characters, not 0');
  });

  it.each([
    [{ eachMessage: 5 }, /eachMessage is a function/],
    [{ partitionsConsumedConcurrently: 0 }, /partitionsConsumedConcurrently is a number of at/],
    [{ concurrencyByKey: 0 }, /concurrencyByKey is a number of at least 1/],
    [{ autoCommitInterval: -1 }, /autoCommitInterval is/],
    [{ autoCommitWhen: 'read' }, /autoCommitWhen is one of handled, delivered, not "read"/],
  ])('to run with %j', async (config, message) => {
    const topic = await createTopic(client, 'refused-run', 1);
    const consumer = client.consumer({ groupId: 'refused-run' });
    await consumer.subscribe({ topic });
    const settings = { eachMessage: async () => undefined, ...config };
    await expect(consumer.run(untyped<ConsumerRunConfig>(settings))).rejects.toThrow(message);
  });

  it.each([
    [{ topics: 'abc' }, /topics is a list, not "abc"/],
    [{ topic: 5 }, /a topic is its name or a RegExp/],
    [{}, /a topic is its name or a RegExp/],
    [undefined, /subscribe\(\) takes an object, not undefined/],
  ])('to subscribe to %j', async (subscription, message) => {
    const consumer = client.consumer({ groupId: 'refused-subscription' });
    await expect(consumer.subscribe(untyped(subscription))).rejects.toThrow(message);
  });

  it.each([
    [undefined, 'topics is a list, not undefined'],
    [[null], 'topics[0] is an object, not null'],
    [[{ topic: 't', partitions: 0 }], 'partitions is a list, not 0'],
  ])('to pause %j', (topics, message) => {
    const consumer = client.consumer({ groupId: 'refused-pause' });
    expect(() => consumer.pause(untyped(topics))).toThrow(message);
  });

  it.each(['', 'abc', '1.5', ' '])('to seek or commit %j, which is no offset', async (offset) => {
    const topic = await createTopic(client, 'refused-offsets', 1);
    const consumer = client.consumer({ groupId: 'refused-offsets' });
    await consumer.subscribe({ topic });
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    expect(() => consumer.seek({ topic, partition: 0, offset })).toThrow(/is no offset/);
    const commit = consumer.commitOffsets([{ topic, partition: 0, offset }]);
    await expect(commit).rejects.toThrow(/is no offset/);
    await consumer.disconnect();
  });
});

describe('an admin refuses', () => {
  it.each(['', 'abc', null])('the offset %j, and leaves what is there', async (offset) => {
    const topic = await createTopic(client, 'admin-offsets', 1);
    await (await connected()).send({ topic, messages: [{ value: 'kept' }] });
    const admin = client.admin();
    const partitions = [{ partition: 0, offset: untyped<string>(offset) }];
    const groupId = 'admin-offsets';
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '1' }] });
    await expect(admin.setOffsets({ groupId, topic, partitions })).rejects.toThrow(/is no offset/);
    await expect(admin.deleteTopicRecords({ topic, partitions })).rejects.toThrow(/is no offset/);
    expect(await admin.fetchOffsets({ groupId, topics: [topic] })).toMatchObject([
      { partitions: [{ offset: '1' }] },
    ]);
  });

  it.each(['createTopics', 'deleteTopics'] as const)('%s without a list', async (verb) => {
    await expect(client.admin()[verb](untyped({}))).rejects.toThrow('topics is a list');
  });

  it.each([
    ['createTopics', undefined, 'createTopics() takes an object, not undefined'],
    ['createTopics', { topics: [null] }, 'topics[0] is an object, not null'],
    [
      'createPartitions',
      { topicPartitions: [{ topic: 't' }] },
      'count is a whole number from 0 on',
    ],
    ['deleteTopics', { topics: [5] }, "a topic is a text that isn't empty, not 5"],
    ['fetchTopicOffsets', undefined, "topic is a text that isn't empty, not undefined"],
    ['describeConfigs', undefined, 'describeConfigs() takes an object, not undefined'],
    ['fetchLag', undefined, "groupId is a text that isn't empty, not undefined"],
    ['resetGroupOffsets', { groupId: 'g' }, 'to is an object, not undefined'],
    ['resetGroupOffsets', { groupId: 'g', to: { kind: 'x' } }, 'the kind of to is one of earliest'],
  ] as const)('%s of %j', async (verb, argument, message) => {
    const call = client.admin()[verb] as (argument: unknown) => Promise<unknown>;
    await expect(call.call(client.admin(), argument)).rejects.toThrow(message);
  });

  it('a negative offset, and says why', async () => {
    const topic = await createTopic(client, 'negative', 1);
    const partitions = [{ partition: 0, offset: '-1' }];
    const set = client.admin().setOffsets({ groupId: 'negative', topic, partitions });
    await expect(set).rejects.toThrow("an offset isn't negative, as -1 is");
  });

  it('access lists without a list', async () => {
    await expect(client.admin().createAcls(untyped({}))).rejects.toThrow('acl is a list');
    await expect(client.admin().deleteAcls(untyped({}))).rejects.toThrow('filters is a list');
  });

  it('one topic only when the others are done', async () => {
    const admin = client.admin();
    const there = await createTopic(client, 'there', 3);
    await expect(admin.deleteTopics({ topics: ['not-there', there] })).rejects.toThrow(/not-there/);
    expect(await admin.createTopics({ topics: [{ topic: there }] })).toBe(true);
  });
});

describe('a client refuses', () => {
  it.each([
    [{ endpoint: 'ftp://127.0.0.1' }, /the endpoint is a URL such as http/],
    [{ endpoint: 'http://127.0.0.1', requestTimeout: -1 }, /requestTimeout is a number from 1/],
  ])('%j', (config, message) => {
    expect(() => new Stratalog(config)).toThrow(message);
  });
});
