// What became of segments: those that the index stopped naming go a grace time later, and uploads that nothing ever
// named (their job died) go by the rule of WAL objects: raise LOG.floor, then read what the index names, then delete
// what it doesn't ✗.

import { ulidFloor, ulidTimeMs } from '../../ids.ts';
import { JOB_PAGES_PER_LIST } from '../../limits.ts';
import { type PartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { Retired, RetiredSegment } from '../../log/segment.ts';
import {
  LOG_OBJECTS_PREFIX,
  parseSegmentKey,
  partitionObjectsPrefix,
  segmentKeys,
  topicObjectsPrefix,
} from '../../log/segment-keys.ts';
import type { Topic } from '../../log/topic.ts';
import type { ListedObject } from '../../ports/object-upkeep.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';
import { deleteObjects, type GarbageTask, listObjects } from './garbage-task.ts';
import { activeTopics, isTimeUp, partitionsOf } from './job-topics.ts';
import { listSegments } from './retention.ts';

export async function collectSegments(task: GarbageTask): Promise<void> {
  const { ports, run } = task;
  await abortUploads(task);
  for await (const topic of activeTopics(ports)) {
    for (const partition of partitionsOf(topic)) {
      if (isTimeUp(ports, run)) return;
      await collectRetired(task, partition);
    }
    await collectUnnamed(task, topic);
  }
}

/** Time by the storage, so that no machine's clock shortens the grace. */
async function graceEndedMs({ ports, settings }: GarbageTask): Promise<number> {
  const state = await withRetries(ports, () => ports.cleanup.readGarbageState(), REPEATABLE);
  return state.storageNowMs - settings.graceMs;
}

async function abortUploads(task: GarbageTask): Promise<void> {
  const { ports, run, counts } = task;
  const endedMs = await graceEndedMs(task);
  const uploads = await withRetries(
    ports,
    () => ports.upkeep.listUploads(LOG_OBJECTS_PREFIX),
    REPEATABLE,
  );
  for (const upload of uploads.filter(({ startedAtMs }) => startedAtMs < endedMs)) {
    if (run.dryRun !== true) {
      await withRetries(ports, () => ports.upkeep.abortUpload(upload), REPEATABLE);
    }
    counts.uploads += 1;
  }
}

async function collectRetired(task: GarbageTask, partition: PartitionKey): Promise<void> {
  const { ports, run } = task;
  let endedMs: number | undefined;
  for await (const { retiredId, segments } of allRetired(ports, partition)) {
    endedMs ??= await graceEndedMs(task);
    if (ulidTimeMs(retiredId) > endedMs) return;
    await deleteObjects(task, segments.flatMap(objectsOf(partition)), 'segment');
    if (run.dryRun === true) continue;
    await withRetries(ports, () => ports.segments.deleteRetired(partition, retiredId), REPEATABLE);
  }
}

/** Longest ago first. */
async function* allRetired(
  ports: BackgroundPorts,
  partition: PartitionKey,
): AsyncGenerator<Retired, void, undefined> {
  let after: string | undefined;
  do {
    const query = { limit: JOB_PAGES_PER_LIST, ...(after === undefined ? {} : { after }) };
    const list = () => ports.segments.listRetired(partition, query);
    const { retired, next } = await withRetries(ports, list, REPEATABLE);
    yield* retired;
    after = next;
  } while (after !== undefined);
}

function objectsOf(partition: PartitionKey): (segment: RetiredSegment) => readonly ListedObject[] {
  return ({ baseOffset, segmentId, sizeBytes }) =>
    segmentKeys({ partition, segmentId, baseOffset }).map((key) => ({
      key,
      sizeBytes: key.endsWith('.log') ? sizeBytes : 0,
    }));
}

async function collectUnnamed(task: GarbageTask, topic: Topic): Promise<void> {
  const { ports, run } = task;
  const floor = ulidFloor(Math.max(0, await graceEndedMs(task)));
  const old = new Map<string, { partition: PartitionKey; objects: ListedObject[] }>();
  for await (const objects of listObjects(ports, topicObjectsPrefix(topic.topicId))) {
    for (const object of objects) {
      const address = parseSegmentKey(object.key);
      if (address === undefined || address.segmentId >= floor) continue;
      const name = partitionKeyText(address.partition);
      const known = old.get(name) ?? { partition: address.partition, objects: [] };
      known.objects.push(object);
      old.set(name, known);
    }
    if (isTimeUp(ports, run)) return;
  }
  for (const { partition, objects } of old.values()) {
    await sweep(task, { partition, objects, floor });
  }
}

async function sweep(
  task: GarbageTask,
  old: {
    readonly partition: PartitionKey;
    readonly objects: readonly ListedObject[];
    readonly floor: string;
  },
): Promise<void> {
  const { ports, run } = task;
  const { partition, objects, floor } = old;
  if (run.dryRun !== true) {
    await withRetries(ports, () => ports.segments.raiseLogFloor(partition, floor), REPEATABLE);
  }
  // Segments first: what is replaced meanwhile is among the retired by then.
  const kept = new Set<string>();
  const keep = ({ segmentId, baseOffset }: RetiredSegment): void => {
    for (const key of segmentKeys({ partition, segmentId, baseOffset })) kept.add(key);
  };
  for (const segment of await listSegments(ports, partition)) keep(segment);
  for await (const { segments } of allRetired(ports, partition)) segments.forEach(keep);
  const prefix = partitionObjectsPrefix(partition);
  const dead = objects.filter(({ key }) => key.startsWith(prefix) && !kept.has(key));
  await deleteObjects(task, dead, 'segment');
}
