// Fetch: heads, then the index where a page is needed, then the bytes; earlier where they are known (early-read.ts).
//
// A reader only follows entries that a head or a page names, and an entry is named only after its bytes are stored
// (`visible-once-complete`). What was found may be replaced while it is read; then the head is read again
// (`no-loss-by-cleanup`: for at most READ_ATTEMPTS_MAX tries). The cost of a fetch is one request for up to 100 heads,
// at most one query a partition, and one GET for a distinct object, whatever the log's length (`bounded`).

import { type Rejected, rejected } from '../../errors.ts';
import {
  FETCH_POLL_MS_MAX,
  FETCH_POLL_MS_MIN,
  FETCH_WAIT_MS_MAX,
  HEADS_PER_READ_MAX,
  PARTITIONS_PER_FETCH_MAX,
  READ_ATTEMPTS_MAX,
} from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import { type Head, locateEntries } from '../../log/partition.ts';
import {
  checkOffset,
  type FetchPartition,
  type FetchRejected,
  type FetchRequest,
  type PartitionFetchResult,
  planRanges,
} from '../../log/read.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import { unknownPartition, unknownTopic } from '../append/append.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';
import { type CollectPorts, collect, rejectedFetch } from './collect.ts';
import { readEarly } from './early-read.ts';
import type { ReadTools, Ready } from './plan-fetch.ts';

export interface ReadOptions {
  /** Pauses between looks at the heads while a fetch waits: from, doubling, to. */
  readonly pollMsMin?: number;
  readonly pollMsMax?: number;
}

export interface ReadService {
  /**
   * Reads from each partition, one result each in the order asked. Waits up to `maxWaitMs` for `minBytes`; stops
   * waiting when `signal` is aborted. Throws StratalogError only when no head could be read.
   */
  fetch(request: FetchRequest, signal?: AbortSignal): Promise<readonly PartitionFetchResult[]>;
}

/** A partition asked for that there is. */
interface Resolved {
  readonly kind: 'resolved';
  readonly asked: FetchPartition;
  readonly partition: PartitionKey;
}

export function createReadService(
  ports: CollectPorts,
  tools: ReadTools & { readonly catalog: TopicCatalog },
  options: ReadOptions = {},
): ReadService {
  const pollMsMin = options.pollMsMin ?? FETCH_POLL_MS_MIN;
  const pollMsMax = options.pollMsMax ?? FETCH_POLL_MS_MAX;

  async function waitForBytes(
    request: FetchRequest,
    resolved: readonly (Resolved | FetchRejected)[],
    signal: AbortSignal | undefined,
  ): Promise<readonly (Ready | FetchRejected)[]> {
    const waitMs = Math.min(request.maxWaitMs, FETCH_WAIT_MS_MAX);
    const deadlineMs = ports.clock.nowMs() + waitMs;
    for (let pollMs = pollMsMin; ; pollMs = Math.min(pollMs * 2, pollMsMax)) {
      const looked = await lookAtHeads(ports, tools.catalog, resolved);
      const leftMs = deadlineMs - ports.clock.nowMs();
      if (leftMs <= 0 || signal?.aborted === true || isEnough(looked, request.minBytes)) {
        return looked;
      }
      await ports.clock.sleep(Math.min(pollMs, leftMs), signal);
    }
  }

  return {
    async fetch(request, signal) {
      const refusal = checkRequest(request);
      if (refusal !== undefined) {
        return request.partitions.map((asked) => rejectedFetch(asked, refusal));
      }
      const resolved = await Promise.all(
        request.partitions.map((asked) => resolve(tools.catalog, asked)),
      );
      const [first] = resolved;
      const early = first?.kind === 'resolved' ? readEarly(ports, tools, request, first) : tools;
      let looked = await waitForBytes(request, resolved, signal);
      for (let attempt = 1; ; attempt += 1) {
        const results = await collect(ports, attempt === 1 ? early : tools, request, looked);
        if (attempt === READ_ATTEMPTS_MAX || results.every((result) => result.kind !== 'moved')) {
          return results.map((result) => (result.kind === 'moved' ? gone(result.asked) : result));
        }
        looked = await lookAtHeads(ports, tools.catalog, resolved);
      }
    },
  };
}

