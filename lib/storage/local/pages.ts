// Rows of the table `pages`: runs of entries that were moved out of a head's tail.

import { decodeEntries, encodeEntries } from '../../log/entry-codec.ts';
import type { PartitionKey } from '../../log/keys.ts';
import type { Page } from '../../log/partition.ts';
import type { Database } from './database.ts';
import { checkItemBytes } from './heads.ts';
import { type Row, readBigint, readBytes, readNumber } from './rows.ts';

/** What `decodePage` takes. */
export const PAGE_COLUMNS = 'base, "end", entries, max_time, bytes_before';
const SELECT = `SELECT ${PAGE_COLUMNS} FROM pages WHERE topic_id = ? AND partition = ? AND base = ?`;
const SELECT_UP_TO = `SELECT ${PAGE_COLUMNS} FROM pages WHERE topic_id = ? AND partition = ? AND base <= ?
  ORDER BY base DESC LIMIT ?`;
const INSERT = 'INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?)';

export function readPage(
  database: Database,
  { topicId, partition }: PartitionKey,
  baseOffset: bigint,
): Page | undefined {
  const row = database.statement(SELECT).get(topicId, partition, baseOffset);
  return row === undefined ? undefined : decodePage(row);
}

/** Pages with base offset ≤ `offset`, newest first, at most `limit`. */
export function readPages(
  database: Database,
  { topicId, partition }: PartitionKey,
  { offset, limit }: { readonly offset: bigint; readonly limit: number },
): Page[] {
  return database.statement(SELECT_UP_TO).all(topicId, partition, offset, limit).map(decodePage);
}

/** Puts a page where none with its base offset is. */
export function insertPage(
  database: Database,
  { topicId, partition }: PartitionKey,
  page: Page,
): void {
  const entries = encodeEntries(page.entries);
  checkItemBytes(entries.length);
  database
    .statement(INSERT)
    .run(
      topicId,
      partition,
      page.baseOffset,
      page.endOffset,
      entries,
      page.maxTimestampMs,
      page.bytesBefore,
    );
}

export function decodePage(row: Row): Page {
  return {
    baseOffset: readBigint(row, 'base'),
    endOffset: readBigint(row, 'end'),
    entries: decodeEntries(readBytes(row, 'entries')),
    maxTimestampMs: readNumber(row, 'max_time'),
    bytesBefore: readNumber(row, 'bytes_before'),
  };
}
