// Reads partitions from wherever it stands, forward, and now and then from somewhere before again.

import type { PartitionFetchResult } from '../../../../lib/log/read.ts';
import { decodeBatches, type ReadRecord } from '../batches.ts';
import type { Client } from '../client.ts';
import { isWeather, type Place, pickPlace } from './sending.ts';

export async function reader(client: Client): Promise<void> {
  const positions = new Map<string, number>();
  while (!client.world.isEnding) {
    await client.think();
    const place = pickPlace(client);
    const key = `${place.topicName}/${place.partition}`;
    const reached = positions.get(key) ?? 0;
    const offset = client.dice.chance(0.2) ? client.dice.below(reached + 1) : reached;
    const end = await readOnce(client, place, offset);
    positions.set(key, end === undefined ? 0 : Math.max(reached, end));
  }
}

/** Reads and reports what it saw; where to go on, or undefined when it can't go on there. */
export async function readOnce(
  client: Client,
  place: Place,
  offset: number,
): Promise<number | undefined> {
  const { dice } = client;
  const request = {
    deliver: 'bytes' as const,
    partitions: [{ ...place, offset: BigInt(offset) }],
    maxBytes: dice.pick([1, 300, 100_000]),
    minBytes: 1,
    maxWaitMs: dice.pick([0, 0, 500]),
  };
  const outcome = await client.ask(
    `read ${place.topicName}/${place.partition} from ${offset}`,
    (served) => served.read.fetch(request),
  );
  if (outcome.kind !== 'answered') return offset;
  const [result] = outcome.answer;
  return result === undefined ? offset : reportRead(client, { result, offset }, outcome.askedTick);
}

/** What was read, to whoever compares it. */
export function reportRead(
  client: Client,
  { result, offset }: { readonly result: PartitionFetchResult; readonly offset: number },
  askedTick: number,
): number | undefined {
  const { topicName, partition } = result;
  const who = client.name;
  const { world } = client;
  if (result.kind !== 'bytes') {
    const { code, message } = result as Extract<PartitionFetchResult, { kind: 'rejected' }>;
    if (isWeather(message)) return offset;
    world.report({
      kind: 'read failed',
      who,
      askedTick,
      topicName,
      partition,
      offset,
      code,
      message,
    });
    return undefined;
  }
  const records = result.chunks.flatMap(recordsOf).filter((record) => record.offset >= offset);
  const nextOffset = Number(result.nextOffset);
  const highWatermark = Number(result.highWatermark);
  const logStartOffset = Number(result.logStartOffset);
  const seen = { topicName, partition, offset, records, nextOffset, highWatermark, logStartOffset };
  world.report({ kind: 'read', who, askedTick, ...seen });
  return nextOffset;
}

function recordsOf(chunk: Uint8Array): readonly ReadRecord[] {
  return decodeBatches(chunk).flatMap(({ records }) => records);
}
