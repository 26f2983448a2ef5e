// Offsets are 0, 1, 2 … with no gap and no reuse: an offset has one record for ever, and it is the one that was put there.

import type { ReadRecord } from '../batches.ts';
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
    const { topicName, partition, who, records, nextOffset } = read;
    let next = read.offset;
    for (const record of records) {
      const problem =
        this.#checkGap(read, { from: next, to: record.offset }, tick) ??
        this.#checkRecord(read, record, tick);
      if (problem !== undefined) return problem;
      next = record.offset + 1;
    }
    if (next > nextOffset) {
      return `${who} read ${topicName}/${partition} up to ${next} and was told to go on at ${nextOffset}`;
    }
    return this.#checkGap(read, { from: next, to: nextOffset }, tick);
  }

  /** Only log compaction leaves gaps. */
  #checkGap(
    { who, topicName, partition, askedTick }: Read,
    gap: { readonly from: number; readonly to: number },
    tick: number,
  ): string | undefined {
    if (gap.from === gap.to) return undefined;
    const models = this.#log
      .livesDuring(topicName, askedTick, tick)
      .map(({ topicId }) => this.#log.partition({ topicId, partition }));
    for (let offset = gap.from; offset < gap.to; offset += 1) {
      if (!models.some(({ removed }) => removed.has(offset))) {
        return `${who} read ${topicName}/${partition} and did not get offset ${offset}`;
      }
    }
    return undefined;
  }

  #checkRecord(
    { who, topicName, partition, askedTick }: Read,
    { offset, id }: ReadRecord,
    tick: number,
  ): string | undefined {
    const alive = this.#log.livesDuring(topicName, askedTick, tick);
    const holds = alive.some(
      ({ topicId }) => this.#log.partition({ topicId, partition }).ids[offset] === id,
    );
    if (holds) return undefined;
    const place = this.#log.placeOf(id);
    const where = place === undefined ? 'nowhere' : `at ${place.partition.name} ${place.offset}`;
    return `${who} read ${id} at ${topicName}/${partition} offset ${offset}; it was put ${where}`;
  }
}

function checkPlaced({ partition, answeredNext }: Placed): string | undefined {
  if (answeredNext === undefined || answeredNext === partition.next) return undefined;
  return `an append to ${partition.name} was told that ${answeredNext} is next, where ${partition.next} is`;
}
