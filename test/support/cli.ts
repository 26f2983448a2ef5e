// Runs the CLI as people do: as a process, through its launcher.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment } from './child-environment.ts';

const LAUNCHER = fileURLToPath(new URL('../../lib/cli/stratalog.mjs', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  out(): string;
  readonly done: Promise<CliResult>;
}

export interface CliOptions {
  /** Left out: the CLI's own default, unless an argument names one. */
  readonly endpoint?: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
}

export function startCli(args: readonly string[], options: CliOptions): CliProcess {
  const { endpoint, env = {} } = options;
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    env: childEnvironment({
      ...(endpoint === undefined ? {} : { STRATALOG_ENDPOINT: endpoint }),
      ...env,
    }),
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.on('error', () => undefined);
  if (options.input !== undefined) child.stdin.end(options.input);
  const done = new Promise<CliResult>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return { child, done, out: () => out };
}

export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, { input: '', ...options }).done;
}
