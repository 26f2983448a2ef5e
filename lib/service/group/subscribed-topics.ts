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
  if (byRegex.length > 0) return matchingTopics(ports, names, byRegex);
  const topics = await askAll(ports, names, (name) => ports.topics.getTopic(name));
  return topics.flatMap((topic) => (topic === undefined ? [] : groupTopic(topic)));
}

async function matchingTopics(
  ports: GroupPorts,
  names: readonly string[],
  byRegex: readonly Subscription[],
): Promise<readonly GroupTopic[]> {
  // Most members have the same regex.
  const distinct = new Map(
    byRegex.map((one) => [JSON.stringify([one.topicRegex, one.principal]), one]),
  );
  const matchers = [{ topicNames: names }, ...distinct.values()].map(topicMatcher);
  const hiddenFrom = await whomHidden(ports, byRegex);
  const all = await allPages(async (after) => {
    const request = { limit: TOPICS_PER_LIST_PAGE_MAX, ...(after === undefined ? {} : { after }) };
    const { topics, next } = await ask(ports, () => ports.topics.listTopics(request));
    return { items: topics, ...(next === undefined ? {} : { next }) };
  });
  return all
    .flatMap(groupTopic)
    .map((topic) => ({ ...topic, ...hiddenFrom(topic.name) }))
    .filter((topic) => matchers.some((matches) => matches(topic)));
}

function groupTopic({ name, topicId, partitionCount, state }: Topic): GroupTopic[] {
  return state === 'active' ? [{ name, topicId, partitionCount }] : [];
}

/** Of whoever subscribes by regex: who may not describe a topic of this name. Whoever coordinates decides for all. */
async function whomHidden(
  { access }: GroupPorts,
  byRegex: readonly Subscription[],
): Promise<(name: string) => Pick<GroupTopic, 'hiddenFrom'>> {
  const principals = [...new Set(byRegex.flatMap(({ principal }) => principal ?? []))];
  if (access === undefined || principals.length === 0) return () => ({});
  const rights = await Promise.all(principals.map((principal) => access.rightsOf(principal)));
  return (name) => {
    const excluded = rights.filter((one) => !one.may('DESCRIBE', 'TOPIC', name));
    if (excluded.length === 0) return {};
    return { hiddenFrom: new Set(excluded.map(({ principal }) => principal)) };
  };
}
