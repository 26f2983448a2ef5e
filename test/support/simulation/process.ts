// A process that may be paused (nothing that it waits for reaches it until it wakes) and may crash (nothing that it
// waits for ever reaches it; what it has sent is on its way all the same). It has a clock of its own, which may be off.

import type { Clock } from '../../../lib/ports/environment.ts';
import type { Dice } from './dice.ts';
import type { Scheduler } from './scheduler.ts';

export class SimulatedProcess {
  readonly name: string;
  readonly dice: Dice;
  readonly clock: Clock;
  isAlive = true;
  /** Raised by every crash: what was waited for before is waited for by nobody. */
  life = 1;
  pausedUntilMs = 0;
  readonly #scheduler: Scheduler;
  readonly #onStart: () => void;

  /** `onStart` runs now and at every restart. */
  constructor(
    name: string,
    parts: { readonly scheduler: Scheduler; readonly dice: Dice; readonly skewMs: number },
    onStart: (process: SimulatedProcess) => void,
  ) {
    const { scheduler, dice, skewMs } = parts;
    this.name = name;
    this.dice = dice.fork(name);
    this.#scheduler = scheduler;
    this.#onStart = () => onStart(this);
    this.clock = {
      nowMs: () => scheduler.nowMs + skewMs,
      sleep: (delayMs, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) resolve();
          else this.later(delayMs, resolve);
        }),
    };
    this.#onStart();
  }

  sleep(delayMs: number): Promise<void> {
    return this.clock.sleep(delayMs);
  }

  /** Something that reaches this process after a while, if it still lives its present life then. */
  later(delayMs: number, happen: () => void): void {
    const { life } = this;
    this.#scheduler.after(delayMs, () => this.reach(life, happen));
  }

  /** Something reaches this process now, or when it wakes; never, when that life of it is over. */
  reach(life: number, happen: () => void): void {
    if (!this.isAlive || this.life !== life) return;
    const leftMs = this.pausedUntilMs - this.#scheduler.nowMs;
    if (leftMs > 0) this.#scheduler.after(leftMs, () => this.reach(life, happen));
    else happen();
  }

  crash(): void {
    this.isAlive = false;
    this.life += 1;
  }

  restart(): void {
    if (this.isAlive) return;
    this.isAlive = true;
    this.pausedUntilMs = 0;
    this.#onStart();
  }
}
