// What of a send goes to which partition, and in which parts.

import type { NewRecord } from '../record/record.ts';
import { invalid, listOf } from './arguments.ts';
import { recordOf, recordSizeBytes } from './messages.ts';
import type { Partitioner } from './partitioners.ts';
import type { Message, PartitionMetadata } from './types.ts';

/** One record batch stays below max.message.bytes' default, its header included. */
export const RECORD_BATCH_BYTES = 1_000_000;

export interface PartitionPlan {
  readonly topic: string;
  readonly partition: number;
  readonly records: NewRecord[];
  /** At most what the records take before compression. */
  sizeBytes: number;
}

/** What goes to each partition, in the order of the messages. Errors: a message or its partition makes no sense. */
export function planTopic(
  from: {
    readonly topic: string;
    readonly messages: readonly Message[];
    readonly partitions: readonly PartitionMetadata[];
    readonly nowMs: number;
  },
  partitioner: Partitioner,
): PartitionPlan[] {
  const { topic, partitions } = from;
  const plans = new Map<number, PartitionPlan>();
  for (const message of listOf('messages', from.messages)) {
    const record = recordOf(message, from.nowMs);
    const partition =
      message.partition ?? partitioner({ topic, partitionMetadata: partitions, message });
    if (!Number.isSafeInteger(partition) || partition < 0) {
      throw invalid(`a partition is a whole number from 0 on, not ${String(partition)}`);
    }
    const plan = plans.get(partition) ?? { topic, partition, records: [], sizeBytes: 0 };
    plans.set(partition, plan);
    plan.records.push(record);
    plan.sizeBytes += recordSizeBytes(record);
  }
  return [...plans.values()];
}

/** Parts of at most `bytesMax`; a larger record has a part of its own. */
export function splitRecords(
  records: readonly NewRecord[],
  bytesMax: number,
): { readonly records: readonly NewRecord[]; readonly sizeBytes: number }[] {
  const parts: { records: NewRecord[]; sizeBytes: number }[] = [];
  for (const record of records) {
    const sizeBytes = recordSizeBytes(record);
    const last = parts.at(-1);
    if (last === undefined || last.sizeBytes + sizeBytes > bytesMax) {
      parts.push({ records: [record], sizeBytes });
    } else {
      last.records.push(record);
      last.sizeBytes += sizeBytes;
    }
  }
  return parts;
}
