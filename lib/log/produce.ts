// From records to batches: which partition each record goes to, and how a request's records become one run of batches
// a partition. Pure: the random start of the round-robin and the time come in.

import { type Rejected, rejected } from '../errors.ts';
import { partitionForKey } from '../record/partitioner.ts';
import { encodeBatch, type NewRecord } from '../record/record.ts';
import type { TopicLimits } from './topic-config.ts';

/** One record to append. */
export interface ProduceRecord {
  readonly topicName: string;
  /** Explicit; else by the key's murmur2 hash as Kafka's Java client does; else round-robin. */
  readonly partition?: number;
  /** Milliseconds since 1970; default: the time of the request. */
  readonly timestampMs?: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[];
}

export interface ProducedRecord {
  readonly kind: 'produced';
  readonly topicName: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
}

/** Taken over before it is stored (acks=0): no offset is known. */
export interface AcceptedRecord {
  readonly kind: 'accepted';
  readonly topicName: string;
  readonly partition: number;
}

/** The records of one partition, encoded, and where in the request they stood. */
export interface RecordGroup {
  readonly topicName: string;
  readonly partition: number;
  readonly batches: Uint8Array;
  readonly records: readonly { readonly index: number; readonly timestampMs: number }[];
}

/** What is known of a topic that records go to. */
export interface ProduceTopic {
  readonly partitionCount: number;
  readonly limits: TopicLimits;
}

/** Bytes of a batch's header and of a record's own numbers, at most: for splitting before encoding. */
const BATCH_OVERHEAD_BYTES = 61;
const RECORD_OVERHEAD_BYTES = 40;

/** Hands out partitions to records without key, one after the other, from a random start for each topic. */
export class RoundRobin {
  readonly #next = new Map<string, number>();
  readonly #start: number;

  /** `start` is any whole number from 0 on. */
  constructor(start: number) {
    this.#start = start;
  }

  take(topicName: string, partitionCount: number): number {
    const next = this.#next.get(topicName) ?? this.#start;
    this.#next.set(topicName, next + 1);
    return next % partitionCount;
  }
}

/** The partition of a record, or why it has none. */
export function choosePartition(
  record: ProduceRecord,
  topic: ProduceTopic,
  roundRobin: RoundRobin,
): number | Rejected {
  const { partition, key, topicName } = record;
  const { partitionCount } = topic;
  if (partition !== undefined) {
    if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) {
      return partition;
    }
    return rejected(
      'UNKNOWN_PARTITION',
      `topic "${topicName}" has partitions 0 to ${partitionCount - 1}, not ${partition}`,
    );
  }
  if (key !== null) return partitionForKey(key, partitionCount);
  return roundRobin.take(topicName, partitionCount);
}

/** Why a record can't be taken by its topic, or undefined. What concerns one record must not fail its neighbours. */
export function recordProblem(
  record: ProduceRecord,
  limits: TopicLimits,
  nowMs: number,
): Rejected | undefined {
  if (limits.compacted && record.key === null) {
    return rejected(
      'INVALID_RECORD',
      `topic "${record.topicName}" is compacted: every record needs a key`,
    );
  }
  const size = recordSizeBytes(record) + BATCH_OVERHEAD_BYTES;
  if (size > limits.batchBytesMax) {
    return rejected(
      'MESSAGE_TOO_LARGE',
      `the record takes up to ${size} bytes, the topic's max.message.bytes is ${limits.batchBytesMax}; keep large values elsewhere and send where they are`,
    );
  }
  return timestampProblem(record.timestampMs ?? nowMs, limits, nowMs);
}

export function timestampProblem(
  timestampMs: number,
  limits: TopicLimits,
  nowMs: number,
): Rejected | undefined {
  if (limits.timestampType === 'LogAppendTime') return undefined;
  const isTooOld = nowMs - timestampMs > limits.timestampBeforeMaxMs;
  const isTooNew = timestampMs - nowMs > limits.timestampAfterMaxMs;
  if (!isTooOld && !isTooNew) return undefined;
  const [name, bound] = isTooOld
    ? ['before', limits.timestampBeforeMaxMs]
    : ['after', limits.timestampAfterMaxMs];
  return rejected(
    'INVALID_TIMESTAMP',
    `timestamp ${timestampMs} is further ${isTooOld ? 'back' : 'ahead'} of now than message.timestamp.${name}.max.ms (${bound}) allows`,
  );
}

/** One run of batches a partition, records in the order they were given; each batch within `max.message.bytes`. */
export function groupRecords(
  records: readonly {
    readonly index: number;
    readonly partition: number;
    readonly record: ProduceRecord;
  }[],
  limitsOf: (topicName: string) => TopicLimits,
  nowMs: number,
): readonly RecordGroup[] {
  const byPartition = Map.groupBy(
    records,
    ({ partition, record }) => `${partition}/${record.topicName}`,
  );
  return [...byPartition.values()].map((members) => {
    const [{ partition, record }] = members as [(typeof members)[number]];
    const { topicName } = record;
    return {
      topicName,
      partition,
      batches: encodeRun(
        members.map((member) => newRecord(member.record, nowMs)),
        limitsOf(topicName),
      ),
      records: members.map((member) => ({
        index: member.index,
        timestampMs: member.record.timestampMs ?? nowMs,
      })),
    };
  });
}

function newRecord(record: ProduceRecord, nowMs: number): NewRecord {
  const { key, value, headers, timestampMs } = record;
  return { key, value, headers, timestamp: timestampMs ?? nowMs };
}

function encodeRun(records: readonly NewRecord[], limits: TopicLimits): Uint8Array {
  const batches: Uint8Array[] = [];
  let run: NewRecord[] = [];
  let runBytes = BATCH_OVERHEAD_BYTES;
  for (const record of records) {
    const size = recordSizeBytes(record);
    if (run.length > 0 && runBytes + size > limits.batchBytesMax) {
      batches.push(encodeBatch({ records: run }));
      run = [];
      runBytes = BATCH_OVERHEAD_BYTES;
    }
    run.push(record);
    runBytes += size;
  }
  batches.push(encodeBatch({ records: run }));
  return batches.length === 1 && batches[0] !== undefined ? batches[0] : Buffer.concat(batches);
}

function recordSizeBytes({ key, value, headers = [] }: Omit<NewRecord, 'timestamp'>): number {
  const headerBytes = headers.reduce(
    (bytes, header) => bytes + Buffer.byteLength(header.key) + (header.value?.length ?? 0) + 10,
    0,
  );
  return (key?.length ?? 0) + (value?.length ?? 0) + headerBytes + RECORD_OVERHEAD_BYTES;
}
