// The package as others get it: packed, and installed into an empty project.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { required } from '../../../lib/assert.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const STEP_TIMEOUT_MS = 290_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface PackageProject {
  readonly folder: string;
  /** Runs a program of the project; resolves to what it printed, fails when it fails. */
  run(
    command: string,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<string>;
  write(file: string, content: string): void;
  read(file: string): string;
  remove(): void;
}

/** Builds, packs and installs, with these packages beside it. */
export async function packageProject(beside: readonly string[]): Promise<PackageProject> {
  const folder = mkdtempSync(join(tmpdir(), 'stratalog-package-'));
  const step = async (
    command: string,
    args: readonly string[],
    { cwd = folder, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
  ) => {
    const options = {
      cwd,
      env: { ...process.env, ...env },
      timeout: STEP_TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
    };
    return (await run(command, [...args], options)).stdout;
  };
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await step('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT });
    const tarball = required(
      readdirSync(folder).find((file) => file.endsWith('.tgz')),
      'the packed package',
    );
    const manifest = { name: 'somebody-else', private: true, type: 'module' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const quiet = ['--silent', '--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=3'];
    await step('npm', ['install', ...quiet, join(folder, tarball), ...beside]);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    folder,
    run: (command, args, env = {}) => step(command, args, { env }),
    write: (file, content) => writeFileSync(join(folder, file), content),
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    remove,
  };
}
