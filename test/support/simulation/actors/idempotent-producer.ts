// Numbers its batches, one under way to a partition, and sends each until it knows that it is stored, as a client of
// Kafka does. After a restart, or when it gives a batch up, it goes on with the next epoch.

import { encodeRecords } from '../batches.ts';
import type { Client } from '../client.ts';
import {
  newIds,
  type Place,
  pickPlace,
  RETRIED,
  reportAck,
  reportRefusal,
  resultOf,
} from './sending.ts';

const ATTEMPTS_MAX = 60;
const RETRY_MS = 100;

interface Batch extends Place {
  /** Names the place. */
  readonly key: string;
  readonly ids: readonly string[];
  readonly bytes: Uint8Array;
  readonly nextSequence: number;
  /** When this epoch began. */
  readonly epochTick: number;
}

/** One epoch of a producer. */
export interface Producer {
  readonly producerId: number;
  readonly epoch: number;
  readonly epochTick: number;
  /** By place: what its next batch begins with. */
  readonly sequences: Map<string, number>;
}

export async function idempotentProducer(client: Client): Promise<void> {
  const { name } = client;
  const producerId = Number(name.slice(name.lastIndexOf('-') + 1));
  let producer = startProducer(client, producerId);
  for (let number = 1; !client.world.isEnding; number += 1) {
    await client.think();
    const batch = newBatch(client, producer, { place: pickPlace(client), number });
    const isStored = await sendUntilKnown(client, batch);
    if (isStored) producer.sequences.set(batch.key, batch.nextSequence);
    else producer = startProducer(client, producerId);
  }
}

/** The producer's next epoch. */
export function startProducer({ world }: Client, producerId: number): Producer {
  const epoch = (world.producerEpochs.get(producerId) ?? -1) + 1;
  world.producerEpochs.set(producerId, epoch);
  return { producerId, epoch, epochTick: world.tick, sequences: new Map() };
}

export function newBatch(
  client: Client,
  { producerId, epoch, epochTick, sequences }: Producer,
  { place, number }: { readonly place: Place; readonly number: number },
): Batch {
  const key = `${place.topicName}/${place.partition}`;
  const baseSequence = sequences.get(key) ?? 0;
  const ids = newIds(client, number);
  const sequence = { producerId, producerEpoch: epoch, baseSequence };
  const bytes = encodeRecords(ids, client.world.scheduler.nowMs, sequence);
  client.note(() => `sends ${ids.join(' ')} as ${producerId}, epoch ${epoch}, ${baseSequence}`);
  return { ...place, key, ids, bytes, nextSequence: baseSequence + ids.length, epochTick };
}

/** False: given up, or refused for good. */
export async function sendUntilKnown(client: Client, batch: Batch): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const verdict = await sendOnce(client, batch);
    if (verdict !== 'again') return verdict === 'stored';
    if (!client.world.isEnding && client.dice.chance(0.03)) return false;
    await client.sleep(client.dice.waitMs(RETRY_MS));
  }
  return false;
}

async function sendOnce(client: Client, batch: Batch): Promise<'stored' | 'again' | 'refused'> {
  const { topicName, partition, bytes, ids } = batch;
  const request = { partitions: [{ topicName, partition, batches: bytes }] };
  const outcome = await client.ask(`append ${ids.join(' ')}`, (served) =>
    served.append.append(request),
  );
  const result = resultOf(outcome);
  if (result === undefined || outcome.kind !== 'answered') return 'again';
  const { askedTick } = outcome;
  if (result.kind === 'appended') {
    const baseOffset = Number(result.baseOffset);
    reportAck(client, ids, { topicName, partition, baseOffset, askedTick });
    return 'stored';
  }
  if (result.code === 'DUPLICATE_SEQUENCE_NUMBER') {
    const baseOffset = client.world.log.placeOf(ids[0] ?? '')?.offset ?? -1;
    reportAck(client, ids, { topicName, partition, baseOffset, askedTick });
    return 'stored';
  }
  reportRefusal(client, batch, result.code);
  return RETRIED.has(result.code) ? 'again' : 'refused';
}
