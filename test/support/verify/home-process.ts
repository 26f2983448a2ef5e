// The local home as a process of its own, on a directory of its own, which is killed and started again on the same port.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';

const MAIN = fileURLToPath(new URL('../../../lib/local/main.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export class HomeProcess {
  readonly url: string;
  readonly dataDirectory: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.dataDirectory = mkdtempSync(join(tmpdir(), 'stratalog-verify-home-'));
  }

  static async start(): Promise<HomeProcess> {
    const home = new HomeProcess(await freePort());
    await home.#start();
    return home;
  }

  /** With signal 9, in the middle of whatever it does; then it is there again. */
  async killAndRestart(): Promise<void> {
    await this.#end('SIGKILL');
    await this.#start();
  }

  async stop({ keepData }: { readonly keepData: boolean }): Promise<void> {
    await this.#end('SIGTERM');
    if (!keepData) rmSync(this.dataDirectory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const options = ['--port', String(this.#port), '--data-dir', this.dataDirectory];
    const flags = ['--disable-warning=ExperimentalWarning', MAIN, ...options];
    this.#child = spawn(process.execPath, flags, { stdio: ['ignore', 'ignore', 'inherit'] });
    const child = this.#child;
    const startedAt = performance.now();
    while (!(await isListening(this.#port))) {
      if (child.exitCode !== null) {
        throw new Error(`the local home ended with code ${child.exitCode} before it listened`);
      }
      if (performance.now() - startedAt > START_TIMEOUT_MS) {
        throw new Error(`the local home did not listen on port ${this.#port} in time`);
      }
      await sleep(20);
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

async function isListening(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
