// Roller, merger, janitor and garbage collector lose nothing: whatever they change in the index or delete, every offset
// of a log is still covered by what the index names, and what it names is there. Log compaction takes only records whose
// key has a later one, and deletions of which nothing is left.

import type { Segment } from '../../../../lib/log/segment.ts';
import { decodeBatches } from '../batches.ts';
import type { StorageCall } from '../calls.ts';
import type { LogModel } from '../log-model.ts';
import type { Invariant, Observation } from '../observation.ts';
import type { PartitionModel, PlacedEntry } from '../partition-model.ts';

export class NoLossByCleanup implements Invariant {
  readonly name = 'no-loss-by-cleanup';
  readonly #log: LogModel;

  constructor(log: LogModel) {
    this.#log = log;
  }

  check(seen: Observation): string | undefined {
    if (seen.kind === 'damaged') return `${seen.what} was found damaged`;
    return seen.kind === 'call' ? this.#checkCall(seen.call) : undefined;
  }

  /** Called after the model has taken the request into account. */
  #checkCall(call: StorageCall): string | undefined {
    switch (call.method) {
      case 'putPage': {
        const [key, page] = call.asked;
        if (call.answer.kind !== 'stored') return undefined;
        const model = this.#log.partition(key);
        return checkPage(model, model.pages.get(Number(page.baseOffset)) ?? []);
      }
      case 'trimTail':
        if (call.answer !== 'trimmed') return undefined;
        return checkCovered(this.#log.partition(call.asked[0].partition));
      case 'commitSegment':
        if (call.answer !== 'committed') return undefined;
        return this.#checkSegment(this.#log.partition(call.asked[0]), call.asked[1]);
      case 'replaceSegments': {
        const [{ partition, by }] = call.asked;
        if (call.answer !== 'replaced' || by === undefined) return undefined;
        return this.#checkSegment(this.#log.partition(partition), by);
      }
      case 'deletePages':
        return checkCovered(this.#log.partition(call.asked[0]));
      case 'deleteObjects':
        return this.#checkDeleted(call.asked[0]);
      default:
        return undefined;
    }
  }

  #checkSegment(model: PartitionModel, segment: Segment): string | undefined {
    const base = Number(segment.baseOffset);
    const what = `the segment ${base} to ${segment.endOffset} of ${model.name}`;
    const key = model.segments.get(base)?.key;
    const bytes = key === undefined ? new Uint8Array() : this.#log.objects.get(key);
    if (bytes === undefined) return `${what} is named, and its object isn't there`;
    const records = decodeBatches(bytes).flatMap((batch) => batch.records);
    const held = new Set(records.map(({ offset }) => offset));
    const wrong = records.find(({ offset, id }) => model.ids[offset] !== id);
    if (wrong !== undefined) return `${what} has ${wrong.id} at ${wrong.offset}, where it isn't`;
    for (let offset = base; offset < Number(segment.endOffset); offset += 1) {
      if (!held.has(offset)) model.removed.add(offset);
    }
    const wrongKey = model.wrongKey();
    return wrongKey === undefined ? undefined : `${what} lacks what is to stay of key ${wrongKey}`;
  }

  #checkDeleted(keys: readonly string[]): string | undefined {
    const deleted = new Set(keys.map((key) => key.slice(key.lastIndexOf('/') + 1)));
    for (const model of this.#log.alivePartitions()) {
      const entries = [...model.tail, ...[...model.pages.values()].flat()];
      const named = entries.find(
        ({ objectId, endOffset }) => endOffset > model.coveredTo && deleted.has(objectId),
      );
      if (named !== undefined) {
        return `object ${named.objectId} was deleted, which ${model.name} names at ${named.baseOffset}`;
      }
      for (const { key, endOffset } of model.segments.values()) {
        if (key !== undefined && endOffset > model.logStart && keys.includes(key)) {
          return `object ${key} was deleted, which ${model.name} names`;
        }
      }
    }
    return undefined;
  }
}

/** Every offset is below the log's start, in a segment, in a page, or in the tail. */
function checkCovered(model: PartitionModel): string | undefined {
  const begin = model.tail[0]?.baseOffset ?? model.next;
  if (begin !== model.tailBase) {
    return `the tail of ${model.name} was trimmed to ${model.tailBase}, and its entries begin at ${begin}`;
  }
  let covered = begin;
  const pages = [...model.pages].sort(([left], [right]) => right - left);
  for (const [baseOffset, entries] of pages) {
    const end = entries.at(-1)?.endOffset ?? baseOffset;
    if (end >= covered && baseOffset < covered) covered = baseOffset;
  }
  if (covered <= model.coveredTo) return undefined;
  return `offsets ${model.coveredTo} to ${covered} of ${model.name} are in no segment, in no page and not in the tail`;
}

/** Names what was appended there. */
function checkPage(model: PartitionModel, entries: readonly PlacedEntry[]): string | undefined {
  for (const entry of entries) {
    const inTail = model.tail.find(({ baseOffset }) => baseOffset === entry.baseOffset);
    const same =
      inTail === undefined ||
      (inTail.objectId === entry.objectId && inTail.endOffset === entry.endOffset);
    if (!same) {
      return `a page of ${model.name} says that ${entry.baseOffset} is in ${entry.objectId}, where it isn't`;
    }
  }
  return undefined;
}
