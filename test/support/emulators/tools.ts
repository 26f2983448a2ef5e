// Servers that tests run against, installed by package name into `.tools/`, which git ignores. An installation is made
// beside its place and moved there whole, so that two test runs at once, or one that is stopped, leave nothing broken.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 280_000;
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
  if (existsSync(join(folder, tool.file))) return folder;
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
  return folder;
}

async function runStep(tool: Tool, folder: string, step: Step): Promise<void> {
  try {
    await run(step.command, [...step.args], {
      cwd: folder,
      env: { ...process.env, ...step.env },
      timeout: INSTALL_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    });
  } catch (cause) {
    const output = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${tool.name} can't be installed, and its tests need it: ${output}`, { cause });
  }
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
