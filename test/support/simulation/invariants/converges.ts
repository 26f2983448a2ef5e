// In calm weather everything comes to rest: producers get their answers, every partition gets a member, every log can be
// read to its end.

import type { Invariant, Observation } from '../observation.ts';

export class Converges implements Invariant {
  readonly name = 'converges';

  check(seen: Observation): string | undefined {
    return seen.kind === 'restless' ? `${seen.what} did not come to rest` : undefined;
  }
}
