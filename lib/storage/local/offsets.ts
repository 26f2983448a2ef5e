// Rows of the table `offsets`: what a group has committed in a partition, and who owns it.

import type { TopicPartition } from '../../group/assignment.ts';
import type { OffsetItem } from '../../group/offset.ts';
import { LOCAL_ROWS_PER_PAGE_MAX } from '../../limits.ts';
import type { Database } from './database.ts';
import { type Row, readBigint, readNumber, readOptionalText, readText } from './rows.ts';

const SELECT = 'SELECT * FROM offsets WHERE group_id = ? AND topic_id = ? AND partition = ?';
const SELECT_AFTER = `SELECT * FROM offsets WHERE group_id = ? AND (topic_id, partition) > (?, ?)
  ORDER BY topic_id, partition LIMIT ${LOCAL_ROWS_PER_PAGE_MAX}`;
const REPLACE = 'INSERT OR REPLACE INTO offsets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const DELETE = 'DELETE FROM offsets WHERE group_id = ? AND topic_id = ? AND partition = ?';

/** The offsets of one group; for `read` and `write` of the same database. */
export interface GroupOffsets {
  read(partition: TopicPartition): OffsetItem | undefined;
  /** Those behind a partition in the order of their keys: as many as a page holds. */
  readAfter(partition: TopicPartition): OffsetItem[];
  /** Puts an offset in place of what is there of its partition; returns it. */
  put(offset: OffsetItem): OffsetItem;
  delete(partition: TopicPartition): void;
}

export function offsetsOf(database: Database, groupId: string): GroupOffsets {
  return {
    read({ topicId, partition }) {
      const row = database.statement(SELECT).get(groupId, topicId, partition);
      return row === undefined ? undefined : decode(row);
    },

    readAfter: ({ topicId, partition }) =>
      database.statement(SELECT_AFTER).all(groupId, topicId, partition).map(decode),

    put(offset) {
      const { topicId, partition, topicName, ownerEpoch, counter, committed } = offset;
      database
        .statement(REPLACE)
        .run(
          groupId,
          topicId,
          partition,
          topicName,
          ownerEpoch,
          offset.ownerMemberId ?? null,
          counter,
          committed?.offset ?? null,
          committed?.metadata ?? null,
          committed?.committedAtMs ?? null,
        );
      return offset;
    },

    delete({ topicId, partition }) {
      database.statement(DELETE).run(groupId, topicId, partition);
    },
  };
}

function decode(row: Row): OffsetItem {
  const owner = readOptionalText(row, 'owner');
  return {
    topicId: readText(row, 'topic_id'),
    topicName: readText(row, 'topic'),
    partition: readNumber(row, 'partition'),
    ownerEpoch: readNumber(row, 'owner_epoch'),
    ...(owner === undefined ? {} : { ownerMemberId: owner }),
    counter: readNumber(row, 'counter'),
    ...(row.offset === null
      ? {}
      : {
          committed: {
            offset: readBigint(row, 'offset'),
            metadata: readText(row, 'metadata'),
            committedAtMs: readNumber(row, 'committed_at'),
          },
        }),
  };
}
