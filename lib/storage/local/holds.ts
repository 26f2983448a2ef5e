// Rows of the table `holds`: transactions that ask appends to stay away from a head for a moment. Few are ever there.

import { HEAD_HOLD_MS } from '../../limits.ts';
import type { PartitionKey } from '../../log/keys.ts';
import type { Database } from './database.ts';
import { readNumber } from './rows.ts';

const SELECT = 'SELECT until FROM holds WHERE topic_id = ? AND partition = ?';
const REPLACE = 'INSERT OR REPLACE INTO holds (topic_id, partition, until) VALUES (?, ?, ?)';
const DELETE = 'DELETE FROM holds WHERE topic_id = ? AND partition = ?';

/** To be used inside `read` and `write` of the same database. */
export class HoldRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  hold({ topicId, partition }: PartitionKey, untilMs: number): void {
    this.#database.statement(REPLACE).run(topicId, partition, untilMs);
  }

  end({ topicId, partition }: PartitionKey): void {
    this.#database.statement(DELETE).run(topicId, partition);
  }

  /** Until when it is held; one that is further ahead than holds are is of a clock that is wrong. */
  heldUntilMs({ topicId, partition }: PartitionKey, nowMs: number): number | undefined {
    const row = this.#database.statement(SELECT).get(topicId, partition);
    if (row === undefined) return undefined;
    const untilMs = readNumber(row, 'until');
    return untilMs >= nowMs && untilMs <= nowMs + HEAD_HOLD_MS ? untilMs : undefined;
  }
}
