// What the services of groups and offsets share: their ports, and how a storage request is asked.

import { GROUP_CALLS_PARALLEL_MAX } from '../../limits.ts';
import type { GroupStore } from '../../ports/group-store.ts';
import type { OffsetStore } from '../../ports/offset-store.ts';
import type { PartitionStore } from '../../ports/partition-store.ts';
import type { SegmentStore } from '../../ports/segment-store.ts';
import type { TopicStore } from '../../ports/topic-store.ts';
import type { Access } from '../access/access.ts';
import { mapInParallel } from '../parallel.ts';
import type { OffsetFinder } from '../read/offset-finder.ts';
import { type RetryPorts, withRetries } from '../retry.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';

export interface GroupPorts extends RetryPorts {
  readonly groups: GroupStore;
  readonly offsets: OffsetStore;
  readonly topics: TopicStore;
  readonly partitions: PartitionStore;
  /** For the time of what is merged. */
  readonly segments: Pick<SegmentStore, 'findSegments'>;
  /**
   * What regexes match depends on whose they are. Undefined where access lists are off; never left out, because who
   * coordinates without it would give everybody's regexes everything back.
   */
  readonly access: Pick<Access, 'rightsOf'> | undefined;
}

export interface GroupTools {
  readonly ports: GroupPorts;
  /** Names of topics on the way of commits: what this process knows is fresh enough. */
  readonly catalog: TopicCatalog;
  readonly listOffsets: OffsetFinder;
}

/**
 * Asks until there is an answer, even if an earlier try may have taken effect: every request of these ports is
 * conditional on what it changes, so that a repetition meets its own effect as a refusal, and is seen for what it is.
 */
export function ask<Answer>(ports: RetryPorts, request: () => Promise<Answer>): Promise<Answer> {
  return withRetries(ports, request, { repeatable: true });
}

/** `ask` for many, some at a time. */
export function askAll<Item, Answer>(
  ports: RetryPorts,
  items: readonly Item[],
  request: (item: Item) => Promise<Answer>,
): Promise<readonly Answer[]> {
  return mapInParallel(items, GROUP_CALLS_PARALLEL_MAX, (item) => ask(ports, () => request(item)));
}

/** Reads page after page. */
export async function allPages<Item>(
  readPage: (after: string | undefined) => Promise<{ items: readonly Item[]; next?: string }>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  do {
    const page = await readPage(after);
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}
