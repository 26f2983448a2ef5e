// Who does a piece of background work: takes its lease, does it, gives it back. A job that died is taken over when its
// lease runs out; one that is slower than its lease does no harm, since what it commits is conditional.

import { ULID_RANDOM_BYTES, ulidOf } from '../../ids.ts';
import { JOB_GETS_AT_ONCE } from '../../limits.ts';
import { mapInParallel } from '../parallel.ts';
import { withRetries } from '../retry.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';

/** What `work` answers, or `held`: somebody else is at it. */
export async function withLease<Answer>(
  ports: BackgroundPorts,
  lease: { readonly name: string; readonly leaseMs: number },
  work: () => Promise<Answer>,
): Promise<Answer | 'held'> {
  const { name, leaseMs } = lease;
  return await withLeases(ports, { names: [name], leaseMs }, async ({ length }) =>
    length === 0 ? 'held' : await work(),
  );
}

/** Takes the leases that nobody else holds, does the work of these (by their places), and gives them back. */
export async function withLeases<Answer>(
  ports: BackgroundPorts,
  leases: { readonly names: readonly string[]; readonly leaseMs: number },
  work: (taken: readonly number[]) => Promise<Answer>,
): Promise<Answer> {
  const { names, leaseMs } = leases;
  const nowMs = ports.clock.nowMs();
  const owner = ulidOf(nowMs, ports.random.randomBytes(ULID_RANDOM_BYTES));
  const taken: number[] = [];
  try {
    await mapInParallel([...names.keys()], JOB_GETS_AT_ONCE, async (place) => {
      const request = { name: names[place] ?? '', owner, nowMs, untilMs: nowMs + leaseMs };
      const outcome = await withRetries(ports, () => ports.leases.takeLease(request), REPEATABLE);
      if (outcome === 'taken') taken.push(place);
    });
    return await work(taken.sort((left, right) => left - right));
  } finally {
    // What is not given back runs out.
    await mapInParallel(taken, JOB_GETS_AT_ONCE, async (place) => {
      const lease = { name: names[place] ?? '', owner };
      await ports.leases.releaseLease(lease).catch(() => undefined);
    });
  }
}
