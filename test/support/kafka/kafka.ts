// Kafka's own tools from a test: kafka.sh installs them on first use, and its failure is the test's.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const SCRIPT = fileURLToPath(new URL('./kafka.sh', import.meta.url));
const READ_LOG = fileURLToPath(new URL('./ReadLog.java', import.meta.url));

/** What DumpLogSegments says of a bad segment; its exit code is 0 all the same. */
const COMPLAINT =
  /^.*(?:ismatch|isvalid: false|not found|out of order|non-consecutive|invalid bytes|Exception).*$/gim;

async function kafka(...args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run('bash', [SCRIPT, ...args], {
      maxBuffer: OUTPUT_BYTES_MAX,
    });
    // Warnings of the virtual machine and of logging come on stderr; results never do.
    return stdout === '' ? stderr : stdout;
  } catch (cause) {
    const output = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Kafka's own tools failed, and this test is nothing without them: ${output}`, {
      cause,
    });
  }
}

/** Kafka's DumpLogSegments over segment files named by their base offset: its output, and the lines that complain. */
export async function dumpLogSegments(
  paths: readonly string[],
): Promise<{ readonly output: string; readonly complaints: readonly string[] }> {
  const output = await kafka(
    ...['run', 'org.apache.kafka.tools.DumpLogSegments', '--files', paths.join(',')],
    ...['--deep-iteration', '--print-data-log'],
  );
  return { output, complaints: output.match(COMPLAINT) ?? [] };
}

/** What Kafka's own reader finds in segment files, by path (the type says what: vectors.ts). */
export async function readLogs<Descriptions>(paths: readonly string[]): Promise<Descriptions> {
  return JSON.parse(await kafka('source', READ_LOG, ...paths)) as Descriptions;
}
