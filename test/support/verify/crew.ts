// The processes of a verification: starts them, kills them with signal 9 and starts others in their places, stops some in
// the middle of what they do and lets them go on when somebody else has their work, and ends them in the end.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Role, SESSION_TIMEOUT_MS, type WorkerSettings } from './worker-settings.ts';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const RESTART_PAUSE_MS = 300;
/** Longer than a session: a member that is stopped for so long is put out of its group. */
const STOPPED_MS = SESSION_TIMEOUT_MS + 2_000;
/** A zombie that goes on has so long to do what it still wants to. */
const ZOMBIE_MS = 5_000;
const FINISH_MS = 30_000;
const BEGIN_MS = 60_000;

export interface CrewNews {
  starts: number;
  kills: number;
  /** Stopped for a while, and let go on. */
  stops: number;
  /** Ended by themselves: fenced, or given up. */
  ends: number;
}

type Common = Omit<WorkerSettings, 'role' | 'slot' | 'process' | 'historyFile'>;

interface Worker {
  readonly role: Role;
  readonly slot: string;
  readonly child: ChildProcess;
}

export class Crew {
  readonly news: CrewNews = { starts: 0, kills: 0, stops: 0, ends: 0 };
  readonly historyFiles: string[] = [];
  readonly #common: Common;
  readonly #folder: string;
  /** By slot: who has it now. */
  readonly #current = new Map<string, Worker>();
  readonly #all = new Set<Worker>();
  readonly #closedRoles = new Set<Role>();
  readonly #underWay = new Set<Promise<void>>();
  #strikes = 0;

  constructor(common: Common, folder: string) {
    this.#common = common;
    this.#folder = folder;
  }

  start(role: Role, slot: string): void {
    this.news.starts += 1;
    const name = `${slot}.${this.news.starts}`;
    const historyFile = join(this.#folder, `${name}.jsonl`);
    const flags = ['--disable-warning=ExperimentalWarning', WORKER];
    const child = spawn(process.execPath, flags, { stdio: ['pipe', 'ignore', 'inherit'] });
    const worker = { role, slot, child };
    // Who is killed before it has heard what to do has nothing to answer.
    child.stdin?.on('error', () => undefined);
    const settings: WorkerSettings = { ...this.#common, role, slot, process: name, historyFile };
    child.stdin?.write(`${JSON.stringify(settings)}\n`);
    child.once('exit', (_code, signal) => this.#exited(worker, signal));
    this.historyFiles.push(historyFile);
    this.#current.set(slot, worker);
    this.#all.add(worker);
  }

  /** Resolves when everybody has done something, or after a minute: where nothing works there is nothing to wait for. */
  async atWork(interrupted: AbortSignal): Promise<void> {
    const deadline = performance.now() + BEGIN_MS;
    const isIdle = (file: string): boolean =>
      (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0;
    while (this.historyFiles.some(isIdle) && performance.now() < deadline) {
      interrupted.throwIfAborted();
      await sleep(50);
    }
  }

  /** Does something nasty to one of them: three of five are killed. */
  strike(random: () => number): void {
    const victims = [...this.#current.values()].filter(({ role }) => role !== 'reader');
    const victim = victims[Math.floor(random() * victims.length)];
    if (victim === undefined) return;
    this.#strikes += 1;
    if (this.#strikes % 5 < 3) {
      this.news.kills += 1;
      victim.child.kill('SIGKILL');
      return;
    }
    const halted = this.#halt(victim).finally(() => this.#underWay.delete(halted));
    this.#underWay.add(halted);
  }

  /** Lets those of these roles finish what they do; who doesn't in time is killed. */
  async finish(roles: readonly Role[]): Promise<void> {
    for (const role of roles) this.#closedRoles.add(role);
    await Promise.all(this.#underWay);
    const leaving = [...this.#all].filter(({ role }) => roles.includes(role));
    await Promise.all(leaving.map(({ child }) => end(child)));
  }

  /** In a hurry. */
  killAll(): void {
    for (const role of [
      'plain',
      'idempotent',
      'transactional',
      'consumer',
      'pipeline',
      'reader',
    ] as const) {
      this.#closedRoles.add(role);
    }
    for (const { child } of this.#all) child.kill('SIGKILL');
  }

  /**
   * Stops it in the middle of whatever it does. Who has a transactional id gets a successor meanwhile; then it goes on as
   * if nothing had been.
   */
  async #halt(victim: Worker): Promise<void> {
    const { role, slot, child } = victim;
    this.news.stops += 1;
    child.kill('SIGSTOP');
    const isReplaced = role === 'transactional' || role === 'pipeline';
    if (isReplaced) this.start(role, slot);
    else this.#current.delete(slot);
    await sleep(STOPPED_MS);
    child.kill('SIGCONT');
    if (!isReplaced) {
      if (child.exitCode === null) this.#current.set(slot, victim);
      return;
    }
    await sleep(ZOMBIE_MS);
    await end(child);
  }

  #exited(worker: Worker, signal: NodeJS.Signals | null): void {
    this.#all.delete(worker);
    if (signal === null) this.news.ends += 1;
    const { role, slot } = worker;
    if (this.#current.get(slot) !== worker) return;
    this.#current.delete(slot);
    if (this.#closedRoles.has(role)) return;
    setTimeout(() => {
      if (!this.#closedRoles.has(role) && !this.#current.has(slot)) this.start(role, slot);
    }, RESTART_PAUSE_MS);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), FINISH_MS);
  await exited;
  clearTimeout(timer);
}
