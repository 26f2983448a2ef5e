// Sends transactions, one after the other: some batches to some partitions, then commits, or aborts, or does nothing until
// the transaction times out. Two may have the same transactional id, and fence each other.

import type { Client } from '../client.ts';
import { pickPlaces } from './sending.ts';
import { Instance } from './transaction.ts';

const STAGES_MAX = 3;

export async function transactionalProducer(client: Client): Promise<void> {
  const { world, name } = client;
  const { sharesTransactionalIds } = world.scenario;
  const transactionalId = sharesTransactionalIds ? 'shared' : name;
  for (let number = 1; !world.isEnding; ) {
    await client.think();
    const instance = await Instance.start(client, {
      transactionalId,
      isAlone: !sharesTransactionalIds,
    });
    for (let isCurrent = instance !== undefined; isCurrent && !world.isEnding; number += 1) {
      await client.think();
      isCurrent = instance !== undefined && (await runTransaction(client, instance, number));
    }
  }
}

/** False: another instance must go on. */
async function runTransaction(
  client: Client,
  instance: Instance,
  number: number,
): Promise<boolean> {
  const { dice, world } = client;
  const stages = dice.between(1, STAGES_MAX);
  for (let stage = 1; stage <= stages; stage += 1) {
    const verdict = await instance.stage(pickPlaces(client), number * 10 + stage);
    if (verdict === 'lost') return false;
    if (verdict === 'refused') return (await instance.end('aborted')) === 'done';
    if (!world.isEnding && dice.chance(0.5)) await client.think();
  }
  if (!world.isEnding && dice.chance(0.05)) {
    await client.sleep(world.scenario.transactionTimeoutMs * 2);
  }
  const verdict = await instance.end(dice.chance(0.75) ? 'committed' : 'aborted');
  if (verdict === 'done') return true;
  // A commit of which nothing is known may be done: the abort says so.
  return (verdict === 'refused' || dice.chance(0.5)) && (await instance.end('aborted')) === 'done';
}
