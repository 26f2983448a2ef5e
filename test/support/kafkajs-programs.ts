// Programs as kafkajs's users write them. Each runs with kafkajs against a real Kafka and with this client against the local
// home, changed in nothing but what it imports and constructs, and must return the same (`expected`). Names of topics and
// groups are the caller's.

import { expect } from 'vitest';
import type * as stratalog from '../../lib/index.ts';

/** What a program imports. */
export type Kit = Pick<
  typeof stratalog,
  | 'AssignerProtocol'
  | 'CompressionTypes'
  | 'ConfigResourceTypes'
  | 'KafkaJSError'
  | 'KafkaJSNumberOfRetriesExceeded'
  | 'logLevel'
  | 'PartitionAssigners'
  | 'Partitioners'
>;

export interface Setting {
  readonly kit: Kit;
  readonly kafka: stratalog.Stratalog;
  /** Of topics and groups. */
  readonly name: string;
}

export interface Program {
  readonly title: string;
  readonly run: (setting: Setting) => Promise<unknown>;
  readonly expected: unknown;
}

type Admin = stratalog.Admin;

async function withAdmin<Result>(
  kafka: stratalog.Stratalog,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 4_000) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A real Kafka needs a moment before a new partition has a leader. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 600) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function onceEach<Value extends string>(values: readonly Value[]): Value[] {
  return [...new Set(values)].sort();
}

async function sendNumbers(
  { kafka, kit, name }: Setting,
  count: number,
  partition: number | undefined = undefined,
): Promise<void> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: kit.Partitioners.LegacyPartitioner,
  });
  await producer.connect();
  const messages = Array.from({ length: count }, (_, index) => ({
    key: `key-${index}`,
    value: String(index),
    ...(partition === undefined ? {} : { partition }),
  }));
  await producer.send({ topic: name, messages });
  await producer.disconnect();
}

const getStarted: Program = {
  title: 'sends with headers and compression, and reads with eachMessage',
  async run(setting) {
    const { kit, kafka, name } = setting;
    await withAdmin(kafka, (admin) =>
      admin.createTopics({
        waitForLeaders: true,
        topics: [{ topic: name, numPartitions: 3, replicationFactor: 1 }],
      }),
    );
    const producer = kafka.producer({ createPartitioner: kit.Partitioners.LegacyPartitioner });
    const events: string[] = [];
    producer.on(producer.events.CONNECT, ({ type }) => events.push(type));
    await producer.connect();
    const metadata = await producer.sendBatch({
      acks: -1,
      timeout: 5_000,
      compression: kit.CompressionTypes.GZIP,
      topicMessages: [
        {
          topic: name,
          messages: ['a', 'b', 'c', 'd'].map((key) => ({
            key,
            value: key.toUpperCase(),
            headers: { trace: `trace-${key}`, raw: Buffer.from(key) },
            timestamp: '1700000000000',
          })),
        },
      ],
    });
    await producer.disconnect();

    const consumer = kafka.consumer({
      groupId: name,
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      maxWaitTimeInMs: 100,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      rackId: '',
      retry: { retries: 3 },
      partitionAssigners: [kit.PartitionAssigners.roundRobin],
    });
    consumer.logger().setLogLevel(kit.logLevel.NOTHING);
    consumer.on(consumer.events.GROUP_JOIN, ({ type, payload }) => {
      events.push(type, payload.groupId, String(payload.memberAssignment[name]?.length));
    });
    const read: unknown[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [name], fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: 3,
      eachMessage: async ({ topic, partition, message, heartbeat }) => {
        await heartbeat();
        read.push({
          inTopic: topic === name,
          partition,
          key: message.key?.toString(),
          value: message.value?.toString(),
          trace: message.headers?.trace?.toString(),
          timestamp: message.timestamp,
          offset: typeof message.offset,
        });
      },
    });
    await until(() => read.length === 4);
    const described = await consumer.describeGroup();
    await consumer.disconnect();
    return {
      partitions: onceEach(metadata.map(({ partition }) => String(partition))),
      errorCodes: onceEach(metadata.map(({ errorCode }) => String(errorCode))),
      events: events.map((event) => event.replace(name, 'NAME')),
      state: described.state,
      assigned: described.members.flatMap(({ memberAssignment }) =>
        Object.values(
          kit.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {},
        ),
      ),
      read: read.toSorted((left, right) =>
        JSON.stringify(left).localeCompare(JSON.stringify(right)),
      ),
    };
  },
  expected: {
    partitions: expect.any(Array),
    errorCodes: ['0'],
    events: ['producer.connect', 'consumer.group_join', 'NAME', '3'],
    state: 'Stable',
    assigned: [[0, 1, 2]],
    read: expect.any(Array),
  },
};

