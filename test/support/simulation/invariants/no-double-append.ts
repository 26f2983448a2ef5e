// An idempotent producer's batch is there once, whatever is retried; so is the batch of one request of any producer,
// since what a plain producer sends again has another value here. A topic that was created again shares nothing with the
// one before, so a batch that was sent to both may be in both.

import type { Invariant, Observation } from '../observation.ts';

export class NoDoubleAppend implements Invariant {
  readonly name = 'no-double-append';
  readonly #places = new Map<string, string>();

  check(seen: Observation): string | undefined {
    if (seen.kind !== 'placed') return undefined;
    for (const { ids, baseOffset } of seen.batches) {
      for (const [index, value] of ids.entries()) {
        const place = `${seen.partition.name} offset ${baseOffset + index}`;
        const name = `${seen.partition.topicId} ${value}`;
        const before = this.#places.get(name);
        if (value !== '?' && before !== undefined)
          return `${value} is at ${before} and at ${place}`;
        this.#places.set(name, place);
      }
    }
    return undefined;
  }
}
