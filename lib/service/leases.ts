// Who does a piece of background work: takes its lease, does it, gives it back. A job that died is taken over when its
// lease runs out; one that is slower than its lease does no harm, since what it commits is conditional.

import { ULID_RANDOM_BYTES, ulidOf } from '../ids.ts';
import { type BackgroundPorts, REPEATABLE } from './background-ports.ts';
import { withRetries } from './retry.ts';

/** What `work` answers, or `held`: somebody else is at it. */
export async function withLease<Answer>(
  ports: BackgroundPorts,
  lease: { readonly name: string; readonly leaseMs: number },
  work: () => Promise<Answer>,
): Promise<Answer | 'held'> {
  const { name, leaseMs } = lease;
  const nowMs = ports.clock.nowMs();
  const owner = ulidOf(nowMs, ports.random.randomBytes(ULID_RANDOM_BYTES));
  const request = { name, owner, nowMs, untilMs: nowMs + leaseMs };
  const taken = await withRetries(ports, () => ports.leases.takeLease(request), REPEATABLE);
  if (taken === 'held') return 'held';
  try {
    return await work();
  } finally {
    // What is not given back runs out.
    await ports.leases.releaseLease({ name, owner }).catch(() => undefined);
  }
}
