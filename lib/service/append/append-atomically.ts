// Append to all partitions of a request or to none: the same checks and the same object, and one transaction in place of
// an update each.

import { type Rejected, rejected, StratalogError } from '../../errors.ts';
import type { PartitionAppendResult } from '../../log/append.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';
import {
  type Checked,
  committedResult,
  newObjectId,
  type PartPorts,
  placeParts,
  putObject,
  type Refused,
  rejectedResult,
} from './append-parts.ts';
import { commitToHeads, notAttempted } from './commit-to-heads.ts';
import type { CommitPorts } from './head-decisions.ts';

/** One result a part, in their order: all appended, or none. Throws when the object could not be put. */
export async function appendAtomically(
  ports: PartPorts & CommitPorts,
  catalog: TopicCatalog,
  parts: readonly (Checked | Refused)[],
): Promise<readonly PartitionAppendResult[]> {
  const checked = parts.filter((part) => part.kind === 'checked');
  if (checked.length < parts.length) {
    return parts.map((part) =>
      rejectedResult(part.request, part.kind === 'rejected' ? part : notAttempted()),
    );
  }
  if (checked.length === 0) return [];
  const objectId = newObjectId(ports);
  const stored = await putObject(ports, objectId, checked);
  if (stored !== undefined) return parts.map(({ request }) => rejectedResult(request, stored));
  const placed = [...placeParts(objectId, checked).values()];
  const outcomes = await commitToHeads(ports, placed).catch((error: unknown) =>
    placed.map(() => asRejection(error)),
  );
  return placed.map((part, at) => committedResult(catalog, part, outcomes[at] ?? notAttempted()));
}

function asRejection(error: unknown): Rejected {
  if (error instanceof StratalogError) return rejected(error.code, error.message);
  throw error;
}
