// Offsets are kept by topic id. Those of a topic that was deleted stay until they expire; a topic of the same name is
// another one, and has no part in them.

import type { OffsetItem } from '../../group/offset.ts';
import { GROUP_CALLS_PARALLEL_MAX } from '../../limits.ts';
import { mapInParallel } from '../parallel.ts';
import type { TopicCatalog } from '../topics/topic-catalog.ts';

/** The offsets of topics that there are. What a process knows of a topic is looked up again where it disagrees. */
export async function currentOffsets(
  catalog: TopicCatalog,
  items: readonly OffsetItem[],
): Promise<readonly OffsetItem[]> {
  const byName = Map.groupBy(items, ({ topicName }) => topicName);
  const current = await mapInParallel(
    [...byName],
    GROUP_CALLS_PARALLEL_MAX,
    async ([name, some]) => {
      const known = await catalog.find(name);
      const isSure =
        known !== undefined && some.every((item) => item.topicId === known.topic.topicId);
      if (isSure) return some;
      catalog.forget(name);
      const fresh = await catalog.find(name);
      return some.filter((item) => item.topicId === fresh?.topic.topicId);
    },
  );
  return current.flat();
}
