// Segments in SQLite, under the same conditions as in DynamoDB: each change runs in one transaction.

import { assert } from '../../assert.ts';
import { PAGES_PER_DELETE_MAX, SEGMENTS_PER_REWRITE_MAX } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import type { Log } from '../../log/segment.ts';
import type { SegmentStore } from '../../ports/segment-store.ts';
import type { Database } from './database.ts';
import { decodePage, PAGE_COLUMNS } from './pages.ts';
import { readBigint, readText } from './rows.ts';
import {
  decodeRetired,
  decodeSegment,
  readLog,
  readSegment,
  writeLog,
  writeRetired,
  writeSegment,
} from './segment-rows.ts';

const OF_PARTITION = 'topic_id = ? AND partition = ?';
const FIND_SEGMENTS = `SELECT * FROM segments WHERE ${OF_PARTITION} AND base <= ? ORDER BY base DESC LIMIT ?`;
const LIST_SEGMENTS = `SELECT * FROM segments WHERE ${OF_PARTITION} AND base >= ? ORDER BY base LIMIT ?`;
const LIST_PAGES = `SELECT ${PAGE_COLUMNS} FROM pages WHERE ${OF_PARTITION} AND base >= ? AND base < ? ORDER BY base LIMIT ?`;
const LIST_RETIRED = `SELECT * FROM retired WHERE ${OF_PARTITION} AND retired_id > ? ORDER BY retired_id LIMIT ?`;
const DELETE_PAGE = `DELETE FROM pages WHERE ${OF_PARTITION} AND base = ?`;
const DELETE_PAGES = `DELETE FROM pages WHERE ${OF_PARTITION} AND base IN (SELECT value FROM json_each(?))`;
const DELETE_SEGMENT = `DELETE FROM segments WHERE ${OF_PARTITION} AND base = ?`;
const DELETE_RETIRED = `DELETE FROM retired WHERE ${OF_PARTITION} AND retired_id = ?`;
const DELETE_LOG = `DELETE FROM logs WHERE ${OF_PARTITION}`;

const LOG_ENTRY = 'log';
const ENTRY = /^(page|segment|retired):(.+)$/;

export function createSegmentStore(database: Database): SegmentStore {
  return { ...changes(database), ...queries(database), ...leftovers(database) };
}

type Queries = Pick<
  SegmentStore,
  'readLog' | 'findSegments' | 'listSegments' | 'listPages' | 'listRetired'
>;
type Leftovers = Pick<
  SegmentStore,
  'deletePages' | 'deleteRetired' | 'listEntries' | 'deleteEntries'
>;

function queries(database: Database): Queries {
  return {
    readLog: (partition) => database.read(() => readLog(database, partition)),

    findSegments: ({ topicId, partition }, { offset, limit }) =>
      database.read(() =>
        database.statement(FIND_SEGMENTS).all(topicId, partition, offset, limit).map(decodeSegment),
      ),

    listSegments: ({ topicId, partition }, { from, limit }) =>
      database.read(() => {
        const rows = database.statement(LIST_SEGMENTS).all(topicId, partition, from, limit);
        const segments = rows.map(decodeSegment);
        const last = segments.length < limit ? undefined : segments.at(-1);
        return last === undefined ? { segments } : { segments, next: last.baseOffset + 1n };
      }),

    listPages: ({ topicId, partition }, { from, to, limit }) =>
      database.read(() => {
        const rows = database.statement(LIST_PAGES).all(topicId, partition, from, to, limit);
        const pages = rows.map(decodePage);
        const last = pages.length < limit ? undefined : pages.at(-1);
        return last === undefined ? { pages } : { pages, next: last.baseOffset + 1n };
      }),

    listRetired: ({ topicId, partition }, { after = '', limit }) =>
      database.read(() => {
        const rows = database.statement(LIST_RETIRED).all(topicId, partition, after, limit);
        const retired = rows.map(decodeRetired);
        const last = retired.length < limit ? undefined : retired.at(-1);
        return last === undefined ? { retired } : { retired, next: last.retiredId };
      }),
  };
}

