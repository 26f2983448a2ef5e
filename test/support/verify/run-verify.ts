// `npm run verify` as a person runs it, for the suites: its exit code, what it printed, and its report.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

export interface Verified {
  readonly exitCode: number;
  readonly output: string;
  /** Undefined where it did not get that far. */
  readonly report: Report | undefined;
}

export async function runVerify(args: readonly string[]): Promise<Verified> {
  const folder = mkdtempSync(join(tmpdir(), 'stratalog-verified-'));
  const file = join(folder, 'report.json');
  try {
    const flags = ['--disable-warning=ExperimentalWarning', MAIN, ...args, '--report', file];
    // What it keeps of a broken run goes with this folder.
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const exited = new Promise<number>((resolve) => {
      child.once('exit', (code) => resolve(code ?? -1));
    });
    const [exitCode, out, errors] = await Promise.all([
      exited,
      text(child.stdout),
      text(child.stderr),
    ]);
    return { exitCode, output: out + errors, report: readReport(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}
