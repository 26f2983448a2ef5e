// One simulated world: the storage, the servers that reach it through the wire, the clients that ask them, and the
// models that everything seen is compared with. It ends with the first broken promise, or when all has come to rest.

import type { LateAppend } from '../../../lib/ports/environment.ts';
import { createLocalStorage } from '../../../lib/storage/local/local-storage.ts';
import { cast } from './actors/cast.ts';
import { chaos } from './actors/chaos.ts';
import type { Member } from './actors/member.ts';
import { NO_BUG, type PlantedBug } from './bugs/planted-bug.ts';
import type { StorageCall, StoragePorts } from './calls.ts';
import { Client, type Run } from './client.ts';
import { Dice } from './dice.ts';
import { committedOffsets, GroupModel } from './group-model.ts';
import { History } from './history.ts';
import { allInvariants } from './invariants/all.ts';
import { LogModel } from './log-model.ts';
import type { Invariant, Observation } from './observation.ts';
import type { Scenario } from './scenario.ts';
import { Scheduler } from './scheduler.ts';
import { Server } from './server.ts';
import { CALM, type Weather, wayMs } from './weather.ts';
import { Wire } from './wire.ts';

export interface Violation {
  readonly invariant: string;
  readonly message: string;
  /** Requests that had been sent by then. */
  readonly step: number;
}

export interface WorldOptions {
  readonly bug?: PlantedBug;
  readonly keepHistory?: boolean;
}

export class World {
  readonly scenario: Scenario;
  readonly scheduler = new Scheduler();
  readonly dice: Dice;
  readonly history: History;
  readonly wire: Wire;
  readonly storage: StoragePorts;
  readonly servers: readonly Server[];
  readonly clients: Client[] = [];
  readonly log = new LogModel();
  readonly groups = new GroupModel();
  /** Observations so far. */
  tick = 1;
  weather: Weather = CALM;
  /** The steps are over: actors finish what they began. */
  isEnding = false;
  /** Members end, too. */
  isStopped = false;
  /** By client. */
  readonly members = new Map<string, Member>();
  violation: Violation | undefined;
  /** Appends with acks=0 that were handed over and haven't come. */
  handedOver = 0;
  /** Producer epochs, which outlive their producers. */
  readonly producerEpochs = new Map<number, number>();
  readonly #invariants: readonly Invariant[];
  readonly #close: () => Promise<void>;
  #failure: unknown;

  constructor(scenario: Scenario, options: WorldOptions = {}) {
    const bug = options.bug ?? NO_BUG;
    const { scheduler } = this;
    this.scenario = scenario;
    this.dice = new Dice(scenario.seed);
    this.history = new History(scheduler, options.keepHistory ?? false);
    const nowMs = (): number => scheduler.nowMs;
    const { close, ...storage } = createLocalStorage({ directory: ':memory:', nowMs, baseUrl });
    this.#close = close;
    this.storage = bug.below?.(storage, this) ?? storage;
    this.#invariants = allInvariants({ log: this.log, groups: this.groups, nowMs });
    this.wire = new Wire({
      scheduler,
      history: this.history,
      weather: () => this.weather,
      observe: (call, sender) => this.#observe(call, sender),
    });
    this.servers = Array.from({ length: scenario.servers }, (_, index) =>
      this.#serve(`server-${index + 1}`, bug),
    );
  }

  /** Runs the scenario to its end, or to the first violation. Throws only when the simulation itself is wrong. */
  async run(): Promise<Violation | undefined> {
    try {
      await this.#until(cast.prologue(this));
      this.weather = this.scenario.weather;
      cast.enter(this);
      this.client('chaos', chaos);
      const last = this.wire.sent + this.scenario.steps;
      await this.scheduler.run(() => this.#isOver() || this.wire.sent >= last);
      this.#clear();
      await this.#until(cast.epilogue(this));
      this.#checkEnd();
      if (this.#failure !== undefined) throw this.#failure;
      return this.violation;
    } finally {
      await this.#close();
    }
  }

  client(name: string, run: Run): Client {
    const client = new Client(this, name, run);
    this.clients.push(client);
    return client;
  }

  /** Somebody saw something: it is compared with every promise. */
  report(seen: Observation): void {
    this.tick += 1;
    for (const invariant of this.#invariants) {
      this.#judge(invariant, invariant.check(seen, this.tick));
    }
  }

  /** An actor's run must not fail. */
  watch(name: string, run: Promise<void>): void {
    run.catch((error: unknown) => {
      this.#failure ??= new Error(`${name} failed`, { cause: error });
    });
  }

  #observe(call: StorageCall, sender: string): void {
    const placed = this.log.apply(call, this.tick);
    this.report({ kind: 'call', call, sender });
    for (const each of placed) this.report(each);
    const offsets = committedOffsets(call);
    if (placed.length + offsets.length > 0) this.report({ kind: 'together', placed, offsets });
    this.groups.apply(call, this.scheduler.nowMs);
  }

  #judge({ name }: Invariant, message: string | undefined): void {
    if (message === undefined || this.violation !== undefined) return;
    this.violation = { invariant: name, message, step: this.wire.sent };
    this.history.note('VIOLATION', () => `${name}: ${message}`);
  }

  #checkEnd(): void {
    for (const invariant of this.#invariants) this.#judge(invariant, invariant.atEnd?.());
  }

  #isOver(): boolean {
    return this.violation !== undefined || this.#failure !== undefined;
  }

  /** The weather clears, and everybody is up. */
  #clear(): void {
    this.isEnding = true;
    this.weather = CALM;
    this.history.note('WORLD', () => 'the weather clears');
    for (const { process } of [...this.servers, ...this.clients]) {
      process.pausedUntilMs = 0;
      process.restart();
    }
  }

  async #until(work: Promise<void>): Promise<void> {
    let isDone = false;
    const done = work.then(() => {
      isDone = true;
    });
    await this.scheduler.run(() => isDone || this.#isOver());
    if (this.#isOver()) return;
    if (!isDone) throw new Error('nothing is left to happen, and something is still waited for');
    await done;
  }

  #serve(name: string, bug: PlantedBug): Server {
    const { scheduler, dice } = this;
    const skewed = dice.fork(`${name} clock`);
    return new Server(name, {
      scheduler,
      dice,
      skewMs: skewed.between(-this.scenario.skewMs, this.scenario.skewMs),
      reach: (process) => {
        const ports = this.wire.between(process, this.storage);
        return bug.above?.(ports, this, process) ?? ports;
      },
      random: (random) => bug.random?.(random) ?? random,
      appendLater: (request) => this.#appendLater(request),
      change: (served, ports) => bug.served?.(served, ports) ?? served,
    });
  }

  /** What was handed over with acks=0 comes at some time, and sometimes twice. */
  #appendLater(request: LateAppend): void {
    const { dice } = this;
    const deliveries = dice.chance(this.weather.answerLost) ? 2 : 1;
    for (let delivery = 1; delivery <= deliveries; delivery += 1) {
      this.handedOver += 1;
      this.scheduler.after(wayMs(this.weather, dice) * delivery * 10, () => {
        this.handedOver -= 1;
        const { process, served } = dice.pick(this.servers);
        process.reach(process.life, () => {
          served.append.append(request).catch((error: unknown) => {
            if (!isStratalogError(error)) this.report({ kind: 'bug', who: process.name, error });
          });
        });
      });
    }
  }
}

function baseUrl(): string {
  return 'http://127.0.0.1';
}

function isStratalogError(error: unknown): boolean {
  return error instanceof Error && error.name === 'StratalogError';
}