const batches: Program = {
  title: 'reads by eachBatch, resolves and commits by hand, pauses, seeks',
  async run(setting) {
    const { kafka, name } = setting;
    await withAdmin(kafka, (admin) =>
      admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }] }),
    );
    await sendNumbers(setting, 10);
    const consumer = kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: name, fromBeginning: true });
    const seen: string[] = [];
    let uncommitted: unknown;
    let isPaused = false;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
        for (const message of batch.messages) {
          if (!isRunning() || isStale()) break;
          seen.push(String(message.value));
          resolveOffset(message.offset);
          await heartbeat();
        }
        const { topics } = payload.uncommittedOffsets();
        // kafkajs says the partition as text here.
        uncommitted ??= topics.map(({ partitions }) =>
          partitions.map(({ partition, offset }) => [String(partition), offset]),
        );
        await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
        if (seen.length === 10) {
          consumer.pause([{ topic: name, partitions: [0] }]);
          isPaused = true;
        }
      },
    });
    await until(() => isPaused);
    const paused = consumer.paused().map(({ partitions }) => partitions);
    consumer.seek({ topic: name, partition: 0, offset: '7' });
    consumer.resume([{ topic: name }]);
    await until(() => seen.length === 13);
    await consumer.stop();
    await consumer.disconnect();
    const offsets = await withAdmin(kafka, (admin) =>
      admin.fetchOffsets({ groupId: name, topics: [name] }),
    );
    return {
      seen,
      uncommitted,
      paused,
      committed: offsets.map(({ partitions }) => partitions.map(({ offset }) => offset)),
    };
  },
  expected: {
    seen: [...Array.from({ length: 10 }, (_, index) => String(index)), '7', '8', '9'],
    uncommitted: [[['0', '10']]],
    paused: [[0]],
    committed: [['10']],
  },
};

const topics: Program = {
  title: 'creates, describes, alters, extends, truncates and deletes topics',
  async run(setting) {
    const { kafka, kit, name } = setting;
    const admin = kafka.admin();
    await admin.connect();
    const creation = {
      topics: [
        {
          topic: name,
          numPartitions: 2,
          configEntries: [{ name: 'retention.ms', value: '7200000' }],
        },
      ],
    };
    const checked = await admin.createTopics({
      ...creation,
      validateOnly: true,
      waitForLeaders: false,
    });
    const listedBefore = (await admin.listTopics()).includes(name);
    const created = [await admin.createTopics(creation), await admin.createTopics(creation)];
    const beforeSending = Date.now() - 60_000;
    await sendNumbers(setting, 8, 1);
    const resource = { type: kit.ConfigResourceTypes.TOPIC, name };
    const alteration = { configEntries: [{ name: 'retention.ms', value: '3600000' }] };
    await admin.alterConfigs({
      validateOnly: true,
      resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '1000' }] }],
    });
    const describe = async () => {
      const query = { ...resource, configNames: ['retention.ms'] };
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [query],
      });
      return resources.map(({ errorCode, resourceType, configEntries }) => [
        errorCode,
        resourceType,
        configEntries.map(({ configName, configValue, configSource, isDefault }) => [
          configName,
          configValue,
          configSource,
          isDefault,
        ]),
      ]);
    };
    const described = [await describe()];
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, ...alteration }] });
    described.push(await describe());
    await admin.createPartitions({
      validateOnly: true,
      topicPartitions: [{ topic: name, count: 9 }],
    });
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: 4 }] });
    const metadata = await patiently(async () => {
      const found = await admin.fetchTopicMetadata({ topics: [name] });
      if (found.topics[0]?.partitions.length !== 4) throw new Error('not there yet');
      await admin.fetchTopicOffsets(name);
      return found;
    });
    const cut = { topic: name, partitions: [{ partition: 1, offset: '5' }] };
    await patiently(() => admin.deleteTopicRecords(cut));
    const bySorted = <One extends { readonly partition: number }>(ones: readonly One[]): One[] =>
      ones.toSorted((left, right) => left.partition - right.partition);
    const result = {
      checked,
      listedBefore,
      created,
      described,
      partitions: metadata.topics.map(({ partitions }) =>
        partitions.map(({ partitionId }) => partitionId).sort(),
      ),
      offsets: bySorted(await patiently(() => admin.fetchTopicOffsets(name))),
      byTime: bySorted(await admin.fetchTopicOffsetsByTimestamp(name, beforeSending)),
      atEnd: bySorted(await admin.fetchTopicOffsetsByTimestamp(name)),
      controller: typeof (await admin.describeCluster()).controller,
    };
    await admin.deleteTopics({ topics: [name] });
    await admin.disconnect();
    return result;
  },
  expected: {
    checked: true,
    listedBefore: false,
    created: [true, false],
    described: [
      [[0, 2, [['retention.ms', '7200000', 1, false]]]],
      [[0, 2, [['retention.ms', '3600000', 1, false]]]],
    ],
    partitions: [[0, 1, 2, 3]],
    offsets: [
      { partition: 0, offset: '0', high: '0', low: '0' },
      { partition: 1, offset: '8', high: '8', low: '5' },
      { partition: 2, offset: '0', high: '0', low: '0' },
      { partition: 3, offset: '0', high: '0', low: '0' },
    ],
    byTime: [
      { partition: 0, offset: '0' },
      { partition: 1, offset: '5' },
      { partition: 2, offset: '0' },
      { partition: 3, offset: '0' },
    ],
    atEnd: [
      { partition: 0, offset: '0' },
      { partition: 1, offset: '8' },
      { partition: 2, offset: '0' },
      { partition: 3, offset: '0' },
    ],
    controller: 'number',
  },
};

