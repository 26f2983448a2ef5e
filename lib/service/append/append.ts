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

import { assert } from '../../assert.ts';
import { type Rejected, rejected, StratalogError } from '../../errors.ts';
import type { AppendRejected, AppendRequest, PartitionAppendResult } from '../../log/append.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';
import { appendAtomically } from './append-atomically.ts';
import {
  type Checked,
  checkPart,
  checkRequest,
  committedResult,
  newObjectId,
  type PartPorts,
  type Placed,
  placeParts,
  putObject,
  type Refused,
  rejectedResult,
} from './append-parts.ts';
import { commitToHead } from './commit-to-head.ts';

export { newObjectId, unknownPartition, unknownTopic } from './append-parts.ts';

export interface AppendPorts extends PartPorts {
  readonly partitions: PartitionStore;
}

export interface AppendService {
  /**
   * Appends the batches of one request, each partition for itself, or all or none (`atomic`): one result a partition, in the order asked.
   * A rejected partition stored nothing (its bytes may lie in an object that nobody refers to). Throws
   * StratalogError only when the object could not be put: then nothing was appended anywhere.
   */
  append(request: AppendRequest): Promise<readonly PartitionAppendResult[]>;
  /** The checks of an append alone: why each partition would be rejected now, undefined where it wouldn't. */
  check(request: AppendRequest): Promise<readonly (AppendRejected | undefined)[]>;
}

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
      if (request.atomic === true) return appendAtomically(ports, catalog, parts);
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

async function commitPart(
  ports: AppendPorts,
  catalog: TopicCatalog,
  placed: Placed,
  matchOffset: bigint | undefined,
): Promise<PartitionAppendResult> {
  const { partition, objectId, entries } = placed;
  const outcome = await commitToHead(ports, {
    partition,
    objectId,
    entries,
    ...(matchOffset === undefined ? {} : { matchOffset }),
  }).catch(asRejection);
  return committedResult(catalog, placed, outcome);
}

/** One partition's failure must not hide what became of the others. */
function asRejection(error: unknown): Rejected {
  if (error instanceof StratalogError) return rejected(error.code, error.message);
  throw error;
}
