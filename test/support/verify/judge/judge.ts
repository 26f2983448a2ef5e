// The judge: takes what was seen and what lies in the log in the end, and says which promises were broken. It knows
// nothing of how the log works, and reads no clock.

import {
  type History,
  type Pipeline,
  pipelineWriter,
  recordId,
  type StoredLog,
  topicOf,
} from '../history.ts';
import type { Finding } from './findings.ts';
import { finding } from './findings.ts';
import { judgeGroups } from './groups.ts';
import { judgePipeline } from './pipeline.ts';
import { judgeCuts, judgeOffsets, judgeReadings } from './readings.ts';
import { judgeSends } from './sends.ts';
import { StoredIndex } from './stored-index.ts';
import { judgeTransactions } from './transactions.ts';

export function judge(history: History, log: StoredLog, pipeline?: Pipeline): Finding[] {
  const stored = new StoredIndex(log);
  return [
    ...judgeSends(history.sends, stored),
    ...judgeTransactions(history.transactions, history.initialized, stored),
    ...judgeOffsets(log),
    ...judgeReadings(history.readings, log),
    ...judgeCuts(history.readings, history.transactions),
    ...judgeGroups(history),
    ...(pipeline === undefined ? [] : judgePipeline(pipeline, log, stored)),
    ...judgeOrigins(history, { log, stored, pipeline }),
  ];
}

/** Nothing is in the log that nobody sent. */
function judgeOrigins(
  { sends, transactions }: History,
  {
    log,
    stored,
    pipeline,
  }: { log: StoredLog; stored: StoredIndex; pipeline: Pipeline | undefined },
): Finding[] {
  const known = new Set<string>();
  const add = (writer: string, first: number, count: number): void => {
    for (let at = 0; at < count; at += 1) known.add(recordId(writer, first + at));
  };
  for (const { writer, first, count } of sends) add(writer, first, count);
  for (const { writer, parts } of transactions) {
    for (const { first, count } of parts) add(writer, first, count);
  }
  for (const [place, records] of log) {
    const isInput = topicOf(place) === pipeline?.inputTopic;
    if (isInput) add(pipelineWriter(place), 0, records.length);
  }
  return [...stored.ids()].filter((id) => !known.has(id)).map((id) => finding('invented', id));
}