const groups: Program = {
  title: 'sets, fetches and resets the offsets of groups, describes and deletes them',
  async run(setting) {
    const { kafka, name } = setting;
    return withAdmin(kafka, async (admin) => {
      await admin.createTopics({ topics: [{ topic: name, numPartitions: 2 }] });
      await sendNumbers(setting, 6, 0);
      const fetch = async () => {
        const offsets = await admin.fetchOffsets({ groupId: name, topics: [name] });
        return offsets.flatMap(({ partitions }) =>
          partitions
            .toSorted((left, right) => left.partition - right.partition)
            .map(({ partition, offset }) => `${partition}: ${offset}`),
        );
      };
      const unknown = await admin.describeGroups([`${name}-unknown`]);
      const before = await fetch();
      await admin.setOffsets({
        groupId: name,
        topic: name,
        partitions: [{ partition: 0, offset: '4' }],
      });
      const set = await fetch();
      const [group] = (await admin.describeGroups([name])).groups;
      const { groups: listed } = await admin.listGroups();
      const deleted = await admin.deleteGroups([name]);
      return {
        unknown: unknown.groups.map(({ state, members }) => [state, members]),
        before,
        set,
        group: [group?.groupId === name, group?.state, group?.members, group?.protocolType],
        isListed: listed.some(({ groupId }) => groupId === name),
        deleted: deleted.map(({ groupId, errorCode }) => [groupId === name, errorCode]),
        isGone: !(await admin.listGroups()).groups.some(({ groupId }) => groupId === name),
      };
    });
  },
  expected: {
    unknown: [['Dead', []]],
    before: ['0: -1', '1: -1'],
    set: ['0: 4', '1: -1'],
    group: [true, 'Empty', [], 'consumer'],
    isListed: true,
    deleted: [[true, 0]],
    isGone: true,
  },
};

const failures: Program = {
  title: 'hears why its consumer crashed, and may say that it begins again',
  async run(setting) {
    const { kafka, kit, name } = setting;
    await withAdmin(kafka, (admin) =>
      admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }] }),
    );
    await sendNumbers(setting, 2);
    const asked: boolean[] = [];
    const consumer = kafka.consumer({
      groupId: name,
      maxWaitTimeInMs: 100,
      sessionTimeout: 10_000,
      retry: {
        retries: 1,
        initialRetryTime: 10,
        maxRetryTime: 20,
        restartOnFailure: async (error) => {
          asked.push(error instanceof kit.KafkaJSError);
          return true;
        },
      },
    });
    consumer.logger().setLogLevel(kit.logLevel.NOTHING);
    const crashes: unknown[] = [];
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      const isExceeded = error instanceof kit.KafkaJSNumberOfRetriesExceeded;
      crashes.push([isExceeded, isExceeded && error.retryCount, restart]);
    });
    const handled: string[] = [];
    let fail = 2;
    await consumer.connect();
    await consumer.subscribe({ topics: [name], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        fail -= 1;
        if (fail >= 0) throw new Error('not yet');
        handled.push(String(message.value));
      },
    });
    await until(() => handled.length === 2);
    await consumer.disconnect();
    return { crashes, handled };
  },
  expected: { crashes: [[true, 1, true]], handled: ['0', '1'] },
};

export const PROGRAMS: readonly Program[] = [getStarted, batches, topics, groups, failures];
