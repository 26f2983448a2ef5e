// Produce: records become batches here, batches are appended; acks=0 is handed over and answered before it is stored.

import { type Rejected, rejected, StratalogError } from '../../errors.ts';
import { ASYNC_REQUEST_BYTES_MAX, RECORDS_PER_REQUEST_MAX } from '../../limits.ts';
import type { PartitionAppendResult, PartitionBatches } from '../../log/append.ts';
import {
  type AcceptedRecord,
  choosePartition,
  groupRecords,
  type ProducedRecord,
  type ProduceRecord,
  type RecordGroup,
  RoundRobin,
  recordProblem,
} from '../../log/produce.ts';
import { topicLimits } from '../../log/topic-config.ts';
import type { Invoker } from '../../ports/environment.ts';
import type { RetryPorts } from '../retry.ts';
import type { KnownTopic, TopicCatalog } from '../topics/topic-catalog.ts';
import { type AppendService, newObjectId, unknownTopic } from './append.ts';
import { notAttempted } from './commit-to-heads.ts';

/** `stored`: answered when the records are durable (acks=1 and acks=all are the same here); `none`: before. */
export type Acks = 'none' | 'stored';

interface ProduceOptions {
  readonly acks: Acks;
  /** Append only if the next offset is this; all records must go to one partition. */
  readonly matchOffset?: bigint;
  /** All or none, over all topics and partitions; at most TRANSACTION_ITEMS_MAX partitions. */
  readonly atomic?: boolean;
}

export type RecordResult = ProducedRecord | AcceptedRecord | Rejected;
export type BatchesResult = PartitionAppendResult | AcceptedRecord;

export interface ProduceService {
  /** One result a record, in the order given. */
  produce(
    request: ProduceOptions & { readonly records: readonly ProduceRecord[] },
  ): Promise<readonly RecordResult[]>;
  /** Batches as their producer encoded them; one result a partition, in the order given. */
  produceBatches(
    request: ProduceOptions & { readonly partitions: readonly PartitionBatches[] },
  ): Promise<readonly BatchesResult[]>;
}

export interface ProducePorts extends RetryPorts {
  readonly invoker: Invoker;
}

export function createProduceService(
  ports: ProducePorts,
  tools: { readonly catalog: TopicCatalog; readonly append: AppendService },
): ProduceService {
  async function handOver(partitions: readonly PartitionBatches[]): Promise<void> {
    const bytes = partitions.reduce((sum, { batches }) => sum + batches.length, 0);
    if (bytes > ASYNC_REQUEST_BYTES_MAX) {
      throw new StratalogError(
        'BODY_TOO_LARGE',
        `acks=0 takes at most ${ASYNC_REQUEST_BYTES_MAX} bytes a request, not ${bytes}; send less at once, or use acks=1`,
      );
    }
    await ports.invoker.appendLater({ objectId: newObjectId(ports), partitions });
  }

  async function send(
    request: ProduceOptions,
    groups: readonly PartitionBatches[],
  ): Promise<readonly BatchesResult[]> {
    if (request.acks === 'stored') {
      const { matchOffset, atomic = false } = request;
      const condition = matchOffset === undefined ? {} : { matchOffset };
      return tools.append.append({ partitions: groups, atomic, ...condition });
    }
    if (groups.length > 0) await handOver(groups);
    return groups.map(({ topicName, partition }) => ({ kind: 'accepted', topicName, partition }));
  }

  /** Nobody hears later what is wrong, so it is said now. */
  async function sendChecked(
    request: ProduceOptions & { readonly partitions: readonly PartitionBatches[] },
  ): Promise<readonly BatchesResult[]> {
    const problems = await tools.append.check({ partitions: request.partitions });
    await send(
      request,
      request.partitions.filter((_, index) => problems[index] === undefined),
    );
    return request.partitions.map(
      ({ topicName, partition }, index) =>
        problems[index] ?? { kind: 'accepted', topicName, partition },
    );
  }

  return {
    async produce(request) {
      const refusal = checkRequest(request, request.records.length);
      if (refusal !== undefined) return request.records.map(() => refusal);
      const known = await findTopics(tools.catalog, request.records);
      const start = firstPartition(ports);
      const planned = planRecords(request.records, known, { start, nowMs: ports.clock.nowMs() });
      const placedCount = planned.groups.reduce((count, { records }) => count + records.length, 0);
      if (request.atomic === true && placedCount < request.records.length) {
        return withNoneAttempted(planned);
      }
      const sent = await send(request, planned.groups);
      const results: RecordResult[] = [...planned.results];
      for (const [index, group] of planned.groups.entries()) {
        const result = sent[index];
        if (result !== undefined) spread(results, group, result);
      }
      return results;
    },

    async produceBatches(request) {
      const refusal = checkRequest(request, 1);
      if (refusal === undefined && request.acks === 'none') return sendChecked(request);
      if (refusal === undefined) return send(request, request.partitions);
      const { code, message } = refusal;
      return request.partitions.map(({ topicName, partition }) => ({
        kind: 'rejected',
        topicName,
        partition,
        code,
        message,
      }));
    },
  };
}

