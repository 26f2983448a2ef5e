// A transaction names topics by their ids, which a process knows for a while: what it takes for a topic may have been
// deleted, and another one have its name. So the topics are read with the transaction's item, in the same request, and
// what was looked up from memory is looked up again where they disagree: nothing is staged for a dead topic.

import { type Rejected, rejected } from '../../errors.ts';
import { TRANSACTION_ITEMS_MAX } from '../../limits.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';

/** Which topics were meant, by name. */
export type TopicIds = ReadonlyMap<string, string>;

export interface Stale {
  readonly kind: 'stale';
  readonly topicNames: readonly string[];
}

/** How often topics may be deleted and created again while one request looks them up. */
const LOOKS_MAX = 3;

/** What to read with the item; more topics than a transaction takes are refused by that. */
export function namesOf(topicIds: TopicIds): readonly string[] {
  return [...topicIds.keys()].slice(0, TRANSACTION_ITEMS_MAX - 1);
}

/** Those that aren't what they were taken for; undefined when all are. */
export function staleOf(taken: TopicIds, stand: TopicIds): Stale | undefined {
  const topicNames = namesOf(taken).filter((name) => taken.get(name) !== stand.get(name));
  return topicNames.length === 0 ? undefined : { kind: 'stale', topicNames };
}

/** Does it again, with topics looked up afresh, while they turn out stale. */
export async function withFreshTopics<Answer extends { readonly kind: string }>(
  catalog: TopicCatalog,
  run: () => Promise<Answer | Stale>,
): Promise<Answer | Rejected> {
  for (let look = 1; look <= LOOKS_MAX; look += 1) {
    const outcome = await run();
    if (!isStale(outcome)) return outcome;
    for (const name of outcome.topicNames) catalog.forget(name);
  }
  return rejected(
    'UNKNOWN_TOPIC_OR_PARTITION',
    'its topics are deleted and created again all the while; nothing was staged; try again',
  );
}

function isStale(outcome: { readonly kind: string }): outcome is Stale {
  return outcome.kind === 'stale';
}
