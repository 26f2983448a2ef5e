// An idempotent producer that appends to two partitions at once, or to none: `atomic` without a transaction.

import type { ErrorCode } from '../../../../lib/errors.ts';
import type { PartitionAppendResult } from '../../../../lib/log/append.ts';
import { encodeRecords } from '../batches.ts';
import type { Client } from '../client.ts';
import { type Producer, startProducer } from './idempotent-producer.ts';
import { newIds, type Place, pickPlaces, RETRIED, reportAck, reportRefusal } from './sending.ts';

/** Above the ids of all crowds. */
const FIRST_ID = 100_000;
const ATTEMPTS_MAX = 60;
const RETRY_MS = 100;

interface Part extends Place {
  readonly key: string;
  readonly ids: readonly string[];
  readonly batches: Uint8Array;
  readonly nextSequence: number;
}

export async function atomicProducer(client: Client): Promise<void> {
  const producerId = FIRST_ID + Number(client.name.slice(client.name.lastIndexOf('-') + 1));
  let producer = startProducer(client, producerId);
  for (let number = 1; !client.world.isEnding; number += 1) {
    await client.think();
    const isStored = await sendUntilKnown(client, producer, number);
    if (!isStored) producer = startProducer(client, producerId);
  }
}

/** False: given up, or refused. */
async function sendUntilKnown(
  client: Client,
  producer: Producer,
  number: number,
): Promise<boolean> {
  const { world, dice } = client;
  const parts = partsOf(client, producer, number);
  const ids = parts.flatMap((part) => part.ids);
  const unit = { name: `atomic ${ids[0]}`, who: client.name };
  world.report({ kind: 'unit stages', unit, ids });
  world.report({ kind: 'unit holds', unit, ids, offsets: [] });
  world.report({ kind: 'unit ends', unit, outcome: 'committed' });
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const outcome = await client.ask(`append at once ${ids.join(' ')}`, (served) =>
      served.append.append({ partitions: parts, atomic: true }),
    );
    const codes = outcome.kind === 'answered' ? hear(client, producer, parts, outcome) : undefined;
    if (codes?.length === 0) return true;
    if (codes !== undefined && !codes.every(mayGoAgain)) return false;
    if (!world.isEnding && dice.chance(0.03)) return false;
    await client.sleep(dice.waitMs(RETRY_MS));
  }
  return false;
}

/** Says what every partition was told; the codes of the refusals. */
function hear(
  client: Client,
  producer: Producer,
  parts: readonly Part[],
  {
    answer,
    askedTick,
  }: { readonly answer: readonly PartitionAppendResult[]; readonly askedTick: number },
): readonly ErrorCode[] {
  return parts.flatMap((part, index) => {
    const result = answer[index];
    const { topicName, partition, key, nextSequence } = part;
    if (result === undefined) return [];
    if (result.kind === 'rejected') {
      reportRefusal(client, { ...part, epochTick: producer.epochTick }, result.code);
      return [result.code];
    }
    const baseOffset = Number(result.baseOffset);
    reportAck(client, part.ids, { topicName, partition, baseOffset, askedTick });
    producer.sequences.set(key, nextSequence);
    return [];
  });
}

/** The rest of a request of which a part was refused is told just that. */
function mayGoAgain(code: ErrorCode): boolean {
  return code === 'OPERATION_NOT_ATTEMPTED' || RETRIED.has(code);
}

function partsOf(
  client: Client,
  { producerId, epoch, sequences }: Producer,
  number: number,
): readonly Part[] {
  return pickPlaces(client).map((place, index) => {
    const key = `${place.topicName}/${place.partition}`;
    const baseSequence = sequences.get(key) ?? 0;
    const ids = newIds(client, number * 10 + index);
    const sequence = { producerId, producerEpoch: epoch, baseSequence };
    const batches = encodeRecords(ids, client.world.scheduler.nowMs, sequence);
    return { ...place, key, ids, batches, nextSequence: baseSequence + ids.length };
  });
}
