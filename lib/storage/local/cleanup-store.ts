// What garbage collection keeps and asks, in SQLite: tables `floor`, `garbage_passes`, `heads` and `deleted_topics`.

import { required } from '../../assert.ts';
import { ulidFloor } from '../../ids.ts';
import type { GarbagePass } from '../../log/garbage.ts';
import { parsePartitionKey, partitionKeyText } from '../../log/keys.ts';
import type { CleanupStore } from '../../ports/cleanup-store.ts';
import type { DeletedTopic } from '../../ports/topic-store.ts';
import type { Database } from './database.ts';
import { HeadRows } from './heads.ts';
import { type Row, readNumber, readText } from './rows.ts';

const SELECT_FLOOR = 'SELECT floor FROM floor';
const REPLACE_FLOOR = 'INSERT OR REPLACE INTO floor VALUES (0, ?)';
const SELECT_PASSES = 'SELECT passes FROM garbage_passes';
const REPLACE_PASSES = 'INSERT OR REPLACE INTO garbage_passes VALUES (0, ?)';
const SELECT_HEADS = `SELECT topic_id, partition FROM heads
  WHERE (topic_id, partition) > (?, ?) ORDER BY topic_id, partition LIMIT ?`;
const SELECT_DELETED = 'SELECT * FROM deleted_topics WHERE topic_id > ? ORDER BY topic_id LIMIT ?';
const REPLACE_DELETED = 'INSERT OR REPLACE INTO deleted_topics VALUES (?, ?, ?, ?)';
const DELETE_DELETED = 'DELETE FROM deleted_topics WHERE topic_id = ?';

export function createCleanupStore(database: Database, nowMs: () => number): CleanupStore {
  return { ...floorPart(database, nowMs), ...headsPart(database), ...deletedTopicsPart(database) };
}

type FloorPart = Pick<CleanupStore, 'readGarbageState' | 'raiseFloor' | 'replacePasses'>;
type HeadsPart = Pick<CleanupStore, 'scanHeads' | 'raiseHeadFloor'>;

function floorPart(database: Database, nowMs: () => number): FloorPart {
  const readFloor = (): string => {
    const row = database.statement(SELECT_FLOOR).get();
    return row === undefined ? ulidFloor(0) : readText(row, 'floor');
  };
  const readPasses = (): string => {
    const row = database.statement(SELECT_PASSES).get();
    return row === undefined ? '[]' : readText(row, 'passes');
  };

  return {
    readGarbageState: () =>
      database.read(() => ({
        floor: readFloor(),
        passes: decodePasses(readPasses()),
        storageNowMs: nowMs(),
      })),

    raiseFloor: (floor) =>
      database.write(() => {
        if (readFloor() >= floor) return 'refused';
        database.statement(REPLACE_FLOOR).run(floor);
        return 'raised';
      }),

    replacePasses: ({ from, to }) =>
      database.write(() => {
        if (readPasses() !== encodePasses(from)) return 'changed';
        database.statement(REPLACE_PASSES).run(encodePasses(to));
        return 'replaced';
      }),
  };
}

function headsPart(database: Database): HeadsPart {
  const heads = new HeadRows(database);
  return {
    scanHeads: ({ after, limit }) =>
      database.read(() => {
        const last = after === undefined ? { topicId: '', partition: 0 } : parsePartitionKey(after);
        const rows = database.statement(SELECT_HEADS).all(last.topicId, last.partition, limit);
        const scanned = rows.map((row) => {
          const partition = {
            topicId: readText(row, 'topic_id'),
            partition: readNumber(row, 'partition'),
          };
          return { partition, head: required(heads.read(partition), 'the head') };
        });
        const end = scanned.length < limit ? undefined : scanned.at(-1);
        return end === undefined
          ? { heads: scanned }
          : { heads: scanned, next: partitionKeyText(end.partition) };
      }),

    raiseHeadFloor: (partition, floor) =>
      database.write(() => {
        const head = heads.read(partition);
        if (head === undefined || head.floor >= floor) return 'refused';
        heads.update(partition, { ...head, floor });
        return 'raised';
      }),
  };
}

function deletedTopicsPart(
  database: Database,
): Omit<CleanupStore, keyof FloorPart | keyof HeadsPart> {
  return {
    listDeletedTopics: ({ after, limit }) =>
      database.read(() => {
        const rows = database.statement(SELECT_DELETED).all(after ?? '', limit);
        const topics = rows.map(decodeDeleted);
        const last = topics.length < limit ? undefined : topics.at(-1);
        return last === undefined ? { topics } : { topics, next: last.topicId };
      }),

    async putDeletedTopic({ topicId, name, partitionCount, deletedAtMs }) {
      await database.write(() =>
        database.statement(REPLACE_DELETED).run(topicId, name, partitionCount, deletedAtMs),
      );
    },

    async forgetDeletedTopic(topicId) {
      await database.write(() => database.statement(DELETE_DELETED).run(topicId));
    },
  };
}

function encodePasses(passes: readonly GarbagePass[]): string {
  return JSON.stringify(passes.map(({ endedAtMs, below }) => [endedAtMs, below]));
}

function decodePasses(text: string): readonly GarbagePass[] {
  // The text is our own: only `encodePasses` makes it.
  const passes = JSON.parse(text) as [number, string][];
  return passes.map(([endedAtMs, below]) => ({ endedAtMs, below }));
}

function decodeDeleted(row: Row): DeletedTopic {
  return {
    topicId: readText(row, 'topic_id'),
    name: readText(row, 'name'),
    partitionCount: readNumber(row, 'partitions'),
    deletedAtMs: readNumber(row, 'deleted_at'),
  };
}