function changes(database: Database): Omit<SegmentStore, keyof Queries | keyof Leftovers> {
  /** False: there is no LOG item, or the change isn't one. */
  const changeLog = (
    partition: PartitionKey,
    change: (log: Log) => Log | undefined,
  ): Promise<boolean> =>
    database.write(() => {
      const log = readLog(database, partition);
      const next = log === undefined ? undefined : change(log);
      if (next !== undefined) writeLog(database, partition, next);
      return next !== undefined;
    });

  return {
    openLog: (partition, floor) =>
      database.write(() => {
        if (readLog(database, partition) !== undefined) return 'exists';
        writeLog(database, partition, { segmentedTo: 0n, floor });
        return 'opened';
      }),

    commitSegment: (partition, segment) =>
      database.write(() => {
        const log = readLog(database, partition);
        const isNext = log?.segmentedTo === segment.baseOffset;
        if (log === undefined || !isNext || segment.segmentId < log.floor) return 'refused';
        writeLog(database, partition, { ...log, segmentedTo: segment.endOffset });
        writeSegment(database, partition, segment);
        return 'committed';
      }),

    async skipTo(partition, { from, to }) {
      assert(from < to, 'a skip moves up');
      const isMoved = await changeLog(partition, (log) =>
        log.segmentedTo === from ? { ...log, segmentedTo: to } : undefined,
      );
      return isMoved ? 'moved' : 'refused';
    },

    async replaceSegments({ partition, replaced, by, retired }) {
      assert(replaced.length > 0, 'there are segments to replace');
      assert(
        replaced.length <= SEGMENTS_PER_REWRITE_MAX,
        `a transaction replaces at most ${SEGMENTS_PER_REWRITE_MAX} segments`,
      );
      assert(
        by === undefined || by.baseOffset === replaced[0]?.baseOffset,
        'it begins where they do',
      );
      return await database.write(() => {
        const log = readLog(database, partition);
        const isSwept = by !== undefined && (log === undefined || by.segmentId < log.floor);
        const stand = replaced.every(
          ({ baseOffset, segmentId }) =>
            readSegment(database, partition, baseOffset)?.segmentId === segmentId,
        );
        if (isSwept || !stand) return 'refused';
        const { topicId, partition: number } = partition;
        for (const { baseOffset } of replaced) {
          database.statement(DELETE_SEGMENT).run(topicId, number, baseOffset);
        }
        if (by !== undefined) writeSegment(database, partition, by);
        writeRetired(database, partition, retired);
        return 'replaced';
      });
    },

    async raiseLogFloor(partition, floor) {
      const isRaised = await changeLog(partition, (log) =>
        log.floor < floor ? { ...log, floor } : undefined,
      );
      return isRaised ? 'raised' : 'refused';
    },

    async markDamage(partition, damage) {
      await changeLog(partition, ({ segmentedTo, floor }) =>
        damage === undefined ? { segmentedTo, floor } : { segmentedTo, floor, damage },
      );
    },
  };
}

function assertDeletable(items: readonly unknown[]): void {
  assert(
    items.length <= PAGES_PER_DELETE_MAX,
    `one request deletes at most ${PAGES_PER_DELETE_MAX} items`,
  );
}

function leftovers(database: Database): Leftovers {
  const deleteEntry = ({ topicId, partition }: PartitionKey, entry: string): void => {
    if (entry === LOG_ENTRY) {
      database.statement(DELETE_LOG).run(topicId, partition);
      return;
    }
    const [, kind = '', name = ''] = ENTRY.exec(entry) ?? [];
    assert(name !== '', `"${entry}" is an entry`);
    const run = (sql: string, key: bigint | string) =>
      database.statement(sql).run(topicId, partition, key);
    if (kind === 'page') run(DELETE_PAGE, BigInt(name));
    else if (kind === 'segment') run(DELETE_SEGMENT, BigInt(name));
    else run(DELETE_RETIRED, name);
  };

  return {
    async deletePages({ topicId, partition }, baseOffsets) {
      assertDeletable(baseOffsets);
      const bases = JSON.stringify(baseOffsets.map(Number));
      await database.write(() => {
        database.statement(DELETE_PAGES).run(topicId, partition, bases);
      });
    },

    async deleteRetired(partition, retiredId) {
      await this.deleteEntries(partition, [`retired:${retiredId}`]);
    },

    listEntries: (key, limit) =>
      database.read(() => {
        const { topicId, partition } = key;
        const names = (sql: string, name: (row: Record<string, unknown>) => string) =>
          database.statement(sql).all(topicId, partition, 0, limit).map(name);
        return [
          ...(readLog(database, key) === undefined ? [] : [LOG_ENTRY]),
          ...database
            .statement(LIST_RETIRED)
            .all(topicId, partition, '', limit)
            .map((row) => `retired:${readText(row, 'retired_id')}`),
          ...names(LIST_SEGMENTS, (row) => `segment:${readBigint(row, 'base')}`),
          ...names(
            `SELECT * FROM pages WHERE ${OF_PARTITION} AND base >= ? ORDER BY base LIMIT ?`,
            (row) => `page:${readBigint(row, 'base')}`,
          ),
        ].slice(0, limit);
      }),

    async deleteEntries(partition, entries) {
      assertDeletable(entries);
      await database.write(() => {
        for (const entry of entries) deleteEntry(partition, entry);
      });
    },
  };
}
