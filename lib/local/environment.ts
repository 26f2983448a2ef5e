// This machine as a service sees it: its clock, its random source, and a queue in this process for what is appended
// after it was answered (acks=0).

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StratalogError } from '../errors.ts';
import { LATE_APPEND_BYTES_MAX, LATE_APPENDS_MAX } from '../limits.ts';
import type { Clock, Invoker, LateAppend, RandomSource } from '../ports/environment.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(delayMs, signal) {
    if (signal?.aborted === true) return;
    const options = signal === undefined ? {} : { signal };
    // Aborted is over as well: the sleeper looks at the signal itself.
    await delay(delayMs, undefined, options).catch(() => undefined);
  },
};

export const systemRandom: RandomSource = {
  randomBytes: (count) => randomBytes(count),
};

/** Appends what was answered before; at most so many requests, and so many bytes, wait at once. */
export interface LateQueue extends Invoker {
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

export function createLateQueue(append: (late: LateAppend) => Promise<unknown>): LateQueue {
  const running = new Set<Promise<void>>();
  let waitingBytes = 0;

  async function run(late: LateAppend): Promise<void> {
    try {
      await append(late);
    } catch (error) {
      // Nobody waits for the answer: acks=0 is best effort.
      if (!(error instanceof StratalogError)) throw error;
    }
  }

  return {
    async appendLater(late) {
      const bytes = late.partitions.reduce((sum, { batches }) => sum + batches.length, 0);
      if (running.size >= LATE_APPENDS_MAX || waitingBytes + bytes > LATE_APPEND_BYTES_MAX) {
        throw new StratalogError(
          'THROTTLED',
          `${running.size} requests of ${waitingBytes} bytes with acks=0 wait to be stored, and no more can; send with acks=1, or later`,
        );
      }
      waitingBytes += bytes;
      const work = run(late).finally(() => {
        waitingBytes -= bytes;
        running.delete(work);
      });
      running.add(work);
    },
    async drain() {
      await Promise.all(running);
    },
  };
}
