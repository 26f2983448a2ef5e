// Walking over all topics, as every scheduled job does, within the time that it has.

import { TOPICS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import type { Topic } from '../../log/topic.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';

/** When a run must come to its end, milliseconds since 1970; what is left is the next run's. */
export interface RunLimit {
  readonly untilMs: number;
}

/** What a run could not do for a partition; it is tried again by the next run. */
export interface JobFailure {
  readonly partition: PartitionKey;
  readonly message: string;
}

export function failureOf(partition: PartitionKey, error: unknown): JobFailure {
  return { partition, message: error instanceof Error ? error.message : String(error) };
}

export function isTimeUp(ports: BackgroundPorts, limit: RunLimit): boolean {
  return ports.clock.nowMs() >= limit.untilMs;
}

/** Topics of any state, in no particular order. */
export async function* allTopics(ports: BackgroundPorts): AsyncGenerator<Topic, void, undefined> {
  let after: string | undefined;
  do {
    const request = { limit: TOPICS_PER_LIST_PAGE_MAX, ...(after === undefined ? {} : { after }) };
    const page = await withRetries(ports, () => ports.topics.listTopics(request), REPEATABLE);
    yield* page.topics;
    after = page.next;
  } while (after !== undefined);
}

export async function* activeTopics(
  ports: BackgroundPorts,
): AsyncGenerator<Topic, void, undefined> {
  for await (const topic of allTopics(ports)) if (topic.state === 'active') yield topic;
}

export function partitionsOf({ topicId, partitionCount }: Topic): readonly PartitionKey[] {
  return Array.from({ length: partitionCount }, (_, partition) => ({ topicId, partition }));
}
