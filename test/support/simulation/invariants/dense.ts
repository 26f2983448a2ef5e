// Offsets are 0, 1, 2 … with no gap and no reuse: an offset has one record for ever, and it is the one that was put there.

import type { LogModel } from '../log-model.ts';
import type { Invariant, Observation, Placed, Read } from '../observation.ts';

export class Dense implements Invariant {
  readonly name = 'dense';
  readonly #log: LogModel;

  constructor(log: LogModel) {
    this.#log = log;
  }

  check(seen: Observation, tick: number): string | undefined {
    switch (seen.kind) {
      case 'placed':
        return checkPlaced(seen);
      case 'read':
        return this.#checkRead(seen, tick);
      case 'acked':
        if (seen.matchOffset === undefined || seen.matchOffset === seen.baseOffset)
          return undefined;
        return `${seen.who} asked for offset ${seen.matchOffset} or nothing and got ${seen.baseOffset}`;
      default:
        return undefined;
    }
  }

  #checkRead(read: Read, tick: number): string | undefined {
    const { topicName, partition, who, records } = read;
    const place = `${topicName}/${partition}`;
    const first = records[0]?.offset ?? read.nextOffset;
    if (first > read.offset) return `${who} read ${place} from ${read.offset} on and got ${first}`;
    for (const [index, { offset, value }] of records.entries()) {
      if (offset !== first + index) {
        return `${who} read ${place} and got offset ${offset} where ${first + index} is next`;
      }
      const problem = this.#checkRecord(read, { offset, value }, tick);
      if (problem !== undefined) return problem;
    }
    const end = first + records.length;
    if (end === read.nextOffset) return undefined;
    return `${who} read ${place} up to ${end} and was told to go on at ${read.nextOffset}`;
  }

  #checkRecord(
    { who, topicName, partition, askedTick }: Read,
    record: { readonly offset: number; readonly value: string },
    tick: number,
  ): string | undefined {
    const { offset, value } = record;
    const alive = this.#log.livesDuring(topicName, askedTick, tick);
    const holds = alive.some(
      ({ topicId }) => this.#log.partition({ topicId, partition }).values[offset] === value,
    );
    if (holds) return undefined;
    const place = this.#log.placeOf(value);
    const where = place === undefined ? 'nowhere' : `at ${place.partition.name} ${place.offset}`;
    return `${who} read ${value} at ${topicName}/${partition} offset ${offset}; it was put ${where}`;
  }
}

function checkPlaced({ partition, answeredNext }: Placed): string | undefined {
  if (answeredNext === partition.next) return undefined;
  return `an append to ${partition.name} was told that ${answeredNext} is next, where ${partition.next} is`;
}
