// Topics in SQLite: tables `topics` and `deleted_topics`.

import { assert } from '../../assert.ts';
import { TOPICS_PER_LIST_PAGE_MAX } from '../../limits.ts';
import type { Topic } from '../../log/topic.ts';
import type { DeletedTopic, TopicStore } from '../../ports/topic-store.ts';
import type { Database } from './database.ts';
import { checkItemBytes } from './heads.ts';
import { type Row, readNumber, readText } from './rows.ts';

const SELECT = 'SELECT * FROM topics WHERE name = ?';
const SELECT_AFTER = 'SELECT * FROM topics WHERE name > ? ORDER BY name LIMIT ?';
const REPLACE = 'INSERT OR REPLACE INTO topics VALUES (?, ?, ?, ?, ?, ?, ?)';
const DELETE = 'DELETE FROM topics WHERE name = ?';
const SELECT_DELETED = 'SELECT topic_id FROM deleted_topics WHERE topic_id = ?';
const REPLACE_DELETED = 'INSERT OR REPLACE INTO deleted_topics VALUES (?, ?, ?, ?)';

export function createTopicStore(database: Database): TopicStore {
  const read = (name: string): Topic | undefined => {
    const row = database.statement(SELECT).get(name);
    return row === undefined ? undefined : decode(row);
  };

  const put = (topic: Topic): void => {
    const configs = JSON.stringify(topic.configs);
    checkItemBytes(configs.length);
    const { name, topicId, state, partitionCount, createdAtMs, version } = topic;
    database
      .statement(REPLACE)
      .run(name, topicId, state, partitionCount, configs, createdAtMs, version);
  };

  const bury = ({ topicId, name, partitionCount, deletedAtMs }: DeletedTopic): void => {
    database.statement(REPLACE_DELETED).run(topicId, name, partitionCount, deletedAtMs);
  };

  return {
    getTopic: (name) => database.read(() => read(name)),

    async listTopics({ after, limit }) {
      assert(limit >= 1, 'a page holds a topic');
      assert(
        limit <= TOPICS_PER_LIST_PAGE_MAX,
        `a page holds at most ${TOPICS_PER_LIST_PAGE_MAX} topics`,
      );
      return await database.read(() => {
        const topics = database
          .statement(SELECT_AFTER)
          .all(after ?? '', limit)
          .map(decode);
        const last = topics.length < limit ? undefined : topics.at(-1)?.name;
        return last === undefined ? { topics } : { topics, next: last };
      });
    },

    async createTopic(topic) {
      return await database.write(() => {
        if (isBuried(database, topic.topicId)) return 'dead';
        if (read(topic.name) !== undefined) return 'exists';
        put(topic);
        return 'created';
      });
    },

    async updateTopic(topic, expected) {
      return await database.write(() => {
        const standing = read(topic.name);
        const sameTopic = standing?.topicId === expected.topicId;
        const sameVersion = standing?.version === expected.version;
        if (!sameTopic || !sameVersion) return 'changed';
        put(topic);
        return 'updated';
      });
    },

    async buryTopic(deleted) {
      return await database.write(() => {
        const standing = read(deleted.name);
        if (standing?.topicId === deleted.topicId && standing.state === 'active') return 'alive';
        bury(deleted);
        return 'buried';
      });
    },

    async releaseTopic(deleted) {
      return await database.write(() => {
        if (read(deleted.name)?.topicId !== deleted.topicId) return 'changed';
        database.statement(DELETE).run(deleted.name);
        bury(deleted);
        return 'released';
      });
    },
  };
}

/** Whether the topic of this id is dead; inside a transaction of the database. */
export function isBuried(database: Database, topicId: string): boolean {
  return database.statement(SELECT_DELETED).get(topicId) !== undefined;
}

function decode(row: Row): Topic {
  return {
    name: readText(row, 'name'),
    topicId: readText(row, 'topic_id'),
    state: readText(row, 'state') === 'deleting' ? 'deleting' : 'active',
    partitionCount: readNumber(row, 'partitions'),
    // The text is our own: only `put` writes it.
    configs: JSON.parse(readText(row, 'configs')) as Topic['configs'],
    createdAtMs: readNumber(row, 'created_at'),
    version: readNumber(row, 'version'),
  };
}
