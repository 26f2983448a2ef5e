// Roller, merger, janitor and garbage collector lose nothing: whatever they change in the index, every offset of a log
// is still covered by what the index names, and what it names is there.

import type { StorageCall } from '../calls.ts';
import type { LogModel, PartitionModel, PlacedEntry } from '../log-model.ts';
import type { Invariant, Observation } from '../observation.ts';

export class NoLossByCleanup implements Invariant {
  readonly name = 'no-loss-by-cleanup';
  readonly #log: LogModel;

  constructor(log: LogModel) {
    this.#log = log;
  }

  check(seen: Observation): string | undefined {
    return seen.kind === 'call' ? this.#checkCall(seen.call) : undefined;
  }

  /** Called after the model has taken the request into account. */
  #checkCall(call: StorageCall): string | undefined {
    switch (call.method) {
      case 'putPage': {
        const [key, page] = call.asked;
        if (call.answer.kind !== 'stored') return undefined;
        const model = this.#log.partition(key);
        return checkRun(model, model.pages.get(Number(page.baseOffset)) ?? [], 'a page');
      }
      case 'trimTail':
        return call.answer === 'trimmed'
          ? checkTail(this.#log.partition(call.asked[0].partition))
          : undefined;
      default:
        return undefined;
    }
  }
}

function checkTail(model: PartitionModel): string | undefined {
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
  if (covered <= model.logStart) return undefined;
  return `offsets ${model.logStart} to ${covered} of ${model.name} are in no page and not in the tail`;
}

/** Names what was appended there. */
function checkRun(
  model: PartitionModel,
  entries: readonly PlacedEntry[],
  what: string,
): string | undefined {
  for (const entry of entries) {
    const inTail = model.tail.find(({ baseOffset }) => baseOffset === entry.baseOffset);
    const same =
      inTail === undefined ||
      (inTail.objectId === entry.objectId && inTail.endOffset === entry.endOffset);
    if (!same)
      return `${what} of ${model.name} says that ${entry.baseOffset} is in ${entry.objectId}, where it isn't`;
  }
  return undefined;
}
