// The one bounded retry loop: storage requests that surely had no effect (throttled, conflict) go again, with full
// jitter between them, so that many writers of one key don't come back together.

import { StratalogError } from '../errors.ts';
import { STORAGE_ATTEMPTS_MAX, STORAGE_BACKOFF_MS_MAX, STORAGE_BACKOFF_MS_MIN } from '../limits.ts';
import type { Clock, RandomSource } from '../ports/environment.ts';

export interface RetryPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
}

/** A random pause before attempt `attempt` (1 is the first retry), at most double the one before. */
function backoffMs(random: RandomSource, attempt: number): number {
  const limit = Math.min(STORAGE_BACKOFF_MS_MAX, STORAGE_BACKOFF_MS_MIN * 2 ** attempt);
  const [high = 0, low = 0] = random.randomBytes(2);
  return Math.ceil((limit * (high * 256 + low)) / 65_536);
}

export async function pause(ports: RetryPorts, attempt: number): Promise<void> {
  await ports.clock.sleep(backoffMs(ports.random, attempt));
}

/** Whether a failure surely changed nothing and may be gone at the next try. */
export function isWithoutEffect(error: unknown): boolean {
  return error instanceof StratalogError && error.retriable && error.effect === 'none';
}

/**
 * Runs a storage request until it answers. Only for requests that may be repeated when their outcome is known to be
 * none; a failure with an unknown outcome is thrown at once unless `repeatable` (reads, and writes that are
 * idempotent).
 */
export async function withRetries<Answer>(
  ports: RetryPorts,
  request: () => Promise<Answer>,
  options: { readonly repeatable: boolean } = { repeatable: false },
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      const mayRepeat =
        isWithoutEffect(error) ||
        (options.repeatable && error instanceof StratalogError && error.retriable);
      if (!mayRepeat || attempt >= STORAGE_ATTEMPTS_MAX) throw error;
      await pause(ports, attempt);
    }
  }
}
