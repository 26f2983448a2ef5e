// Numbers its batches, one under way to a partition, and sends each until it knows that it is stored, as a client of
// Kafka does. After a restart, or when it gives a batch up, it goes on with the next epoch.

import type { ErrorCode } from '../../../../lib/errors.ts';
import { encodeValues } from '../batches.ts';
import type { Client } from '../client.ts';
import { newValues, type Place, pickPlace, reportAck, resultOf } from './sending.ts';

const ATTEMPTS_MAX = 60;
const RETRY_MS = 100;
const SEQUENCE_ERRORS: ReadonlySet<ErrorCode> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
]);
const RETRIED: ReadonlySet<ErrorCode> = new Set([
  'REQUEST_TIMED_OUT',
  'THROTTLED',
  'STORAGE_UNAVAILABLE',
]);

interface Batch extends Place {
  readonly values: readonly string[];
  readonly bytes: Uint8Array;
  /** When this epoch began. */
  readonly epochTick: number;
}

export async function idempotentProducer(client: Client): Promise<void> {
  const { world, name } = client;
  const producerId = Number(name.slice(name.lastIndexOf('-') + 1));
  let epoch = -1;
  let epochTick = 0;
  const sequences = new Map<string, number>();
  const startEpoch = (): void => {
    epoch = (world.producerEpochs.get(name) ?? -1) + 1;
    world.producerEpochs.set(name, epoch);
    epochTick = world.tick;
    sequences.clear();
  };
  startEpoch();
  for (let number = 1; !world.isEnding; number += 1) {
    await client.think();
    const place = pickPlace(client);
    const key = `${place.topicName}/${place.partition}`;
    const baseSequence = sequences.get(key) ?? 0;
    const values = newValues(client, number);
    const sequence = { producerId, producerEpoch: epoch, baseSequence };
    const bytes = encodeValues(values, world.scheduler.nowMs, sequence);
    client.note(() => `sends ${values.join(' ')} as epoch ${epoch}, sequence ${baseSequence}`);
    const isStored = await sendUntilKnown(client, { ...place, values, bytes, epochTick });
    if (isStored) sequences.set(key, baseSequence + values.length);
    else startEpoch();
  }
}

/** False: given up, or refused for good. */
async function sendUntilKnown(client: Client, batch: Batch): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const verdict = await sendOnce(client, batch);
    if (verdict !== 'again') return verdict === 'stored';
    if (!client.world.isEnding && client.dice.chance(0.03)) return false;
    await client.sleep(client.dice.waitMs(RETRY_MS));
  }
  return false;
}

async function sendOnce(client: Client, batch: Batch): Promise<'stored' | 'again' | 'refused'> {
  const { topicName, partition, bytes, values } = batch;
  const request = { partitions: [{ topicName, partition, batches: bytes }] };
  const outcome = await client.ask(`append ${values.join(' ')}`, (served) =>
    served.append.append(request),
  );
  const result = resultOf(outcome);
  if (result === undefined || outcome.kind !== 'answered') return 'again';
  const { askedTick } = outcome;
  if (result.kind === 'appended') {
    const baseOffset = Number(result.baseOffset);
    reportAck(client, values, { topicName, partition, baseOffset, askedTick });
    return 'stored';
  }
  if (result.code === 'DUPLICATE_SEQUENCE_NUMBER') {
    const baseOffset = client.world.log.placeOf(values[0] ?? '')?.offset ?? -1;
    reportAck(client, values, { topicName, partition, baseOffset, askedTick });
    return 'stored';
  }
  if (SEQUENCE_ERRORS.has(result.code)) reportRefusal(client, batch, result.code);
  return RETRIED.has(result.code) ? 'again' : 'refused';
}

/** A topic that was created again knows nobody; any other knows the only instance of a producer. */
function reportRefusal(client: Client, batch: Batch, code: ErrorCode): void {
  const { world, name } = client;
  const { topicName, partition, epochTick } = batch;
  if (world.log.lifeThrough(topicName, epochTick, world.tick) === undefined) return;
  world.report({
    kind: 'sequence refused',
    who: name,
    askedTick: epochTick,
    topicName,
    partition,
    code,
  });
}
