// Tools from PyPI, each with its packages in a folder of its own under `.tools/`.

import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installTool } from '../emulators/tools.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export interface PythonTool {
  /** On PyPI. */
  readonly name: string;
  readonly version: string;
  /** Python that runs its command line. */
  readonly program: string;
  /** A file of the packages that is there when it is installed. */
  readonly file: string;
}

export interface ToolRun {
  readonly code: number;
  /** What it printed, on stdout first. */
  readonly output: string;
}

/** To be called before a test's own time begins: it may take minutes where the tool is not there yet. */
export async function installPythonTool(tool: PythonTool): Promise<string> {
  return await installTool({
    name: `${tool.name}-${tool.version}`,
    file: join('packages', tool.file),
    // No virtual environment: its scripts hold the folder's name, and the folder is moved.
    steps: (place) => [
      {
        command: 'python3',
        args: [
          ...['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--retries', '5'],
          ...['--target', join(place, 'packages')],
          `${tool.name}==${tool.version}`,
        ],
      },
    ],
  });
}

/** Runs it to its end, whatever its exit code; fails when it can't be installed or started, or takes too long. */
export async function runPythonTool(
  tool: PythonTool,
  args: readonly string[],
  timeoutMs: number,
): Promise<ToolRun> {
  const folder = await installPythonTool(tool);
  const packages = join(folder, 'packages');
  const env = {
    ...process.env,
    // A newer Python warns of what its packages do; that is no finding.
    PYTHONWARNINGS: 'ignore',
    PYTHONPATH: [packages, process.env.PYTHONPATH].filter(Boolean).join(delimiter),
  };
  const options = { env, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX };
  try {
    const { stdout, stderr } = await run('python3', ['-c', tool.program, ...args], options);
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && typeof error.code === 'number')) throw error;
    const { stdout, stderr } = error as Error & { stdout?: string; stderr?: string };
    return { code: error.code, output: `${stdout}${stderr}` };
  }
}
