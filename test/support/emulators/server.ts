// A server process of a test: started on a free port of 127.0.0.1, waited for with a bound, stopped by its process id.
// What it prints goes to `.tools/logs/`.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { TOOLS_FOLDER } from './tools.ts';

const START_TIMEOUT_MS = 120_000;
const START_TRIES = 3;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 25;
const ANSWER_TIMEOUT_MS = 10_000;
const LOG_TAIL_CHARACTERS = 2_000;

export interface Server {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly name: string;
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  readonly env?: (port: number) => Readonly<Record<string, string>>;
  readonly folder?: string;
}

/** Resolves when the server answers HTTP; fails with the end of its log when it doesn't in time, on any of some ports. */
export async function startServer(server: ServerCommand): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startOnPort(server);
    } catch (error) {
      // Somebody else may have taken the port since it was looked for.
      if (tries >= START_TRIES) throw error;
      process.stderr.write(`try ${tries} of ${START_TRIES}: ${String(error)}\n`);
    }
  }
}

async function startOnPort(server: ServerCommand): Promise<Server> {
  const port = await freePort();
  const logs = join(TOOLS_FOLDER, 'logs');
  mkdirSync(logs, { recursive: true });
  const logFile = join(logs, `${server.name}-${port}.log`);
  const log = openSync(logFile, 'w');
  const child = spawn(server.command, [...server.args(port)], {
    ...(server.folder === undefined ? {} : { cwd: server.folder }),
    env: { ...process.env, ...server.env?.(port) },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.removeListener('exit', kill);
    await stopProcess(child);
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await waitUntilReady(child, endpoint);
  } catch (cause) {
    await stop();
    const printed = readFileSync(logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS);
    throw new Error(`${server.name} did not start on port ${port}: ${printed}`, { cause });
  }
  return { endpoint, stop };
}

async function waitUntilReady(child: ChildProcess, endpoint: string): Promise<void> {
  let failure: unknown;
  child.once('error', (error) => {
    failure = error;
  });
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    if (failure !== undefined) throw failure;
    if (hasEnded(child)) throw new Error(`it ended with code ${child.exitCode}`);
    if (await answers(endpoint)) return;
    await sleep(POLL_MS);
  }
  throw new Error(`it did not answer within ${START_TIMEOUT_MS} ms`);
}

/** Any answer will do: an unsigned request is refused, by a server that is up. */
async function answers(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(force);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
