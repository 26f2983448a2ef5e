// What acts in a simulation: a process of its own that asks servers, over a network that may lose the question or the
// answer. Whoever gets no answer doesn't know what became of it.

import { StratalogError } from '../../../lib/errors.ts';
import { shorten } from './history.ts';
import { SimulatedProcess } from './process.ts';
import type { Served, Server } from './server.ts';
import { wayMs } from './weather.ts';
import type { World } from './world.ts';

const ENDING_PACE_MS = 300;
const ENDING_PATIENCE_MS = 60_000;

/** `lost`: nobody answered, and nobody knows. `failed`: the storage did, as the service said. */
export type Outcome<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer; readonly askedTick: number }
  | { readonly kind: 'failed'; readonly error: StratalogError }
  | { readonly kind: 'lost' };

/** What an actor does from its start, and again after every restart. */
export type Run = (client: Client) => Promise<void>;

export class Client {
  readonly world: World;
  readonly process: SimulatedProcess;
  /** Started once, and after every crash again. */
  starts = 0;
  /** It has done what it does in its present life. */
  isDone = false;

  constructor(world: World, name: string, run: Run) {
    this.world = world;
    const { scheduler, dice } = world;
    let isMade = false;
    const start = (): void => {
      this.starts += 1;
      const { starts } = this;
      this.isDone = false;
      const done = run(this).then(() => {
        if (this.starts === starts) this.isDone = true;
      });
      world.watch(name, done);
    };
    this.process = new SimulatedProcess(name, { scheduler, dice, skewMs: 0 }, () => {
      if (isMade) start();
    });
    isMade = true;
    start();
  }

  get name(): string {
    return this.process.name;
  }

  get dice(): SimulatedProcess['dice'] {
    return this.process.dice;
  }

  sleep(delayMs: number): Promise<void> {
    return this.process.sleep(delayMs);
  }

  /** Thinks for a while; at the end there is no hurry. */
  think(): Promise<void> {
    const { scenario, isEnding } = this.world;
    return this.sleep(this.dice.waitMs(isEnding ? ENDING_PACE_MS : scenario.paceMs));
  }

  note(what: () => string): void {
    this.world.history.note(this.name, what);
  }

  /** Asks one of the servers. `what` names the question in the history. */
  ask<Answer>(what: string, work: (served: Served) => Promise<Answer>): Promise<Outcome<Answer>> {
    const { world, dice, process } = this;
    const server = dice.pick(world.servers);
    const askedTick = world.tick;
    this.note(() => `asks ${server.process.name}: ${what}`);
    return new Promise((resolve) => {
      const hear = (outcome: Outcome<Answer>): void => {
        if (outcome.kind !== 'lost') this.note(() => `hears of ${what}: ${describe(outcome)}`);
        resolve(outcome);
      };
      const { life } = process;
      process.later(world.isEnding ? ENDING_PATIENCE_MS : world.scenario.patienceMs, () =>
        resolve({ kind: 'lost' }),
      );
      if (dice.chance(world.weather.lost)) return;
      const answerLost = dice.chance(world.weather.answerLost);
      world.scheduler.after(this.#wayMs(), () => {
        this.#serve(server, work, (outcome) => {
          if (answerLost) return;
          world.scheduler.after(this.#wayMs(), () =>
            process.reach(life, () =>
              hear(outcome.kind === 'answered' ? { ...outcome, askedTick } : outcome),
            ),
          );
        });
      });
    });
  }

  #wayMs(): number {
    const { weather, scenario, isEnding } = this.world;
    const slow = isEnding ? 0 : Math.max(weather.slow, scenario.clientSlow);
    return wayMs({ ...weather, slow }, this.dice);
  }

  #serve<Answer>(
    server: Server,
    work: (served: Served) => Promise<Answer>,
    answer: (outcome: Outcome<Answer>) => void,
  ): void {
    const { process } = server;
    process.reach(process.life, () => {
      work(server.served).then(
        (value) => answer({ kind: 'answered', answer: value, askedTick: 0 }),
        (error: unknown) => {
          if (error instanceof StratalogError) answer({ kind: 'failed', error });
          else this.world.report({ kind: 'bug', who: process.name, error });
        },
      );
    });
  }
}

function describe(outcome: Outcome<unknown>): string {
  if (outcome.kind === 'answered') return shorten(outcome.answer);
  return outcome.kind === 'failed' ? shorten(outcome.error) : 'nothing';
}
