// Append: one object, then one conditional write a partition; nobody reads first and nobody loops for a lock.
//
// Order, and why:
// 1. Check every batch; refuse before anything is written.
// 2. Put the WAL object (`durable`: the bytes are there before an offset is).
// 3. Update each head once, in parallel (`dense`, `ordered`: the store puts appends to one head in a line).
// 4. Where the answer was lost, look whether the entry is there (`no-double-append`: a plain append is never sent
//    again after an unknown outcome; an idempotent one is, its sequence makes a repeat a duplicate).
// 5. Roll the tail where this append crossed the limit (page first, then trim: dying between the two leaves the same
//    facts in two places, and the next roller finishes).

import { assert } from '../assert.ts';
import { type ErrorCode, type Rejected, rejected, StratalogError } from '../errors.ts';
import { ULID_RANDOM_BYTES, ulidOf } from '../ids.ts';
import { PARTITIONS_PER_PRODUCE_MAX } from '../limits.ts';
import {
  type AppendRejected,
  type AppendRequest,
  type CheckedBatch,
  type PartitionAppendResult,
  type PartitionBatches,
  planEntries,
} from '../log/append.ts';
import { type CheckedBatches, checkBatches } from '../log/check.ts';
import { type PartitionKey, walKey } from '../log/keys.ts';
import type { TailEntry } from '../log/partition.ts';
import type { RandomSource } from '../ports/environment.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PartitionStore } from '../ports/partition-store.ts';
import { commitToHead } from './commit-to-head.ts';
import { type RetryPorts, withRetries } from './retry.ts';
import type { TopicCatalog } from './topic-catalog.ts';

export interface AppendPorts extends RetryPorts {
  readonly partitions: PartitionStore;
  readonly objects: ObjectStore;
}

export interface AppendService {
  /**
   * Appends the batches of one request, each partition for itself: one result a partition, in the order asked.
   * A rejected partition stored nothing (its bytes may lie in an object that nobody refers to). Throws
   * StratalogError only when the object could not be put: then nothing was appended anywhere.
   */
  append(request: AppendRequest): Promise<readonly PartitionAppendResult[]>;
  /** The checks of an append alone: why each partition would be rejected now, undefined where it wouldn't. */
  check(request: AppendRequest): Promise<readonly (AppendRejected | undefined)[]>;
}

/** A partition's part of a request that passed its checks. */
interface Checked {
  readonly kind: 'checked';
  readonly request: PartitionBatches;
  readonly partition: PartitionKey;
  readonly batches: CheckedBatches;
}

/** A checked part and where its bytes lie. */
interface Placed extends Checked {
  readonly objectId: string;
  readonly entries: readonly TailEntry[];
}

type Refused = Rejected & { readonly request: PartitionBatches };

export function createAppendService(ports: AppendPorts, catalog: TopicCatalog): AppendService {
  const checkParts = (request: AppendRequest): Promise<readonly (Checked | Refused)[]> => {
    const refusal = checkRequest(request);
    return Promise.all(
      request.partitions.map((part) =>
        refusal === undefined ? checkPart(ports, catalog, part) : { ...refusal, request: part },
      ),
    );
  };

  return {
    async check(request) {
      const parts = await checkParts(request);
      return parts.map((part) =>
        part.kind === 'rejected' ? rejectedResult(part.request, part) : undefined,
      );
    },

    async append(request) {
      const parts = await checkParts(request);
      const checked = parts.filter((part) => part.kind === 'checked');
      const objectId = request.objectId ?? newObjectId(ports);
      const stored = checked.length === 0 ? undefined : await putObject(ports, objectId, checked);
      const placed = placeParts(objectId, checked);
      return Promise.all(
        parts.map((part) => {
          if (part.kind === 'rejected') return rejectedResult(part.request, part);
          if (stored?.kind === 'rejected') return rejectedResult(part.request, stored);
          const place = placed.get(part);
          assert(place !== undefined, 'every checked part was placed');
          return commitPart(ports, catalog, place, request.matchOffset);
        }),
      );
    },
  };
}

function checkRequest(request: AppendRequest): Rejected | undefined {
  const { partitions, matchOffset } = request;
  if (partitions.length > PARTITIONS_PER_PRODUCE_MAX) {
    return rejected(
      'INVALID_REQUEST',
      `one request appends to at most ${PARTITIONS_PER_PRODUCE_MAX} partitions, not ${partitions.length}`,
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

async function checkPart(
  ports: AppendPorts,
  catalog: TopicCatalog,
  request: PartitionBatches,
): Promise<Checked | Refused> {
  const { topicName, partition } = request;
  const known = await catalog.findWithPartition(topicName, partition);
  if (known === undefined) return { ...unknownTopic(topicName), request };
  const { topic, limits } = known;
  if (!Number.isInteger(partition) || partition < 0 || partition >= topic.partitionCount) {
    return { ...unknownPartition(request, topic.partitionCount), request };
  }
  const batches = checkBatches(request.batches, limits, ports.clock.nowMs());
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
async function putObject(
  ports: AppendPorts,
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

function placeParts(objectId: string, checked: readonly Checked[]): Map<Checked, Placed> {
  const placed = new Map<Checked, Placed>();
  let positionBytes = 0;
  for (const part of checked) {
    const entries = planEntries({ objectId, positionBytes }, part.batches.batches);
    placed.set(part, { ...part, objectId, entries });
    positionBytes += part.batches.bytes.length;
  }
  return placed;
}

async function commitPart(
  ports: AppendPorts,
  catalog: TopicCatalog,
  placed: Placed,
  matchOffset: bigint | undefined,
): Promise<PartitionAppendResult> {
  const { request, partition, objectId, entries } = placed;
  const outcome = await commitToHead(ports, {
    partition,
    objectId,
    entries,
    ...(matchOffset === undefined ? {} : { matchOffset }),
  }).catch(asRejection);
  if (outcome.kind === 'rejected') {
    if (outcome.code === 'UNKNOWN_TOPIC_OR_PARTITION') catalog.forget(request.topicName);
    return rejectedResult(request, outcome);
  }
  const { logAppendTimeMs } = placed.batches;
  return {
    kind: 'appended',
    topicName: request.topicName,
    partition: request.partition,
    baseOffset: outcome.baseOffset,
    recordCount: countRecords(placed.batches.batches),
    ...(logAppendTimeMs === undefined ? {} : { logAppendTimeMs }),
  };
}

function countRecords(batches: readonly CheckedBatch[]): number {
  return batches.reduce((count, batch) => count + batch.recordCount, 0);
}

/** One partition's failure must not hide what became of the others. */
function asRejection(error: unknown): Rejected {
  if (error instanceof StratalogError) return rejected(error.code, error.message);
  throw error;
}

function rejectedResult(
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
