// Rows of the tables `logs`, `segments` and `retired`.

import type { PartitionKey } from '../../log/keys.ts';
import type { Damage, Log, Retired, Segment } from '../../log/segment.ts';
import type { Database } from './database.ts';
import { type Row, readBigint, readNumber, readOptionalText, readText } from './rows.ts';

const SELECT_LOG = 'SELECT * FROM logs WHERE topic_id = ? AND partition = ?';
const REPLACE_LOG = 'INSERT OR REPLACE INTO logs VALUES (?, ?, ?, ?, ?)';
const SELECT_SEGMENT = 'SELECT * FROM segments WHERE topic_id = ? AND partition = ? AND base = ?';
const REPLACE_SEGMENT =
  'INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const REPLACE_RETIRED = 'INSERT OR REPLACE INTO retired VALUES (?, ?, ?, ?)';

export function readLog(database: Database, { topicId, partition }: PartitionKey): Log | undefined {
  const row = database.statement(SELECT_LOG).get(topicId, partition);
  if (row === undefined) return undefined;
  const log = { segmentedTo: readBigint(row, 'segmented_to'), floor: readText(row, 'floor') };
  const damage = readOptionalText(row, 'damage');
  return damage === undefined ? log : { ...log, damage: decodeDamage(damage) };
}

export function writeLog(database: Database, { topicId, partition }: PartitionKey, log: Log): void {
  const damage = log.damage === undefined ? null : encodeDamage(log.damage);
  database.statement(REPLACE_LOG).run(topicId, partition, log.segmentedTo, log.floor, damage);
}

export function readSegment(
  database: Database,
  { topicId, partition }: PartitionKey,
  baseOffset: bigint,
): Segment | undefined {
  const row = database.statement(SELECT_SEGMENT).get(topicId, partition, baseOffset);
  return row === undefined ? undefined : decodeSegment(row);
}

export function writeSegment(
  database: Database,
  { topicId, partition }: PartitionKey,
  segment: Segment,
): void {
  database
    .statement(REPLACE_SEGMENT)
    .run(
      topicId,
      partition,
      segment.baseOffset,
      segment.endOffset,
      segment.segmentId,
      segment.sizeBytes,
      segment.indexBytes,
      segment.timeIndexBytes,
      segment.recordCount,
      segment.maxTimestampMs,
      segment.largestTimestampMs,
      segment.firstTimestampMs,
      segment.cleanedTo,
    );
}

export function decodeSegment(row: Row): Segment {
  return {
    baseOffset: readBigint(row, 'base'),
    endOffset: readBigint(row, 'end'),
    segmentId: readText(row, 'ulid'),
    sizeBytes: readNumber(row, 'bytes'),
    indexBytes: readNumber(row, 'index_bytes'),
    timeIndexBytes: readNumber(row, 'time_index_bytes'),
    recordCount: readNumber(row, 'records'),
    maxTimestampMs: readNumber(row, 'max_time'),
    largestTimestampMs: readNumber(row, 'last_time'),
    firstTimestampMs: readNumber(row, 'first_time'),
    cleanedTo: readBigint(row, 'cleaned_to'),
  };
}

export function writeRetired(
  database: Database,
  { topicId, partition }: PartitionKey,
  { retiredId, segments }: Retired,
): void {
  const text = JSON.stringify(
    segments.map(({ baseOffset, segmentId, sizeBytes }) => [
      baseOffset.toString(),
      segmentId,
      sizeBytes,
    ]),
  );
  database.statement(REPLACE_RETIRED).run(topicId, partition, retiredId, text);
}

export function decodeRetired(row: Row): Retired {
  // The text is our own: only `writeRetired` writes it.
  const segments = JSON.parse(readText(row, 'segments')) as [string, string, number][];
  return {
    retiredId: readText(row, 'retired_id'),
    segments: segments.map(([baseOffset, segmentId, sizeBytes]) => ({
      baseOffset: BigInt(baseOffset),
      segmentId,
      sizeBytes,
    })),
  };
}

function encodeDamage({ key, offset, problem }: Damage): string {
  return JSON.stringify([key, offset.toString(), problem]);
}

function decodeDamage(text: string): Damage {
  const [key, offset, problem] = JSON.parse(text) as [string, string, string];
  return { key, offset: BigInt(offset), problem };
}
