// Exactly once from end to end: what a pipeline made of its input.

import { type Pipeline, pipelineWriter, recordId, type StoredLog, topicOf } from '../history.ts';
import { type Finding, type FindingKind, finding } from './findings.ts';
import type { StoredIndex } from './stored-index.ts';

/** Below what is committed every input record is in the output once, and beyond it none is. */
export function judgePipeline(
  { inputTopic, outputTopic, committed }: Pipeline,
  log: StoredLog,
  stored: StoredIndex,
): Finding[] {
  const found: Finding[] = [];
  for (const [place, records] of log) {
    if (topicOf(place) !== inputTopic) continue;
    const end = committed.get(place) ?? 0;
    for (const { offset, id } of records) {
      const copies = stored
        .all(recordId(pipelineWriter(place), offset))
        .filter((copy) => topicOf(copy.place) === outputTopic);
      const kind = kindOf(copies.length, offset < end);
      if (kind === undefined) continue;
      const story = `${id} at ${place}@${offset}: ${copies.length} copies, ${end} is committed`;
      found.push(finding(kind, story));
    }
  }
  return found;
}

function kindOf(copyCount: number, isCommitted: boolean): FindingKind | undefined {
  if (copyCount > 1) return 'copiedTwice';
  if (copyCount === (isCommitted ? 1 : 0)) return undefined;
  return isCommitted ? 'notCopied' : 'tornTransactions';
}
