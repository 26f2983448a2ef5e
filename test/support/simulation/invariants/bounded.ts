// What an append and a fetch cost doesn't grow with the log: measured when everything has come to rest.

import type { Cost, Invariant, Observation } from '../observation.ts';

/** At most so many requests of each kind, for one partition of a topic that the process doesn't know yet. */
const BOUNDS: Readonly<Record<Cost['operation'], Readonly<Record<string, number>>>> = {
  append: { getTopic: 1, putObject: 1, appendToHead: 1, putPage: 1, trimTail: 1 },
  // A page that a merger left behind, and whose bytes are gone, is found out by them; then the head is looked at afresh.
  fetch: { getTopic: 1, readHeads: 2, findPages: 1, findSegments: 1, getRange: 3 },
};

export class Bounded implements Invariant {
  readonly name = 'bounded';

  check(seen: Observation): string | undefined {
    if (seen.kind !== 'cost') return undefined;
    const bounds = BOUNDS[seen.operation];
    for (const [method, count] of Object.entries(seen.requests)) {
      const most = bounds[method] ?? 0;
      if (count > most)
        return `one ${seen.operation} took ${count} times ${method}, at most ${most}`;
    }
    return undefined;
  }
}
