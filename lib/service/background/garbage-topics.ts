// What is left of deleted topics: a grace time after the deletion, their index items and their segments. Their WAL
// objects go as all do. A topic that nobody knows but that has segments (its merger slept through the deletion) is
// treated as deleted when it is found.
//
// Order: a deletion that its deleter didn't finish is finished first, heads, then name. While a head stands, who takes
// the topic for living reads what it names, and what it names is counted as in use.

import { PAGES_PER_DELETE_MAX, TOPICS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import { LOG_OBJECTS_PREFIX, parseSegmentKey, topicObjectsPrefix } from '../../log/segment-keys.ts';
import type { DeletedTopic } from '../../ports/topic-store.ts';
import { withRetries } from '../retry.ts';
import { endOfHeads, removeHeads } from '../topics/heads.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';
import { deleteObjects, type GarbageTask, listObjects } from './garbage-task.ts';
import { allTopics, isTimeUp } from './job-topics.ts';

export async function collectDeletedTopics(task: GarbageTask): Promise<void> {
  const { ports, settings, run } = task;
  if (run.dryRun !== true) await findUnknownTopics(task);
  const { storageNowMs } = await withRetries(
    ports,
    () => ports.cleanup.readGarbageState(),
    REPEATABLE,
  );
  for await (const topic of deletedTopics(ports)) {
    if (isTimeUp(ports, run)) return;
    if (topic.deletedAtMs + settings.graceMs <= storageNowMs) await collectTopic(task, topic);
  }
}

async function* deletedTopics(
  ports: BackgroundPorts,
): AsyncGenerator<DeletedTopic, void, undefined> {
  let after: string | undefined;
  do {
    const request = { limit: TOPICS_PER_LIST_PAGE_MAX, ...(after === undefined ? {} : { after }) };
    const page = await withRetries(
      ports,
      () => ports.cleanup.listDeletedTopics(request),
      REPEATABLE,
    );
    yield* page.topics;
    after = page.next;
  } while (after !== undefined);
}

async function collectTopic(task: GarbageTask, topic: DeletedTopic): Promise<void> {
  const { ports, run, counts } = task;
  const { topicId, partitionCount } = topic;
  if (run.dryRun !== true) await finishDeletion(ports, topic);
  for (let partition = 0; partition < partitionCount; partition += 1) {
    if (run.dryRun !== true) await deleteIndex(ports, { topicId, partition });
  }
  for await (const objects of listObjects(ports, topicObjectsPrefix(topicId))) {
    await deleteObjects(task, objects, 'segment');
  }
  counts.topics += 1;
  if (run.dryRun === true) return;
  await withRetries(ports, () => ports.cleanup.forgetDeletedTopic(topicId), REPEATABLE);
}

async function finishDeletion(ports: BackgroundPorts, topic: DeletedTopic): Promise<void> {
  const { topicId, name, partitionCount } = topic;
  const to = await endOfHeads(ports, topicId, partitionCount);
  await removeHeads(ports, topicId, { from: 0, to });
  // A topic that was found by its segments has no name.
  if (name === '') return;
  await withRetries(ports, () => ports.topics.releaseTopic(topic), REPEATABLE);
}

async function deleteIndex(
  ports: BackgroundPorts,
  partition: { readonly topicId: string; readonly partition: number },
): Promise<void> {
  for (;;) {
    const entries = await withRetries(
      ports,
      () => ports.segments.listEntries(partition, PAGES_PER_DELETE_MAX),
      REPEATABLE,
    );
    if (entries.length === 0) return;
    await withRetries(ports, () => ports.segments.deleteEntries(partition, entries), REPEATABLE);
  }
}

/** Objects are listed before topics: a topic that is created meanwhile has none among them. */
async function findUnknownTopics({ ports }: GarbageTask): Promise<void> {
  const found: string[] = [];
  let after: string | undefined;
  do {
    const request = { prefix: LOG_OBJECTS_PREFIX, ...(after === undefined ? {} : { after }) };
    const page = await withRetries(ports, () => ports.upkeep.listFolders(request), REPEATABLE);
    found.push(...page.folders);
    after = page.next;
  } while (after !== undefined);
  if (found.length === 0) return;
  const known = new Set<string>();
  for await (const topic of allTopics(ports)) known.add(topic.topicId);
  for await (const topic of deletedTopics(ports)) known.add(topic.topicId);
  for (const topicId of found.filter((each) => !known.has(each))) {
    await rememberUnknown(ports, topicId);
  }
}

async function rememberUnknown(ports: BackgroundPorts, topicId: string): Promise<void> {
  let partitionCount = 0;
  for await (const objects of listObjects(ports, topicObjectsPrefix(topicId))) {
    for (const { key } of objects) {
      const partition = parseSegmentKey(key)?.partition.partition ?? -1;
      partitionCount = Math.max(partitionCount, partition + 1);
    }
  }
  const deletedAtMs = ports.clock.nowMs();
  const topic = { topicId, name: '', partitionCount, deletedAtMs };
  await withRetries(ports, () => ports.cleanup.putDeletedTopic(topic), REPEATABLE);
}
