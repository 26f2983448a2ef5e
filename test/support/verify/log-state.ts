// What a verification asks the log itself: how far it reaches, what is committed, what lies in it; and how it leaves.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Stratalog, StratalogRequestError } from '../../../lib/index.ts';
import { idOf } from './actors/actor.ts';
import type { StoredRecord } from './history.ts';
import { SESSION_TIMEOUT_MS } from './worker-settings.ts';

const LEAVE_POLL_MS = 1_000;

export async function endsOf(
  client: Stratalog,
  topics: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  for (const topic of topics) {
    for (const { partition, high } of await client.admin().fetchTopicOffsets(topic)) {
      ends.set(`${topic}/${partition}`, Number(high));
    }
  }
  return ends;
}

/** By `topic/partition`. */
export async function committedOffsets(
  client: Stratalog,
  groupId: string,
): Promise<ReadonlyMap<string, number>> {
  const topics = await client.admin().fetchOffsets({ groupId });
  const offsets = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
  );
  return new Map(offsets);
}

/** Everything that lies in these topics. */
export async function readLog(
  client: Stratalog,
  topics: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredRecord[]>> {
  const log = new Map<string, StoredRecord[]>();
  for (const topic of topics) {
    for await (const { partition, messages } of client.read({ topic })) {
      const place = `${topic}/${partition}`;
      const known = log.get(place) ?? [];
      for (const { offset, value } of messages) {
        known.push({ offset: Number(offset), id: idOf(value) });
      }
      log.set(place, known);
    }
  }
  return log;
}

interface Leftovers {
  readonly topics: readonly string[];
  readonly groups: readonly string[];
  readonly tell: (line: string) => void;
}

export async function cleanUp(client: Stratalog, leftovers: Leftovers): Promise<void> {
  const { topics, groups, tell } = leftovers;
  const admin = client.admin();
  for (const topic of topics) {
    await admin
      .deleteTopics({ topics: [topic] })
      .catch((error) => tell(`topic ${topic} is left behind: ${error}`));
  }
  for (const groupId of groups) {
    const problem = await deleteGroup(client, groupId);
    if (problem !== undefined) tell(`group ${groupId} is left behind: ${problem}`);
  }
}

/** Members that were killed are in their group until their session has run out. */
async function deleteGroup(client: Stratalog, groupId: string): Promise<string | undefined> {
  const deadline = performance.now() + 3 * SESSION_TIMEOUT_MS;
  for (;;) {
    try {
      await client.admin().deleteGroups([groupId]);
      return undefined;
    } catch (error) {
      const isGone = error instanceof StratalogRequestError && error.status === 404;
      if (isGone) return undefined;
      if (performance.now() > deadline) return String(error);
      await sleep(LEAVE_POLL_MS);
    }
  }
}
