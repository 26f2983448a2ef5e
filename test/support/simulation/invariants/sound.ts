// Nothing but failures of the world comes out of a service: anything else is a bug, an assertion that failed for one.

import type { Invariant, Observation } from '../observation.ts';

export class Sound implements Invariant {
  readonly name = 'sound';

  check(seen: Observation): string | undefined {
    if (seen.kind !== 'bug') return undefined;
    const { error, who } = seen;
    return `${who}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}
