// How long to wait before another try: exponential, with jitter, and never less than the log asked for.
// The names of the options are kafkajs's.

import { setTimeout as sleep } from 'node:timers/promises';
import { isRetriable, StratalogConnectionError, StratalogRequestError } from './errors.ts';

export interface RetryOptions {
  /** Tries after the first; default 8. */
  readonly retries?: number;
  /** Milliseconds before the second try; default 100. */
  readonly initialRetryTime?: number;
  /** Milliseconds between two tries at most; default 30 s. */
  readonly maxRetryTime?: number;
  /** Each wait is this many times the one before; default 2. */
  readonly multiplier?: number;
  /** Share of a wait that is left to chance, 0 to 1; default 0.2. */
  readonly factor?: number;
}

export const RETRY_DEFAULTS: Required<RetryOptions> = {
  retries: 8,
  initialRetryTime: 100,
  maxRetryTime: 30_000,
  multiplier: 2,
  factor: 0.2,
};

/** Who asks for more is asked again all the same: nobody waits for an hour without a word. */
const RETRY_AFTER_MS_MAX = 60_000;

/** Milliseconds to wait after try number `attempt` (from 1) failed with `error`; `chance` is from 0 to 1. */
export function backoffMs(
  attempt: number,
  options: Required<RetryOptions>,
  chance: number,
  error?: unknown,
): number {
  const { initialRetryTime, maxRetryTime, multiplier, factor } = options;
  const whole = Math.min(maxRetryTime, initialRetryTime * multiplier ** (attempt - 1));
  const jittered = whole * (1 + factor * (2 * chance - 1));
  const asked = error instanceof StratalogRequestError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(Math.round(jittered), Math.min(asked, RETRY_AFTER_MS_MAX));
}

/** Waits, or returns early when `signal` is aborted; says whether it was. */
export async function pause(delayMs: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return true;
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
    return false;
  } catch {
    return true;
  }
}

/** Whether a failure is of the moment: busy, overloaded, unreachable. What a code says of one topic is not. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StratalogConnectionError) return true;
  return (
    error instanceof StratalogRequestError &&
    isRetriable(error) &&
    (error.status === 429 || error.status >= 500)
  );
}

/** Runs `attempt` until it succeeds, fails for good, or has failed `retries + 1` times. */
export async function withRetries<Result>(
  attempt: () => Promise<Result>,
  options: Required<RetryOptions>,
  context: {
    readonly shouldRetry?: (error: unknown) => boolean;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Result> {
  const { shouldRetry = isTransient, signal } = context;
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries > options.retries || !shouldRetry(error)) throw error;
      if (await pause(backoffMs(tries, options, Math.random(), error), signal)) throw error;
    }
  }
}
