// Sends batches to one or two partitions at once, without a sequence. When it doesn't know what became of one it sends
// it again, or not: what it sends again has another value, since that is its own doing.

import type { Appended } from '../../../../lib/log/append.ts';
import { encodeRecords } from '../batches.ts';
import type { Client } from '../client.ts';
import { newIds, type Place, pickPlace, reportAck } from './sending.ts';

export async function plainProducer(client: Client): Promise<void> {
  const known = new Map<string, number>();
  for (let number = 1; !client.world.isEnding; number += 1) {
    await client.think();
    const first = pickPlace(client);
    const second = pickPlace(client);
    const isSame = first.topicName === second.topicName && first.partition === second.partition;
    const places = isSame || client.dice.chance(0.7) ? [first] : [first, second];
    await send(client, places, { number, known });
  }
}

/** One request; whether every partition was acknowledged. */
export async function send(
  client: Client,
  places: readonly Place[],
  { number, known }: { readonly number: number; readonly known: Map<string, number> },
): Promise<boolean> {
  const { world, dice } = client;
  const parts = places.map((place, index) => {
    const ids = newIds(client, number * 10 + index);
    const batches = encodeRecords(ids, world.scheduler.nowMs);
    return { ...place, ids, batches };
  });
  const [only] = parts.length === 1 ? parts : [];
  const end = only === undefined ? undefined : known.get(`${only.topicName}/${only.partition}`);
  const matchOffset = dice.chance(0.1) ? end : undefined;
  const request = {
    partitions: parts,
    ...(matchOffset === undefined ? {} : { matchOffset: BigInt(matchOffset) }),
  };
  const outcome = await client.ask(
    `append ${parts.map(({ ids }) => ids.join(' ')).join(', ')}`,
    (served) => served.append.append(request),
  );
  if (outcome.kind !== 'answered') return false;
  for (const [index, result] of outcome.answer.entries()) {
    const ids = parts[index]?.ids ?? [];
    if (result.kind !== 'appended') continue;
    const { topicName, partition } = result;
    const baseOffset = Number(result.baseOffset);
    known.set(`${topicName}/${partition}`, baseOffset + ids.length);
    reportAck(client, ids, {
      topicName,
      partition,
      baseOffset,
      askedTick: outcome.askedTick,
      ...(matchOffset === undefined ? {} : { matchOffset }),
    });
  }
  return outcome.answer.every((result): result is Appended => result.kind === 'appended');
}
