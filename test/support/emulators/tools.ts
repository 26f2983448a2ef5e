// Servers that tests run against, installed by package name into `.tools/`, which git ignores. An installation is made
// beside its place and moved there whole, so that two test runs at once, or one that is stopped, leave nothing broken.
// A registry that is out of reach for a moment is asked again.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** Of one try; what it has downloaded by then is in the installer's own cache for the next. */
const INSTALL_TIMEOUT_MS = 180_000;
const INSTALL_TRIES = 3;
const INSTALL_PAUSE_MS = 5_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export const TOOLS_FOLDER = fileURLToPath(new URL('../../../.tools/', import.meta.url));

export interface Tool {
  /** Of its folder; holds the version, so that a new version is a new installation. */
  readonly name: string;
  /** Runs one after the other, in the folder that becomes the tool's. */
  readonly steps: (folder: string) => readonly Step[];
  /** What must be in the folder afterwards. */
  readonly file: string;
}

interface Step {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The tool's folder, after installing what isn't there. Fails with the installer's output. */
export async function installTool(tool: Tool): Promise<string> {
  const folder = join(TOOLS_FOLDER, tool.name);
  for (let tries = 1; !existsSync(join(folder, tool.file)); tries += 1) {
    try {
      await install(tool, folder);
    } catch (error) {
      if (tries >= INSTALL_TRIES || isMissingProgram(error)) throw error;
      process.stderr.write(`try ${tries} of ${INSTALL_TRIES}: ${String(error).slice(0, 2_000)}\n`);
      await sleep(INSTALL_PAUSE_MS * tries);
    }
  }
  return folder;
}

async function install(tool: Tool, folder: string): Promise<void> {
  mkdirSync(TOOLS_FOLDER, { recursive: true });
  const attempt = mkdtempSync(join(TOOLS_FOLDER, `.${tool.name}-`));
  try {
    for (const step of tool.steps(attempt)) await runStep(tool, attempt, step);
    if (!existsSync(join(attempt, tool.file))) {
      throw new Error(`${tool.name} was installed, but ${tool.file} is not in it`);
    }
    moveInPlace(attempt, folder, tool.file);
  } finally {
    rmSync(attempt, { recursive: true, force: true });
  }
}

/** No `java`, `go` or `python3` on the path: another try would not find it either. */
function isMissingProgram(error: unknown): boolean {
  const { cause } = error as Error;
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

async function runStep(tool: Tool, folder: string, step: Step): Promise<void> {
  try {
    await run(step.command, [...step.args], {
      cwd: folder,
      env: { ...process.env, ...step.env },
      timeout: INSTALL_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  } catch (cause) {
    throw new Error(`${tool.name} can't be installed, and its tests need it: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** The command and what it said on stderr, and on stdout where Maven says what is wrong. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const { stdout = '', killed = false } = cause as Error & { stdout?: string; killed?: boolean };
  const late = killed ? `no end after ${INSTALL_TIMEOUT_MS / 1_000} s\n` : '';
  return `${late}${cause.message}\n${stdout}`;
}

/** Whoever comes second keeps what the first one put there. */
function moveInPlace(attempt: string, folder: string, file: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  try {
    renameSync(attempt, folder);
  } catch (error) {
    if (!existsSync(join(folder, file))) throw error;
  }
}
