// The parts of a request that brings batches for several partitions: each is checked against its topic, and those that
// pass share one WAL object.

import { type ErrorCode, type Rejected, rejected } from '../../errors.ts';
import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import { PARTITIONS_PER_PRODUCE_MAX, TRANSACTION_ITEMS_MAX } from '../../limits.ts';
import {
  type AppendRejected,
  type AppendRequest,
  type PartitionAppendResult,
  type PartitionBatches,
  planEntries,
} from '../../log/append.ts';
import { type CheckedBatches, checkBatches, type StagingProducer } from '../../log/check.ts';
import { type PartitionKey, walKey } from '../../log/keys.ts';
import type { TailEntry } from '../../log/partition.ts';
import type { RandomSource } from '../../ports/environment.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';
import type { Committed } from './head-decisions.ts';

export interface PartPorts extends RetryPorts {
  readonly objects: ObjectStore;
}

/** A partition's part of a request that passed its checks. */
export interface Checked {
  readonly kind: 'checked';
  readonly request: PartitionBatches;
  readonly partition: PartitionKey;
  readonly batches: CheckedBatches;
}

/** A checked part and where its bytes lie. */
export interface Placed extends Checked {
  readonly objectId: string;
  readonly entries: readonly TailEntry[];
}

export type Refused = Rejected & { readonly request: PartitionBatches };

export function checkRequest(request: AppendRequest): Rejected | undefined {
  const { partitions, matchOffset, atomic = false } = request;
  if (partitions.length > PARTITIONS_PER_PRODUCE_MAX) {
    return rejected(
      'INVALID_REQUEST',
      `one request appends to at most ${PARTITIONS_PER_PRODUCE_MAX} partitions, not ${partitions.length}`,
    );
  }
  if (atomic && partitions.length > TRANSACTION_ITEMS_MAX) {
    return rejected(
      'INVALID_REQUEST',
      `an atomic request appends to at most ${TRANSACTION_ITEMS_MAX} partitions, not ${partitions.length}: nothing was appended`,
    );
  }
  if (matchOffset !== undefined && partitions.length !== 1) {
    return rejected('INVALID_REQUEST', 'match_offset needs a request for exactly one partition');
  }
  const names = new Set(partitions.map(({ topicName, partition }) => `${topicName}/${partition}`));
  return names.size === partitions.length
    ? undefined
    : rejected(
        'INVALID_REQUEST',
        'a partition stands twice in one request; put its batches together',
      );
}

export async function checkPart(
  ports: PartPorts,
  catalog: TopicCatalog,
  request: PartitionBatches,
  staging?: StagingProducer,
): Promise<Checked | Refused> {
  const { topicName, partition } = request;
  const known = await catalog.findWithPartition(topicName, partition);
  if (known === undefined) return { ...unknownTopic(topicName), request };
  const { topic, limits } = known;
  if (!Number.isInteger(partition) || partition < 0 || partition >= topic.partitionCount) {
    return { ...unknownPartition(request, topic.partitionCount), request };
  }
  const batches = checkBatches(request.batches, limits, ports.clock.nowMs(), staging);
  if (batches.kind === 'rejected') return { ...batches, request };
  return {
    kind: 'checked',
    request,
    partition: { topicId: topic.topicId, partition },
    batches,
  };
}

export function unknownTopic(topicName: string): Rejected {
  return rejected(
    'UNKNOWN_TOPIC_OR_PARTITION',
    `topic "${topicName.slice(0, 249)}" does not exist; create it first`,
  );
}

export function unknownPartition(
  asked: { readonly topicName: string; readonly partition: number },
  partitionCount: number,
): Rejected {
  return rejected(
    'UNKNOWN_PARTITION',
    `topic "${asked.topicName}" has partitions 0 to ${partitionCount - 1}, not ${asked.partition}`,
  );
}

export function newObjectId(ports: RetryPorts): string {
  return ulidOf(ports.clock.nowMs(), ports.random.randomBytes(ULID_RANDOM_BYTES));
}

function newNonce(random: RandomSource): string {
  return Buffer.from(random.randomBytes(12)).toString('base64url');
}

/** A delivery that repeats an asynchronous append meets the first one's object, and stops. */
export async function putObject(
  ports: PartPorts,
  objectId: string,
  checked: readonly Checked[],
): Promise<Rejected | undefined> {
  const request = {
    key: walKey(objectId),
    chunks: checked.map((part) => part.batches.bytes),
    nonce: newNonce(ports.random),
  };
  const outcome = await withRetries(ports, () => ports.objects.putObject(request), {
    repeatable: true,
  });
  if (outcome.kind === 'stored' || outcome.own) return undefined;
  return rejected(
    'DUPLICATE_SEQUENCE_NUMBER',
    'an earlier delivery of this request has stored its bytes; this one appended nothing',
  );
}

export function placeParts(objectId: string, checked: readonly Checked[]): Map<Checked, Placed> {
  const placed = new Map<Checked, Placed>();
  let positionBytes = 0;
  for (const part of checked) {
    const entries = planEntries({ objectId, positionBytes }, part.batches.batches);
    placed.set(part, { ...part, objectId, entries });
    positionBytes += part.batches.bytes.length;
  }
  return placed;
}

export function rejectedResult(
  request: PartitionBatches,
  refusal: { readonly code: ErrorCode; readonly message: string },
): AppendRejected {
  return {
    kind: 'rejected',
    topicName: request.topicName,
    partition: request.partition,
    code: refusal.code,
    message: refusal.message,
  };
}

/** What a partition's part of a request hears of its commit. */
export function committedResult(
  catalog: TopicCatalog,
  placed: Placed,
  outcome: Committed | Rejected,
): PartitionAppendResult {
  const { request, batches } = placed;
  if (outcome.kind === 'rejected') {
    if (outcome.code === 'UNKNOWN_TOPIC_OR_PARTITION') catalog.forget(request.topicName);
    return rejectedResult(request, outcome);
  }
  const { logAppendTimeMs } = batches;
  return {
    kind: 'appended',
    topicName: request.topicName,
    partition: request.partition,
    baseOffset: outcome.baseOffset,
    recordCount: batches.batches.reduce((count, batch) => count + batch.recordCount, 0),
    ...(logAppendTimeMs === undefined ? {} : { logAppendTimeMs }),
  };
}
