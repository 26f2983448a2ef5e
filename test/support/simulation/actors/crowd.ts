// Many idempotent producers, each of which sends now and then: more than a head remembers, so that their states move out
// of it and come back. One process plays them all.

import type { Client } from '../client.ts';
import { newBatch, type Producer, sendUntilKnown, startProducer } from './idempotent-producer.ts';
import { type Place, pickPlace } from './sending.ts';

/** Every crowd has ids of its own, above those of the producers that are alone in their process. */
const IDS_PER_CROWD = 1_000;
const CROWD = 40;

/** The first of them send one batch each, to every place. */
export async function introduce(client: Client, places: readonly Place[]): Promise<void> {
  const { crowds, knownProducers } = client.world.scenario;
  for (let index = 0; crowds > 0 && index < knownProducers; index += 1) {
    const producer = startProducer(client, IDS_PER_CROWD + index);
    for (const [number, place] of places.entries()) {
      await sendUntilKnown(
        client,
        newBatch(client, producer, { place, number: index * 10 + number }),
      );
    }
  }
}

export async function crowd(client: Client): Promise<void> {
  const producers = new Map<number, Producer>();
  const { name } = client;
  const firstId = IDS_PER_CROWD * Number(name.slice(name.lastIndexOf('-') + 1));
  for (let number = 1; !client.world.isEnding; number += 1) {
    await client.think();
    const producerId = firstId + client.dice.below(CROWD);
    const producer = producers.get(producerId) ?? startProducer(client, producerId);
    const batch = newBatch(client, producer, { place: pickPlace(client), number });
    const isStored = await sendUntilKnown(client, batch);
    if (isStored) {
      producer.sequences.set(batch.key, batch.nextSequence);
      producers.set(producerId, producer);
    } else {
      producers.delete(producerId);
    }
  }
}
