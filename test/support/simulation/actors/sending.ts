// What the producers share: places to send to, ids that nobody else sends, and what an answer means.

import type { ErrorCode } from '../../../../lib/errors.ts';
import type { PartitionAppendResult } from '../../../../lib/log/append.ts';
import type { Client, Outcome } from '../client.ts';
import { WEATHER_MESSAGE } from '../wire.ts';

export interface Place {
  readonly topicName: string;
  readonly partition: number;
}

/** Refusals that say that the same may be asked again. */
export const RETRIED: ReadonlySet<ErrorCode> = new Set([
  'REQUEST_TIMED_OUT',
  'THROTTLED',
  'STORAGE_UNAVAILABLE',
]);
const SEQUENCE_ERRORS: ReadonlySet<ErrorCode> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
]);
const RECORDS_PER_BATCH_MAX = 3;
const KEYS = 20;

export function topicNames(client: Client): readonly string[] {
  return Array.from({ length: client.world.scenario.topics }, (_, index) => `topic-${index + 1}`);
}

/** A partition that there may be. */
export function pickPlace(client: Client): Place {
  const { partitions, addsPartitions } = client.world.scenario;
  const count = addsPartitions ? partitions + 1 : partitions;
  return { topicName: client.dice.pick(topicNames(client)), partition: client.dice.below(count) };
}

/** Two of them, or one where there is only one. */
export function pickPlaces(client: Client): readonly Place[] {
  const first = pickPlace(client);
  const second = pickPlace(client);
  const isSame = first.topicName === second.topicName && first.partition === second.partition;
  return isSame ? [first] : [first, second];
}

/** Says who sent them, in which of its lives, and the how manieth it is; and the key, where topics are compacted. */
export function newIds(client: Client, number: number): readonly string[] {
  const count = client.dice.between(1, RECORDS_PER_BATCH_MAX);
  return Array.from(
    { length: count },
    (_, index) =>
      `${client.name}.${client.starts}#${number}${'abc'.charAt(index)}${keyFor(client)}`,
  );
}

function keyFor({ world, dice }: Client): string {
  if (!world.scenario.compacts) return '';
  return `@k${dice.below(KEYS)}${dice.chance(0.3) ? '!' : ''}`;
}

export function reportAck(
  client: Client,
  ids: readonly string[],
  appended: {
    readonly topicName: string;
    readonly partition: number;
    readonly baseOffset: number;
    readonly askedTick: number;
    readonly matchOffset?: number;
  },
): void {
  client.world.report({ kind: 'acked', who: client.name, ids, ...appended });
}

/** The result for the one partition asked for; undefined when nobody knows. */
export function resultOf(
  outcome: Outcome<readonly PartitionAppendResult[]>,
): PartitionAppendResult | undefined {
  return outcome.kind === 'answered' ? outcome.answer[0] : undefined;
}

/** A topic that was created again knows nobody; any other knows the only instance of a producer. */
export function reportRefusal(
  client: Client,
  { topicName, partition, epochTick }: Place & { readonly epochTick: number },
  code: ErrorCode,
): void {
  const { world, name: who } = client;
  if (!SEQUENCE_ERRORS.has(code)) return;
  if (world.log.lifeThrough(topicName, epochTick, world.tick) === undefined) return;
  const askedTick = epochTick;
  world.report({ kind: 'sequence refused', who, askedTick, topicName, partition, code });
}

export function isWeather(message: string): boolean {
  return message.includes(WEATHER_MESSAGE);
}