/** Some records were refused before any was sent: the others aren't sent. */
function withNoneAttempted(planned: {
  readonly groups: readonly RecordGroup[];
  readonly results: readonly RecordResult[];
}): readonly RecordResult[] {
  const placed = new Set(
    planned.groups.flatMap(({ records }) => records.map(({ index }) => index)),
  );
  return planned.results.map((result, index) => (placed.has(index) ? notAttempted() : result));
}

function checkRequest(request: ProduceOptions, recordCount: number): Rejected | undefined {
  if (recordCount > RECORDS_PER_REQUEST_MAX) {
    return rejected(
      'INVALID_REQUEST',
      `one request takes at most ${RECORDS_PER_REQUEST_MAX} records, not ${recordCount}; send several, or raw batches`,
    );
  }
  if (request.acks === 'none' && request.matchOffset !== undefined) {
    return rejected('INVALID_REQUEST', 'match_offset needs acks=1 or acks=all');
  }
  if (request.acks === 'none' && request.atomic === true) {
    return rejected('INVALID_REQUEST', 'atomic needs acks=1 or acks=all');
  }
  return undefined;
}

function firstPartition(ports: ProducePorts): number {
  const [high = 0, low = 0] = ports.random.randomBytes(2);
  return high * 256 + low;
}

async function findTopics(
  catalog: TopicCatalog,
  records: readonly ProduceRecord[],
): Promise<ReadonlyMap<string, KnownTopic>> {
  const highest = new Map<string, number>();
  for (const { topicName, partition = 0 } of records) {
    highest.set(topicName, Math.max(partition, highest.get(topicName) ?? 0));
  }
  const found = await Promise.all(
    [...highest].map(async ([name, partition]) => ({
      name,
      topic: await catalog.findWithPartition(name, partition),
    })),
  );
  const known = new Map<string, KnownTopic>();
  for (const { name, topic } of found) if (topic !== undefined) known.set(name, topic);
  return known;
}

/** Groups what can be sent; what can't has its result already. */
function planRecords(
  records: readonly ProduceRecord[],
  known: ReadonlyMap<string, KnownTopic>,
  now: { readonly start: number; readonly nowMs: number },
): { readonly groups: readonly RecordGroup[]; readonly results: readonly RecordResult[] } {
  const roundRobin = new RoundRobin(now.start);
  const results: RecordResult[] = [];
  const placed: { index: number; partition: number; record: ProduceRecord }[] = [];
  for (const [index, record] of records.entries()) {
    const placement = place(record, known, { roundRobin, nowMs: now.nowMs });
    if (typeof placement === 'number') {
      placed.push({ index, partition: placement, record });
      results.push(rejected('UNKNOWN_SERVER_ERROR', 'the record was not sent'));
    } else {
      results.push(placement);
    }
  }
  const limitsOf = (name: string) => known.get(name)?.limits ?? topicLimits({});
  return { groups: groupRecords(placed, limitsOf, now.nowMs), results };
}

function place(
  record: ProduceRecord,
  known: ReadonlyMap<string, KnownTopic>,
  now: { readonly roundRobin: RoundRobin; readonly nowMs: number },
): number | Rejected {
  const found = known.get(record.topicName);
  if (found === undefined) return unknownTopic(record.topicName);
  const { limits } = found;
  const problem = recordProblem(record, limits, now.nowMs);
  if (problem !== undefined) return problem;
  const { partitionCount } = found.topic;
  return choosePartition(record, { partitionCount, limits }, now.roundRobin);
}

/** Gives each record of a group its own result. */
function spread(results: RecordResult[], group: RecordGroup, result: BatchesResult): void {
  for (const [position, { index, timestampMs }] of group.records.entries()) {
    if (result.kind !== 'appended') {
      results[index] = result;
      continue;
    }
    results[index] = {
      kind: 'produced',
      topicName: group.topicName,
      partition: group.partition,
      offset: result.baseOffset + BigInt(position),
      timestampMs: result.logAppendTimeMs ?? timestampMs,
    };
  }
}
