// The topics that a group reads, as the storage holds them now: what a group's change is computed from must not be
// older than the state that it changes, or a stale process would take added partitions away again.

import type { Subscription } from '../../group/member.ts';
import type { GroupTopic } from '../../group/state.ts';
import { topicMatcher } from '../../group/subscription.ts';
import { TOPICS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type { Topic } from '../../log/topic.ts';
import { allPages, ask, askAll, type GroupPorts } from './tools.ts';

/** Every active topic that one of the subscriptions names or matches. One read a name, or all topics for a regex. */
export async function topicsOf(
  ports: GroupPorts,
  subscriptions: readonly Subscription[],
): Promise<readonly GroupTopic[]> {
  const byRegex = subscriptions.filter(({ topicRegex }) => topicRegex !== undefined);
  const names = [...new Set(subscriptions.flatMap(({ topicNames }) => topicNames))];
  const topics =
    byRegex.length === 0
      ? await askAll(ports, names, (name) => ports.topics.getTopic(name))
      : await matchingTopics(ports, names, byRegex);
  return topics
    .filter((topic) => topic?.state === 'active')
    .flatMap((topic) =>
      topic === undefined
        ? []
        : [{ name: topic.name, topicId: topic.topicId, partitionCount: topic.partitionCount }],
    );
}

async function matchingTopics(
  ports: GroupPorts,
  names: readonly string[],
  byRegex: readonly Subscription[],
): Promise<readonly Topic[]> {
  const patterns = [...new Set(byRegex.map(({ topicRegex }) => topicRegex))];
  const matchers = [{ topicNames: names }, ...patterns.map(ofRegex)].map(topicMatcher);
  const all = await allPages(async (after) => {
    const request = { limit: TOPICS_PER_LIST_PAGE_MAX, ...(after === undefined ? {} : { after }) };
    const { topics, next } = await ask(ports, () => ports.topics.listTopics(request));
    return { items: topics, ...(next === undefined ? {} : { next }) };
  });
  return all.filter(({ name }) => matchers.some((matches) => matches(name)));
}

function ofRegex(topicRegex: string | undefined): Subscription {
  return topicRegex === undefined ? { topicNames: [] } : { topicNames: [], topicRegex };
}
