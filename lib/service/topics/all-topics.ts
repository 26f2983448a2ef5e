// What needs all topics: their list, and whether a new name can be told from those there are.

import { type Rejected, rejected } from '../../errors.ts';
import { TOPICS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type { Topic } from '../../log/topic.ts';
import type { TopicStore } from '../../ports/topic-store.ts';
import { type RetryPorts, withRetries } from '../retry.ts';

type ListPorts = RetryPorts & { readonly topics: TopicStore };

/** Active topics by name. */
export async function activeTopics(ports: ListPorts): Promise<readonly Topic[]> {
  const topics: Topic[] = [];
  let after: string | undefined;
  do {
    const request = { limit: TOPICS_PER_LIST_PAGE_MAX, ...(after === undefined ? {} : { after }) };
    const page = await withRetries(ports, () => ports.topics.listTopics(request), {
      repeatable: true,
    });
    topics.push(...page.topics.filter((topic) => topic.state === 'active'));
    after = page.next;
  } while (after !== undefined);
  return topics.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/**
 * Kafka refuses a name that differs from another only by dots and underscores, which its metrics can't tell apart: a log
 * that has both could never be mirrored to a broker. A courtesy, not an invariant: two that are created at once may both
 * come to be.
 */
export async function collidingName(ports: ListPorts, name: string): Promise<Rejected | undefined> {
  const unified = name.replaceAll('.', '_');
  if (!unified.includes('_')) return undefined;
  const topics = await activeTopics(ports);
  const other = topics.find((topic) => topic.name.replaceAll('.', '_') === unified);
  if (other === undefined) return undefined;
  return rejected(
    'INVALID_TOPIC_EXCEPTION',
    `topic "${name}" collides with topic "${other.name}": names must differ by more than dots and underscores`,
  );
}