function checkRequest(request: FetchRequest): Rejected | undefined {
  if (request.partitions.length <= PARTITIONS_PER_FETCH_MAX) return undefined;
  return rejected(
    'INVALID_REQUEST',
    `one fetch reads at most ${PARTITIONS_PER_FETCH_MAX} partitions, not ${request.partitions.length}`,
  );
}

async function resolve(
  catalog: TopicCatalog,
  asked: FetchPartition,
): Promise<Resolved | FetchRejected> {
  const { topicName, partition } = asked;
  const known = await catalog.findAsked(asked);
  if (known === undefined) return rejectedFetch(asked, unknownTopic(topicName));
  const { topicId, partitionCount } = known.topic;
  if (asked.topicId !== undefined && asked.topicId !== topicId) {
    return rejectedFetch(asked, replacedTopic(topicName));
  }
  if (!Number.isInteger(partition) || partition < 0 || partition >= partitionCount) {
    return rejectedFetch(asked, unknownPartition(asked, partitionCount));
  }
  return { kind: 'resolved', asked, partition: { topicId, partition } };
}

function replacedTopic(topicName: string): Rejected {
  return rejected(
    'UNKNOWN_TOPIC_OR_PARTITION',
    `topic "${topicName}" was deleted; the one that has its name now is another: begin anew`,
  );
}

async function lookAtHeads(
  ports: CollectPorts,
  catalog: TopicCatalog,
  resolved: readonly (Resolved | FetchRejected)[],
): Promise<readonly (Ready | FetchRejected)[]> {
  const wanted = resolved.filter((part) => part.kind === 'resolved').map((part) => part.partition);
  const heads = await readHeads(ports, wanted);
  let next = 0;
  return resolved.map((part) => {
    if (part.kind === 'rejected') return part;
    const head = heads[next];
    next += 1;
    if (head === undefined) {
      catalog.forget(part.asked.topicName);
      return rejectedFetch(part.asked, unknownTopic(part.asked.topicName));
    }
    const refusal = checkOffset(head, part.asked.offset);
    if (refusal === undefined) return { ...part, kind: 'ready', head };
    const { nextOffset: highWatermark, logStartOffset } = head;
    return { ...rejectedFetch(part.asked, refusal), highWatermark, logStartOffset };
  });
}

/** Heads of any number of partitions, 100 to a request. */
export async function readHeads(
  ports: RetryPorts & { readonly partitions: PartitionStore },
  partitions: readonly PartitionKey[],
): Promise<readonly (Head | undefined)[]> {
  const pieces: PartitionKey[][] = [];
  for (let start = 0; start < partitions.length; start += HEADS_PER_READ_MAX) {
    pieces.push(partitions.slice(start, start + HEADS_PER_READ_MAX));
  }
  const read = (piece: readonly PartitionKey[]): Promise<readonly (Head | undefined)[]> =>
    withRetries(ports, () => ports.partitions.readHeads(piece), { repeatable: true });
  return (await Promise.all(pieces.map(read))).flat();
}

/** Answer now: a partition has an error of its own, or the bytes that can be read are as many as asked for. */
function isEnough(looked: readonly (Ready | FetchRejected)[], minBytes: number): boolean {
  let bytes = 0;
  for (const part of looked) {
    if (part.kind === 'rejected') return true;
    bytes += readableBytes(part);
  }
  return bytes >= minBytes;
}

/** Bytes from the offset on, as far as the head tells; what was rolled out of it counts as enough. */
function readableBytes({ head, asked }: Ready): number {
  if (asked.offset < head.tailBase) return Number.POSITIVE_INFINITY;
  const ranges = planRanges(locateEntries(head.tailBase, head.tail), {
    offset: asked.offset,
    maxBytes: Number.POSITIVE_INFINITY,
  });
  return ranges.reduce((bytes, range) => bytes + range.lengthBytes, 0);
}

function gone(asked: FetchPartition): FetchRejected {
  return rejectedFetch(
    asked,
    rejected(
      'STORAGE_UNAVAILABLE',
      `the bytes of ${asked.topicName}/${asked.partition} at offset ${asked.offset} can't be found; try again, and look at the storage if it stays so`,
    ),
  );
}
