// Changes topics and offsets while everything goes on: adds partitions, deletes topics and creates them again, deletes
// records, resets offsets.

import type { Client } from '../client.ts';
import { GROUP_ID } from './member.ts';
import { pickPlace, topicNames } from './sending.ts';

type Deed = (client: Client) => Promise<void>;

export async function admin(client: Client): Promise<void> {
  const { world, dice } = client;
  const { addsPartitions, recreatesTopics, deletesRecords, resetsOffsets } = world.scenario;
  const { paceMs, adminPaceMs = paceMs * 10 } = world.scenario;
  const deeds: Deed[] = [];
  if (addsPartitions) deeds.push(addPartition);
  if (recreatesTopics) deeds.push(recreateTopic);
  if (deletesRecords) deeds.push(deleteRecords);
  if (resetsOffsets) deeds.push(resetOffsets);
  while (!world.isEnding && deeds.length > 0) {
    await client.sleep(dice.waitMs(adminPaceMs));
    await dice.pick(deeds)(client);
  }
}

async function addPartition(client: Client): Promise<void> {
  const name = client.dice.pick(topicNames(client));
  const partitionCount = client.world.scenario.partitions + 1;
  await client.ask(`alter ${name} to ${partitionCount} partitions`, (served) =>
    served.topics.alter({ name, partitionCount }),
  );
}

async function recreateTopic(client: Client): Promise<void> {
  const name = client.dice.pick(topicNames(client));
  const outcome = await client.ask(`delete ${name}`, (served) => served.topics.delete(name));
  if (outcome.kind === 'answered' && outcome.answer.kind === 'deleted') {
    const { askedTick } = outcome;
    client.world.report({ kind: 'topic deleted', who: client.name, askedTick, topicName: name });
  }
  await client.think();
  await createTopic(client, name);
}

/** Until it is there, or the simulation ends: a deletion may have been left half done. */
export async function createTopic(client: Client, name: string): Promise<void> {
  const { partitions } = client.world.scenario;
  const configs = topicConfigs(client);
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    const outcome = await client.ask(`create ${name}`, (served) =>
      served.topics.create({ name, partitionCount: partitions, configs }),
    );
    if (outcome.kind === 'answered' && outcome.answer.kind === 'created') return;
    await client.think();
  }
}

function topicConfigs({ world }: Client): Readonly<Record<string, string>> {
  const { janitors, compacts, retains } = world.scenario;
  if (janitors === 0) return {};
  return {
    'segment.ms': '3000',
    ...(retains ? { 'retention.ms': '40000' } : {}),
    ...(compacts
      ? {
          'cleanup.policy': 'compact',
          'delete.retention.ms': '2000',
          'min.cleanable.dirty.ratio': '0.1',
        }
      : {}),
  };
}

async function deleteRecords(client: Client): Promise<void> {
  const { topicName, partition } = pickPlace(client);
  const offset = client.dice.chance(0.3) ? ('latest' as const) : BigInt(client.dice.below(30));
  await client.ask(`delete records of ${topicName}/${partition} below ${offset}`, (served) =>
    served.topics.deleteRecords({ topicName, partition, offset }),
  );
}

async function resetOffsets(client: Client): Promise<void> {
  const target = client.dice.pick([
    { kind: 'earliest' as const },
    { kind: 'latest' as const },
    { kind: 'shift' as const, by: -3n },
  ]);
  const topics = topicNames(client).map((topicName) => ({ topicName }));
  await client.ask(`reset offsets to ${target.kind}`, (served) =>
    served.offsets.reset({ groupId: GROUP_ID, target, topics, dryRun: false }),
  );
}
