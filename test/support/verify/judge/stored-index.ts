// Where each record lies in the log, by its id: what all judges look things up in.

import type { StoredLog } from '../history.ts';

export interface Location {
  readonly place: string;
  readonly offset: number;
}

export class StoredIndex {
  readonly #locations = new Map<string, Location[]>();

  constructor(log: StoredLog) {
    for (const [place, records] of log) {
      for (const { id, offset } of records) {
        const known = this.#locations.get(id);
        if (known === undefined) this.#locations.set(id, [{ place, offset }]);
        else known.push({ place, offset });
      }
    }
  }

  ids(): Iterable<string> {
    return this.#locations.keys();
  }

  /** Everywhere it lies, in no order across partitions. */
  all(id: string): readonly Location[] {
    return this.#locations.get(id) ?? [];
  }

  isIn(id: string, place: string): boolean {
    return this.all(id).some((location) => location.place === place);
  }
}
