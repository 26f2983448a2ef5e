// A reader never sees an offset whose bytes can't be read.

import type { LogModel } from '../log-model.ts';
import type { Invariant, Observation, ReadFailed } from '../observation.ts';

export class VisibleOnceComplete implements Invariant {
  readonly name = 'visible-once-complete';
  readonly #log: LogModel;

  constructor(log: LogModel) {
    this.#log = log;
  }

  check(seen: Observation, tick: number): string | undefined {
    switch (seen.kind) {
      case 'placed': {
        const [missing] = seen.missing;
        if (missing === undefined) return undefined;
        return `${seen.partition.name} names object ${missing}, which isn't there`;
      }
      case 'read': {
        const last = seen.records.at(-1)?.offset ?? -1;
        if (last < seen.highWatermark) return undefined;
        return `${seen.who} read offset ${last} of ${seen.topicName}/${seen.partition}, which ends at ${seen.highWatermark}`;
      }
      case 'read failed':
        return this.#checkFailed(seen, tick);
      default:
        return undefined;
    }
  }

  #checkFailed(failed: ReadFailed, tick: number): string | undefined {
    const { topicName, partition, offset } = failed;
    const model = this.#log.partitionThrough(failed, tick);
    // Metadata that are behind say that there is no such partition, and are looked up again the next time.
    if (failed.code === 'OFFSET_OUT_OF_RANGE' || failed.code === 'UNKNOWN_PARTITION')
      return undefined;
    if (model === undefined || offset < model.logStart || offset > model.next) return undefined;
    // A process that knows the topic of that name before this one hears of the new one the next time.
    const isReborn = this.#log.lives.filter(({ name }) => name === topicName).length > 1;
    if (isReborn && failed.code === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
    return `${failed.who} can't read ${topicName}/${partition} at ${offset}: ${failed.code}, ${failed.message}`;
  }
}
