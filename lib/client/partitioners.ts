// Which partition a message goes to when it names none. A partitioner has kafkajs's shape, so one's own go on working.

import { partitionForKey } from '../record/partitioner.ts';
import { bytesOf } from './arguments.ts';
import { legacyMurmur2 } from './legacy-partitioner.ts';
import type { Message, PartitionMetadata } from './types.ts';

export interface PartitionerArgs {
  readonly topic: string;
  readonly partitionMetadata: readonly PartitionMetadata[];
  readonly message: Message;
}

export type Partitioner = (args: PartitionerArgs) => number;
export type PartitionerFactory = () => Partitioner;

/** One after the other, from a random start for each topic, so that many small producers spread over all partitions. */
function RoundRobinPartitioner(): Partitioner {
  const next = new Map<string, number>();
  return ({ topic, partitionMetadata }) => {
    const count = partitionMetadata.length;
    const turn = next.get(topic) ?? Math.floor(Math.random() * count);
    next.set(topic, turn + 1);
    return turn % count;
  };
}

type KeyPartition = (key: Uint8Array, partitionCount: number) => number;

/** By the key; without a key in turn. */
function byKey(partitionOf: KeyPartition): Partitioner {
  const inTurn = RoundRobinPartitioner();
  return (args) => {
    const key = bytesOf('a key', args.message.key);
    return key === null ? inTurn(args) : partitionOf(key, args.partitionMetadata.length);
  };
}

/** By murmur2, exactly as Kafka's Java client does. */
const DefaultPartitioner: PartitionerFactory = () => byKey(partitionForKey);

/** As kafkajs before version 2: for topics that it has written to. */
const LegacyPartitioner: PartitionerFactory = () =>
  byKey((key, partitionCount) => (legacyMurmur2(key) & 0x7fffffff) % partitionCount);

/** Names as in kafkajs. */
export const Partitioners = {
  DefaultPartitioner,
  JavaCompatiblePartitioner: DefaultPartitioner,
  LegacyPartitioner,
  RoundRobinPartitioner,
} as const;
