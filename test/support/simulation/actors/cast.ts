// Who is on stage, and when: topics and their first records before it begins, then everybody, and at the end, in calm
// weather, everything comes to rest and is looked at once more.

import type { Client } from '../client.ts';
import type { World } from '../world.ts';
import { admin, createTopic } from './admin.ts';
import { atomicProducer } from './atomic-producer.ts';
import { crowd, introduce } from './crowd.ts';
import { groupMember } from './group-member.ts';
import { idempotentProducer } from './idempotent-producer.ts';
import { janitor } from './janitor.ts';
import { lateProducer } from './late-producer.ts';
import { plainProducer, send } from './plain-producer.ts';
import { reader, readOnce } from './reader.ts';
import type { Place } from './sending.ts';
import { transactionalProducer } from './transactional-producer.ts';

/** How soon after the weather has cleared everything arrives that is still on its way. */
const REST_WITHIN_MS = 5_000;
const REST_ROUNDS_MAX = 120;
const REST_ROUND_MS = 500;

const idle = async (): Promise<void> => undefined;

async function prologue(world: World): Promise<void> {
  const client = world.client('setup', idle);
  const { topics, partitions, prefill } = world.scenario;
  for (let topic = 1; topic <= topics; topic += 1) {
    await createTopic(client, `topic-${topic}`);
    const places = Array.from({ length: partitions }, (_, partition) => ({
      topicName: `topic-${topic}`,
      partition,
    }));
    for (let number = 1; number <= prefill; number += 1) {
      await send(client, places, { number: topic * 1_000 + number, known: new Map() });
    }
    await introduce(client, places);
  }
}

function enter(world: World): void {
  const { scenario } = world;
  const add = (count: number, name: string, run: (client: Client) => Promise<void>): void => {
    for (let number = 1; number <= count; number += 1) world.client(`${name}-${number}`, run);
  };
  add(scenario.plainProducers, 'plain', plainProducer);
  add(scenario.idempotentProducers, 'idempotent', idempotentProducer);
  add(scenario.crowds, 'crowd', crowd);
  add(scenario.lateProducers, 'late', lateProducer);
  add(scenario.atomicProducers, 'atomic', atomicProducer);
  add(scenario.transactionalProducers, 'transactional', transactionalProducer);
  add(scenario.readers, 'reader', reader);
  add(scenario.members, 'member', (client) =>
    groupMember(client, (member) => world.members.set(client.name, member)),
  );
  add(scenario.janitors, 'janitor', janitor);
  world.client('admin', admin);
}

/** Everybody finishes; groups come to rest; then every log is read from its start to its end. */
async function epilogue(world: World): Promise<void> {
  const client = world.client('checker', idle);
  world.scheduler.hasten(REST_WITHIN_MS);
  const members = new Set([...world.members.keys()]);
  const others = world.clients.filter(({ name }) => !members.has(name));
  await rest(
    client,
    'producers and readers',
    async () =>
      others.every(({ isDone }) => isDone) && world.wire.underWay + world.handedOver === 0,
  );
  if (members.size > 0) await rest(client, 'the group', () => isGroupAtRest(world));
  world.isStopped = true;
  await rest(client, 'members', async () => world.clients.every(({ isDone }) => isDone));
  // What was asked and is waited for by nobody comes by then, and meets nobody.
  await client.sleep(REST_WITHIN_MS);
  restartServers(world);
  await rest(client, 'the wire', async () => world.wire.underWay === 0);
  for (const { name, partitionCount } of await activeTopics(world)) {
    for (let partition = 0; partition < partitionCount; partition += 1) {
      await readThrough(client, { topicName: name, partition });
    }
  }
  await measure(client);
}

/** Waits; what doesn't come to rest in calm weather never will. */
async function rest(client: Client, what: string, isAtRest: () => Promise<boolean>): Promise<void> {
  for (let round = 1; round <= REST_ROUNDS_MAX; round += 1) {
    if (await isAtRest()) return;
    await client.sleep(REST_ROUND_MS);
  }
  client.world.report({ kind: 'restless', what });
}

async function activeTopics(world: World) {
  const { topics } = await world.storage.topics.listTopics({ limit: 1_000 });
  return topics.filter(({ state }) => state === 'active');
}

/** Every partition of every topic is used by exactly one member. */
async function isGroupAtRest(world: World): Promise<boolean> {
  const wanted = (await activeTopics(world)).flatMap(({ topicId, partitionCount }) =>
    Array.from({ length: partitionCount }, (_, partition) => `${topicId}/${partition}`),
  );
  const used = [...world.members.values()].flatMap(({ positions }) =>
    [...positions.values()].map(({ topicId, partition }) => `${topicId}/${partition}`),
  );
  return wanted.length === used.length && wanted.every((name) => used.includes(name));
}

async function readThrough(client: Client, place: Place): Promise<void> {
  const { world } = client;
  const life = world.log.lives.find(
    ({ name, endsTick }) => name === place.topicName && endsTick === undefined,
  );
  if (life === undefined) return;
  const model = world.log.partition({ topicId: life.topicId, partition: place.partition });
  let offset = model.logStart;
  let attempts = 0;
  while (offset < model.next) {
    const next = Math.max(model.logStart, (await readOnce(client, place, offset)) ?? offset);
    // A server may still know a topic of that name that is gone.
    attempts = next > offset ? 0 : attempts + 1;
    if (attempts > world.servers.length) {
      world.report({
        kind: 'restless',
        what: `reading ${place.topicName}/${place.partition} at ${offset}`,
      });
      return;
    }
    offset = next;
  }
}

/** Whatever they were at is over, and they know nothing. */
function restartServers({ servers }: World): void {
  for (const { process } of servers) {
    process.crash();
    process.restart();
  }
}

/** What an append and a fetch cost a process that knows nothing yet. */
async function measure(client: Client): Promise<void> {
  const { world, dice } = client;
  const [topic] = await activeTopics(world);
  if (topic === undefined) return;
  restartServers(world);
  const place = { topicName: topic.name, partition: dice.below(topic.partitionCount) };
  world.wire.counts.clear();
  await send(client, [place], { number: 999_999, known: new Map() });
  world.report({
    kind: 'cost',
    operation: 'append',
    requests: Object.fromEntries(world.wire.counts),
  });
  restartServers(world);
  const { logStart, next } = world.log.partition({
    topicId: topic.topicId,
    partition: place.partition,
  });
  const offset = BigInt(logStart + dice.below(next - logStart));
  world.wire.counts.clear();
  await client.ask('read one', (served) =>
    served.read.fetch({
      deliver: 'bytes',
      partitions: [{ ...place, offset }],
      maxBytes: 1,
      minBytes: 0,
      maxWaitMs: 0,
    }),
  );
  world.report({
    kind: 'cost',
    operation: 'fetch',
    requests: Object.fromEntries(world.wire.counts),
  });
}

export const cast = { prologue, enter, epilogue };
